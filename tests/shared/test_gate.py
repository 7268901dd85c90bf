"""The gate: whatever the order, the doubles and the batches, each event is applied once and in order."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, pairwise, permutations
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from shared.contracts.envelope import Watermark, watermark_headers
from shared.journal import uuid7
from shared.messaging import Raw
from shared.watermarks import StrangeJournal


def splits(items):
    """Every way to cut a sequence into batches."""
    for count in range(len(items)):
        for cuts in combinations(range(1, len(items)), count):
            edges = [0, *cuts, len(items)]
            yield [items[a:b] for a, b in pairwise(edges)]


@pytest.mark.timeout(400)  # six thousand transactions
async def test_every_permutation_of_five_events_of_two_subjects_in_every_batch_split(journals):
    one, two = uuid7(), uuid7()
    await journals.write(one, 0, 1, 2, 3)
    await journals.write(two, 0, 1, 2)
    records = await journals.records()
    cases = [batches for order in permutations(records) for batches in splits(order)]
    assert len(cases) == 120 * 16
    work = list(enumerate(cases))

    async def worker() -> None:
        while work:
            number, batches = work.pop()
            receiver = journals.receiver(f"case{number}")
            done = [fact for batch in batches for fact in (await receiver.receive(batch)).facts]
            got = [(fact.subject, fact.sequence) for fact in done]
            for subject, last in ((one, 3), (two, 2)):
                assert [s for u, s in got if u == subject] == list(range(1, last + 1)), (number, got)

    await asyncio.gather(*(worker() for _ in range(4)))
    assert await journals.held() == []
    left = await journals.target.pool.fetchval("select count(*) from gate where sequence not in (2, 3)")
    assert left == 0


async def test_everything_twice_and_shuffled_changes_nothing(journals):
    subjects = [uuid7() for _ in range(20)]
    for subject in subjects:
        await journals.write(subject, 0, *range(5))
    records = await journals.records()
    receiver = journals.receiver()
    await receiver.receive(records)
    before = await journals.seen()
    outcome = await receiver.receive(records[::-1] + records)
    assert (outcome.applied, outcome.dropped) == (0, 200)
    assert await journals.seen() == before and len(before) == 100


async def test_a_bug_holds_its_own_subject_only_and_heals_in_order(journals):
    sick, healthy = uuid7(), uuid7()
    written = await journals.write(sick, 0, 1, 2, 3)
    await journals.write(healthy, 0, 1, 2)
    journals.follower.broken = {written[1].id}
    receiver = journals.receiver()
    await receiver.receive(await journals.records())
    assert sorted(await journals.seen()) == sorted([(sick, 1), (healthy, 1), (healthy, 2)])
    held = await journals.held()
    assert [(h["sequence"], h["waits_for"]) for h in held] == [(2, "retry"), (3, "predecessor")]
    assert held[0]["reason"] == "KeyError: 'a bug in a handler'"

    await receiver.retry_due(everything=True)
    assert [h["attempts"] for h in await journals.held()] == [2, 1]
    journals.follower.broken = set()
    await receiver.retry_due(everything=True)
    assert [s for u, s in await journals.seen() if u == sick] == [1, 2, 3]
    assert await journals.held() == []


async def test_attempts_are_bounded_and_then_a_person_decides(journals):
    sick = uuid7()
    written = await journals.write(sick, 0, 1, 2)
    journals.follower.broken = {written[0].id}
    receiver = journals.receiver()
    await receiver.receive(await journals.records())
    for _ in range(12):
        await receiver.retry_due(everything=True)
    held = await journals.held()
    assert [(h["waits_for"], h["attempts"], h["next_try"] is None) for h in held] == [
        ("person", 8, True),
        ("predecessor", 1, True),
    ]
    await journals.target.pool.execute(
        "insert into discarded (consumer, source, event_id, reason, actor)"
        " values ('follower', 'reception', $1, 'x', 'y')",
        written[0].id,
    )
    await journals.target.pool.execute("update held set next_try = now() where sequence = 1")
    await receiver.retry_due()
    assert await journals.seen() == [(sick, 2)]
    assert await journals.held() == []


async def test_garbage_is_held_and_the_stream_goes_on(journals):
    subject = uuid7()
    await journals.write(subject, 0, 1, 2, 3)
    first, second, third = await journals.records()
    named = dict(second.headers)
    unknown = replace(second, headers=list((named | {"ce_type": b"reception.moon-landing.v1"}).items()))
    receiver = journals.receiver()
    garbage = [
        Raw(first.topic, 0, 100, None, b"\xff\xfe", [("ce_type", b"\xff")]),
        Raw(first.topic, 0, 101, None, None, []),
        Raw(first.topic, 0, 102, None, b"{}", [(n, v) for n, v in first.headers if n != "ce_id"]),
        Raw(first.topic, 0, 103, None, b"{}", [(n, b"\x00" if n == "ce_sequence" else v) for n, v in first.headers]),
        Raw(first.topic, 0, 104, None, b"{}", list((dict(first.headers) | {"ce_source": b"/landa/awards"}).items())),
    ]
    await receiver.receive([garbage[0], first, *garbage[1:], unknown, third])
    await receiver.receive(garbage)
    assert await journals.seen() == [(subject, 1)]
    held = await journals.held()
    assert [(h["place"].rpartition("/")[2], h["waits_for"]) for h in held[:5]] == [
        (str(offset), "person") for offset in range(100, 105)
    ]
    assert [(h["sequence"], h["waits_for"]) for h in held[5:]] == [(2, "release"), (3, "predecessor")]
    assert "moon-landing" in held[5]["reason"]


async def test_data_that_does_not_fit_is_held_without_repeating_it(journals):
    subject = uuid7()
    await journals.write(subject, 0, 1)
    (record,) = await journals.records()
    await journals.receiver().receive([replace(record, value=b'{"quota_year": "Anna Andersson", "secret": 1}')])
    (held,) = await journals.held()
    assert "quota_year" in held["reason"] and "Anna" not in held["reason"]


async def test_a_journal_of_another_epoch_stops_its_source(journals):
    subject = uuid7()
    await journals.write(subject, 0, 1, 2)
    first, second = await journals.records()
    receiver = journals.receiver()
    await receiver.receive([first])
    stranger = replace(second, headers=list((dict(second.headers) | {"ce_epoch": str(uuid4()).encode()}).items()))
    for _ in range(2):
        with pytest.raises(StrangeJournal):
            await receiver.receive([stranger])
    assert await journals.seen() == [(subject, 1)]
    row = await journals.target.pool.fetchrow("select * from source_epoch")
    assert row["stranger"] is not None and row["stranger_since"] is not None


async def test_a_lost_tail_is_seen_by_the_watermark(journals):
    subjects = [uuid7() for _ in range(5)]
    for subject in subjects:
        await journals.write(subject, 0, 1, 2)
    records = await journals.records()
    epoch = UUID(dict(records[0].headers)["ce_epoch"].decode())
    receiver = journals.receiver()

    def mark(events: int, seen_subjects: int) -> Raw:
        watermark = Watermark("reception", epoch, 0, 1, 10, seen_subjects, events, datetime.now(UTC))
        return Raw(records[0].topic, 0, 1000, b"", None, watermark_headers(watermark))

    async def behind() -> bool:
        return await journals.target.pool.fetchval("select behind_since is not null from watermark")

    await receiver.receive([*records[:-1], mark(10, 5)])
    assert await behind()
    with capture_logs() as told:
        for _ in range(3):
            await receiver.receive([mark(10, 5)])
    assert [line["event"] for line in told] == ["records are missing"] * 3, "an alarm that is told once is overlooked"
    with capture_logs() as told:
        await receiver.receive([records[-1], mark(10, 5)])
    assert not await behind() and told == []
