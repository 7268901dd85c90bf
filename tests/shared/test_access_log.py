"""The access log: a gapless keyed chain under concurrent writers, in which every tampering is found."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from shared.access_log import AccessLog, Broken, Head
from shared.identity import Actor
from tests.shared.parts_of_web import KEY, opened

ACTOR = Actor("5d0f", frozenset({"caseworker", "coordinator"}), name="Nobody Real")
LOG = AccessLog("reception", KEY)


async def write(service, count: int) -> None:  # type: ignore[no-untyped-def]
    for _ in range(count):
        async with service.transaction() as tx:
            await LOG.record(tx, ACTOR, "view", "GET /reception/cases/{case}", [uuid4()], [uuid4(), uuid4()], None)


async def test_sixteen_writers_make_one_chain_that_verifies(database) -> None:  # type: ignore[no-untyped-def]
    async with opened(database.url("reception")) as service:
        await asyncio.gather(*(write(service, 10) for _ in range(16)))
        async with service.pool.acquire() as conn:
            assert await LOG.verify(conn, batch=7) is None
            assert await conn.fetchval("select array_agg(position order by position) from access_log") == [
                *range(1, 161)
            ]
            assert "Nobody Real" not in str(await conn.fetch("select * from access_log limit 1"))
            assert await AccessLog("reception", KEY[::-1], [KEY]).verify(conn) is None


async def test_a_look_that_is_rolled_back_leaves_no_gap_and_a_look_outside_a_transaction_is_refused(database) -> None:  # type: ignore[no-untyped-def]
    async with opened(database.url("reception")) as service, service.pool.acquire() as conn:
        await write(service, 1)
        with pytest.raises(ZeroDivisionError):
            async with service.transaction() as tx:
                await LOG.record(tx, None, "search", "POST /reception/search", [], [])
                raise ZeroDivisionError
        await write(service, 1)
        assert await LOG.verify(conn) is None
        with pytest.raises(RuntimeError):
            await LOG.record(conn, ACTOR, "view", "x", [], [])
        for statement in ("delete from access_log", "update access_log set actor = 'x'", "truncate access_log"):
            with pytest.raises(asyncpg.RaiseError):
                await conn.execute(statement)


HEAD = "update access_log_head set position = 4, hash = (select hash from access_log where position = 4)"


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update access_log set actor = 'other' where position = 3", Broken(3, "changed")),
        ("update access_log set at = at + interval '1 microsecond' where position = 2", Broken(2, "changed")),
        ("update access_log set persons = '{}' where position = 5", Broken(5, "changed")),
        ("update access_log set roles = '{auditor}' where position = 1", Broken(1, "changed")),
        ("update access_log set reason = '' where position = 1", Broken(1, "changed")),
        ("delete from access_log where position = 3", Broken(3, "missing")),
        ("delete from access_log where position = 1", Broken(1, "missing")),
        ("delete from access_log where position = 5", Broken(5, "cut off")),
        ("delete from access_log", Broken(1, "cut off")),
        (f"delete from access_log where position = 5; {HEAD}", Broken(4, "head changed")),
        ("delete from access_log; update access_log_head set position = 0, hash = ''", Broken(1, "older than known")),
        ("update access_log_head set position = 4", Broken(4, "head changed")),
        ("delete from access_log_head", Broken(0, "head changed")),
        (
            "delete from access_log where position = 3;"
            " update access_log set position = position - 1 where position > 3",
            Broken(3, "unchained"),
        ),
    ],
)
async def test_tampering_is_found_at_its_place(database, tampering: str, found: Broken) -> None:  # type: ignore[no-untyped-def]
    async with opened(database.url("reception"), size=4) as service, service.pool.acquire() as conn:
        await write(service, 5)
        known = await LOG.head(conn)
        assert await LOG.verify(conn, known) is None
        await conn.execute("alter table access_log disable trigger access_log_stays")
        await conn.execute(tampering)
        assert await LOG.verify(conn, known) == found


async def test_who_has_no_key_forges_no_chain(database) -> None:  # type: ignore[no-untyped-def]
    async with opened(database.url("reception"), size=4) as service, service.pool.acquire() as conn:
        forger = AccessLog("reception", KEY[::-1])
        async with service.transaction() as tx:
            await forger.record(tx, ACTOR, "view", "GET /x", [], [])
        assert await LOG.verify(conn) == Broken(1, "changed")
        assert await forger.verify(conn, Head(1, b"another")) == Broken(1, "changed")
