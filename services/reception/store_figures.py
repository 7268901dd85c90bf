"""Those of some given cases that a sight shows: one page of them, and how many there are."""

from collections.abc import Sequence
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
        select id, kind, status, closed, allocation_number, decided_on, receive_by, household, caseworker, due_on,
          next_step
        from cases where id = any($1::uuid[]) and (due_on, id) > ($2::date, $3::uuid) and {condition}
        order by due_on, id limit $4
        """,
        cases,
        *(after or (date.min, UUID(int=0))),
        limit,
        *parameters,
    )
    return [dict(row) for row in rows]


async def count_seen(conn: Connection, sight: Sight, cases: Sequence[UUID]) -> int:
    condition, parameters = seen(sight, 2)
    count: int = await conn.fetchval(
        f"select count(*) from cases where id = any($1::uuid[]) and {condition}", cases, *parameters
    )
    return count
