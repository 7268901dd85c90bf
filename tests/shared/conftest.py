"""A small house of two services on real parts: reception writes a journal, reporting follows it."""

import base64
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

import shared
from deploy.local.kafka import make_topics
from shared import journal, journal_stream
from shared.consumer import Receiver
from shared.contracts.envelope import Fact, headers
from shared.contracts.reception import QuotaSet
from shared.database import Connection, Database, migrate
from shared.messaging import Raw
from shared.settings import ServiceName, Settings

PLUMBING = Path(shared.__file__).parent / "migrations"
KEY = base64.b64encode(bytes(32)).decode()


def settings_for(service: ServiceName, url: str, kafka: str, prefix: str = "landa", **more: object) -> Settings:
    return Settings(
        service=service,
        database_url=url,
        kafka=kafka,
        listen_port=1,
        public_url="http://localhost:1",
        demo=True,
        issuer="http://localhost:1/identity",
        client_id=service,
        client_secret="x",
        session_key=KEY,
        master_key=KEY,
        topic_prefix=prefix,
        **more,
    )


def quota(target: int) -> QuotaSet:
    return QuotaSet(quota_year=2018, target=target, decided_on=date(2017, 11, 15))


@dataclass
class Follower:
    """A consumer that writes down what it was given, in order. `broken` ids make it fail, as a bug would."""

    broken: set[UUID] = field(default_factory=set)

    async def apply(self, tx: Connection, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if fact.id in self.broken:
                raise KeyError("a bug in a handler")
        await tx.executemany(
            "insert into seen (subject, sequence, event) values ($1, $2, $3)",
            [(f.subject, f.sequence, f.id) for f in facts],
        )


@dataclass
class House:
    reception: Settings
    reporting: Settings
    source: Database
    target: Database
    follower: Follower

    def receiver(self, name: str = "follower") -> Receiver:
        return Receiver(self.target, name, self.follower.apply)

    async def write(self, subject: UUID, expected: int, *targets: int) -> list[journal.Written]:
        async with self.source.transaction() as tx:
            return await journal.append(
                tx, subject, expected, [quota(t) for t in targets], at=datetime.now(UTC), actor="test"
            )

    async def records(self) -> list[Raw]:
        """The whole journal as Kafka would give it."""
        async with self.source.reading() as connection:
            return [
                Raw(
                    f"{self.reception.topic_prefix}.reception",
                    0,
                    e.position,
                    str(e.subject).encode(),
                    e.data.encode(),
                    headers(e),
                )
                async for lines in journal.lines(connection, "reception", 0)
                for e in map(journal_stream.recorded, lines.splitlines())
            ]

    async def seen(self) -> list[tuple[UUID, int]]:
        """What the follower was given, in the order in which it was given."""
        rows = await self.target.pool.fetch("select subject, sequence from seen order by position")
        return [(row["subject"], row["sequence"]) for row in rows]

    async def held(self) -> list[dict[str, object]]:
        return [dict(row) for row in await self.target.pool.fetch("select * from held order by id")]


@asynccontextmanager
async def _house(database: object, bootstrap: str, prefix: str) -> AsyncIterator[House]:
    settings: list[Settings] = [
        settings_for(name, database.url(name), bootstrap, prefix, watermark_seconds=0.5)  # type: ignore[attr-defined]
        for name in ("reception", "reporting")
    ]
    opened = []
    for each in settings:
        await migrate(each, [PLUMBING])
        pool = Database(each)
        await pool.open(size=12)
        opened.append(pool)
    await opened[1].pool.execute(
        "create table seen (position bigint generated always as identity, subject uuid, sequence bigint, event uuid)"
    )
    yield House(settings[0], settings[1], opened[0], opened[1], Follower())
    for pool in opened:
        await pool.close()


@asynccontextmanager
async def house_on(database: object, bootstrap: str | None) -> AsyncIterator[House]:
    """The house with topics of its own on Kafka at `bootstrap`; without Kafka when that is None."""
    if bootstrap is None:
        async with _house(database, "127.0.0.1:1", "landa") as house:
            yield house
        return
    prefix = f"landa.t{secrets.token_hex(4)}"
    await make_topics(bootstrap, [f"{prefix.removeprefix('landa.')}.reception"], partitions=4)
    async with _house(database, bootstrap, prefix) as house:
        yield house


@pytest.fixture
async def journals(database: object) -> AsyncIterator[House]:
    """The house without Kafka: records are handed over by the test."""
    async with house_on(database, None) as house:
        yield house


@pytest.fixture
async def house(database: object, bootstrap: str) -> AsyncIterator[House]:
    """The house with topics of its own on the run's Kafka."""
    async with house_on(database, bootstrap) as house:
        yield house
