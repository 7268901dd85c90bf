"""reception as it runs, on a real PostgreSQL, with its people: signed sessions, keys of their own, a set clock."""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from services.reception import domain, store, store_casework
from services.reception.app import service
from shared.contracts.event import CATALOGUE
from shared.database import Database
from shared.decider import fold
from shared.identity import SESSION_COOKIE, Actor, Identity
from shared.process import build
from shared.settings import Settings
from shared.web.access import _token
from tests.organisation import UNITS
from tests.waiting import until

TODAY = date(2018, 6, 15)
KEY = base64.b64encode(bytes(range(32))).decode()
CANARIES = ("Qanarya", "Ovanlig", "arabiska-q", "DOSS-")
_numbers = itertools.count(1)


def person(**given: Any) -> dict[str, Any]:
    return {"name": "Qanarya Ovanlig", "birth_date": "1985-04-12", "sex": "female"} | given


def household(**given: Any) -> dict[str, Any]:
    made = {
        "allocation_number": f"MIV-2018-{next(_numbers):05}",
        "category": "agency-accommodation",
        "decided_on": "2018-05-02",
        "persons": [
            person(),
            person(name="Qanarya Barn", birth_date="2012-01-30", sex="male", dossier_number="DOSS-77"),
        ],
    }
    return made | given


@dataclass
class Office:
    """`ask(role, …)` answers as somebody of that role; nothing is mocked but the clock's file."""

    settings: Settings
    clock: Path
    http: httpx.AsyncClient
    identity: Identity
    database: Database
    _people: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    def today(self, day: date) -> None:
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(microseconds=len(self.clock.read_text()))
        self.clock.write_text(at.isoformat())

    def actor(self, who: str) -> Actor:
        """`caseworker` is number 1 of the unit reception; `caseworker-2@minors` another one, of another unit."""
        name, _, unit = who.partition("@")
        role, _, number = name.partition("-")
        named = f"Test {role.title()}" + (f" {number}" if number else "")
        return Actor(f"{role}-{number or 1}", frozenset({role}), unit or "reception", named)

    def _as(self, role: str) -> tuple[dict[str, str], str]:
        if role not in self._people:
            cookie = self.identity.open_session(self.actor(role))
            session = self.identity.session(cookie)
            self._people[role] = {SESSION_COOKIE: cookie}, _token(self.identity, "session " + session.id)
        return self._people[role]

    async def ask(self, role: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"accept": "application/json", **more.pop("headers", {})}
        if role is not None:
            cookies, csrf = self._as(role)
            headers |= {"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "x-csrf-token": csrf}
        if method == "POST":
            headers.setdefault("idempotency-key", str(uuid4()))
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, role: str = "coordinator") -> Any:
        answer = await self.ask(role, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, role: str = "coordinator", version: int | None = None) -> httpx.Response:
        headers = {"if-match": f'"{version}"'} if version is not None else {}
        return await self.ask(role, "POST", path, json=body, headers=headers)

    async def knows(self, *who: str) -> None:
        """These have signed in: cases can be given to those who work with cases."""
        for role in who:
            async with self.database.transaction() as tx:
                await store_casework.enter_colleague(tx, self.actor(role))

    async def allocate(self, **given: Any) -> dict[str, Any]:
        answer = await self.post("/reception/allocations", household(**given))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def upload(self, content: bytes, name: str = "f.csv") -> str:
        answer = await self.ask("coordinator", "POST", "/reception/imports", files={"file": (name, content)})
        assert answer.status_code == 202, answer.text
        return answer.json()["import"]

    async def imported(self, content: bytes, name: str = "f.csv") -> dict[str, Any]:
        """The import's end."""
        found = await self.upload(content, name)

        async def progress() -> dict[str, Any]:
            return await self.get(f"/reception/imports/{found}")

        return await until(progress, lambda p: p["state"] in ("done", "refused"), seconds=30, what="the import to end")

    async def rows(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        return (await self.get(f"/reception/imports/{found['import']}/rows"))["rows"]

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        rows = await self.database.pool.fetch("select type, data::text as data from journal order by position")
        return [(row["type"], json.loads(row["data"])) for row in rows]

    async def check(self) -> None:
        """Parity, and no personal data outside sealed columns: every table is read as text."""
        async with self.database.reading() as conn:
            stored = {key: (sequence, state) async for key, sequence, state in store.states(conn)}
            rows = await conn.fetch("select subject, type, data::text as data from journal order by subject, sequence")
            tables = await conn.fetch("select tablename from pg_tables where schemaname = 'reception'")
            whole = ""
            for table in tables:
                whole += str(await conn.fetch(f'select t::text from "{table["tablename"]}" t'))
        happened: dict[Any, list[Any]] = {}
        for row in rows:
            happened.setdefault(row["subject"], []).append(CATALOGUE[row["type"]].model_validate_json(row["data"]))
        for key, (sequence, state) in stored.items():
            events = happened.pop(key, [])
            assert sequence == len(events)
            assert fold(domain.evolve, events, domain.EMPTY) == state
        assert not happened
        assert not [canary for canary in CANARIES if canary in whole]


@asynccontextmanager
async def office(url: str, folder: Path, **more: Any) -> AsyncIterator[Office]:
    settings = settings_for(url, folder, **more)
    app = build(service(settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
    ):

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready, seconds=20, what="reception to be ready")
        own = app.state.landa
        yield Office(settings, Path(settings.clock_file or ""), http, own.identity, own.database)


def settings_for(url: str, folder: Path, **more: Any) -> Settings:
    clock = folder / "clock"
    clock.write_text(datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC).isoformat())
    given = {"listen_port": 1, **more}
    return Settings(
        service="reception",
        database_url=url,
        kafka="127.0.0.1:1",
        public_url="http://localhost",
        demo=True,
        issuer="http://localhost:1/identity",
        client_id="reception",
        client_secret="x",
        session_key=KEY,
        master_key=KEY,
        clock_file=str(clock),
        units=UNITS,
        **given,
    )


def csv_of(rows: Sequence[Sequence[str]], delimiter: str = ";") -> str:
    return "".join(delimiter.join(row) + "\r\n" for row in rows)
