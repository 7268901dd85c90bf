"""Records that no producer of ours writes, and held events in every state: nothing wedges, storms or stays behind."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import Watermark, headers, watermark_headers
from shared.contracts.reception import QuotaSet
from shared.journal import uuid7
from shared.messaging import Raw
from shared.watermarks import StrangeJournal, accept
from tests.waiting import until


def changed(record: Raw, **named: bytes) -> Raw:
    return replace(record, headers=list((dict(record.headers) | named).items()))


def mark(topic: str, epoch: UUID, *, partitions: bytes = b"0/1", subjects: int = 0, events: int = 0, **named: bytes):
    watermark = Watermark("reception", epoch, 0, 1, 10, subjects, events, datetime.now(UTC))
    return changed(Raw(topic, 0, 10_000, b"", None, watermark_headers(watermark)), ce_partition=partitions, **named)


async def test_what_the_database_cannot_store_is_held_and_the_batch_goes_on(journals):
    """NUL in a header, a watermark of no partitions, numbers beyond 64 bits, a time before the calendar."""
    subject, other = uuid7(), uuid7()
    await journals.write(subject, 0, 1, 2)
    await journals.write(other, 0, 1)
    first, second, third = await journals.records()
    epoch = UUID(dict(first.headers)["ce_epoch"].decode())
    poison = [
        changed(first, ce_type=b"reception.x\0y.v1"),
        changed(first, ce_id=str(uuid4()).encode(), ce_subject=str(uuid4()).encode(), ce_type=b"a\0b"),
        replace(first, headers=[*first.headers, ("ce_x\0y", b"\xff")]),
        mark(first.topic, epoch, partitions=b"0/0"),
        mark(first.topic, epoch, partitions=b"5/4"),
        mark(first.topic, epoch, ce_events=b"9" * 30),
        mark(first.topic, epoch, ce_time=b"0001-01-01T00:00:00+14:00"),
        mark(first.topic, epoch, ce_time=b"2018-01-01T00:00:00"),
        changed(first, ce_time=b"9999-12-31T23:59:59-14:00", ce_sequence=b"99"),
    ]
    records = [replace(record, offset=100 + n) for n, record in enumerate(poison)]
    await journals.receiver().receive([*records, first, second, third])
    assert sorted(await journals.seen()) == sorted([(subject, 1), (subject, 2), (other, 1)])


async def test_every_held_event_is_tried_at_the_next_start_however_many_there_are(journals):
    subjects = [uuid7() for _ in range(700)]
    async with journals.source.transaction() as tx:
        from shared import journal
        from tests.shared.conftest import quota

        for subject in subjects:
            await journal.append(tx, subject, 0, [quota(1)], at=datetime.now(UTC), actor="t")
    records = await journals.records()
    receiver = journals.receiver()
    type_ = QuotaSet.type
    from shared.contracts.event import CATALOGUE

    model = CATALOGUE.pop(type_)
    try:
        await receiver.receive(records)
    finally:
        CATALOGUE[type_] = model
    assert len(await journals.held()) == 700
    await receiver.retry_due(everything=True)
    assert await journals.held() == [] and len(await journals.seen()) == 700


async def test_a_person_who_retries_an_event_behind_the_head_starts_no_storm(journals):
    sick = uuid7()
    written = await journals.write(sick, 0, 1, 2)
    journals.follower.broken = {written[0].id}
    receiver = journals.receiver()
    await receiver.receive(await journals.records())
    await journals.target.pool.execute("update held set next_try = now() where sequence = 2")
    await receiver.retry_due()
    # however long the looks below take, the head's own time does not come
    await journals.target.pool.execute("update held set next_try = now() + interval '5 minutes' where sequence = 1")
    for _ in range(20):
        await receiver.retry_due()
    assert [h["attempts"] for h in await journals.held()] == [2, 1]


async def test_records_of_both_epochs_stop_the_source_until_accepted_and_then_flow(journals):
    """Restored from a backup: the topic holds the old journal's records, then the new one's, in one batch."""
    subject, fresh = uuid7(), uuid7()
    await journals.write(subject, 0, 1)
    await journals.write(fresh, 0, 1)
    first, second = await journals.records()
    old = UUID(dict(first.headers)["ce_epoch"].decode())
    new = uuid4()
    second = changed(second, ce_epoch=str(new).encode())
    batch = [first, mark(first.topic, old), second, mark(first.topic, new)]
    receiver = journals.receiver()
    await receiver.receive([first])
    for _ in range(2):
        with pytest.raises(StrangeJournal):
            await receiver.receive(batch)
    async with journals.target.transaction() as tx:
        assert await accept(tx, "reception") == ["follower"]
    await receiver.receive(batch)
    assert await journals.seen() == [(subject, 1), (fresh, 1)]
    # A generation that is built later reads the same topic from its beginning: the old journal stops nobody any more.
    await journals.receiver("follower/2").receive(batch)
    row = await journals.target.pool.fetchrow("select * from source_epoch where consumer = 'follower/2'")
    assert row["epoch"] == new and row["stranger"] is None


async def test_the_connection_is_cut_in_the_middle_of_a_batch(journals):
    """The batch is told as unavailable, not held; given again it is applied once."""
    subject = uuid7()
    await journals.write(subject, 0, *range(50))
    records = await journals.records()
    apply, cut = journals.follower.apply, [True]

    async def cutting(tx, facts) -> None:
        await apply(tx, facts)
        if cut.pop() if cut else False:
            own = await tx.fetchval("select pg_backend_pid()")
            await journals.target.pool.execute("select pg_terminate_backend($1)", own)
        await tx.fetchval("select 1")

    journals.follower.apply = cutting
    receiver = journals.receiver()

    async def receive() -> int:
        return (await receiver.receive(records)).applied

    assert await until(receive) == 50
    assert [s for _, s in await journals.seen()] == list(range(1, 51))
    assert await journals.held() == []


async def test_headers_of_an_event_survive_being_held(journals):
    """What is held is parsed again when it is tried: bytes of any kind in other headers do not matter."""
    sick = uuid7()
    written = await journals.write(sick, 0, 1)
    journals.follower.broken = {written[0].id}
    (record,) = await journals.records()
    record = replace(record, headers=[*record.headers, ("x", b"\0\xff\xfe"), ("y", None), ("\0", b"1")])
    receiver = journals.receiver()
    await receiver.receive([record])
    journals.follower.broken = set()
    await receiver.retry_due(everything=True)
    assert await journals.seen() == [(sick, 1)]
    assert headers  # the names that matter are ours
