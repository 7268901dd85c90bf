"""Bugs between Kafka and what a consumer applies."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import DeadlockDetectedError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from pytest import MonkeyPatch

from shared import consumer, garbage, gate, watermarks
from shared.consumer import Outcome, Receiver
from shared.contracts.envelope import Watermark, fact, watermark_headers
from shared.database import is_unavailable
from shared.gate import ATTEMPTS
from shared.journal import uuid7
from shared.messaging import Inlet, Raw
from tests.faults.bugs.seeded import Bug
from tests.faults.ground import Ground, findings
from tests.shared.conftest import House
from tests.shared.test_poison import changed
from tests.shared.test_relay import Flow


class Failing(Flow):
    """Its first batch with an event meets a database that is away."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.failed = asyncio.Event()

    async def receive(self, records: Any) -> None:
        if not self.failed.is_set() and any(record.value is not None for record in records):
            self.failed.set()
            raise ConnectionError("the database is away")
        await super().receive(records)


async def ended_in_a_batch(ground: Ground) -> list[str]:
    """The database is away when the batch comes, and the consumer ends before it is back; another takes over."""
    async with ground.house() as house:
        for _ in range(10):
            await house.write(uuid7(), 0, 1, 2)
        async with Failing(house) as flow:
            await asyncio.wait_for(flow.failed.wait(), 30)
            flow.tasks[1].cancel()
            await asyncio.wait([flow.tasks[1]])
            flow.inlet = Inlet(house.reporting, "reception", flow.inlet.group, flow.receive)
            flow.tasks[1] = asyncio.create_task(flow.inlet.run())
            await ground.complete(house, 20)
            return await findings(house)


async def disorder(ground: Ground) -> list[str]:
    """Everything twice, shuffled, in small batches; the producer's clock went back two hours on the way."""
    async with ground.house(kafka=False) as house:
        for _ in range(4):
            await house.write(uuid7(), 0, 1, 2, 3, 4, 5)
        records = await house.records()
        for number, record in enumerate(records):
            named = dict(record.headers)
            if int(named["ce_sequence"]) > 2:
                back = datetime.fromisoformat(named["ce_recordedtime"].decode()) - timedelta(hours=2)
                records[number] = changed(record, ce_recordedtime=back.isoformat().encode())
        twice = records * 2
        random.Random(4).shuffle(twice)
        receiver = house.receiver()
        for start in range(0, len(twice), 3):
            await receiver.receive(twice[start : start + 3])
        return await findings(house)


async def poison(ground: Ground) -> list[str]:
    """One bug in a handler, one type from the future, one record that is no event; many retries, then the fix."""
    async with ground.house(kafka=False) as house:
        sick, later, healthy = uuid7(), uuid7(), uuid7()
        written = await house.write(sick, 0, 1, 2)
        future = await house.write(later, 0, 1)
        await house.write(healthy, 0, 1, 2)
        house.follower.broken = {written[0].id}
        good = await house.records()
        records = [
            changed(r, ce_type=b"reception.moon-landing.v1") if r.offset == future[0].position else r for r in good
        ]
        garbage = Raw(records[0].topic, 0, 10_000, None, b"{", [("ce_id", b"\xff")])
        receiver = house.receiver()
        await receiver.receive([garbage, *records])
        for _ in range(12):
            await receiver.retry_due(everything=True)
        parked: set[object] = {garbage.place, written[0].id, written[1].id, future[0].id}
        found = await findings(house, parked)
        attempts = [row["attempts"] for row in await house.held() if row["event_id"] == written[0].id]
        if max(attempts, default=0) > ATTEMPTS:
            found.append("I10 bounded: a held event is tried without end")
        return found


async def deadlocks(ground: Ground) -> list[str]:
    """PostgreSQL says three times that it chose this transaction to end a deadlock."""
    async with ground.house(kafka=False) as house:
        await house.write(uuid7(), 0, 1, 2)
        await house.write(uuid7(), 0, 1)
        apply, left = house.follower.apply, [1, 2, 3]

        async def unlucky(tx: Any, facts: Any) -> None:
            if left:
                left.pop()
                raise DeadlockDetectedError("deadlock detected")
            await apply(tx, facts)

        house.follower.apply = unlucky  # type: ignore[method-assign]
        records, receiver = await house.records(), house.receiver()
        for _ in range(4):
            try:
                await receiver.receive(records)
            except Exception as error:
                if not is_unavailable(error):
                    raise
        return await findings(house)


async def lost_tail(ground: Ground) -> list[str]:
    """Kafka has lost the last record: no gap shows it, so the watermark must."""
    async with ground.house(kafka=False) as house:
        await house.write(uuid7(), 0, 1, 2, 3)
        records = await house.records()
        epoch = UUID(dict(records[0].headers)["ce_epoch"].decode())
        mark = Watermark("reception", epoch, 0, 1, 3, 1, 3, datetime.now(UTC))
        await house.receiver().receive([*records[:2], Raw(records[0].topic, 0, 9, b"", None, watermark_headers(mark))])
        if await house.target.pool.fetchval("select count(*) from watermark where behind_since is not null"):
            return []
        return [f"{found}, and nobody was told" for found in await findings(house)]


def acknowledged_first(patch: MonkeyPatch) -> None:
    on_batch = Inlet._on_batch

    async def first(self: Inlet, message: Any) -> None:
        await message.ack()
        await on_batch(self, message)

    patch.setattr(Inlet, "_on_batch", first)


def auto_commit(patch: MonkeyPatch) -> None:
    subscriber = KafkaBroker.subscriber

    def by_itself(self: KafkaBroker, *topics: Any, **given: Any) -> Any:
        return subscriber(self, *topics, **(given | {"ack_policy": AckPolicy.ACK_FIRST}))

    patch.setattr(KafkaBroker, "subscriber", by_itself)


def without_the_gate(patch: MonkeyPatch) -> None:
    async def everything(self: Receiver, tx: Any, events: Any, *_: Any) -> Outcome:
        facts = [fact(event) for event, _ in events]
        await self._apply(tx, facts)
        return Outcome(applied=len(facts), facts=facts)

    patch.setattr(Receiver, "_work", everything)


def by_the_clock(patch: MonkeyPatch) -> None:
    newest: dict[UUID, datetime] = {}

    async def in_order_of_time(self: Receiver, tx: Any, events: Any, *_: Any) -> Outcome:
        facts = []
        for event, _raw in sorted(events, key=lambda pair: pair[0].recorded_at):
            if event.subject not in newest or event.recorded_at > newest[event.subject]:
                newest[event.subject] = event.recorded_at
                facts.append(fact(event))
        await self._apply(tx, facts)
        return Outcome(applied=len(facts), facts=facts)

    patch.setattr(Receiver, "_work", in_order_of_time)


def over_gaps(patch: MonkeyPatch) -> None:
    def whatever_came(self: Receiver, line: gate.Line, discarded: Any, ready: list[Any]) -> None:
        ready += [(line, fact(item.event), item.event, item.raw) for _, item in sorted(line.waiting.items())]
        line.reached = max(line.waiting)

    patch.setattr(Receiver, "_walk", whatever_came)


def deleted_after_retries(patch: MonkeyPatch) -> None:
    hold = gate._hold

    async def gives_up(tx: Any, name: str, line: Any, item: Any, why: Any) -> None:
        if item.hold is not None and item.hold.attempts + 1 >= gate.ATTEMPTS:
            await tx.execute("delete from held where consumer = $1 and event_id = $2", name, item.event.id)
        else:
            await hold(tx, name, line, item, why)

    patch.setattr(gate, "_hold", gives_up)


def tried_for_ever(patch: MonkeyPatch) -> None:
    patch.setattr(gate, "ATTEMPTS", 1_000_000)


def logged_and_gone_on(patch: MonkeyPatch) -> None:
    async def swallow(self: Receiver, tx: Any, ready: Any, outcome: Any) -> None:
        for _, item, _, _ in ready:
            with suppress(Exception):
                async with tx.transaction():
                    await self._apply(tx, [item])
                outcome.facts.append(item)
        outcome.applied = len(outcome.facts)

    patch.setattr(Receiver, "_apply_all", swallow)


def garbage_skipped(patch: MonkeyPatch) -> None:
    async def skip(tx: Any, name: str, records: Any) -> None:
        pass

    patch.setattr(garbage, "hold", skip)


def held_when_away(patch: MonkeyPatch) -> None:
    patch.setattr(consumer, "is_unavailable", lambda _error: False)


def watermarks_unread(patch: MonkeyPatch) -> None:
    async def not_compared(tx: Any, name: str, marks: Any) -> None:
        pass

    patch.setattr(watermarks, "compare", not_compared)


BUGS = [
    Bug("offset-before-commit", "the offset is acknowledged before the database commits", acknowledged_first,
        ended_in_a_batch, "I1"),
    Bug("auto-commit", "FastStream's default: offsets go by themselves", auto_commit, ended_in_a_batch, "I1"),
    Bug("no-gate", "everything that comes is applied", without_the_gate, disorder, "I3"),
    Bug("wall-clock-order", "recorded time instead of the sequence", by_the_clock, disorder, "I1"),
    Bug("over-gaps", "a successor is applied over a gap", over_gaps, disorder, "I4"),
    Bug("held-deleted", "what was retried in vain is deleted", deleted_after_retries, poison, "I8"),
    Bug("tried-for-ever", "a held event is tried without end", tried_for_ever, poison, "I10"),
    Bug("catch-all", "a handler's error is logged and passed over", logged_and_gone_on, poison, "I8"),
    Bug("garbage-skipped", "a record that is no event is passed over", garbage_skipped, poison, "I8"),
    Bug("held-when-away", "an infrastructure error holds the event", held_when_away, deadlocks, "I8"),
    Bug("no-watermark", "nobody compares what came with what was published", watermarks_unread, lost_tail, "I1"),
]  # fmt: skip
