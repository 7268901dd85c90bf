"""What benchmarks stand on: the demo's own PostgreSQL and Kafka, started when first asked for, stopped at the end.

Promise: a run gets a database and topics of its own, and what it opened through `own` is closed after it.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

import shared
from deploy.local.child import Spec
from deploy.local.database import drop_database, in_database, prepare_database
from deploy.local.kafka import SERVICES, Kafka, make_topics
from deploy.local.places import CHECKOUT, Places
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from shared.database import Database, migrate
from shared.settings import ServiceName, Settings
from tests.shared.conftest import settings_for

ROOT = Path(shared.__file__).parents[1]
_PASSWORDS = {service: f"bench-{service}" for service in SERVICES}
PEER_SECONDS = 240


class LogicalPostgres(Postgres):
    """A server whose write-ahead log can be decoded."""

    def __init__(self, where: Places, port: int) -> None:
        super().__init__(where, port)
        self.home = where.state / "postgres-logical"
        self.data = self.home / "data"

    def spec(self) -> Spec:
        spec = super().spec()
        more = ("-c", "wal_level=logical", "-c", "max_wal_senders=8", "-c", "max_replication_slots=8")
        return replace(
            spec,
            name="postgres-logical",
            argv=(*spec.argv, *more),
            cwd=self.where.folder("postgres-logical"),
            log=self.where.state / "logs" / "postgres-logical.log",
        )


class PeerFailed(RuntimeError):
    """A peer's process ended badly; the message holds the end of what it said."""


@dataclass
class Stand:
    """`parts` ends with the whole run, `own` with the one run that is being measured."""

    where: Places
    parts: AsyncExitStack
    own: AsyncExitStack
    started: dict[str, Any] = field(default_factory=dict)

    def for_one_run(self, own: AsyncExitStack) -> "Stand":
        return replace(self, own=own)

    async def postgres(self, *, logical: bool = False) -> Postgres:
        """The server, or another one with wal_level=logical."""
        name = "postgres-logical" if logical else "postgres"
        if name not in self.started:
            server = (LogicalPostgres if logical else Postgres)(self.where, free_ports(1)[0])
            await server.start()
            self.parts.push_async_callback(server.stop)
            self.started[name] = server
        found: Postgres = self.started[name]
        return found

    async def kafka(self) -> str:
        """The broker's host:port."""
        if "kafka" not in self.started:
            broker = Kafka(self.where, *free_ports(2))
            await broker.start()
            self.parts.push_async_callback(broker.stop)
            self.started["kafka"] = broker
        found: str = self.started["kafka"].bootstrap
        return found

    async def database(self, *, logical: bool = False) -> "Made":
        """A fresh database with the four roles, dropped after the run."""
        server = await self.postgres(logical=logical)
        name = f"b_{secrets.token_hex(5)}"
        urls = await prepare_database(server.admin_url, _PASSWORDS, name)
        self.own.push_async_callback(drop_database, server.admin_url, name)
        return Made(name, urls, in_database(server.admin_url, name))

    async def topic(self, service: str, partitions: int) -> str:
        """A fresh topic `<prefix>.<service>`, deleted after the run. Returns the prefix."""
        bootstrap = await self.kafka()
        prefix = f"landa.b{secrets.token_hex(4)}"
        await make_topics(bootstrap, [f"{prefix.removeprefix('landa.')}.{service}"], partitions)
        self.own.push_async_callback(_delete_topics, bootstrap, [f"{prefix}.{service}"])
        return prefix

    async def open(
        self, service: ServiceName, made: "Made", prefix: str, *, folders: Sequence[Path] = (), size: int = 10
    ) -> tuple[Settings, Database]:
        """The tables of `shared` and of `folders` in the service's schema, and its pool."""
        kafka = self.started["kafka"].bootstrap if "kafka" in self.started else "127.0.0.1:1"
        settings = settings_for(service, made.urls[service], kafka, prefix, watermark_seconds=3600)
        await migrate(settings, [ROOT / "shared/migrations", *folders])
        database = Database(settings)
        await database.open(size=size, seconds=60)
        self.own.push_async_callback(database.close)
        return settings, database

    async def peer(self, environment: str, script: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Runs `peers/<script>.py` in `.venv-bench-<environment>`; returns the JSON object of its last line."""
        python = CHECKOUT / f".venv-bench-{environment}" / "bin" / "python"
        if environment == "own":
            python = Path(sys.executable)
        if not python.exists():
            raise PeerFailed(f"the environment of {environment} is missing: make bench-peers")
        process = await asyncio.create_subprocess_exec(
            str(python), str(Path(__file__).parent / "peers" / f"{script}.py"), json.dumps(given),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.where.state)},
            cwd=self.where.state,
        )  # fmt: skip
        try:
            out, errors = await asyncio.wait_for(process.communicate(), PEER_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not out.strip():
            raise PeerFailed(f"{script} ended with {process.returncode}: {errors.decode()[-2000:]}")
        found: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
        return found


@dataclass(frozen=True)
class Made:
    """A database of one run."""

    name: str
    urls: dict[str, str]
    admin_url: str


async def _delete_topics(bootstrap: str, names: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    await admin.start()
    try:
        await admin.delete_topics(names)
    finally:
        await admin.close()
