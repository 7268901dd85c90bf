"""Every statement on the review of the access log."""

from datetime import date
from typing import Any

from shared.database import Connection

# How many of each kind are drawn for a month: protected identities first, then looks outside one's own cases and, for
# a manager, outside the unit that is theirs to lead.
EACH = 10


async def months(conn: Connection) -> list[dict[str, Any]]:
    """The months that have looks, the newest first, with how far each review has come."""
    rows = await conn.fetch(
        """
        with logged as (select date_trunc('month', at at time zone 'Europe/Stockholm')::date as month, count(*) as looks
                        from access_log group by 1)
        select l.month, l.looks::int, count(s.position)::int as drawn, count(s.outcome)::int as reviewed,
          count(*) filter (where s.outcome = 'explain')::int as to_explain
        from logged l left join looks s on s.month = l.month group by l.month, l.looks order by l.month desc limit 36
        """
    )
    return [dict(row) for row in rows]


async def draw(tx: Connection, month: date) -> int:
    """Draws the month's sample; how many are new. The same log gives the same sample: by each entry's own hash.

    A month that goes on can be drawn again: what was drawn stays, what came later may be added. Whose a case is and
    which unit a manager leads count as they are at the draw.
    """
    done: str = await tx.execute(
        """
        with entries as (
          select a.position, a.hash,
            case
              when a.reason = 'protected' or exists (
                select from person p where p.id = any(a.persons) and p.protected) then 'protected'
              when exists (
                select from cases c where c.id = any(a.subjects) and c.caseworker is distinct from a.actor
                  and c.caseworker is not null
                  and not ('manager' = any(a.roles) and c.unit is not distinct from m.unit)) then 'outside'
              else 'other'
            end as why
          from access_log a left join colleagues m on m.sub = a.actor
          where a.action in ('view', 'search', 'list', 'export')
            and a.at >= $1::date::timestamp at time zone 'Europe/Stockholm'
            and a.at < ($1::date + interval '1 month')::timestamp at time zone 'Europe/Stockholm'
        ), ranked as (
          select position, why, row_number() over (
            partition by why order by sha256(hash || convert_to($1::date::text, 'UTF8'))) as place from entries
        )
        insert into looks (position, month, why)
        select position, $1, why from ranked where place <= $2 on conflict do nothing
        """,
        month,
        EACH,
    )
    return int(done.split()[-1])


async def sample(conn: Connection, month: date) -> list[dict[str, Any]]:
    """The month's sample: what waits first, and of that protected identities and looks outside one's own cases."""
    rows = await conn.fetch(
        """
        select s.position, s.why, s.outcome, s.note, s.reviewed_at, a.at, a.actor, a.roles, a.action, a.route,
          cardinality(a.subjects) as cases, cardinality(a.persons) as persons, c.name, r.name as reviewer
        from looks s join access_log a using (position) left join colleagues c on c.sub = a.actor
          left join colleagues r on r.sub = s.reviewed_by
        where s.month = $1
        order by s.outcome is not null, array_position(array['protected', 'outside', 'other'], s.why), s.position
        """,
        month,
    )
    return [dict(row) for row in rows]


async def review(tx: Connection, position: int, outcome: str, note: str, sub: str) -> date | None:
    """Keeps the outcome; the month of the look, None when it is in no sample."""
    found: date | None = await tx.fetchval(
        "update looks set outcome = $2, note = $3, reviewed_by = $4, reviewed_at = now() where position = $1"
        " returning month",
        position,
        outcome,
        note,
        sub,
    )
    return found
