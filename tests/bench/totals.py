"""The projection that everybody builds: one row per case, of its household and how far it has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from shared.consumer import Projection
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationReceived, ArrivalCorrected, ArrivalRegistered
from shared.database import Connection
from tests.bench import workload

TABLE = """
create table case_total (
  generation int not null,
  case_id uuid not null,
  category text not null,
  persons int not null,
  arrivals int not null,
  arrived_on date,
  events int not null,
  primary key (generation, case_id)
) with (fillfactor = 70)
"""
STAGE = "create temporary table if not exists stage (like case_total) on commit delete rows"
COLUMNS = ("generation", "case_id", "category", "persons", "arrivals", "arrived_on", "events")
MERGE = """
insert into case_total select * from stage
on conflict (generation, case_id) do update set category = excluded.category, persons = excluded.persons,
  arrivals = excluded.arrivals, arrived_on = excluded.arrived_on, events = excluded.events
"""


@dataclass(slots=True)
class Total:
    """One row."""

    category: str
    persons: int
    arrivals: int = 0
    arrived_on: date | None = None
    events: int = 1


def fold(rows: dict[UUID, Total], facts: Iterable[Fact]) -> None:
    """What the facts make of the rows, in place."""
    for fact in facts:
        event = fact.event
        if isinstance(event, AllocationReceived):
            rows[fact.subject] = Total(event.category, len(event.persons))
            continue
        row = rows[fact.subject]
        row.events += 1
        if isinstance(event, ArrivalRegistered):
            row.arrivals = len(event.persons)
            row.arrived_on = event.arrived_on
        elif isinstance(event, ArrivalCorrected):
            row.arrived_on = event.arrived_on


async def merge(connection: Connection, generation: int, rows: dict[UUID, Total]) -> None:
    """COPY into a stage, then one statement."""
    await connection.execute(STAGE)
    await connection.copy_records_to_table(
        "stage",
        records=[
            (generation, key, row.category, row.persons, row.arrivals, row.arrived_on, row.events)
            for key, row in sorted(rows.items())
        ],
        columns=COLUMNS,
    )
    await connection.execute(MERGE)


async def read(connection: Connection, generation: int, cases: list[UUID]) -> dict[UUID, Total]:
    """What is there of these cases."""
    if not cases:
        return {}
    query = "select * from case_total where generation = $1 and case_id = any($2::uuid[])"
    return {
        row["case_id"]: Total(row["category"], row["persons"], row["arrivals"], row["arrived_on"], row["events"])
        for row in await connection.fetch(query, generation, cases)
    }


async def apply(tx: Connection, generation: int, facts: Sequence[Fact]) -> None:
    """A batch as `services.reporting.store` applies it: read what was, fold, write what is."""
    older = list({fact.subject for fact in facts} - {fact.subject for fact in facts if fact.sequence == 1})
    rows = await read(tx, generation, older)
    fold(rows, facts)
    await merge(tx, generation, rows)


async def forget(tx: Connection, generation: int) -> None:
    await tx.execute("delete from case_total where generation = $1", generation)


def projection(apply=apply) -> Projection:
    return Projection("totals", ("reception",), apply, forget)


async def right(connection: asyncpg.Connection, events: int, table: str = "case_total") -> None:
    """Asserts that the rows hold each of `events` events exactly once."""
    found = await connection.fetchrow(
        f"select count(*) as cases, coalesce(sum(events), 0) as events, coalesce(sum(persons), 0) as persons,"
        f" coalesce(sum(arrivals), 0) as arrivals, max(arrived_on) as last, min(arrived_on) as first from {table}"
    )
    cases = events // workload.PER_CASE
    last = workload.FIRST_DAY.fromordinal(workload.FIRST_DAY.toordinal() + workload.PER_CASE)
    assert tuple(found.values()) == (cases, events, 2 * cases, 2 * cases, last, last), tuple(found.values())
