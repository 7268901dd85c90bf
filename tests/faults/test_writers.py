"""F10: eight writers with slow commits and rollbacks, one long transaction, and a relay that is replaced meanwhile."""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared import journal
from shared.journal import uuid7
from tests.faults.ground import findings
from tests.faults.proof import Run, record, seeds
from tests.shared.conftest import quota
from tests.shared.test_relay import Flow
from tests.waiting import until


async def written(ground, seed: int, *, events: int, most: int, long_seconds: float, pause: float) -> None:
    """`events` in transactions of up to `most`; one more transaction begins first and commits last."""
    rng, subjects = random.Random(seed), {uuid7(): 0 for _ in range(64)}
    locks = {subject: asyncio.Lock() for subject in subjects}
    rolled_back = committed = 0
    async with ground.house() as house, Flow(house) as flow:
        await until(lambda: asyncio.sleep(0, flow.relay.status.connected))

        async def long() -> None:
            end = time.monotonic() + long_seconds
            async with house.source.transaction() as tx:
                await journal.append(tx, uuid7(), 0, [quota(1), quota(2)], at=datetime.now(UTC), actor="long")
                while time.monotonic() < end or sum(subjects.values()) < events:
                    await tx.execute("select pg_sleep(0.2)")

        async def writer() -> None:
            nonlocal rolled_back, committed
            while sum(subjects.values()) < events:
                subject, count = rng.choice(list(subjects)), rng.randint(1, most)
                async with locks[subject]:
                    with suppress(ZeroDivisionError):
                        async with house.source.transaction() as tx:
                            at = datetime.now(UTC)
                            many = [quota(1)] * count
                            await journal.append(tx, subject, subjects[subject], many, at=at, actor="w")
                            if rng.random() < 0.1:
                                await tx.execute("select pg_sleep(0.01)")
                            if rng.random() < 0.1:
                                rolled_back += 1
                                raise ZeroDivisionError
                        subjects[subject] += count
                        committed += 1

        writers = [asyncio.create_task(work()) for work in (long, *[writer] * 8)]
        replaced = 0
        while not all(task.done() for task in writers):
            await asyncio.wait(writers, timeout=pause)
            await flow.restart_relay()
            replaced += 1
        await asyncio.gather(*writers)
        ended, total = time.monotonic(), sum(subjects.values()) + 2
        await ground.complete(house, total)
        heal = time.monotonic() - ended
        assert await findings(house) == []
        marks = await until(
            lambda: house.target.pool.fetch("select * from watermark"),
            lambda rows: sum(row["events"] for row in rows) == total,
            what="watermarks that count everything",
        )
        assert sum(row["subjects"] for row in marks) == 1 + sum(1 for last in subjects.values() if last)
        assert all(row["behind_since"] is None for row in marks)
        assert await house.source.pool.fetchval("select count(*) from outbox") == 0
    assert rolled_back and replaced > 1
    record(
        Run(
            fault="F10",
            what=f"8 writers, one transaction of {long_seconds:.0f} s, the relay replaced {replaced} times",
            seed=seed,
            acknowledged=committed + 1,
            refused=rolled_back,
            events=total,
            heal_seconds=round(heal, 1),
        )
    )


@pytest.mark.parametrize("seed", seeds())
async def test_nothing_is_lost_or_reordered_in_three_thousand_events(ground, seed):
    await written(ground, seed, events=3_000, most=8, long_seconds=5, pause=0.3)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_reordered_in_a_hundred_thousand_events(ground):
    await written(replace(ground, patience=240), 0, events=100_000, most=24, long_seconds=60, pause=3)
