"""Kafka away, at the start and during work: everything comes back by itself, and nothing is left behind."""

import asyncio
import shutil
import time

from deploy.local.kafka import Kafka, make_topics
from deploy.local.places import places, temporary_state
from deploy.local.ports import free_ports
from shared.journal import uuid7
from tests.shared.conftest import _house
from tests.shared.test_recovery import clients
from tests.shared.test_relay import Flow, in_order_and_complete
from tests.waiting import until


async def test_kafka_is_away_at_the_start_and_for_eight_seconds_during_work(database):
    state = temporary_state()
    kafka = Kafka(places(state), *free_ports(2))
    await kafka.start()
    try:
        await make_topics(kafka.bootstrap, ["outage.reception"], partitions=4)
        await kafka.stop()
        subjects = {uuid7(): 0 for _ in range(10)}
        async with _house(database, kafka.bootstrap, "landa.outage") as house:

            async def write() -> None:
                for subject in subjects:
                    await house.write(subject, subjects[subject], 1)
                    subjects[subject] += 1

            async with Flow(house) as flow:
                await write()
                await until(lambda: asyncio.sleep(0, flow.inlet.trouble), lambda t: t not in (None, "not started"))
                await kafka.start()
                started = time.monotonic()
                await in_order_and_complete(house, subjects)
                print(f"away at the start: complete {time.monotonic() - started:.1f} s after Kafka was ready")
                before = clients()
                kafka.kill()
                end = time.monotonic() + 8
                while time.monotonic() < end:
                    await write()
                    await until(lambda: asyncio.sleep(0.5, True))
                    assert clients() <= before + 12
                await kafka.start()
                started = time.monotonic()
                await in_order_and_complete(house, subjects)
                print(f"away for 8 s: complete {time.monotonic() - started:.1f} s after Kafka was ready")
                await until(flow.inlet.lag, lambda lag: lag == 0, seconds=30)
            await until(
                lambda: asyncio.sleep(0, clients()), lambda n: n == 0, seconds=5, what="no task of a client left"
            )
    finally:
        await kafka.stop()
        shutil.rmtree(state, ignore_errors=True)
