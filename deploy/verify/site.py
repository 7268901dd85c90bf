"""Where the town that is checked can be reached, and the keys that reading its evidence needs."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local import town_secrets
from deploy.local.database import url_for
from deploy.local.kafka import SERVICES
from deploy.local.places import Places
from deploy.local.postgres import Postgres
from deploy.local.town import Town
from shared.clock import STOCKHOLM


async def _nobody() -> str:
    raise RuntimeError("this site has no sign-in")


@dataclass
class Site:
    """`databases`: service -> address with the service's own role. `services`: name -> HTTP address, no front.

    `kafka_options`: how a client proves itself to Kafka. `sinks`: the mail and trace sinks' address, None when there
    are none. `logs` and `segments` are folders, None when they are not on this machine. `master_keys`: service -> 32
    bytes, for the access log's chain. `pids`: local processes by name. `clock_file`: where the town's date stands, None
    for the real one.
    """

    databases: dict[str, str]
    kafka: str
    kafka_options: dict[str, Any] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    sinks: str | None = None
    topic_prefix: str = "landa"
    logs: Path | None = None
    segments: Path | None = None
    master_keys: dict[str, bytes] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    clock_file: Path | None = None
    service_token: Callable[[], Awaitable[str]] = _nobody

    def today(self) -> date:
        """The town's date, in Swedish legal time."""
        now = datetime.fromisoformat(self.clock_file.read_text().strip()) if self.clock_file else datetime.now(UTC)
        return now.astimezone(STOCKHOLM).date()

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """The service's database, with the service's own role."""
        connection = await asyncpg.connect(
            self.databases[service],
            timeout=10,
            server_settings={"search_path": service, "application_name": "landa-verify", "timezone": "UTC"},
        )
        try:
            yield connection
        finally:
            await connection.close()


def _token(identity: str, secrets: town_secrets.Secrets) -> Callable[[], Awaitable[str]]:
    async def token() -> str:
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.post(
                f"{identity}/identity/token",
                data={"grant_type": "client_credentials"},
                auth=("reporting", secrets.client_secrets["reporting"]),
            )
        answer.raise_for_status()
        found: str = answer.json()["access_token"]
        return found

    return token


def _keys(secrets: town_secrets.Secrets) -> dict[str, bytes]:
    return {name: base64.b64decode(key) for name, key in secrets.master_keys.items()}


def _folder(path: Path) -> Path | None:
    return path if path.is_dir() else None


def site_of(town: Town) -> Site:
    """A town that runs in this process."""
    return Site(
        databases=dict(town.addresses.databases),
        kafka=town.addresses.kafka,
        services=dict(town.addresses.services),
        sinks=town.addresses.sinks,
        logs=_folder(town.where.state / "logs"),
        segments=_folder(town.where.state / "kafka"),
        master_keys=_keys(town.secrets),
        pids={name: town.supervisor.pid(name) for name in town.services},
        clock_file=Path(town.addresses.clock_file),
        service_token=_token(town.addresses.identity, town.secrets),
    )


def site_here(where: Places, facts: dict[str, Any]) -> Site:
    """The running demo of a checkout, from what it tells of itself (`run.json`) and its secrets."""
    secrets = town_secrets.load(where, SERVICES)
    # the fourth line of PostgreSQL's own file is its port
    port = int((Postgres(where, 0).data / "postmaster.pid").read_text().splitlines()[3])
    admin = Postgres(where, port).admin_url
    services: dict[str, str] = facts["services"]
    children = json.loads((where.state / "children.json").read_text())
    return Site(
        databases={name: url_for(admin, name, secrets.database_passwords[name]) for name in SERVICES},
        kafka=str(facts["kafka"]),
        services=services,
        sinks=str(facts["sinks"]),
        logs=_folder(where.state / "logs"),
        segments=_folder(where.state / "kafka"),
        master_keys=_keys(secrets),
        pids={name: children[name][0] for name in services if name in children},
        clock_file=Path(str(facts["clock_file"])),
        service_token=_token(str(facts["identity"]), secrets),
    )
