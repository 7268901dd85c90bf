"""Inlet and relay on a real Kafka with everything that can be in a topic, and without Kafka: they come back alone."""

import asyncio
import contextlib
import subprocess
import sys
import time
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.kafka import make_topics
from shared import relay
from shared.journal import uuid7
from shared.messaging import Inlet, Outgoing, Outlet
from shared.messaging.client import let_go
from shared.relay import Relay
from tests.shared.test_relay import Flow, in_order_and_complete
from tests.waiting import until

# "key" as the name of a header, in bytes that UTF-8 does not have.
NAME = b"\xffkey"


def topic_of(house) -> str:
    return f"{house.reception.topic_prefix}.reception"


async def put(house, count: int, *, partition: int = 0, **record) -> None:
    """Records as a stranger would write them."""
    producer = AIOKafkaProducer(bootstrap_servers=house.reception.kafka)
    await producer.start()
    for _ in range(count):
        await producer.send_and_wait(topic_of(house), partition=partition, **record)
    await producer.stop()


class Surrogate(str):
    """A header's name whose UTF-8 is no UTF-8."""

    def encode(self, *_: object) -> bytes:
        return NAME


async def put_undecodable_name(house, partition: int) -> None:
    """Writes the name in ASCII and changes its bytes on the way, with the checksum that Kafka asks for."""
    from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 100_000)
    builder.append(0, None, b"k", b"v", [(Surrogate("xkey"), b"1")])
    producer = AIOKafkaProducer(bootstrap_servers=house.reception.kafka)
    await producer.start()
    batch = producer.create_batch()
    batch._builder, batch._relative_offset = builder, 1
    await (await producer.send_batch(batch, topic_of(house), partition=partition))
    await producer.stop()


async def test_a_header_whose_name_is_not_utf8_is_held_and_nothing_is_lost_or_stuck(house):
    subjects = {uuid7(): 5 for _ in range(20)}
    for subject in subjects:
        await house.write(subject, 0, 1, 2)
    async with Flow(house) as flow:
        await in_order_and_complete(house, dict.fromkeys(subjects, 2))
        flow.tasks[1].cancel()
        await asyncio.wait([flow.tasks[1]])
        for partition in range(4):
            await put_undecodable_name(house, partition)
        for subject in subjects:
            await house.write(subject, 2, 3, 4, 5)
        await until(lambda: house.source.pool.fetchval("select count(*) from outbox"), lambda n: n == 0)
        flow.inlet = Inlet(house.reporting, "reception", flow.inlet.group, flow.receive)
        flow.tasks[1] = asyncio.create_task(flow.inlet.run())
        seen = await until(house.seen, lambda s: len(s) == 100, seconds=20)
        for subject in subjects:
            assert [s for u, s in seen if u == subject] == [1, 2, 3, 4, 5]
        # a partition may have none of the subjects, and so nothing that is seen after its record
        held = await until(house.held, lambda held: len(held) == 4)
        assert [(h["waits_for"], h["reason"]) for h in held] == [("person", "the name of a header is not UTF-8")] * 4
        assert await until(flow.inlet.lag, lambda lag: lag == 0) == 0


async def test_null_key_and_a_record_near_the_brokers_limit_are_held_and_the_others_flow(house):
    subject = uuid7()
    await house.write(subject, 0, 1)
    await put(house, 2, key=None, value=b"{}")
    await put(house, 1, key=b"k", value=b"x" * 1_000_000)
    await put(house, 1, key=b"k", value=None)
    async with Flow(house):
        await until(house.held, lambda held: len(held) == 4)
        assert await until(house.seen, lambda s: len(s) == 1) == [(subject, 1)]


async def test_an_event_larger_than_a_batch_goes_out(house):
    outlet = Outlet(house.reception)
    await outlet.open()
    records = [Outgoing(0, b"k", b"x" * size, ()) for size in (10, 262_144, 10)]
    await asyncio.wait_for(outlet.send(records), 10)
    await outlet.close()


def clients() -> list[str]:
    """Tasks of Kafka's clients that run in this loop, by what they do and for whom."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return sorted(
        f"{one.cr_code.co_qualname} of {getattr(one.cr_frame.f_locals.get('self'), '_client_id', '?')}"
        for one in coroutines
        if "aiokafka" in one.cr_code.co_filename and one.cr_frame is not None
    )


async def test_cancelling_an_inlet_ends_it_even_while_it_lets_go_of_its_client(house):
    async def receive(_records) -> None:
        await asyncio.Event().wait()

    await put(house, 1, key=None, value=b"{}")
    inlet = Inlet(house.reporting, "reception", f"{house.reception.topic_prefix}.x", receive)
    task = asyncio.create_task(inlet.run())
    # The handler never ends: closing waits for it, and is where the second cancellation finds the inlet.
    await until(lambda: asyncio.sleep(0, inlet.applying), seconds=15)
    closing = asyncio.create_task(inlet._close())
    await until(lambda: asyncio.sleep(0, inlet._broker is None))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    await closing
    assert task.done()


async def test_a_client_whose_own_end_fails_leaves_nothing_behind(house):
    """As while Kafka is away: a future of the client's own is cancelled, and it stops to stop."""

    async def fails() -> None:
        raise asyncio.CancelledError

    before = len(clients())
    kafka = house.reception.kafka
    consumer = AIOKafkaConsumer(topic_of(house), bootstrap_servers=kafka, group_id="left")
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await consumer.start()
    await producer.start()
    assert len(clients()) > before + 4
    await let_go(consumer, fails())
    await let_go(producer, fails())
    await until(lambda: asyncio.sleep(0, clients()), lambda left: len(left) <= before, what="nothing left")


async def test_the_relay_leaves_no_producer_behind_when_it_makes_a_new_one(house, monkeypatch):
    """A topic that is gone: sends time out, again and again."""
    monkeypatch.setattr(relay, "SEND_SECONDS", 1)
    before = len(clients())
    running = Relay(house.reception, house.source)
    task = asyncio.create_task(running.run())
    await until(lambda: asyncio.sleep(0, running.status.connected))
    admin = AIOKafkaAdminClient(bootstrap_servers=house.reception.kafka)
    await admin.start()
    await admin.delete_topics([topic_of(house)])
    await house.write(uuid7(), 0, 1)
    for _ in range(3):
        await until(lambda: asyncio.sleep(0, running.status.trouble), seconds=20)
        running.status.trouble = None
    task.cancel()
    await asyncio.wait([task])
    await admin.close()
    await until(
        lambda: asyncio.sleep(0, clients()),
        lambda left: len(left) <= before,
        what=f"{before} tasks of clients",
    )


async def test_a_topic_that_is_deleted_and_made_again_is_read_and_its_loss_is_seen(house):
    # So many that the new topic, with its watermarks, does not soon reach the place that was read up to in the old one:
    # then only the watermark would tell, and the journal be read, which this house does not do.
    subjects = {uuid7(): 200 for _ in range(6)}
    for subject in subjects:
        await house.write(subject, 0, *range(200))
    async with Flow(house):
        await in_order_and_complete(house, subjects)
        admin = AIOKafkaAdminClient(bootstrap_servers=house.reception.kafka)
        await admin.start()
        await admin.delete_topics([topic_of(house)])
        name = topic_of(house).removeprefix("landa.")

        async def again() -> bool:
            return bool(await make_topics(house.reception.kafka, [name], partitions=4)) or True

        await until(again, seconds=20)
        started = time.monotonic()
        for subject in subjects:
            await house.write(subject, 200, 3)
        await in_order_and_complete(house, dict.fromkeys(subjects, 201))
        print(f"topic made again: flowed after {time.monotonic() - started:.1f} s")
        await admin.close()


@pytest.mark.parametrize("killed", ["leads", "follows"])
async def test_two_replicas_under_load_and_one_is_killed(house, killed):
    """A second process with relay and consumer of the same group; one of the two ends without a word."""
    subjects: dict[UUID, int] = {uuid7(): 0 for _ in range(20)}
    flow = Flow(house)
    if killed == "follows":
        await flow.__aenter__()
        await until(lambda: asyncio.sleep(0, flow.relay.status.connected))
    secret = {"session_key", "master_key"}
    given = [settings.model_dump_json(exclude=secret) for settings in (house.reception, house.reporting)]
    arguments = [sys.executable, "-m", "tests.shared.replica", killed, *given]
    other = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)

    def said() -> list[str]:
        """What it says of itself; its log has lines of its own."""
        return next((line.split() for line in other.stdout if line.startswith("consumes")), [])

    try:
        role = "leads" if killed == "leads" else "follows"
        assert await asyncio.wait_for(asyncio.to_thread(said), 60) == ["consumes", role]
        if killed == "leads":
            await flow.__aenter__()
        for turn in range(30):
            for subject in subjects:
                await house.write(subject, turn, turn)
                subjects[subject] += 1
            if turn == 15:
                await until(house.seen, lambda s: len(s) > 20, seconds=20)
                other.kill()
                started = time.monotonic()
        await in_order_and_complete(house, subjects)
        print(f"the one that {killed} was killed: complete after {time.monotonic() - started:.1f} s")
    finally:
        other.kill()
        other.wait()
        await flow.__aexit__()


async def test_a_group_that_begins_behind_is_given_only_what_comes_later(house):
    await put(house, 3, value=b"{}")
    given = []

    async def receive(records) -> None:
        given.extend(record.offset for record in records)

    inlet = Inlet(house.reporting, "reception", f"{house.reporting.topic_prefix}.behind", receive)
    await inlet.begin_behind()
    await put(house, 2, value=b"{}")
    running = asyncio.create_task(inlet.run())
    await until(lambda: asyncio.sleep(0, given), lambda seen: len(seen) >= 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert given == [3, 4]
