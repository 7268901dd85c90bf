"""Reporting's schema in a database of the test's own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services import reporting
from shared.database import migrate
from shared.settings import Settings

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
