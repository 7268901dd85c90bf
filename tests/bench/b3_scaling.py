"""B3b, B3c: what a second replica of reporting brings, and whether an event costs more when there are many."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import asyncpg

from deploy.local.places import CHECKOUT
from services import reporting
from services.reporting.consumers import DASHBOARD
from shared import generations
from shared.consumer import Receiver
from shared.contracts.envelope import headers
from shared.messaging import Raw
from tests.bench import workload
from tests.bench.harness import Bench, Goal, Measured, Summary, Variant
from tests.bench.stand import Made, PeerFailed, Stand

FOLDER = Path(reporting.__file__).parent / "migrations"
CONSUMER = f"{DASHBOARD.name}/1"
PARTITIONS = 12
BATCH = 2000
WARM = 0.1

_topic: dict[str, str] = {}


async def setup(stand: Stand, n: int) -> None:
    _topic["prefix"] = await stand.topic("reception", PARTITIONS)
    await workload.write_topic(await stand.kafka(), f"{_topic['prefix']}.reception", n, PARTITIONS)


async def _tables(stand: Stand, prefix: str) -> tuple[Made, asyncpg.Connection]:
    made = await stand.database()
    await stand.open("reporting", made, prefix, folders=[FOLDER])
    own = await asyncpg.connect(made.urls["reporting"])
    stand.own.push_async_callback(own.close)
    await own.execute("insert into projection (name) values ($1)", DASHBOARD.name)
    return made, own


async def _applied(own: asyncpg.Connection) -> int:
    return int(await own.fetchval("select coalesce(sum(sequence), 0) from gate where consumer = $1", CONSUMER))


async def replicas(count: int, stand: Stand, n: int) -> Measured:
    """Processes of one consumer group; timed from a tenth of the events on, when all have joined, to the last."""
    made, own = await _tables(stand, _topic["prefix"])
    async with AsyncExitStack() as running:
        for number in range(count):
            given = {
                "database": made.urls["reporting"],
                "kafka": await stand.kafka(),
                "prefix": _topic["prefix"],
                "group": made.name,
                "instance": str(number),
            }
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.reporting_replica", json.dumps(given),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, cwd=CHECKOUT,
            )  # fmt: skip
            running.push_async_callback(process.wait)
            running.callback(process.kill)
        begun, first = 0.0, 0
        end = time.monotonic() + 200
        while (applied := await _applied(own)) < n:
            if time.monotonic() > end:
                raise PeerFailed(f"{count} replicas applied {applied} of {n} events")
            if not begun and applied >= WARM * n:
                begun, first = time.perf_counter(), applied
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - begun
    assert await own.fetchval("select count(*) from person_row where arrived_on is not null") == n // 10
    return Measured((n - first) / seconds, "events/s")


def _records(n: int) -> Iterator[list[Raw]]:
    def each() -> Iterator[Raw]:
        for position, turn in enumerate(workload.turns(n), 1):
            one = workload.recorded(position, turn)
            key = str(one.subject).encode()
            yield Raw("landa.reception", 0, position, key, one.data.encode(), headers(one))

    records = each()
    while batch := list(islice(records, BATCH)):
        yield batch


async def cost(size: int, stand: Stand, n: int) -> Measured:
    """Batches from memory through gate and projection; only the applying is timed."""
    n = min(n, size)
    made, own = await _tables(stand, "landa")
    _, database = await stand.open("reporting", made, "landa", folders=[FOLDER])
    receiver = Receiver(
        database, CONSUMER, generations.marked(DASHBOARD, 1), partial(generations.is_current, DASHBOARD.name, 1)
    )
    took: list[float] = []
    for batch in _records(n):
        begun = time.perf_counter()
        outcome = await receiver.receive(batch)
        took.append(time.perf_counter() - begun)
        assert outcome.applied == len(batch)
    assert await _applied(own) == n
    tail = took[-5:]
    return Measured(
        sum(took) / n * 1e6, "µs per event", {"µs per event of the last 10,000": sum(tail) / (len(tail) * BATCH) * 1e6}
    )


def _flat() -> Goal:
    def met(summary: Summary) -> tuple[bool, str] | None:
        found = summary.ratio("2,000,000 events", "100,000 events")
        return None if found is None else (found <= 1.25, f"{found:.3g}")

    return Goal("an event of 2,000,000 costs ≤ 1.25 × one of 100,000", met)


BENCHES = [
    Bench(
        "B3b",
        "Two replicas of reporting",
        "60,000 events from 12 partitions through gate and reporting's own projection, in processes of one group",
        60_000,
        4_000,
        [
            Variant("one replica", "floor", partial(replicas, 1)),
            Variant("two replicas", "ours", partial(replicas, 2)),
        ],
        rounds=3,
        notes=["PostgreSQL, Kafka and the replicas share the machine's cores."],
        setup=setup,
    ),
    Bench(
        "B3c",
        "What an event costs when there are many",
        "Events of 20 a case, 5,000 cases under way at a time, from memory through gate and reporting's own projection",
        2_000_000,
        4_000,
        [
            Variant("10,000 events", "ours", partial(cost, 10_000), n=10_000),
            Variant("100,000 events", "ours", partial(cost, 100_000), n=100_000),
            Variant("2,000,000 events", "ours", partial(cost, 2_000_000)),
        ],
        [_flat()],
        better="less",
        rounds=1,
        notes=[
            "One round: the longest of the measurements. 500 cases make the first size cheaper: more events per row."
        ],
    ),
]
