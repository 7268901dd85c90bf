"""kill -9 in the middle of an import: it goes on where it was, and nothing is there twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_ports
from shared.database import Database
from shared.identity import Identity
from tests.reception.office import KEY, Office, csv_of, settings_for
from tests.reception.test_imports import HEAD, row
from tests.waiting import until

# for a process to start, do its work and die, on a machine with other work
PATIENCE = 100


@asynccontextmanager
async def process(url: str, folder: Path, fault: str = "") -> AsyncIterator[tuple[Office, asyncio.subprocess.Process]]:
    """reception as a process of its own, killed at the end whatever happened."""
    port = free_ports(1)[0]
    settings = settings_for(url, folder, listen_port=port)
    environment = {
        "LANDA_DATABASE_URL": url,
        "LANDA_KAFKA": settings.kafka,
        "LANDA_LISTEN_PORT": str(port),
        "LANDA_PUBLIC_URL": settings.public_url,
        "LANDA_DEMO": "1",
        "LANDA_ISSUER": settings.issuer,
        "LANDA_CLIENT_ID": "reception",
        "LANDA_CLIENT_SECRET": "x",
        "LANDA_SESSION_KEY": KEY,
        "LANDA_MASTER_KEY": KEY,
        "LANDA_CLOCK_FILE": str(settings.clock_file),
        "LANDA_LOG_LEVEL": "ERROR",
        **({"LANDA_FAULT": fault} if fault else {}),
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.reception.app", env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL
    )
    database = Database(settings)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:

            async def ready() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await until(ready, seconds=PATIENCE, what="the process to be ready")
            await database.open(size=2)
            yield Office(settings, Path(settings.clock_file or ""), http, Identity(settings, http), database), running
    finally:
        await database.close()
        if running.returncode is None:
            running.kill()
        await running.wait()


@pytest.mark.parametrize("fault", ["reception.import-chunk-committed", "reception.import-chunk-committed@3"])
async def test_killed_after_a_chunk_the_import_goes_on_and_doubles_nothing(
    database: Any, tmp_path: Path, fault: str
) -> None:
    url = database.url("reception")
    content = csv_of([HEAD, *[row(f"M-{n}") for n in range(250)], row("M-250", b="1900-01-01")]).encode()
    async with process(url, tmp_path, fault) as (office, running):
        found = await office.upload(content)
        assert await asyncio.wait_for(running.wait(), PATIENCE) == -signal.SIGKILL
        done = await office.database.pool.fetchval("select count(*) from import_outcomes")
        assert done == (100 if "@" not in fault else 251)
    async with process(url, tmp_path) as (office, _):

        async def progress() -> Any:
            return await office.get(f"/reception/imports/{found}")

        end = await until(progress, lambda p: p["state"] == "done", seconds=PATIENCE)
        assert (end["accepted"], end["refused"], end["known"]) == (250, 1, 0)
        assert len(await office.events()) == 250
        await office.check()
        assert await office.database.pool.fetchval("select count(*) from reception_keys.file_key") == 0
