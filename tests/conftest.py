"""Real parts for every test: one PostgreSQL and one Kafka per run, a database of its own per test that asks for one."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from deploy.local.database import drop_database, prepare_database
from deploy.local.kafka import SERVICES, Kafka
from deploy.local.places import Places, places, temporary_state
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.town import Town

# How long an example takes says how busy the machine is.
settings.register_profile("landa", deadline=None)
settings.load_profile("landa")


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """One short line each: structlog's own rendering of an exception takes a second."""
    structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()])


@dataclass(frozen=True)
class Parts:
    """`postgres` and `kafka` are None when the environment names the parts instead."""

    admin_url: str
    bootstrap: str
    postgres: Postgres | None
    kafka: Kafka | None


@dataclass(frozen=True)
class Database:
    """A fresh database: `urls` by service; `admin_url` is the superuser's, in this database."""

    name: str
    urls: dict[str, str]
    admin_url: str

    def url(self, service: str) -> str:
        return self.urls[service]


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """A state folder that the parts' user can reach; gone afterwards."""
    folder = temporary_state(in_memory=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def where(state: Path) -> Places:
    return places(state)


@pytest.fixture(scope="session")
async def postgres(where: Places) -> AsyncIterator[Postgres | None]:
    if "LANDA_TEST_DATABASE_URL" in os.environ:
        yield None
        return
    server = Postgres(where, free_ports(1)[0])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def kafka(where: Places) -> AsyncIterator[Kafka | None]:
    if "LANDA_TEST_KAFKA" in os.environ:
        yield None
        return
    broker = Kafka(where, *free_ports(2))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture(scope="session")
def admin_url(postgres: Postgres | None) -> str:
    """PostgreSQL's superuser (LANDA_TEST_DATABASE_URL when set)."""
    return os.environ["LANDA_TEST_DATABASE_URL"] if postgres is None else postgres.admin_url


@pytest.fixture(scope="session")
def bootstrap(kafka: Kafka | None) -> str:
    """Kafka's host:port (LANDA_TEST_KAFKA when set). Topics are the test's own to make, under names of its own."""
    return os.environ["LANDA_TEST_KAFKA"] if kafka is None else kafka.bootstrap


@pytest.fixture(scope="session")
def parts(admin_url: str, bootstrap: str, postgres: Postgres | None, kafka: Kafka | None) -> Parts:
    return Parts(admin_url, bootstrap, postgres, kafka)


# What is missing is told within seconds: every test that waits for a whole town waits for a watermark.
QUICK = {service: {"LANDA_WATERMARK_SECONDS": "2"} for service in SERVICES}


@pytest.fixture(scope="session")
async def town() -> AsyncIterator[Town]:
    """The whole town for journeys, as the demo runs it, empty, with parts and ports of its own; one per run.

    `town.addresses` says where everything is; `town.supervisor` kills and restarts children.
    """
    folder = temporary_state()
    async with Town(places(folder), free_ports(1)[0], env=QUICK, say=lambda line: print(f"town: {line}")) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


_PASSWORDS = {service: f"test-{service}" for service in SERVICES}


@pytest.fixture
async def database(admin_url: str) -> AsyncIterator[Database]:
    """A database of this test alone, with the four roles and their schemas, empty."""
    name = f"t_{secrets.token_hex(6)}"
    urls = await prepare_database(admin_url, _PASSWORDS, name)
    yield Database(name, urls, admin_url.rpartition("/")[0] + f"/{name}")
    await drop_database(admin_url, name)
