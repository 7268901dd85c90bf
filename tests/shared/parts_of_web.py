"""What the tests of identity, access, commands and personal data share: settings, a migrated service, a live server."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from deploy.local.ports import free_ports
from shared.database import Database, migrate
from shared.settings import Settings

SHARED = Path(__file__).parents[2] / "shared" / "migrations"
KEY = bytes(range(32))


def settings_for(**given: Any) -> Settings:
    """Settings of reception on nothing real; `given` replaces some."""
    key = base64.b64encode(KEY).decode()
    usual: dict[str, Any] = {
        "service": "reception",
        "database_url": "postgresql://reception@127.0.0.1:1/landa",
        "kafka": "127.0.0.1:1",
        "listen_port": 1,
        "public_url": "http://localhost:8400",
        "demo": True,
        "issuer": "http://localhost:8400/identity",
        "client_id": "landa-web",
        "client_secret": "web-secret",
        "session_key": key,
        "master_key": key,
    }
    return Settings(**{**usual, **given})


@asynccontextmanager
async def opened(url: str, *, size: int = 20) -> AsyncIterator[Database]:
    """Reception's own schema at `url`, with the plumbing's migrations applied."""
    settings = settings_for(database_url=url)
    await migrate(settings, [SHARED])
    database = Database(settings)
    await database.open(size=size)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def served(app: Any, port: int | None = None) -> AsyncIterator[int]:
    """`app` behind a real uvicorn in this loop; its port."""
    port = port or free_ports(1)[0]
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            await running
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await running
