"""The rows are a fold: any history, in any batches, with corrections and cancellations."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.verify.recount import households, recount
from deploy.verify.recount_casework import recount_casework
from services.reporting.projection import Impossible, Rows, applied, touched
from services.reporting.store import TABLES, apply, forget
from services.reporting.store_figures import counted
from services.reporting.store_figures_casework import worked
from shared.contracts.casework import (
    CaseClosed,
    CaseReopened,
    ContactCorrected,
    EstablishmentPlanCreated,
    EstablishmentPlanEnded,
    EstablishmentPlanReopened,
)
from shared.contracts.envelope import Fact
from shared.contracts.reception import (
    AllocationCorrected,
    AllocationReceived,
    AllocationReinstated,
    ArrivalCorrected,
    ArrivalRegistered,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)
from tests.reporting.histories import Writer, histories, member, name, splits

TODAY = date(2018, 6, 15)


def ordered(found: Any) -> dict[str, list[Any]]:
    """`Counted` with every list in one order (targets keep theirs within a year)."""
    return {
        field: sorted(map(tuple, getattr(found, field)), key=(lambda t: t[0]) if field == "targets" else str)
        for field in found.__slots__
    }


def in_batches(batches: list[list[Fact]]) -> Rows:
    """As the store does it: each batch is given only the rows it asks for."""
    kept = Rows()
    for batch in batches:
        kept.take(applied(kept.asked_for(touched(batch)), batch))
    return kept


@given(st.data())
def test_rows_are_the_same_in_any_batches_and_agree_with_every_household_s_story(data: st.DataObject) -> None:
    facts = data.draw(histories())
    rows = in_batches(data.draw(splits(facts)))
    assert rows == applied(Rows(), facts)
    told = households(facts)
    assert sorted((c.kind == "allocation", c.category, c.cancelled is not None) for c in rows.cases.values()) == sorted(
        (h.allocated, h.category, h.cancelled) for h in told
    )
    assert sorted((p.person, str(p.arrived_on)) for c in rows.cases.values() for p in c.persons.values()) == sorted(
        (person, str(day)) for h in told for person, day in h.arrived.items()
    )


def test_what_cannot_have_happened_is_an_error_and_never_a_guess() -> None:
    case, anna = name("case"), member("anna")
    day = date(2018, 3, 1)
    opened = AllocationReceived(
        category="quota-refugee", quota_year=2018, decided_on=day, receive_by=day, persons=(anna,)
    )
    notice = SettlementNotified(category="other", notified_on=day, persons=(anna,))
    corrected = AllocationCorrected(
        category="quota-refugee", quota_year=2018, decided_on=day, receive_by=day, persons=(anna,)
    )
    planned = EstablishmentPlanCreated(
        plan=name("plan"), person=anna.person, created_on=day, goal="work", activities=(), follow_up_on=day
    )
    closed = CaseClosed(closed_on=day, reason="moved")
    impossible = [
        [ArrivalRegistered(arrived_on=day, persons=(anna.person,))],
        [ArrivalCorrected(arrived_on=None, reason="did-not-arrive", persons=(anna.person,))],
        [corrected],
        [notice, corrected],
        [opened, opened],
        [opened, ArrivalRegistered(arrived_on=day, persons=(name("somebody else"),))],
        [planned],
        [opened, planned, planned],
        [opened, planned.model_copy(update={"person": name("somebody else")})],
        [opened, EstablishmentPlanEnded(plan=name("plan"), ended_on=day, outcome="work")],
        [opened, planned, EstablishmentPlanReopened(plan=name("plan"), follow_up_on=day)],
        [opened, ContactCorrected(contact=name("contact"), kind="visit", outcome="reached", contacted_on=day)],
        [opened, CaseReopened(reopened_on=day, reason="returned")],
        [opened, closed, closed],
        [opened, SettlementNoticeWithdrawn(reason="registered-twice")],
        [
            notice,
            ArrivalRegistered(arrived_on=day, persons=(anna.person,)),
            SettlementNoticeWithdrawn(reason="registered-twice"),
        ],
        [opened, AllocationReinstated(reinstated_on=day, reason="cancelled-in-error")],
        [closed],
    ]
    for events in impossible:
        writer = Writer()
        for event in events:
            writer.write(case, event)
        with pytest.raises(Impossible):
            applied(Rows(), writer.facts)
    # in a batch of its own, the second opening finds the first one's row
    writer = Writer()
    first, second = writer.write(case, opened), writer.write(case, opened)
    with pytest.raises(Impossible):
        in_batches([[first], [second]])


@settings(max_examples=25, deadline=None)
@given(st.data())
def run_on_postgresql(connection: Any, loop: Any, data: st.DataObject) -> None:
    facts = data.draw(histories(most=8))
    batches = data.draw(splits(facts))

    async def check() -> None:
        async with connection.transaction():
            for generation in (1, 2, 3):
                await forget(connection, generation)
            for batch in batches:
                await apply(connection, 1, batch)
            await apply(connection, 2, facts)
            for fact in sorted(facts, key=lambda f: (f.source, f.subject, f.sequence)):
                await apply(connection, 3, [fact])
            assert ordered(await counted(connection, 1, TODAY)) == ordered(recount(facts, TODAY))
            assert ordered(await worked(connection, 1, TODAY)) == ordered(recount_casework(facts, TODAY))
            for table in TABLES:
                contents = [await rows_of(connection, table, generation) for generation in (1, 2, 3)]
                assert contents[0] == contents[1] == contents[2], table

    loop(check())


async def rows_of(connection: Any, table: str, generation: int) -> list[dict[str, Any]]:
    found = [dict(row) for row in await connection.fetch(f"select * from {table} where generation = $1", generation)]
    return sorted(({k: str(v) for k, v in row.items() if k != "generation"} for row in found), key=str)


def test_sql_counts_what_a_recount_of_the_facts_counts(reporting_loop: Any) -> None:
    """Incremental in any batches = in one go = one by one in another order of subjects, row for row and in figures."""
    connection, loop = reporting_loop
    run_on_postgresql(connection, loop)


async def test_forgetting_a_generation_leaves_the_other(reporting_connection: Any) -> None:
    tx = reporting_connection
    writer = Writer()
    writer.write(name("case"), SettlementNotified(category="other", notified_on=TODAY, persons=(member("anna"),)))
    fact = writer.write(name("case"), ArrivalRegistered(arrived_on=TODAY, persons=(name("anna"),)))
    for generation in (1, 2):
        await apply(tx, generation, writer.facts)
    await forget(tx, 1)
    assert not any([await rows_of(tx, table, 1) for table in TABLES])
    assert [tuple(row) for row in (await counted(tx, 2, TODAY)).received] == [(2018, 6, "other", 1, 0)]
    undone = ArrivalCorrected(arrived_on=None, reason="did-not-arrive", persons=(name("anna"),))
    await apply(tx, 2, [replace(fact, sequence=3, event=undone)])
    assert not (await counted(tx, 2, TODAY)).received
