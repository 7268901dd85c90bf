"""awards as it runs: a real PostgreSQL, a real server, the demo's identity provider."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.identity.provider import Client, Provider, keep_key, read_people
from deploy.local.ports import free_ports
from services.awards import app as awards
from services.awards import domain, store
from shared.contracts import CATALOGUE
from shared.database import Database, migrate
from shared.decider import fold
from shared.process import build
from tests.shared.parts_of_web import served, settings_for

PAGE = {"Accept": "text/html"}
ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "shared/migrations", ROOT / "services/awards/migrations"]
FILLED = {
    "nominee": "Språkkaféet på hörnet",
    "nominee_kind": "association",
    "citation": "De öppnar dörren varje torsdag.\r\nMånga har kommit.",
    "nominator": "Någon Annan",
}


@dataclass
class Site:
    """A running awards with a browser-like client."""

    url: str
    http: httpx.AsyncClient
    database: Database
    app: Any
    clock: Path
    hidden: dict[str, str] = field(default_factory=dict)

    async def open_form(self, *, age: float = 60) -> None:
        """Opens the form as a person does who takes `age` seconds over it."""
        page = await self.http.get("/awards/nominate", headers={"Accept": "text/html"})
        assert page.status_code == 200
        self.hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        guard = self.app.state.landa.extras["guard"]
        self.hidden["opened"] = guard._opened.make({"at": __import__("time").time() - age})

    async def post(self, **typed: str) -> httpx.Response:
        filled = {name: value for name, value in (FILLED | self.hidden | typed).items() if value is not None}
        return await self.http.post("/awards/forms/nominate", data=filled, headers={"Accept": "text/html"})

    async def token(self, role: str) -> dict[str, str]:
        answer = await self.http.post("/identity/demo-token", json={"role": role})
        return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}

    async def service(self) -> dict[str, str]:
        answer = await self.http.post(
            "/identity/token", data={"grant_type": "client_credentials"}, auth=("notifications", "secret")
        )
        return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}

    async def nominate(self, headers: dict[str, str], **body: Any) -> httpx.Response:
        key = {"Idempotency-Key": str(uuid4())}
        return await self.http.post("/awards/nominations", json=FILLED | body, headers=key | headers)

    async def person(self, role: str, number: int) -> dict[str, str]:
        """The headers of the demo's person with `role`, by number."""
        sub = [person["sub"] for person in read_people().values() if role in person["roles"]][number]
        answer = await self.http.post("/identity/demo-token", json={"sub": sub})
        return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}

    @staticmethod
    def hidden_of(page: str) -> dict[str, str]:
        """The hidden fields of a page's forms; of two with a name, the last."""
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))

    async def command(
        self, role: str | dict[str, str], path: str, body: Any, version: int | None = None
    ) -> httpx.Response:
        """A command of the API as somebody with `role`, or as `role` itself when it is a token's headers."""
        mine = await self.token(role) if isinstance(role, str) else role
        headers = mine | {"Idempotency-Key": str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await self.http.post(f"/awards{path}", json=body, headers=headers)

    async def get(self, role: str, path: str) -> Any:
        answer = await self.http.get(f"/awards{path}", headers=await self.token(role))
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def at(self, moment: str) -> None:
        """The town's clock is at this Swedish time (ISO, with its offset)."""
        self.clock.write_text(moment)
        # two writes in one tick of the file system look the same to whoever compares times of change
        self.app.state.landa.clock._seen = None

    async def nominated(self, nominee: str = "Språkkaféet", **more: Any) -> str:
        made = await self.nominate(await self.service(), nominee=nominee, **more)
        assert made.status_code == 201, made.text
        return str(made.json()["nomination"])

    async def link_of(self, nomination: str) -> str:
        """As the mail has it."""
        told = await self.http.get(f"/awards/nominations/{nomination}/receipt", headers=await self.service())
        return str(told.json()["link"]).partition("?link=")[2]

    async def mine(self, what: str, body: dict[str, Any], version: int) -> Any:
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"', "Accept": "application/json"}
        return await self.http.post(f"/awards/mine/{what}", json=body, headers=headers)

    async def eligible(self, nomination: str, version: int = 1, **body: Any) -> None:
        answer = await self.command("secretary", f"/nominations/{nomination}/assessment", body, version)
        assert answer.status_code == 200, answer.text

    async def count(self, table: str) -> int:
        found: int = await self.database.pool.fetchval(f"select count(*) from {table}")
        return found


async def same_as_the_journal(conn: Any) -> set[str]:
    """Every stored state is the fold of its history; the types of event that there were."""
    happened: dict[UUID, list[Any]] = {}
    types = set()
    for row in await conn.fetch("select subject, type, data::text from journal order by position"):
        happened.setdefault(row["subject"], []).append(CATALOGUE[row["type"]].model_validate_json(row["data"]))
        types.add(row["type"])
    stored = {key: (sequence, state) async for key, sequence, state in store.states(conn)}
    folded = {k: (len(events), fold(domain.evolve, events, domain.EMPTY)) for k, events in happened.items()}
    assert {k: v for k, v in stored.items() if v != (0, None)} == folded
    return types


@pytest.fixture
async def site(database: Any, tmp_path: Path) -> AsyncIterator[Site]:
    port = free_ports(1)[0]
    url = f"http://localhost:{port}"
    provider = Provider(url, keep_key(tmp_path), {"notifications": Client("secret", service=True)})
    clock = tmp_path / "clock"
    clock.write_text("2018-10-05T09:00:00+02:00")
    settings = settings_for(
        service="awards",
        database_url=database.url("awards"),
        public_url=url,
        issuer=provider.issuer,
        clock_file=str(clock),
    )
    await migrate(settings, FOLDERS)
    app = build(awards.service(settings))
    inner = provider.app()

    async def both(scope: Any, receive: Any, send: Any) -> None:
        await (inner if scope["path"].startswith("/identity") else app)(scope, receive, send)

    await app.state.landa.database.open(size=5)
    async with served(both, port), httpx.AsyncClient(base_url=url) as http:
        found = Site(url, http, app.state.landa.database, app, clock)
        calendar = {"opens_at": "2018-10-01T00:00:00", "closes_at": "2018-11-01T00:00:00", "ceremony_on": "2019-01-28"}
        announced = await found.command("secretary", "/prizes", {"prize_year": 2018} | calendar)
        assert announced.status_code == 201, announced.text
        yield found
    await app.state.landa.http.aclose()
    await app.state.landa.database.close()
