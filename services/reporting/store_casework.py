"""The rows of casework: read by key, written as sets in the order of their keys, only what changed."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import TypeVar

from services.reporting.projection_casework import Contact, Home, Key, Plan, Work
from shared.database import Connection

TABLES = ("plan_row", "contact_row", "home_row")

Row = TypeVar("Row", Plan, Contact, Home)


async def stored(tx: Connection, generation: int, keys: set[Key]) -> Work:
    """What these keys name, of each of the three kinds."""
    if not keys:
        return Work()
    cases, ids = [case for case, _ in keys], [id for _, id in keys]

    async def read(table: str, id: str, columns: str) -> list[list[object]]:
        return [
            list(row)
            for row in await tx.fetch(
                f"select r.case_id, r.{id}, {columns} from {table} r"
                f" join unnest($2::uuid[], $3::uuid[]) as wanted (case_id, id)"
                f" on wanted.case_id = r.case_id and wanted.id = r.{id} where r.generation = $1",
                generation,
                cases,
                ids,
            )
        ]

    plans = await read("plan_row", "plan_id", "person_id, created_on, goal, follow_up_on, ended_on, outcome")
    contacts = await read("contact_row", "contact_id", "kind, outcome, contacted_on, withdrawn")
    homes = await read("home_row", "home_id", "kind, secured_on, withdrawn")
    return Work(
        {(row[0], row[1]): Plan(*row) for row in plans},  # type: ignore[misc, arg-type]
        {(row[0], row[1]): Contact(*row) for row in contacts},  # type: ignore[misc, arg-type]
        {(row[0], row[1]): Home(*row) for row in homes},  # type: ignore[misc, arg-type]
    )


def _changed(before: Mapping[Key, Row], after: Mapping[Key, Row]) -> list[list[object]]:
    """The rows that are new or other than before, as columns."""
    rows = sorted((key, row) for key, row in after.items() if before.get(key) != row)
    return [list(column) for column in zip(*(astuple(row) for _, row in rows), strict=True)]


async def write(tx: Connection, generation: int, before: Work, after: Work) -> None:
    if plans := _changed(before.plans, after.plans):
        await tx.execute(
            "insert into plan_row (generation, case_id, plan_id, person_id, created_on, goal, follow_up_on, ended_on,"
            " outcome) select $1, * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::text[], $7::date[],"
            " $8::date[], $9::text[]) on conflict (generation, case_id, plan_id) do update"
            " set person_id = excluded.person_id, created_on = excluded.created_on, goal = excluded.goal,"
            " follow_up_on = excluded.follow_up_on, ended_on = excluded.ended_on, outcome = excluded.outcome",
            generation,
            *plans,
        )
    if contacts := _changed(before.contacts, after.contacts):
        await tx.execute(
            "insert into contact_row (generation, case_id, contact_id, kind, outcome, contacted_on, withdrawn)"
            " select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::date[], $7::boolean[])"
            " on conflict (generation, case_id, contact_id) do update set kind = excluded.kind,"
            " outcome = excluded.outcome, contacted_on = excluded.contacted_on, withdrawn = excluded.withdrawn",
            generation,
            *contacts,
        )
    if homes := _changed(before.homes, after.homes):
        await tx.execute(
            "insert into home_row (generation, case_id, home_id, kind, secured_on, withdrawn)"
            " select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::boolean[])"
            " on conflict (generation, case_id, home_id) do update set kind = excluded.kind,"
            " secured_on = excluded.secured_on, withdrawn = excluded.withdrawn",
            generation,
            *homes,
        )
