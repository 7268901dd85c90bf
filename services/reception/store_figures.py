"""Reception's own counts, for who counts events; and of given cases those that a sight shows, and who has others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.reception.sight import Sight
from services.reception.store import seen
from shared.database import Connection


async def listed(
    conn: Connection, sight: Sight, cases: Sequence[UUID], after: tuple[date, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """What must be done first, first. `after`: due day and id of the last one."""
    condition, parameters = seen(sight, 5)
    rows = await conn.fetch(
        f"""
        select id, sequence, kind, status, closed, allocation_number, decided_on, receive_by, household, caseworker,
          due_on, next_step
        from cases where id = any($1::uuid[]) and (due_on, id) > ($2::date, $3::uuid) and {condition}
        order by due_on, id limit $4
        """,
        cases,
        *(after or (date.min, UUID(int=0))),
        limit,
        *parameters,
    )
    return [dict(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Unseen:
    """How many cases that the sight does not show `nobody` has, or caseworkers of `unit`."""

    nobody: bool
    unit: str | None
    cases: int


async def unseen(conn: Connection, sight: Sight, cases: Sequence[UUID]) -> list[Unseen]:
    """Who has those that are not shown: nobody first, then by unit. One not known here yet is somebody else's."""
    condition, parameters = seen(sight, 2)
    rows = await conn.fetch(
        f"""
        select c.id is not null and c.caseworker is null as nobody,
          case when c.caseworker is not null then c.unit end as unit, count(*)::int as cases
        from unnest($1::uuid[]) as given (id) left join cases c on c.id = given.id
        where not coalesce({condition}, false) group by 1, 2 order by 1 desc, 2 nulls last
        """,
        cases,
        *parameters,
    )
    return [Unseen(*row.values()) for row in rows]


async def figures(conn: Connection) -> dict[str, Any]:
    """Counts of the state tables beside the journal's end, for whoever counts events. `conn` shows one snapshot."""
    end = await conn.fetchrow("select coalesce(max(position), 0) as position, count(*) as events from journal")
    rows = await conn.fetch(
        """
        select c.category, count(distinct c.id)::int as cases, count(*)::int as persons,
          count(*) filter (where p->>'arrived_on' is not null)::int as received,
          count(*) filter (where p->>'arrived_on' is not null and (p->>'unaccompanied_minor')::boolean)::int
            as unaccompanied_received
        from cases c, jsonb_array_elements(c.state->'persons') p group by c.category order by c.category
        """
    )
    whole = await conn.fetchrow(
        """
        select count(*)::int as cases, coalesce(sum(arrived), 0)::int as received,
          count(*) filter (where kind = 'allocated' and status in ('open', 'partly-arrived'))::int as allocations_open,
          count(*) filter (where kind = 'allocated' and status = 'cancelled')::int as cancelled,
          count(*) filter (where kind <> 'allocated' and status = 'cancelled')::int as withdrawn
        from cases where state is not null
        """
    )
    assert end is not None and whole is not None
    categories = {row["category"]: {k: v for k, v in row.items() if k != "category"} for row in rows}
    return {**end, **whole, "by_category": categories}
