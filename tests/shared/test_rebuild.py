"""A projection's generations: the swap fences the old one, never goes live with less, and is not blocked by garbage."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from shared import garbage as garbage_of
from shared import gate, generations, journal, journal_stream, watermarks
from shared.consumer import Projection
from shared.contracts.envelope import Watermark, watermark_headers
from shared.journal import uuid7
from shared.messaging import Raw
from shared.projections import Consumers
from shared.watermarks import StrangeJournal
from tests.waiting import until

_NASTY = ("", 'quotes","data":{"', "back\\slash", "line\nend\u2028", "åäö 𝔘", "%s {} $1")


async def test_a_line_of_the_journal_is_the_event_that_kafka_would_have_given(journals):
    rows = [
        (uuid7(), uuid7(), 1, "reception.quota-set.v1", json.dumps({text: text}, ensure_ascii=ascii), at, trace)
        for text in _NASTY
        for ascii in (True, False)
        for at in (datetime(2018, 2, 28, 23, 59, 59, 999999, UTC), datetime(999, 1, 1, tzinfo=UTC))
        for trace in (None, "00-ab-cd-01", 'x","data":{')
    ]
    await journals.source.pool.executemany(
        "insert into journal (id, subject, sequence, type, data, at, traceparent, actor, key_hash)"
        " values ($1, $2, $3, $4, $5, $6, $7, 'test', 0)",
        rows,
    )
    async with journals.source.transaction() as tx:
        epoch = await journal.epoch(tx)
        entries = await tx.fetch("select *, data::text as data from journal order by position")
        lines = [some async for some in journal.lines(tx, "reception", 0, chunk=7)]
    found = [journal_stream.recorded(line) for some in lines for line in some.split(b"\n") if line]
    assert found == [journal.recorded(row, "reception", epoch) for row in entries] and len(found) == len(rows)


async def test_what_a_journal_gives_is_held_like_what_kafka_gives(board):
    sick, healthy = uuid7(), uuid7()
    await board.house.write(sick, 0, 1, 2, 3)
    await board.house.write(healthy, 0, 1)
    async with board.house.source.transaction() as tx:
        text = b"".join([some async for some in journal.lines(tx, "reception", 0, order="subject")])
    events = [journal_stream.recorded(line) for line in text.splitlines()]
    events = [replace(e, type="reception.of-tomorrow.v1") if e.sequence == 3 else e for e in events]
    board.broken.add((1, 2))
    await receiver(board, 1).receive(events)
    kept = {(row["sequence"], row["waits_for"], row["place"].split("/")[0]) for row in await board.house.held()}
    assert kept == {(2, "retry", "journal.reception"), (3, "predecessor", "journal.reception")}
    board.broken.clear()
    await receiver(board, 1).retry_due(everything=True)
    assert [(row["sequence"], row["waits_for"]) for row in await board.house.held()] == [(3, "release")]
    assert await board.house.target.pool.fetchval("select count(*) from board") == 3


@pytest.fixture
async def board(journals):
    """A projection over the follower's table, with a generation in front."""
    await journals.target.pool.execute("create table board (generation int, subject uuid, sequence bigint)")
    broken = set()

    async def apply(tx, generation, facts) -> None:
        for fact in facts:
            if (generation, fact.sequence) in broken:
                raise KeyError("a bug of this release")
        await tx.executemany(
            "insert into board values ($1, $2, $3)", [(generation, f.subject, f.sequence) for f in facts]
        )

    async def forget(tx, generation) -> None:
        await tx.execute("delete from board where generation = $1", generation)

    projection = Projection("board", ("reception",), apply, forget)
    runtime = SimpleNamespace(settings=journals.reporting)
    consumers = Consumers(runtime, journals.target, [projection])
    await journals.target.pool.execute("insert into projection (name) values ('board')")
    yield SimpleNamespace(consumers=consumers, projection=projection, house=journals, broken=broken)


def receiver(board, generation):
    return board.consumers._stream(board.projection, generation).receiver


async def rebuild(board) -> None:
    async with board.house.target.transaction() as tx:
        await generations.start_rebuild(tx, "board", "kafka")


async def swap(board, live=1) -> bool:
    await generations.swap_when_caught_up(board.house.target, lambda _: True, board.projection, live, live + 1)
    return await board.house.target.pool.fetchval("select live from projection") == live + 1


async def counts(board, table: str) -> int:
    return await board.house.target.pool.fetchval(f"select count(*) from {table} where consumer = 'board/1'")


async def test_a_batch_of_the_old_generation_after_the_swap_leaves_nothing_behind(board):
    subject, other = uuid7(), uuid7()
    await board.house.write(subject, 0, 1, 2)
    records = await board.house.records()
    old, new = receiver(board, 1), receiver(board, 2)
    await old.receive(records)
    await rebuild(board)
    await new.receive(records)
    assert await swap(board)
    # Another replica has not seen the swap yet, and its stream is given what came meanwhile.
    await board.house.write(subject, 2, 3)
    await board.house.write(other, 0, 1)
    later = (await board.house.records())[2:]
    await old.receive(later)
    await new.receive(later)
    assert [await counts(board, table) for table in ("gate", "held", "source_epoch")] == [0, 0, 0]
    rows = await board.house.target.pool.fetch("select generation, count(*) as n from board group by 1")
    assert [tuple(row) for row in rows] == [(2, 4)]


async def test_garbage_neither_hastens_nor_blocks_the_swap(board):
    subject = uuid7()
    await board.house.write(subject, 0, 1, 2)
    records = await board.house.records()
    garbage = [Raw(records[0].topic, 0, 900 + n, None, b"?", []) for n in range(3)]
    await receiver(board, 1).receive([*records, garbage[0]])
    await rebuild(board)
    new = receiver(board, 2)
    await new.receive([records[0], *garbage])
    assert not await swap(board), "went live with less than is shown"
    await board.house.target.pool.execute("delete from held where consumer = 'board/2'")
    await new.receive([records[1]])
    assert await swap(board), "garbage that is gone from Kafka blocks the swap"


async def test_garbage_that_a_person_has_ended_is_not_held_again_by_a_later_generation(board):
    await board.house.write(uuid7(), 0, 1)
    (record,) = await board.house.records()
    strange = [("ce_type", b"\xff\x00"), ("x", None)]
    garbage = [Raw(record.topic, 0, 900 + n, None, value, strange) for n, value in enumerate((b"?", None))]
    await receiver(board, 1).receive([record, *garbage])
    async with board.house.target.transaction() as tx:
        for row in await tx.fetch("select id from held"):
            await garbage_of.discard(tx, row["id"], reason="noise", actor="op")
    await rebuild(board)
    await receiver(board, 2).receive([record, *garbage])
    assert await board.house.held() == []
    another = Raw(record.topic, 0, 900, None, b"!", strange)
    await receiver(board, 2).receive([another])
    assert len(await board.house.held()) == 1, "another record at a place that was used before is passed over"


async def test_a_generation_that_cannot_apply_what_is_shown_does_not_go_live(board):
    subject = uuid7()
    await board.house.write(subject, 0, 1, 2, 3)
    records = await board.house.records()
    await receiver(board, 1).receive(records)
    await rebuild(board)
    board.broken.add((2, 2))
    new = receiver(board, 2)
    await new.receive(records)
    assert not await swap(board), "pages would show two events less"
    board.broken.clear()
    await new.retry_due(everything=True)
    assert await swap(board)


async def test_an_event_held_in_both_does_not_block_the_swap(board):
    sick, healthy = uuid7(), uuid7()
    await board.house.write(sick, 0, 1, 2)
    await board.house.write(healthy, 0, 1)
    records = await board.house.records()
    board.broken |= {(1, 2), (2, 2)}
    await receiver(board, 1).receive(records)
    await rebuild(board)
    await receiver(board, 2).receive(records)
    assert await swap(board)


async def test_a_discard_counts_in_the_generation_that_is_being_built_too(board):
    sick = uuid7()
    written = await board.house.write(sick, 0, 1, 2)
    records = await board.house.records()
    board.broken |= {(1, 1), (2, 1)}
    await receiver(board, 1).receive(records)
    await rebuild(board)
    await receiver(board, 2).receive(records)
    await board.house.target.pool.execute("update held set waits_for = 'person', next_try = null where sequence = 1")
    async with board.house.target.transaction() as tx:
        await gate.discard(tx, "board/1", "reception", written[0].id, reason="a wrong row", actor="operator")
    for generation in (1, 2):
        await receiver(board, generation).retry_due()
    assert await board.house.held() == []
    assert await swap(board)


async def test_after_another_journal_was_accepted_the_rebuild_it_asks_for_goes_live(board):
    """Restored from a backup, the new journal is shorter than what the live generation has counted."""
    subject = uuid7()
    await board.house.write(subject, 0, 1, 2, 3)
    records = await board.house.records()
    await receiver(board, 1).receive(records)
    await board.house.source.pool.execute("update journal_epoch set epoch = gen_random_uuid()")
    new = (await board.house.records())[:2]
    with pytest.raises(StrangeJournal):
        await receiver(board, 1).receive(new)
    async with board.house.target.transaction() as tx:
        assert await watermarks.accept(tx, "reception") == ["board/1"]
    await rebuild(board)
    await receiver(board, 2).receive([*records, *new])
    assert not await swap(board), "nobody knows yet whether that was all"
    epoch = await board.house.source.pool.fetchval("select epoch from journal_epoch")
    mark = Watermark("reception", epoch, 0, 1, 2, 1, 2, datetime.now(UTC))
    await receiver(board, 2).receive([Raw(new[0].topic, 0, 99, b"", None, watermark_headers(mark))])
    assert await swap(board)
    assert await board.house.target.pool.fetchval("select count(*) from board") == 2


async def test_the_swap_comes_through_while_batches_keep_coming(board):
    """Four feeders without a pause, on one projection: the swap is neither starved nor deadlocked."""
    subjects = [uuid7() for _ in range(4)]
    for subject in subjects:
        await board.house.write(subject, 0, *range(400))
    records = await board.house.records()
    old, new = receiver(board, 1), receiver(board, 2)
    await old.receive(records[:1])
    await rebuild(board)
    await new.receive(records)
    errors = []

    async def feed(subject) -> None:
        own = [r for r in records if r.key == str(subject).encode()]
        for start in range(0, 400, 4):
            for each in (old, new):
                try:
                    await each.receive(own[start : start + 4])
                except Exception as error:
                    errors.append(error)

    feeders = [asyncio.create_task(feed(subject)) for subject in subjects]
    await until(lambda: swap(board), seconds=10)
    early = not all(feeder.done() for feeder in feeders)
    await asyncio.gather(*feeders)
    assert errors == [] and early
    assert [await counts(board, table) for table in ("gate", "held")] == [0, 0]


async def test_a_journal_read_subject_by_subject_gives_whole_histories(journals):
    one, two = sorted((uuid7(), uuid7()))
    for sequence in range(3):
        for subject in (two, one):
            await journals.write(subject, sequence, sequence)
    async with journals.source.reading() as connection:
        found = [
            (e.subject, e.sequence)
            async for lines in journal.lines(connection, "reception", 0, order="subject", chunk=2)
            for e in map(journal_stream.recorded, lines.splitlines())
        ]
    assert found == [(subject, sequence) for subject in (one, two) for sequence in (1, 2, 3)]
