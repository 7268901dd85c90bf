"""Every statement on the table of quotas."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.reception.quotas import Quota
from shared.database import Connection

_QUOTA = TypeAdapter(Quota)


async def load(tx: Connection, quota_id: UUID, quota_year: int) -> tuple[int, Quota | None]:
    """Sequence and state of the year's quota, its row locked; made when it is new."""
    await tx.execute("insert into quotas (id, quota_year) values ($1, $2) on conflict do nothing", quota_id, quota_year)
    row = await tx.fetchrow("select sequence, state from quotas where id = $1 for update", quota_id)
    assert row is not None
    return row["sequence"], _QUOTA.validate_json(row["state"]) if row["state"] else None


async def save(tx: Connection, quota_id: UUID, sequence: int, quota: Quota) -> None:
    await tx.execute(
        "update quotas set sequence = $2, state = $3 where id = $1",
        quota_id,
        sequence,
        _QUOTA.dump_json(quota).decode(),
    )


async def quotas(conn: Connection) -> list[dict[str, Any]]:
    """Each year's quota with its persons: allocated, received, cancelled, and still open. Newest year first.

    Temporary protection has a number of its own and is not counted (`rules.counts_towards_quota`).
    """
    rows = await conn.fetch(
        """
        select q.id, q.quota_year, q.sequence, q.state,
          coalesce(sum(c.household), 0)::int as allocated,
          coalesce(sum(c.arrived), 0)::int as received,
          coalesce(sum(c.household) filter (where c.status = 'cancelled'), 0)::int as cancelled
        from quotas q left join cases c
          on c.quota_year = q.quota_year and c.kind = 'allocated' and c.category <> 'temporary-protection'
        where q.state is not null group by q.id order by q.quota_year desc
        """
    )
    found = []
    for row in rows:
        state = _QUOTA.validate_json(row["state"])
        numbers = {name: row[name] for name in ("allocated", "received", "cancelled")}
        still = numbers["allocated"] - numbers["received"] - numbers["cancelled"]
        found.append(
            {
                "quota": row["id"],
                "quota_year": row["quota_year"],
                "target": state.target,
                "decided_on": state.decided_on,
                "version": row["sequence"],
                **numbers,
                "open": still,
            }
        )
    return found


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Quota | None]]:
    """Every quota with its sequence and stored state. `conn` is in a transaction."""
    async for row in conn.cursor("select id, sequence, state from quotas order by id"):
        yield row["id"], row["sequence"], _QUOTA.validate_json(row["state"]) if row["state"] else None
