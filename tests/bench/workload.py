"""The same histories for everybody: households that are allocated and arrive, and whose arrival is corrected."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from shared.contracts.envelope import Recorded, headers
from shared.contracts.reception import AllocationReceived, ArrivalCorrected, ArrivalRegistered
from shared.messaging import key_hash

EPOCH = UUID(int=1)
FIRST_DAY = date(2018, 1, 1)
AT = datetime(2018, 6, 1, 12, tzinfo=UTC)
PER_CASE = 20
CATEGORIES = ("quota-refugee", "agency-accommodation", "self-settled", "family-member")


@dataclass(frozen=True, slots=True)
class Turn:
    """One event: the `sequence`-th of case number `case`."""

    case: int
    sequence: int

    @property
    def subject(self) -> UUID:
        return subject(self.case)


def subject(case: int) -> UUID:
    """Spread like random ids, as version 7 would be after a while of many writers."""
    return UUID(int=(case * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 1) & (2**128 - 1))


def person(case: int, number: int) -> UUID:
    return UUID(int=(2 * case + number) * 0xD1B54A32D192ED03 + 7 & (2**128 - 1))


def event(turn: Turn) -> tuple[str, str]:
    """Type and data: an allocation of two persons, their arrival, then one arrival's day moved on and on."""
    one, other = person(turn.case, 0), person(turn.case, 1)
    if turn.sequence == 1:
        kind = CATEGORIES[turn.case % len(CATEGORIES)]
        return AllocationReceived.type, (
            f'{{"category":"{kind}","quota_year":2018,"decided_on":"{FIRST_DAY}","receive_by":"2018-03-01",'
            f'"replaces":null,"persons":[{{"person":"{one}","sex":"female","age_band":"20-64",'
            f'"unaccompanied_minor":false}},{{"person":"{other}","sex":"male","age_band":"0-17",'
            f'"unaccompanied_minor":false}}]}}'
        )
    day = FIRST_DAY + timedelta(days=turn.sequence)
    if turn.sequence == 2:
        return ArrivalRegistered.type, f'{{"arrived_on":"{day}","persons":["{one}","{other}"]}}'
    return ArrivalCorrected.type, f'{{"arrived_on":"{day}","reason":"wrong-date","persons":["{one}"]}}'


def turns(events: int, *, per_case: int = PER_CASE, window: int = 5000, seed: int = 1) -> Iterator[Turn]:
    """`events` events, in order within a case; `window` cases are under way at any time, in any order."""
    cases = events // per_case
    chance = random.Random(seed)
    for first in range(0, cases, window):
        here = range(first, min(first + window, cases))
        order = [case for case in here for _ in range(per_case)]
        chance.shuffle(order)
        reached = dict.fromkeys(here, 0)
        for case in order:
            reached[case] += 1
            yield Turn(case, reached[case])


def recorded(position: int, turn: Turn, epoch: UUID = EPOCH) -> Recorded:
    """The event as reception's journal would give it."""
    kind, data = event(turn)
    return Recorded(event_id(turn), "reception", turn.subject, turn.sequence, position, epoch, kind, AT, AT, data)


def event_id(turn: Turn) -> UUID:
    return UUID(int=turn.case * PER_CASE + turn.sequence)


async def write_journal(connection: asyncpg.Connection, events: int) -> None:
    """Fills the journal of the connection's schema, without the outbox."""
    columns = ("id", "subject", "sequence", "type", "data", "at", "recorded_at", "actor", "key_hash")

    def rows() -> Iterator[tuple[object, ...]]:
        for turn in turns(events):
            kind, data = event(turn)
            yield event_id(turn), turn.subject, turn.sequence, kind, data, AT, AT, "bench", hashes[turn.case]

    hashes = [key_hash(subject(case)) for case in range(events // PER_CASE)]
    await connection.copy_records_to_table("journal", records=rows(), columns=columns)
    await connection.execute("analyze journal")


async def write_topic(
    bootstrap: str, topic: str, events: int, partitions: int, *, doubled: float = 0.0, epoch: UUID = EPOCH
) -> int:
    """Fills a topic as the relay would, `doubled` of the events twice (a relay that was killed). Returns records."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", max_batch_size=131_072, linger_ms=0
    )
    await producer.start()
    chance = random.Random(2)
    hashes = [key_hash(subject(case)) for case in range(events // PER_CASE)]
    batches: dict[int, object] = {}
    written = 0
    try:

        async def append(partition: int, one: Recorded) -> None:
            given = {"key": str(one.subject).encode(), "value": one.data.encode(), "timestamp": None}
            batch = batches.get(partition) or producer.create_batch()
            if batch.append(**given, headers=headers(one)) is None:
                await (await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(**given, headers=headers(one))
            batches[partition] = batch

        again: list[tuple[int, Recorded]] = []
        for position, turn in enumerate(turns(events), 1):
            one = recorded(position, turn, epoch)
            partition = hashes[turn.case] % partitions
            await append(partition, one)
            written += 1
            if chance.random() < doubled:
                again.append((partition, one))
            if len(again) == 20:
                for where, same in again:
                    await append(where, same)
                written += len(again)
                again.clear()
        for partition, batch in batches.items():
            await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()
    return written


@asynccontextmanager
async def _reader(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        with suppress(asyncio.CancelledError):  # of a task of its own, which it cancels and awaits
            await consumer.stop()


async def ends(bootstrap: str, topic: str) -> int:
    """How many records a topic holds, all partitions together."""
    async with _reader(bootstrap, topic) as consumer:
        return sum((await consumer.end_offsets(consumer.assignment())).values())


async def read_topic(bootstrap: str, topic: str) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Every record, in batches of one partition, until the ends as they were at the beginning."""
    async with _reader(bootstrap, topic) as consumer:
        wanted = {tp: end for tp, end in (await consumer.end_offsets(consumer.assignment())).items() if end}
        while wanted:
            for tp, found in (await consumer.getmany(timeout_ms=1000, max_records=5000)).items():
                yield found
                if found[-1].offset + 1 >= wanted.get(tp, 0):
                    wanted.pop(tp, None)
