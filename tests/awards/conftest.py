"""awards as it runs: a real PostgreSQL, a real server, the demo's identity provider."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.identity.provider import Client, Provider, keep_key
from deploy.local.ports import free_ports
from services.awards import app as awards
from shared.database import Database, migrate
from shared.process import build
from tests.shared.parts_of_web import served, settings_for

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

    async def count(self, table: str) -> int:
        found: int = await self.database.pool.fetchval(f"select count(*) from {table}")
        return found


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
        yield Site(url, http, app.state.landa.database, app)
    await app.state.landa.http.aclose()
    await app.state.landa.database.close()
