"""Reporting's schema in a database of the test's own, and the service on it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services import reporting
from services.reporting import store_figures
from services.reporting.app import service
from services.reporting.store import apply
from shared.consumer import Receiver
from shared.contracts.envelope import Fact, Recorded, headers
from shared.database import migrate
from shared.identity import SESSION_COOKIE, Actor
from shared.messaging import Raw
from shared.process import build
from shared.runtime import Runtime
from shared.settings import Settings
from tests.organisation import UNITS

EPOCH = uuid4()
ROOT = Path(reporting.__file__).parents[2]


def settings_for(database_url: str, **more: Any) -> Settings:
    """Settings of a reporting service whose neighbours need not be there."""
    given: dict[str, Any] = {
        "service": "reporting",
        "database_url": database_url,
        "kafka": "127.0.0.1:1",
        "listen_port": 8403,
        "public_url": "http://localhost:8400",
        "demo": True,
        "issuer": "http://127.0.0.1:9/identity",
        "client_id": "reporting",
        "client_secret": "secret",
        "session_key": b"s" * 32,
        "master_key": b"m" * 32,
        "municipality": "Exempelby kommun",
        "units": UNITS,
    }
    return Settings(**(given | more))


async def migrated(database_url: str) -> Settings:
    settings = settings_for(database_url)
    await migrate(settings, [ROOT / "shared/migrations", ROOT / "services/reporting/migrations"])
    return settings


@pytest.fixture
async def reporting_settings(database: Any) -> Settings:
    return await migrated(database.url("reporting"))


@pytest.fixture
async def reporting_connection(reporting_settings: Settings) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(reporting_settings.database_url)
    yield connection
    await connection.close()


@pytest.fixture
def reporting_loop(reporting_settings: Settings) -> Iterator[tuple[Any, Callable[[Coroutine[Any, Any, None]], None]]]:
    """A connection on a loop in a thread of its own: hypothesis calls synchronously, the session's loop is taken."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    connection = run(asyncpg.connect(reporting_settings.database_url))
    yield connection, run
    run(connection.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def raw(fact: Fact) -> Raw:
    """The record that Kafka would hand over."""
    event = Recorded(
        fact.id, fact.source, fact.subject, fact.sequence, fact.position, EPOCH, fact.event.type, fact.at,
        fact.recorded_at, fact.event.text(),
    )  # fmt: skip
    return Raw(f"landa.{fact.source}", 0, fact.position, None, event.data.encode(), headers(event))


@dataclass
class Reporting:
    """The service on its database, fed by the test through the real gate instead of Kafka."""

    app: Any
    runtime: Runtime

    async def feed(self, facts: list[Fact], size: int = 100) -> None:
        async def live(tx: Any, batch: Any) -> None:
            await apply(tx, 1, batch)

        receiver = Receiver(self.runtime.database, store_figures.consumer(1), live)
        for start in range(0, len(facts), size):
            await receiver.receive([raw(fact) for fact in facts[start : start + size]])

    def client(self, *roles: str, unit: str | None = None, **kept: str) -> httpx.AsyncClient:
        cookies = dict(kept)
        if roles:
            actor = Actor("somebody", frozenset(roles), unit, "Kim Exempel", "sv")
            cookies[SESSION_COOKIE] = self.runtime.identity.open_session(actor)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost:8400", cookies=cookies
        )


@pytest.fixture(name="reporting")
async def running(database: Any, tmp_path: Path) -> AsyncIterator[Reporting]:
    clock = tmp_path / "clock"
    clock.write_text("2018-12-31T12:00:00+01:00")
    settings = (await migrated(database.url("reporting"))).model_copy(update={"clock_file": str(clock)})
    app = build(service(settings))
    runtime: Runtime = app.state.landa
    await runtime.database.open()
    yield Reporting(app, runtime)
    await runtime.database.close()
    await runtime.http.aclose()
