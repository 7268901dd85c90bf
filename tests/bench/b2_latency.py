"""B2: how long after its commit an event is acknowledged by the broker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from shared import journal
from shared.contracts.reception import QuotaSet
from shared.database import Database
from shared.messaging import Outgoing, Outlet
from shared.relay import Relay
from shared.settings import Settings
from tests.bench import workload
from tests.bench.harness import Bench, Goal, Measured, Summary, Variant, at_most
from tests.bench.stand import Stand

PARTITIONS = 12
WRITERS = 8
EVENT = QuotaSet(quota_year=2018, target=110, decided_on=workload.FIRST_DAY)


class Watched(Relay):
    """The relay, which also writes down when Kafka had acknowledged which event."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings, database)
        self.acknowledged: dict[str, float] = {}

    async def _publish_until_it_fails(self, connection: Any, outlet: Outlet, count: Any, epoch: UUID) -> None:
        send = outlet.send

        async def watched(records: Sequence[Outgoing], *, alone: bool = False) -> None:
            await send(records, alone=alone)
            now = time.perf_counter()
            for record in records:
                self.acknowledged[dict(record.headers)["ce_id"].decode()] = now

        outlet.send = watched  # type: ignore[method-assign]
        await super()._publish_until_it_fails(connection, outlet, count, epoch)


async def paced(rate: int, n: int, each: Callable[[int], Awaitable[None]], *, at_once: int) -> None:
    """Calls `each(number)` n times at `rate` a second by the clock, not by answers, in at most `at_once` tasks."""
    begun = time.perf_counter()
    numbers = iter(range(n))

    async def worker() -> None:
        for number in numbers:
            ahead = begun + number / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            await each(number)

    await asyncio.gather(*(worker() for _ in range(at_once)))


def figures(took: Sequence[float], rate: int, seconds: float, n: int) -> Measured:
    assert len(took) == n, f"{len(took)} of {n} events were acknowledged"
    ordered = sorted(one * 1000 for one in took)
    return Measured(
        ordered[n // 2], "ms", {"p99 ms": ordered[min(n - 1, int(n * 0.99))], "share of the rate": n / seconds / rate}
    )


async def _house(stand: Stand) -> tuple[Settings, Database, str]:
    bootstrap = await stand.kafka()
    made = await stand.database()
    prefix = await stand.topic("reception", PARTITIONS)
    settings, database = await stand.open("reception", made, prefix, size=WRITERS + 1)
    return settings, database, bootstrap


async def _write(database: Database, rate: int, n: int, committed: dict[str, float], events: int) -> float:
    """n events by commits of `events` each, to cases of their own; when each was committed. Returns the seconds."""

    async def commit(number: int) -> None:
        async with database.transaction() as tx:
            written = await journal.append(
                tx, workload.subject(number), 0, [EVENT] * events, at=workload.AT, actor="bench", traceparent=None
            )
        now = time.perf_counter()
        for one in written:
            committed[str(one.id)] = now

    begun = time.perf_counter()
    await paced(rate // events, n // events, commit, at_once=WRITERS)
    return time.perf_counter() - begun


async def ours(rate: int, events: int, stand: Stand, n: int) -> Measured:
    """Commands commit in the service's process, the relay is woken after each commit."""
    settings, database, _ = await _house(stand)
    relay = Watched(settings, database)
    database.after_commit.append(relay.wake)
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(30):
            while not relay.status.connected:
                await asyncio.sleep(0.01)
        committed: dict[str, float] = {}
        seconds = await _write(database, rate, n, committed, events)
        async with asyncio.timeout(60):
            while not committed.keys() <= relay.acknowledged.keys():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return figures([max(0.0, relay.acknowledged[one] - at) for one, at in committed.items()], rate, seconds, n)


async def bare(rate: int, events: int, stand: Stand, n: int) -> Measured:
    """Produce and wait for the acknowledgement, with the relay's settings, nothing stored."""
    bootstrap = await stand.kafka()
    topic = f"{await stand.topic('reception', PARTITIONS)}.reception"
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=0, max_batch_size=131_072
    )
    await producer.start()
    took: list[float] = []
    value = EVENT.text().encode()
    try:

        async def send(number: int) -> None:
            begun = time.perf_counter()
            key = str(workload.subject(number)).encode()
            sent = [await producer.send(topic, value, key=key) for _ in range(events)]
            await asyncio.gather(*sent)
            took.extend([time.perf_counter() - begun] * events)

        begun = time.perf_counter()
        await paced(rate // events, n // events, send, at_once=WRITERS * 4)
        seconds = time.perf_counter() - begun
    finally:
        await producer.stop()
    return figures(took, rate, seconds, n)


async def polling(rate: int, events: int, stand: Stand, n: int) -> Measured:
    """An outbox that is looked at once a second, all at once."""
    settings, database, bootstrap = await _house(stand)
    own = await asyncpg.connect(settings.database_url)
    stand.own.push_async_callback(own.close)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    await producer.start()
    acknowledged: dict[str, float] = {}

    async def poll() -> None:
        while True:
            rows = await own.fetch("select j.* from outbox join journal j using (position) order by position")
            sent = [
                await producer.send(f"{settings.topic_prefix}.reception", r["data"].encode(), key=r["subject"].bytes)
                for r in rows
            ]
            await asyncio.gather(*sent)
            now = time.perf_counter()
            acknowledged.update({str(row["id"]): now for row in rows})
            await own.execute("delete from outbox where position = any($1::bigint[])", [r["position"] for r in rows])
            await asyncio.sleep(1)

    running = asyncio.create_task(poll())
    try:
        committed: dict[str, float] = {}
        seconds = await _write(database, rate, n, committed, events)
        async with asyncio.timeout(60):
            while not committed.keys() <= acknowledged.keys():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await producer.stop()
    return figures([max(0.0, acknowledged[one] - at) for one, at in committed.items()], rate, seconds, n)


FLOOR, POLLING = "bare produce and acknowledgement", "polling once a second"


def _twice_the_floor() -> Goal:
    def met(summary: Summary) -> tuple[bool, str] | None:
        found = summary.ratio("ours", FLOOR)
        return None if found is None else (found <= 2, f"{found:.3g}")

    return Goal(f"ours, p50 ≤ 2 × {FLOOR}", met)


def _bench(name: str, rate: int, events: int, n: int) -> Bench:
    how = "one event a commit" if events == 1 else f"{events} events a commit"
    return Bench(
        name,
        f"From commit to acknowledgement at {rate:,} events/s",
        f"{rate:,} events/s by the clock, {how}; p50 of the time from the end of the commit to the acknowledgement",
        n,
        400,
        [
            Variant("ours", "ours", partial(ours, rate, events)),
            Variant(
                FLOOR, "floor", partial(bare, rate, events), note="no database: from the call to the acknowledgement"
            ),
            Variant(POLLING, "peer", partial(polling, rate, events), rounds=3),
        ],
        [_twice_the_floor(), at_most("ours", 20, "ms", extra="p99 ms")],
        better="less",
        notes=["The writers and the relay share one process and one event loop, as in a service."],
    )


BENCHES = [_bench("B2a", 200, 1, 1_000), _bench("B2b", 2_000, 10, 10_000)]
