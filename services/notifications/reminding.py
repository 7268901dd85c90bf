"""Cases and prizes are followed, and who must act is reminded: once for each step, and never of what is done."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import structlog

from services.notifications import deadlines, handlers, prizes, readers, store, store_deadlines
from services.notifications.deadlines import Deadline, Progress, due, next_on
from services.notifications.folding import folded, subjects
from services.notifications.rules import RULE_OF, Notice, reminders, steps_of
from services.notifications.store_deadlines import Running
from shared.clock import STOCKHOLM
from shared.contracts.awards import EditionEvent
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationReinstated, CaseEvent
from shared.database import Connection
from shared.faults import step
from shared.runtime import Runtime

log = structlog.get_logger()

# After a start the consumer is given this long to hear what was done meanwhile; then the date is looked at this often.
FIRST_LOOK = 5.0
LOOK = 1.0


async def follow(tx: Connection, facts: Sequence[Fact], at: datetime) -> None:
    """Deadlines follow `facts`; reminders of what is met, moved or gone are settled, `at` in business time."""
    await readers.follow(tx, facts, at)
    told = {fact.subject: fact for fact in facts if isinstance(fact.event, CaseEvent | EditionEvent)}
    if not told:
        return
    now = {d.id: d for d in [*await _of_cases(tx, facts), *await _of_prizes(tx, facts)]}
    before = await store_deadlines.running(tx, told.keys())
    over = before.keys() - now.keys()
    # That an allocation holds again is told by nothing but its reminders.
    again = {fact.subject for fact in facts if isinstance(fact.event, AllocationReinstated)}
    changed = [
        _changed(before.get(id), deadline, None if deadline.about in again else _day(told[deadline.about]))
        for id, deadline in now.items()
        if id not in before or before[id].deadline != deadline
    ]
    moved = [one.deadline.id for one in changed if one.deadline.id in before]
    await settle(tx, [*over, *moved], at)
    if over:
        await store_deadlines.drop(tx, over)
    if changed:
        await store_deadlines.write(tx, changed)


async def _of_cases(tx: Connection, facts: Sequence[Fact]) -> list[Deadline]:
    """The deadlines of the cases that `facts` are about, after them."""
    keys = subjects(facts, CaseEvent)
    if not keys:
        return []
    known = folded(await store_deadlines.known(tx, keys), facts, CaseEvent, deadlines.evolve)
    await store_deadlines.know(tx, known)
    return [deadline for id, case in known.items() for deadline in deadlines.deadlines(id, case)]


async def _of_prizes(tx: Connection, facts: Sequence[Fact]) -> list[Deadline]:
    """The deadlines of the prizes' editions that `facts` are about, after them."""
    keys = subjects(facts, EditionEvent)
    if not keys:
        return []
    known = folded(await store_deadlines.known_prizes(tx, keys), facts, EditionEvent, prizes.evolve)
    await store_deadlines.know_prizes(tx, known)
    return [deadline for id, prize in known.items() for deadline in prizes.deadlines(id, prize)]


def _day(fact: Fact) -> date:
    return fact.at.astimezone(STOCKHOLM).date()


def _changed(before: Running | None, deadline: Deadline, day: date | None) -> Running:
    """A new deadline, or one whose day or caseworker is another: whoever has it now is told where it stands.

    `day`: when its beginning was news, if it was.
    """
    rule = RULE_OF[deadline.kind]
    if before is None:
        progress = Progress(deadline.due_on, told_on=day if rule.begins_as_news else None)
    elif before.deadline.due_on != deadline.due_on:
        progress = Progress(deadline.due_on)
    else:
        progress = Progress(deadline.due_on, told_on=before.progress.told_on)
    return Running(deadline, progress, next_on(steps_of(deadline), progress))


async def settle(tx: Connection, reminded: Sequence[UUID], at: datetime) -> None:
    """Reminders of these deadlines ask for nothing any more; those that were not mailed yet are not mailed."""
    if reminded:
        await handlers.settle(tx, await store.reminders_of(tx, reminded), at)


async def remind(tx: Connection, today: date, at: datetime, now: datetime) -> int:
    """Raises what is due `today`, at most 500 deadlines; how many. Nobody is reminded while history is being read.

    `at` is business time, `now` real time.
    """
    if await store_deadlines.waiting(tx):
        return 0
    found = await store_deadlines.due(tx, today)
    raised, outlived, wanted = [], [], list[Notice]()
    for one in found:
        steps = steps_of(one.deadline)
        newest = due(steps, one.progress, today)
        if newest is None:  # pragma: no cover - a row that an older release wrote with other steps
            raised.append(Running(one.deadline, one.progress, next_on(steps, one.progress)))
            continue
        progress = Progress(one.progress.due_on, one.progress.told_on, newest)
        raised.append(Running(one.deadline, progress, next_on(steps, progress)))
        jurors = await readers.left(tx, one.deadline) if one.deadline.kind == "reading" else ()
        wanted += reminders(one.deadline, newest, at, jurors)
        outlived.append(one.deadline.id)
    if not found:
        return 0
    await settle(tx, outlived, at)  # the newest reminder takes the place of the one before it
    await handlers.make(tx, wanted, {}, at, now)
    await store_deadlines.write(tx, raised)
    step("notifications.reminders-raised")
    return len(found)


async def welcome(tx: Connection, sub: str, at: datetime, now: datetime) -> None:
    """A juror who has just signed in gets what the others were reminded of while nobody knew of them."""
    wanted = list[Notice]()
    for one in await store_deadlines.reminded(tx, "reading"):
        newest = one.progress.raised
        left = await readers.left(tx, one.deadline)
        if newest is not None and newest in steps_of(one.deadline) and sub in left:
            wanted += reminders(one.deadline, newest, at, [sub])
    await handlers.make(tx, wanted, {}, at, now)


async def run(runtime: Runtime) -> None:
    """Looks at the town's date for ever."""
    await asyncio.sleep(FIRST_LOOK)
    while True:
        async with runtime.database.transaction() as tx:
            count = await remind(tx, runtime.clock.today(), runtime.clock.now(), datetime.now(UTC))
        if count:
            step("notifications.reminders-committed")
            log.info("reminded", deadlines=count)
        else:
            await asyncio.sleep(LOOK)
