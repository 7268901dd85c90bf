"""Kafka away, at the start and during work: everything comes back by itself, and nothing is left behind."""

import asyncio
import shutil
import time
from urllib.parse import urlsplit

from deploy.local.kafka import Kafka, make_topics
from deploy.local.places import places, temporary_state
from deploy.local.ports import free_ports
from shared import published
from shared.database import Database
from shared.journal import uuid7
from shared.relay import Relay
from tests.faults.proxy import Proxy
from tests.shared.conftest import _house
from tests.shared.test_recovery import clients
from tests.shared.test_relay import Flow, in_order_and_complete
from tests.waiting import until


async def test_a_relay_on_a_connection_that_has_died_in_silence_is_not_silent_with_it(house):
    """Whatever it was about to ask: here nearly all of its time goes into saying how much it has published.

    And it cannot count anything once and for all meanwhile, since somebody's transaction is open.
    """
    database = urlsplit(house.reception.database_url)
    port = free_ports(1)[0]
    async with Proxy(port, database.port) as proxy, house.source.transaction() as tx:
        await tx.execute("select pg_current_xact_id()")
        through = database._replace(netloc=database.netloc.replace(f":{database.port}", f":{port}")).geturl()
        settings = house.reception.model_copy(update={"database_url": through, "watermark_seconds": 0.001})
        relay = Relay(settings, Database(settings))
        running = asyncio.create_task(relay.run())
        subject = uuid7()
        await house.write(subject, 0, 1)
        await until(lambda: asyncio.sleep(0, relay.status.published), lambda n: n == 1, what="the first is published")
        proxy.half_open()
        await until(lambda: asyncio.sleep(0, any(pipe.dead for pipe in proxy.pipes)), what="a question is swallowed")
        await proxy.heal()
        await house.write(subject, 1, 2)
        await until(lambda: asyncio.sleep(0, relay.status.published), lambda n: n == 2, seconds=40, what="the second")
        running.cancel()
        await asyncio.wait([running])


async def test_what_is_published_is_counted_in_pieces_and_said_when_it_can_be(journals, monkeypatch):
    monkeypatch.setattr(published, "PIECE", 3)
    one, two = uuid7(), uuid7()
    await journals.write(one, 0, 1, 2, 3)
    await journals.write(two, 0, 1, 2, 3, 4)
    async with journals.source.transaction() as tx:
        await tx.execute("delete from outbox")
    count, epoch, connection = published.Count(1), uuid7(), await journals.source.connect()
    async with journals.source.transaction() as tx:
        await tx.execute("select pg_current_xact_id()")
        assert await count.marks(connection, "reception", epoch) == []
        assert await count.marks(connection, "reception", epoch) == [] and count.position == 0
    # the cluster's own transactions, such as an autovacuum's, are waited for, too
    (mark,) = await until(lambda: count.marks(connection, "reception", epoch))
    assert (mark.events, mark.subjects, count.position) == (7, 2, 7)
    await journals.write(one, 3, 4)
    (mark,) = await count.marks(connection, "reception", epoch)
    assert (mark.events, mark.subjects) == (7, 2)  # it waits in the outbox
    await connection.close()


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
                before = len(clients())
                kafka.kill()
                end = time.monotonic() + 8
                while time.monotonic() < end:
                    await write()
                    await until(lambda: asyncio.sleep(0.5, True))
                    assert len(clients()) <= before + 12
                await kafka.start()
                started = time.monotonic()
                await in_order_and_complete(house, subjects)
                print(f"away for 8 s: complete {time.monotonic() - started:.1f} s after Kafka was ready")
                await until(flow.inlet.lag, lambda lag: lag == 0, seconds=30)
            await until(lambda: asyncio.sleep(0, clients()), lambda left: not left, what="no task of a client left")
    finally:
        await kafka.stop()
        shutil.rmtree(state, ignore_errors=True)
