"""Bugs between the journal and Kafka."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pytest import MonkeyPatch

from shared import journal
from shared.database import Database
from shared.journal import uuid7
from shared.messaging import Outlet, Unsent
from shared.relay import Relay
from tests.faults.bugs.seeded import Bug
from tests.faults.ground import Ground, findings
from tests.shared.conftest import quota
from tests.shared.test_relay import Flow
from tests.waiting import until

_DELETE = "delete from outbox where position = any($1::bigint[])"


async def late_commit(ground: Ground) -> list[str]:
    """A transaction that drew its position first commits last."""
    late, prompt = uuid7(), uuid7()
    async with ground.house() as house, Flow(house):
        async with house.source.transaction() as tx:
            await journal.append(tx, late, 0, [quota(1)], at=datetime.now(UTC), actor="slow")
            await house.write(prompt, 0, 1)
            await until(house.seen, lambda seen: (prompt, 1) in seen, seconds=30)
        await house.write(late, 1, 2)
        await ground.complete(house, 3)
        return await findings(house)


async def killed_after_commit(ground: Ground) -> list[str]:
    """The writer ends with the commit, as by a kill: nothing of it runs afterwards."""
    async with ground.house() as house, Flow(house):
        writer = asyncio.create_task(house.write(uuid7(), 0, 1))
        house.source.after_commit.append(writer.cancel)
        await asyncio.wait([writer])
        house.source.after_commit.remove(writer.cancel)
        await house.write(uuid7(), 0, 1)
        await ground.complete(house, 2)
        return await findings(house)


async def broken_send(ground: Ground) -> list[str]:
    """The broker takes half of a batch and is gone."""
    subjects = [uuid7() for _ in range(5)]
    whole, left = Outlet.send, [True]

    async def half(self: Outlet, records: Any, *, alone: bool = False) -> None:
        if left and records[0].value is not None:
            left.clear()
            middle = len(records) // 2
            await whole(self, records[:middle])
            raise Unsent(list(range(middle)), OSError("the broker is gone"))
        await whole(self, records, alone=alone)

    with MonkeyPatch.context() as broker:
        broker.setattr(Outlet, "send", half)
        async with ground.house() as house:
            for subject in subjects:
                await house.write(subject, 0, 1, 2)
            async with Flow(house):
                await ground.complete(house, 10)
                return await findings(house)


class Counting(Flow):
    """Counts how often each event comes out of Kafka."""

    def __init__(self, house: Any) -> None:
        super().__init__(house)
        self.came: Counter[bytes | None] = Counter()

    async def receive(self, records: Any) -> None:
        self.came.update(dict(record.headers)["ce_id"] for record in records if record.value is not None)
        await super().receive(records)


async def two_relays(ground: Ground) -> list[str]:
    """Two replicas and a broker that takes its time."""
    whole = Outlet.send

    async def slow(self: Outlet, records: Any, *, alone: bool = False) -> None:
        await asyncio.sleep(0.3)
        await whole(self, records, alone=alone)

    with MonkeyPatch.context() as broker:
        broker.setattr(Outlet, "send", slow)
        async with ground.house() as house, Counting(house) as flow:
            second = Relay(house.reception, house.source)
            running = asyncio.create_task(second.run())
            both = (flow.relay.status, second.status)
            await until(lambda: asyncio.sleep(0, any(s.connected for s in both)))
            with suppress(AssertionError):
                await until(lambda: asyncio.sleep(0, all(s.connected for s in both)), seconds=1.5)
            for number in range(20):
                await house.write(uuid7(), 0, number)
            await ground.complete(house, 20)
            await until(lambda: house.source.pool.fetchval("select count(*) from outbox"), lambda n: n == 0)
            found = await findings(house)
            with suppress(AssertionError):
                await until(lambda: asyncio.sleep(0, max(flow.came.values()) > 1), seconds=1)
            running.cancel()
            await asyncio.wait([running])
            if again := sum(n > 1 for n in flow.came.values()):
                found.append(f"I10 bounded: {again} events were published twice although nothing had failed")
            return found


def cursor(patch: MonkeyPatch) -> None:
    async def after_the_last(self: Relay, connection: Any, outlet: Any, count: Any, incarnation: Any) -> None:
        last = 0
        while True:
            rows = await connection.fetch(
                f"select {journal._COLUMNS}, key_hash from journal where position > $1 order by position", last
            )
            if rows:
                await self._publish(connection, outlet, count.partitions, incarnation, rows)
                last = rows[-1]["position"]
            await asyncio.sleep(0.02)

    patch.setattr(Relay, "_publish_until_it_fails", after_the_last)


def enqueued_after_commit(patch: MonkeyPatch) -> None:
    append, transaction = journal.append, Database.transaction
    mine: ContextVar[list[int] | None] = ContextVar("mine", default=None)

    async def remember(*given: Any, **more: Any) -> list[journal.Written]:
        written = await append(*given, **more)
        (mine.get() or []).extend(event.position for event in written)
        return written

    @asynccontextmanager
    async def then_enqueue(self: Database, *, isolation: str | None = None) -> AsyncIterator[Any]:
        positions = [0]  # not empty, so that it is this list that is filled
        mine.set(positions)
        async with transaction(self, isolation=isolation) as tx:
            yield tx
        await self.pool.execute("insert into outbox select unnest($1::bigint[])", positions[1:])

    patch.setattr(
        journal, "_APPEND", journal._APPEND.replace("), o as (insert into outbox select position from j)", ")")
    )
    patch.setattr(journal, "append", remember)
    patch.setattr(Database, "transaction", then_enqueue)


def deleted_before_the_acknowledgement(patch: MonkeyPatch) -> None:
    publish = Relay._publish

    async def early(self: Relay, connection: Any, outlet: Any, partitions: int, incarnation: Any, rows: Any) -> None:
        await connection.execute(_DELETE, [row["position"] for row in rows])
        await publish(self, connection, outlet, partitions, incarnation, rows)

    patch.setattr(Relay, "_publish", early)


def marked_whole(patch: MonkeyPatch) -> None:
    publish = Relay._publish

    async def whole(self: Relay, connection: Any, outlet: Any, partitions: int, incarnation: Any, rows: Any) -> None:
        try:
            await publish(self, connection, outlet, partitions, incarnation, rows)
        except Unsent:
            await connection.execute(_DELETE, [row["position"] for row in rows])
            raise

    patch.setattr(Relay, "_publish", whole)


class _Unlocked:
    """A connection that is told every lock is its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchval(self, query: str, *given: Any, **more: Any) -> Any:
        return "pg_try_advisory_lock" in query or await self._connection.fetchval(query, *given, **more)


def without_the_lock(patch: MonkeyPatch) -> None:
    lead = Relay._lead

    async def at_once(self: Relay, connection: Any) -> None:
        await lead(self, _Unlocked(connection))  # type: ignore[arg-type]

    patch.setattr(Relay, "_lead", at_once)


BUGS = [
    Bug("cursor-relay", "the relay selects position > last", cursor, late_commit, "I1"),
    Bug("enqueue-after-commit", "commit, then enqueue", enqueued_after_commit, killed_after_commit, "I1"),
    Bug("deleted-before-ack", "the pointer goes before the acknowledgement", deleted_before_the_acknowledgement,
        broken_send, "I1"),
    Bug("batch-marked-whole", "a failed batch is marked whole", marked_whole, broken_send, "I1"),
    Bug("two-relays", "no advisory lock", without_the_lock, two_relays, "I10"),
]  # fmt: skip
