"""What FastStream's documentation leads one to: pydantic models as arguments, an inbox table against doubles."""

import asyncio
import secrets
import time
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from pydantic import BaseModel


class Member(BaseModel):
    person: UUID
    sex: str
    age_band: str
    unaccompanied_minor: bool


class Happened(BaseModel):
    """Any of the three events."""

    category: str | None = None
    quota_year: int | None = None
    decided_on: date | None = None
    receive_by: date | None = None
    arrived_on: date | None = None
    reason: str | None = None
    persons: list[Member] | list[UUID]


INBOX = "insert into inbox values ($1) on conflict do nothing returning true"
OPENED = "insert into case_total values (1, $1, $2, $3, 0, null, 1)"
ARRIVED = (
    "update case_total set arrivals = $2, arrived_on = $3, events = events + 1 where generation = 1 and case_id = $1"
)
MOVED = "update case_total set arrived_on = $2, events = events + 1 where generation = 1 and case_id = $1"


async def _apply(connection: Any, subject: UUID, kind: str, event: Happened) -> None:
    if kind.endswith("allocation-received.v1"):
        await connection.execute(OPENED, subject, event.category, len(event.persons))
    elif kind.endswith("arrival-registered.v1"):
        await connection.execute(ARRIVED, subject, len(event.persons), event.arrived_on)
    else:
        await connection.execute(MOVED, subject, event.arrived_on)


def _broker(kafka: str) -> KafkaBroker:
    return KafkaBroker(kafka, logger=None)


async def per_message(database: str, kafka: str, topic: str, records: int) -> float:
    """One event, one transaction, one acknowledgement. Returns the seconds."""
    pool = await asyncpg.create_pool(database, min_size=2)
    broker, done, seen = _broker(kafka), asyncio.Event(), 0

    @broker.subscriber(
        topic, group_id=secrets.token_hex(6), auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def project(event: Happened, message: KafkaMessage) -> None:
        nonlocal seen
        async with pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(INBOX, UUID(message.headers["ce_id"])):
                await _apply(connection, UUID(message.headers["ce_subject"]), message.headers["ce_type"], event)
        seen += 1
        if seen == records:
            done.set()

    return await _timed(broker, done, pool)


async def naive_batch(database: str, kafka: str, topic: str, records: int) -> float:
    """500 at a time in one transaction: an inbox row per event in one statement, then what it says, by kind."""
    pool = await asyncpg.create_pool(database, min_size=2)
    broker, done, seen = _broker(kafka), asyncio.Event(), 0

    @broker.subscriber(
        topic,
        batch=True,
        max_records=500,
        group_id=secrets.token_hex(6),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def project(events: list[Happened], message: KafkaMessage) -> None:
        nonlocal seen
        heads = message.batch_headers
        async with pool.acquire() as connection, connection.transaction():
            ids = [UUID(head["ce_id"]) for head in heads]
            new = {
                row["id"]
                for row in await connection.fetch(
                    "insert into inbox select * from unnest($1::uuid[]) on conflict do nothing returning id", ids
                )
            }
            opened, arrived, moved = [], [], []
            for key, head, event in zip(ids, heads, events, strict=True):
                if key not in new:
                    continue
                new.remove(key)
                subject, kind = UUID(head["ce_subject"]), head["ce_type"]
                if kind.endswith("allocation-received.v1"):
                    opened.append((subject, event.category, len(event.persons)))
                elif kind.endswith("arrival-registered.v1"):
                    arrived.append((subject, len(event.persons), event.arrived_on))
                else:
                    moved.append((subject, event.arrived_on))
            await connection.executemany(OPENED, opened)
            await connection.executemany(ARRIVED, arrived)
            await connection.executemany(MOVED, moved)
        seen += len(events)
        if seen == records:
            done.set()

    return await _timed(broker, done, pool)


async def _timed(broker: KafkaBroker, done: asyncio.Event, pool: Any) -> float:
    begun = time.perf_counter()
    await broker.start()
    try:
        await asyncio.wait_for(done.wait(), 180)
        return time.perf_counter() - begun
    finally:
        await broker.stop()
        await pool.close()
