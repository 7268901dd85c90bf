"""The relay on real Kafka: nothing lost, nothing out of order, whatever the writers, the failures and the kills do."""

import asyncio
import gc
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared import journal
from shared.journal import Conflict, uuid7
from shared.messaging import Inlet, key_hash
from shared.relay import Relay
from tests.shared.conftest import quota
from tests.waiting import until


class Flow:
    """A relay and an inlet, running."""

    def __init__(self, house):
        self.house = house
        self.relay = Relay(house.reception, house.source)
        house.source.after_commit.append(self.wake)
        self.receiver = house.receiver()
        self.inlet = Inlet(house.reporting, "reception", f"{house.reception.topic_prefix}.follower", self.receive)
        self.tasks = []

    def wake(self):
        self.relay.wake()

    async def receive(self, records):
        await self.receiver.receive(records)

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self.relay.run()), asyncio.create_task(self.inlet.run())]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def restart_relay(self):
        self.tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[0]
        self.relay = Relay(self.house.reception, self.house.source)
        self.tasks[0] = asyncio.create_task(self.relay.run())


async def in_order_and_complete(house, subjects: dict[UUID, int]) -> None:
    expected = sum(subjects.values())
    seen = await until(house.seen, lambda s: len(s) >= expected, seconds=30, what=f"{expected} events")
    for subject, last in subjects.items():
        assert [s for u, s in seen if u == subject] == list(range(1, last + 1))
    assert len(seen) == expected
    assert await house.held() == []


async def test_a_relay_that_is_woken_and_cancelled_at_once_ends(house):
    relay = Relay(house.reception, house.source)
    for _ in range(3):
        task = asyncio.create_task(relay.run())
        await until(lambda: asyncio.sleep(0.01, relay.status.connected))
        relay.wake()
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=10)
        assert ended, "the cancellation was lost"


async def test_two_writers_of_one_sequence_have_one_winner(journals):
    subject = uuid7()
    ends = await asyncio.gather(*(journals.write(subject, 0, n) for n in range(8)), return_exceptions=True)
    assert sum(isinstance(end, list) for end in ends) == 1
    assert all(isinstance(end, list | Conflict) for end in ends)


async def test_an_event_that_kafka_refuses_puts_its_subject_aside_and_the_others_flow(house, bootstrap):
    sick, healthy = uuid7(), uuid7()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    topic = f"{house.reception.topic_prefix}.reception"

    async def largest(size: int) -> None:
        change = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": str(size)})
        await admin.alter_configs([change])

        async def said() -> str:
            [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            return {row[0]: row[1] for row in answer.resources[0][4]}["max.message.bytes"]

        await until(said, lambda now: now == str(size), what="the broker goes by it")

    await largest(560)
    subjects = {uuid7(): 1 for _ in range(10)}
    for subject in subjects:
        await house.write(subject, 0, 1)
    # A long trace context makes the record too large for the topic as it is set now.
    async with house.source.transaction() as tx:
        at = datetime.now(UTC)
        await journal.append(tx, sick, 0, [quota(1)], at=at, actor="t", traceparent="x" * 600)
        await journal.append(tx, sick, 1, [quota(2)], at=at, actor="t")
    await house.write(healthy, 0, 1)
    async with Flow(house):
        await in_order_and_complete(house, subjects | {healthy: 1})
        row = await until(lambda: house.source.pool.fetchrow("select * from quarantine"))
        assert row["subject"] == sick and "MessageSizeTooLarge" in row["reason"]
        await house.write(sick, 2, 3)
        await house.write(healthy, 1, 2)
        await in_order_and_complete(house, subjects | {healthy: 2})
        await largest(1_000_000)
        async with house.source.transaction() as tx:
            await tx.execute("delete from quarantine")
            await journal.republish(tx, sick, 1)
        await in_order_and_complete(house, subjects | {healthy: 2, sick: 3})
    await admin.close()


async def test_a_batch_is_let_go_when_it_is_applied_and_does_not_wait_for_the_collector(house):
    def kept() -> int:
        return sum(isinstance(one, ConsumerRecord) for one in gc.get_objects())

    subject = uuid7()
    async with Flow(house):
        gc.collect()
        others = kept()  # a test before this one may have left some
        gc.disable()
        try:
            for sequence in range(12):
                await house.write(subject, sequence, 1)
                await in_order_and_complete(house, {subject: sequence + 1})
            # a watermark of each partition may be in hand; without the collector nothing kept goes away by itself
            await until(lambda: asyncio.sleep(0, kept()), lambda now: now <= others + 2, what="every batch is let go")
        finally:
            gc.enable()


async def test_the_journal_cannot_be_changed(journals):
    subject = uuid7()
    await journals.write(subject, 0, 1)
    for statement in ("update journal set actor = 'x'", "delete from journal", "truncate journal"):
        with pytest.raises(Exception, match="append only"):
            await journals.source.pool.execute(statement)


async def test_the_whole_journal_goes_out_again_in_parts_each_event_once(journals, monkeypatch):
    monkeypatch.setattr(journal, "REPUBLISHED_AT_ONCE", 4)
    for _ in range(3):
        await journals.write(uuid7(), 0, 1, 2, 3)
    await journals.source.pool.execute("delete from outbox where position % 2 = 0")
    waiting = await journals.source.pool.fetchval("select count(*) from outbox")
    counts, last = [], 0
    while last is not None:
        async with journals.source.transaction() as tx:
            put, last = await journal.republish_all(tx, last)
        counts.append(put)
    assert sum(counts) + waiting == 9 and len(counts) == 4
    missing = "select count(*) from journal left join outbox using (position) where outbox.position is null"
    assert await journals.source.pool.fetchval(missing) == 0


@given(st.uuids(), st.integers(1, 60))
def test_a_subject_goes_where_kafka_itself_would_put_it_for_ever(subject, partitions):
    """Nothing but the subject chooses: a retry, another replica and a replay take the same partition."""
    everywhere = list(range(partitions))
    assert key_hash(subject) % partitions == DefaultPartitioner()(str(subject).encode(), everywhere, everywhere)
