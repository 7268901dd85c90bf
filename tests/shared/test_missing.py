"""What a consumer lacks it gets by itself: a gap is asked for, a tail is read from the journal."""

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from shared import journal_stream, missing
from shared.contracts.envelope import Watermark, watermark_headers
from shared.journal import uuid7
from shared.messaging import Raw
from shared.missing import Missing


@pytest.fixture
async def source(journals):
    """Reception's journal routes over the house's journal, open to the test, and who asks them."""
    app = FastAPI()
    router = journal_stream.routes("reception")
    app.include_router(router)
    app.state.landa = SimpleNamespace(database=journals.source)
    for route in router.routes:
        for declared in getattr(route, "dependencies", []):
            app.dependency_overrides[declared.dependency] = lambda: None
    asked = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.path)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), event_hooks={"request": [note]}) as http:

        async def no_headers() -> dict[str, str]:
            return {}

        settings = SimpleNamespace(services={"reception": "http://reception"})
        runtime = SimpleNamespace(http=http, settings=settings, tokens=SimpleNamespace(headers=no_headers))
        yield SimpleNamespace(missing=Missing(runtime, journals.target), asked=asked, runtime=runtime)


async def test_a_lost_tail_is_read_from_the_journal_and_applied_once(journals, source, monkeypatch):
    """Offsets that ran ahead of a restored database, or a topic made anew: no gap, only the watermark knows."""
    monkeypatch.setattr(missing, "MISSING_SECONDS", 0)
    quiet, known = uuid7(), uuid7()
    await journals.write(known, 0, 1)
    await journals.write(quiet, 0, 1, 2)
    records = await journals.records()
    async with journals.source.reading() as connection:
        epoch = await connection.fetchval("select epoch from journal_epoch")
    at = (await journals.target.pool.fetchrow("select now()"))[0]
    mark = Raw(records[0].topic, 0, 9, b"", None, watermark_headers(Watermark("reception", epoch, 0, 1, 3, 2, 3, at)))
    receiver = journals.receiver()
    await receiver.receive([records[0], mark])
    assert await journals.target.pool.fetchval("select behind_since is not null from watermark")
    await source.missing.read_journals(receiver)
    assert sorted(await journals.seen()) == sorted([(known, 1), (quiet, 1), (quiet, 2)])
    await receiver.receive([mark])
    assert await journals.target.pool.fetchval("select behind_since is null from watermark")
    for _ in range(3):
        await source.missing.read_journals(receiver)
    assert source.asked == ["/reception/journal"]


async def test_a_gap_is_asked_for_and_less_often_while_nothing_comes(journals, source, monkeypatch):
    monkeypatch.setattr(missing, "REPUBLISH_SECONDS", 0)
    subject = uuid7()
    await journals.write(subject, 0, 1, 2)
    receiver = journals.receiver()
    await receiver.receive((await journals.records())[1:])
    before = await journals.source.pool.fetchval("delete from outbox returning 1")
    assert before
    for _ in range(5):
        await source.missing.ask_for_gaps("follower")
    assert source.asked == ["/reception/journal/republish"]
    assert await journals.source.pool.fetchval("select count(*) from outbox") == 2


async def test_a_clock_that_is_put_back_two_hours_delays_neither_question(journals, source):
    subject, other = uuid7(), uuid7()
    await journals.write(subject, 0, 1, 2)
    await journals.write(other, 0, 1)
    records = await journals.records()
    epoch = await journals.source.pool.fetchval("select epoch from journal_epoch")
    at = await journals.target.pool.fetchval("select now()")
    mark = Raw(records[0].topic, 0, 9, b"", None, watermark_headers(Watermark("reception", epoch, 0, 1, 3, 2, 3, at)))
    receiver = journals.receiver()
    await receiver.receive([records[1], mark])
    await source.missing.ask_for_gaps("follower")
    await source.missing.read_journals(receiver)
    assert source.asked == [], "asked before its time"
    await journals.target.pool.execute("update held set held_at = held_at + interval '2 hours'")
    await journals.target.pool.execute("update watermark set behind_since = behind_since + interval '2 hours'")
    await source.missing.ask_for_gaps("follower")
    await source.missing.read_journals(receiver)
    assert source.asked == ["/reception/journal/republish", "/reception/journal"]


async def test_a_source_that_is_away_is_asked_once_per_look(journals, source, monkeypatch):
    """A hundred gaps and a source that does not answer: not a hundred timeouts in a row."""
    monkeypatch.setattr(missing, "REPUBLISH_SECONDS", 0)
    for _ in range(20):
        await journals.write(uuid7(), 0, 1, 2)
    records = await journals.records()
    await journals.receiver().receive([r for r in records if dict(r.headers)["ce_sequence"] == b"2"])
    source.runtime.settings.services = {}
    tried = []
    ask = journal_stream.ask_republish

    async def counted(*given) -> bool:
        tried.append(given)
        return await ask(*given)

    monkeypatch.setattr(journal_stream, "ask_republish", counted)
    await source.missing.ask_for_gaps("follower")
    assert len(tried) == 1
