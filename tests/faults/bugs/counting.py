"""Bugs between what was applied and the figures on the dashboard."""

from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
from pytest import MonkeyPatch

from deploy.verify.recount import recount
from services.reporting import projection, store, store_figures
from shared.contracts.awards import NominationSubmitted
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationCorrected, AllocationReceived, ArrivalRegistered, PersonFacts
from tests.faults.bugs.seeded import Bug
from tests.faults.ground import Ground
from tests.reporting.conftest import migrated
from tests.reporting.histories import Writer, member, name
from tests.reporting.test_projection import ordered, rows_of

TODAY = date(2018, 6, 15)
DAY = date(2018, 3, 1)


def history() -> list[Fact]:
    """Ten households, half of them corrected to one person more, then arrived; and three nominations."""
    writer = Writer()
    for number in range(10):
        case = name(f"case {number}")

        def household(size: int, case: Any = case) -> tuple[PersonFacts, ...]:
            return tuple(member(f"{case}/{person}") for person in range(size))

        said: dict[str, Any] = {"quota_year": 2018, "decided_on": DAY, "receive_by": date(2018, 5, 1)}
        writer.write(case, AllocationReceived(category="quota-refugee", persons=household(2), **said))
        if number % 2:
            writer.write(case, AllocationCorrected(category="family-member", persons=household(3), **said))
        writer.write(case, ArrivalRegistered(arrived_on=DAY, persons=(household(2)[0].person,)))
    for number in range(3):
        nomination = NominationSubmitted(
            prize="integration", prize_year=2018, nominee_kind="association", receipt_wanted=False
        )
        writer.write(name(f"nomination {number}"), nomination)
    return writer.facts


async def rebuilt(ground: Ground) -> list[str]:
    """The figures by increments and after a rebuild, against a recount of the story."""
    facts = history()
    async with ground.database() as database:
        settings = await migrated(database.url("reporting"))
        connection = await asyncpg.connect(settings.database_url)
        try:
            for start in range(0, len(facts), 4):
                await store.apply(connection, 1, facts[start : start + 4])
            await store.apply(connection, 2, facts)
            found = []
            for table in store.TABLES:
                if await rows_of(connection, table, 1) != await rows_of(connection, table, 2):
                    found.append(f"I5 fold: {table} is another after a rebuild")
            counted = ordered(await store_figures.counted(connection, 2, TODAY))
            told = ordered(recount(facts, TODAY))
            return found + [
                f"I6 sums: {part} is not what a recount says" for part in told if counted[part] != told[part]
            ]
        finally:
            await connection.close()


def counted_up(patch: MonkeyPatch) -> None:
    apply, counted = store.apply, store_figures.counted

    async def and_add(tx: Any, generation: int, facts: Any) -> None:
        await apply(tx, generation, facts)
        more = sum(isinstance(fact.event, NominationSubmitted) for fact in facts)
        await tx.execute("create table if not exists tally (n int)")
        await tx.execute("insert into tally values ($1)", more)

    async def from_the_counter(conn: Any, generation: int, today: date) -> Any:
        total = await conn.fetchval("select sum(n)::int from tally")
        return replace(await counted(conn, generation, today), nominations=[(2018, "association", total)])

    patch.setattr(store, "apply", and_add)
    patch.setattr(store_figures, "counted", from_the_counter)


def correction_ignored(patch: MonkeyPatch) -> None:
    case = projection._case

    def as_it_was(before: Any, subject: Any, event: Any) -> Any:
        return before if isinstance(event, AllocationCorrected) else case(before, subject, event)

    patch.setattr(projection, "_case", as_it_was)


BUGS = [
    Bug("counter", "a counter is incremented, where rows should be counted", counted_up, rebuilt, "I6"),
    Bug("correction-ignored", "the statistics ignore a correction", correction_ignored, rebuilt, "I6"),
]
