"""The one statement by which people are searched for. Source of what may be searched by: SFS 2001:637 15 §."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from services.reception.sight import Sight
from services.reception.store import seen
from shared.database import Connection

Index = Literal["name_index", "number_index", "dossier_index"]
MOST = 50
_SHOWN = (
    "c.id, c.kind, c.status, c.closed, c.allocation_number, c.decided_on, c.household, c.caseworker, c.due_on,"
    " c.next_step"
)


async def by_index(
    conn: Connection, sight: Sight, index: Index, values: Sequence[bytes]
) -> list[tuple[dict[str, Any], list[UUID]]]:
    """Cases with a member whose `index` is one of `values`, and these members.

    Only cases whose names may be seen: a hit tells who is in it. A protected person is found by those alone who may
    look at them.
    """
    rows = await conn.fetch(
        f"""
        select {_SHOWN}, array_agg(p.id order by p.place) as persons
        from person p join cases c on c.id = p.case_id
        where p.{index} = any($1::bytea[]) and p.current
          and (c.caseworker = any($2::text[]) or c.unit = $3::text
               or ($4 and (c.caseworker is null or c.status in ('open', 'partly-arrived'))))
          and (not p.protected or (c.caseworker = $5 and $5 = any($2::text[])) or c.unit = $3::text)
        group by c.id order by c.due_on, c.id limit {MOST + 1}
        """,
        list(values),
        sorted(sight.subs),
        sight.unit,
        sight.every,
        sight.sub,
    )
    return [({k: v for k, v in row.items() if k != "persons"}, list(row["persons"])) for row in rows]


async def by_case_number(
    conn: Connection, sight: Sight, number: str | None, case_id: UUID | None, end_of_id: str | None
) -> list[dict[str, Any]]:
    """The case with this allocation number or id, and all whose case number says that their id ends so."""
    condition, parameters = seen(sight, 4)
    rows = await conn.fetch(
        f"select {_SHOWN} from cases c where (allocation_number = $1 or id = $2 or right(id::text, 10) = $3)"
        f" and state is not null and {condition}",
        number,
        case_id,
        end_of_id,
        *parameters,
    )
    return [dict(row) for row in rows]
