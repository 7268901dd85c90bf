"""The town as benchmarks use it, with commit times kept by the server; beside it floor and peers as processes."""

import asyncio
import json
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.child import Child, Spec
from deploy.local.database import drop_database, in_database
from deploy.local.kafka import SERVICES
from deploy.local.places import CHECKOUT, places, temporary_state
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.postgres import Postgres
from deploy.local.town import Town
from tests.bench.stand import Stand

ALCHEMY = CHECKOUT / ".venv-bench-alchemy" / "bin" / "python"
HOUSEHOLDS = """
create table household (id uuid primary key, number text not null unique, category text not null,
  decided_on date not null);
create table person (id uuid primary key, household uuid not null references household, name text not null,
  birth_date date not null, sex text not null);
create table outbox (id uuid primary key, subject uuid not null, type text not null, data json not null);
create table shown (id uuid primary key);
create table ready (yes boolean);
"""


class TimedPostgres(Postgres):
    """A server that remembers when each transaction was committed."""

    def spec(self) -> Spec:
        spec = super().spec()
        return replace(spec, argv=(*spec.argv, "-c", "track_commit_timestamp=on"))


async def open_town(stand: Stand, services: Sequence[str] = SERVICES) -> Town:
    """A town until the benchmark has ended; `town_of` finds it."""
    state = temporary_state()
    stand.own.callback(shutil.rmtree, state, ignore_errors=True)
    town = Town(places(state), free_ports(1)[0], services=services)
    town.postgres = TimedPostgres(town.where, town.ports["postgres"])
    stand.own.callback(stand.started.pop, "town")
    stand.started["town"] = town
    await stand.own.enter_async_context(town)
    return town


def town_of(stand: Stand) -> Town:
    town = stand.started["town"]
    assert isinstance(town, Town)
    return town


async def token(town: Town, role: str = "coordinator") -> str:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(f"{town.addresses.identity}/identity/demo-token", json={"role": role})
        answer.raise_for_status()
        return str(answer.json()["access_token"])


async def connect(stand: Stand, url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection for as long as the run lasts."""
    connection = await asyncpg.connect(url)
    stand.own.push_async_callback(connection.close)
    return connection


async def inside(stand: Stand, town: Town) -> "asyncpg.Connection[asyncpg.Record]":
    """The administrator in the services' database, who may look into every schema."""
    return await connect(stand, in_database(town.addresses.admin_url, "landa"))


async def peer_database(stand: Stand, town: Town) -> str:
    """A database of floor or peer with their tables, dropped after the run."""
    admin, name = town.addresses.admin_url, f"peer_{secrets.token_hex(4)}"
    server = await asyncpg.connect(admin)
    await server.execute(f"create database {name}")
    await server.close()
    stand.own.push_async_callback(drop_database, admin, name)
    connection = await asyncpg.connect(in_database(admin, name))
    await connection.execute(HOUSEHOLDS)
    await connection.close()
    return in_database(admin, name)


async def server(stand: Stand, town: Town, script: str, python: Path, given: dict[str, Any]) -> int:
    """Starts `peers/<script>.py` as an HTTP server until the run ends; its port."""
    port = free_ports(1)[0]

    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(f"http://{LOOPBACK}:{port}/livez")).status_code == 200
        except httpx.TransportError:
            return False

    await _process(stand, town, script, python, {**given, "port": port}, ready)
    return port


async def pipeline(stand: Stand, town: Town, url: str, topic: str) -> None:
    """Starts the polling pipeline until the run ends."""
    watching = await connect(stand, url)

    async def ready() -> bool:
        return bool(await watching.fetchval("select exists (select from ready)"))

    given = {"url": url, "kafka": town.addresses.kafka, "topic": topic}
    await _process(stand, town, "polling_pipeline", ALCHEMY, given, ready)


async def _process(stand: Stand, town: Town, script: str, python: Path, given: dict[str, Any], ready: Any) -> None:
    assert python.exists(), f"{python} is missing: make bench-peers"
    child = Child(
        Spec(
            name=script,
            argv=(str(python), str(Path(__file__).parent / "peers" / f"{script}.py"), json.dumps(given)),
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            cwd=town.where.state,
            log=town.where.state / "logs" / f"{script}.log",
            ready=ready,
            patience=60,
        )
    )
    stand.own.push_async_callback(child.stop, 2)
    await child.start()


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


OWN = Path(sys.executable)


async def until(condition: Any, seconds: float, what: str, pause: float = 0.02) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(pause)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None
