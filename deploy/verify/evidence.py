"""What is read once and compared by many: the journals, Kafka read again from its beginning, the gates.

Promise: per event a few small values are kept, never its content, so that a long history fits.
"""

import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from deploy.verify.site import Site
from shared import journal
from shared.contracts.envelope import Fact, Recorded, fact

WRITERS = ("reception", "notifications", "awards")
# service -> consumer -> sources, as the services wire them
CONSUMERS: dict[str, dict[str, tuple[str, ...]]] = {
    "notifications": {"alerts": ("reception", "awards")},
    "reporting": {"dashboard": ("reception", "awards", "notifications")},
}
Subject = tuple[str, UUID]


def digest(event: Recorded) -> bytes:
    """Everything a record says, but for where it stands."""
    parts = (event.id, event.type, event.subject, event.sequence, event.position, event.at, event.recorded_at)
    text = "|".join(map(str, parts)) + "|" + event.data
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


@dataclass
class Journal:
    """One service's journal. `rows`: subject -> digests of sequence 1, 2, 3 …; `ids`: event id -> subject, sequence."""

    source: str
    epoch: UUID
    rows: dict[UUID, list[bytes]] = field(default_factory=dict)
    ids: dict[UUID, tuple[UUID, int]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    waiting: set[tuple[UUID, int]] = field(default_factory=set)
    quarantined: dict[UUID, int] = field(default_factory=dict)


@dataclass
class Gate:
    """One consumer (a projection by its live generation). `held`: what waits, as rows of the table."""

    service: str
    consumer: str
    sources: tuple[str, ...]
    generation: int | None
    reached: dict[Subject, int] = field(default_factory=dict)
    held: list[asyncpg.Record] = field(default_factory=list)
    discarded: set[UUID] = field(default_factory=set)
    retired: set[tuple[str, UUID]] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    def limits(self) -> dict[Subject, int]:
        """How far the subjects with held events have come: what lies behind is rightly not applied."""
        return {
            (row["source"], row["subject"]): self.reached.get((row["source"], row["subject"]), 0)
            for row in self.held
            if row["subject"] is not None
        }


@dataclass
class Evidence:
    """The town at rest."""

    journals: dict[str, Journal] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return sum(len(j.ids) for j in self.journals.values())


async def recorded_rows(connection: "asyncpg.Connection[asyncpg.Record]", source: str) -> AsyncIterator[Recorded]:
    """The journal by subject and sequence. `connection` is in a transaction."""
    incarnation = await journal.epoch(connection)
    query = "select *, data::text as data from journal order by subject, sequence"
    async for row in connection.cursor(query, prefetch=2000):
        yield journal.recorded(row, source, incarnation)


async def facts_of(site: Site, source: str) -> AsyncIterator[Fact]:
    """The journal's facts by subject and sequence."""
    async with site.database(source) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in recorded_rows(connection, source):
            yield fact(row)


async def read_journal(site: Site, source: str) -> Journal:
    async with site.database(source) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        found = Journal(source, await journal.epoch(connection))
        async for row in recorded_rows(connection, source):
            known = found.rows.setdefault(row.subject, [])
            if row.sequence != len(known) + 1:
                found.gaps.append(f"{source} {row.subject}: {row.sequence} follows {len(known)}")
            known.append(digest(row))
            if row.id in found.ids:
                found.gaps.append(f"{source} {row.subject}: the event id {row.id} is used twice")
            found.ids[row.id] = (row.subject, row.sequence)
        waiting = await connection.fetch("select subject, sequence from outbox join journal using (position)")
        found.waiting = {(one["subject"], one["sequence"]) for one in waiting}
        aside = await connection.fetch("select q.subject, j.sequence from quarantine q join journal j using (position)")
        found.quarantined = {one["subject"]: one["sequence"] for one in aside}
    return found


async def read_gate(site: Site, service: str, consumer: str, sources: tuple[str, ...]) -> Gate:
    async with site.database(service) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        live = await connection.fetchval("select live from projection where name = $1", consumer)
        name = consumer if live is None else f"{consumer}/{live}"
        found = Gate(service, name, sources, live)
        async for row in connection.cursor(
            "select source, subject, sequence from gate where consumer = $1", name, prefetch=5000
        ):
            found.reached[row["source"], row["subject"]] = row["sequence"]
        found.held = await connection.fetch(
            "select source, subject, sequence, event_id, place, reason, waits_for from held where consumer = $1"
            " order by source, subject, sequence",
            name,
        )
        found.discarded = {
            row["event_id"]
            for row in await connection.fetch("select event_id from discarded where consumer = $1", consumer)
        }
        found.retired = {
            (row["source"], row["epoch"]) for row in await connection.fetch("select source, epoch from retired_epoch")
        }
        found.stopped = [
            f"{name} stopped following {row['source']}: a journal of another epoch"
            for row in await connection.fetch(
                "select source from source_epoch where consumer = $1 and stranger is not null", name
            )
        ]
        found.behind = [
            f"{name} has seen {row['seen_events']} of {row['events']} in {row['source']}/{row['partition']}"
            for row in await connection.fetch(
                "select * from watermark where consumer = $1 and behind_since is not null", name
            )
        ]
    return found


async def read(site: Site, writers: Collection[str] = WRITERS) -> Evidence:
    """Everything but Kafka, whose records are compared as they come (`transport`)."""
    found = Evidence()
    for source in writers:
        found.journals[source] = await read_journal(site, source)
    for service, consumers in CONSUMERS.items():
        for consumer, sources in consumers.items():
            gate = await read_gate(site, service, consumer, sources)
            found.gates[gate.consumer] = gate
    return found
