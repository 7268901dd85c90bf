"""The journal: a fact leaves only through here, in the transaction that made it true."""

import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from opentelemetry.propagate import inject

from shared.contracts.envelope import Recorded
from shared.contracts.event import Event
from shared.database import Connection
from shared.messaging import key_hash

LARGEST = 256 * 1024


class Conflict(Exception):
    """Somebody else wrote to this subject since its state was loaded: load again and decide again."""


class TooLarge(Exception):
    """An event over 256 kB; the broker would refuse it and with it everything behind it."""


def uuid7() -> UUID:
    """A time-ordered opaque id. Source: RFC 9562, section 5.7 (Python 3.11 has none)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | random & (2**62 - 1))


@dataclass(frozen=True, slots=True)
class Written:
    """Where an event went: its id, its sequence within the subject, its position in the journal."""

    id: UUID
    sequence: int
    position: int


def current_traceparent() -> str | None:
    """The W3C trace context of what is being done now."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")


_APPEND = """
with j as (
  insert into journal (id, subject, sequence, type, data, at, actor, traceparent, key_hash)
  select e.id, $2, $3 + e.n, e.type, e.data::json, $5, $6, $7, $8
  from unnest($1::uuid[], $4::text[], $9::text[]) with ordinality as e (id, type, data, n)
  order by e.n
  returning position, sequence, id
), o as (insert into outbox select position from j)
select position, sequence, id from j order by sequence
"""


async def append(
    tx: Connection,
    subject: UUID,
    expected: int,
    events: Sequence[Event],
    *,
    at: datetime,
    actor: str,
    traceparent: str | None = None,
) -> list[Written]:
    """Writes `events` after sequence `expected` of `subject`, in the caller's transaction.

    The caller holds the subject's row lock, so that positions follow sequences. `at` is when it happened, `actor` who
    did it (the `sub` of a person or a service). Raises Conflict, TooLarge.
    """
    if not events:
        return []
    texts = [event.text() for event in events]
    for event, text in zip(events, texts, strict=True):
        if len(text.encode()) > LARGEST:
            raise TooLarge(f"{event.type} has {len(text.encode())} bytes, at most {LARGEST} are allowed")
    try:
        rows = await tx.fetch(
            _APPEND,
            [uuid7() for _ in events],
            subject,
            expected,
            [event.type for event in events],
            at,
            actor,
            traceparent or current_traceparent(),
            key_hash(subject),
            texts,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"subject {subject} has moved on from sequence {expected}") from None
    return [Written(r["id"], r["sequence"], r["position"]) for r in rows]


_COLUMNS = "position, id, subject, sequence, type, data::text as data, at, recorded_at, actor, traceparent"


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal row with who did it, for the service itself."""

    recorded: Recorded
    actor: str


async def epoch(connection: Connection) -> UUID:
    """The incarnation of this journal."""
    found: UUID = await connection.fetchval("select epoch from journal_epoch")
    return found


def recorded(row: asyncpg.Record, source: str, incarnation: UUID) -> Recorded:
    """A row of the journal as an event on its way."""
    return Recorded(
        row["id"],
        source,
        row["subject"],
        row["sequence"],
        row["position"],
        incarnation,
        row["type"],
        row["at"],
        row["recorded_at"],
        row["data"],
        row["traceparent"],
    )


async def history(connection: Connection, source: str, subject: UUID) -> list[Entry]:
    """Everything that happened to `subject`, in order."""
    rows = await connection.fetch(f"select {_COLUMNS} from journal where subject = $1 order by sequence", subject)
    incarnation = await epoch(connection)
    return [Entry(recorded(row, source, incarnation), row["actor"]) for row in rows]


Order = Literal["position", "subject"]
_ORDERS: dict[Order, str] = {"position": "position", "subject": "subject, sequence"}


# what `journal_stream.recorded` reads; made by the database, since a rebuild asks for millions
_LINE = (
    """'{"id":"' || id || '","source":"' || $2::text || '","subject":"' || subject || '","sequence":' || sequence"""
    """ || ',"position":' || position || ',"epoch":"' || $3::text || '","type":' || to_json(type)"""
    """ || ',"time":' || to_json(at) || ',"recordedtime":' || to_json(recorded_at)"""
    """ || coalesce(',"traceparent":' || to_json(traceparent), '') || ',"data":' || data::text || '}'"""
)


async def lines(
    connection: Connection, source: str, after: int, *, order: Order = "position", chunk: int = 2000
) -> AsyncIterator[bytes]:
    """Every row above `after` that one snapshot shows, by position or subject by subject, `chunk` lines of NDJSON at a
    time. `connection` is in a transaction.

    A row that commits late may have a lower position than one already streamed: whoever needs every row reads from 0,
    or relies on the gate and the watermark, never on the position alone.
    """
    query = f"select {_LINE} from journal where position > $1 order by {_ORDERS[order]}"
    cursor = await connection.cursor(query, after, source, str(await epoch(connection)))
    while rows := await cursor.fetch(chunk):
        yield "\n".join([row[0] for row in rows] + [""]).encode()


async def republish(tx: Connection, subject: UUID, start: int) -> int:
    """Puts the events of `subject` from sequence `start` into the outbox again; returns how many."""
    done = await tx.execute(
        "insert into outbox select position from journal where subject = $1 and sequence >= $2 on conflict do nothing",
        subject,
        start,
    )
    return int(done.split()[-1])


async def knows(connection: Connection, subject: UUID) -> bool:
    """Whether anything ever happened to `subject` here."""
    return bool(await connection.fetchval("select exists (select from journal where subject = $1)", subject))


REPUBLISHED_AT_ONCE = 20_000


async def republish_all(tx: Connection, after: int) -> tuple[int, int | None]:
    """Puts a part of the whole journal into the outbox again, for a Kafka that lost what it had.

    The part begins above position `after`; returns how many events it put there and its last position, None when there
    was nothing left. In parts, so that no statement grows with the journal.
    """
    row = await tx.fetchrow(
        "with part as (select position from journal where position > $1 order by position limit $2),"
        " put as (insert into outbox select position from part on conflict do nothing returning position)"
        " select (select count(*) from put) as events, (select max(position) from part) as last",
        after,
        REPUBLISHED_AT_ONCE,
    )
    assert row is not None
    return row["events"], row["last"]
