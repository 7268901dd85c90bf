"""B9: how long after a broker is back everything that was written without it is published and projected."""

import asyncio
import time

from shared import journal
from shared.contracts.reception import AllocationReceived
from shared.database import Database
from tests.bench import workload
from tests.bench.harness import Bench, Measured, Variant, at_most
from tests.bench.stand import Stand
from tests.bench.town import inside, open_town, town_of, until
from tests.shared.conftest import settings_for

RATE = 200
OUTAGE_SECONDS = 60
_DRAINED = """
select (select count(*) from reception.outbox) as unpublished,
  (select count(*) from reception.journal)
  - (select coalesce(sum(sequence), 0) from reporting.gate where source = 'reception' and consumer like 'dashboard/%')
  as unprojected
"""


def allocated(case: int) -> AllocationReceived:
    return AllocationReceived.model_validate_json(workload.event(workload.Turn(case, 1))[1])


async def ours(stand: Stand, n: int) -> Measured:
    """n events while the broker is away; the clock runs from the broker's first answer until nothing is left."""
    town = town_of(stand)
    url = town.addresses.databases["reception"]
    database = Database(settings_for("reception", url, town.addresses.kafka))
    await database.open(size=2, seconds=60)
    stand.own.push_async_callback(database.close)
    looking = await inside(stand, town)

    async def drained() -> bool:
        row = await looking.fetchrow(_DRAINED)
        assert row is not None
        return row["unpublished"] == 0 and row["unprojected"] == 0

    await until(drained, 60, "drained before the outage")
    known = await looking.fetchval("select count(*) from reception.journal")
    await town.supervisor.halt("kafka")
    begun = time.perf_counter()
    for case in range(known, known + n):
        ahead = begun + (case - known) / RATE - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        async with database.transaction() as tx:
            await journal.append(
                tx, workload.subject(case), 0, [allocated(case)], at=workload.AT, actor="bench", traceparent=None
            )
    written = time.perf_counter() - begun
    waiting = await looking.fetchval("select count(*) from reception.outbox")
    assert waiting == n, f"{waiting} of {n} wait for the broker"
    starting = asyncio.create_task(town.supervisor.restart("kafka"))
    try:
        await until(town.kafka.ready, 90, "the broker is back")
        back = time.perf_counter()
        await until(drained, 120, "drained after the outage", 0.02)
        took = time.perf_counter() - back
    finally:
        await starting
    stored = await looking.fetchval("select count(*) from reporting.case_row")
    assert stored == known + n, f"{stored} of {known + n} cases are in the projection"
    held = await looking.fetchval("select count(*) from reporting.held")
    assert held == 0, f"{held} events are held"
    return Measured(took, "s", {"events written": n, "events/s": n / written})


async def setup(stand: Stand, n: int) -> None:
    await open_town(stand)


BENCHES = [
    Bench(
        "B9",
        f"Drained after {OUTAGE_SECONDS} s without a broker",
        f"Kafka is stopped, {RATE} events/s are committed through the journal's API for {OUTAGE_SECONDS} s, Kafka"
        " is started again; the time from its first answer to a client until the outbox is empty and reporting's"
        " projection holds every event",
        OUTAGE_SECONDS * RATE,
        5 * RATE,
        [Variant("ours", "ours", ours)],
        [at_most("ours", 2, "s")],
        better="less",
        notes=[
            "No service is restarted: relay and consumers find the broker by themselves. All four are at work.",
            "The events are written by another process than the relay's, which therefore finds them by looking.",
        ],
        setup=setup,
    )
]
