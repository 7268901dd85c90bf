"""Every statement on colleagues, cover and homes, and on the lists of those who work with cases."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.reception.sight import Sight
from services.reception.store import SealedPerson, seen
from shared.database import Connection
from shared.identity import Actor


async def name_colleague(tx: Connection, sub: str, name: str) -> None:
    """So that a timeline can say who acted by name: the journal has the opaque `sub` only.

    A name that is known already is not locked until the commit.
    """
    await tx.execute(
        "insert into colleagues select $1, $2"
        " where not exists (select from colleagues where sub = $1 and name = $2)"
        " on conflict (sub) do update set name = excluded.name",
        sub,
        name,
    )


async def colleagues(conn: Connection, subs: Iterable[str]) -> dict[str, str]:
    rows = await conn.fetch("select sub, name from colleagues where sub = any($1::text[])", list(subs))
    return {row["sub"]: row["name"] for row in rows}


async def enter_colleague(tx: Connection, actor: Actor) -> None:
    """Remembers who this colleague is, as their sign-in says it."""
    await tx.execute(
        "insert into colleagues (sub, name, unit, roles) values ($1, $2, $3, $4) on conflict (sub) do update"
        " set name = excluded.name, unit = excluded.unit, roles = excluded.roles",
        actor.sub,
        actor.name or "",
        actor.unit,
        sorted(actor.roles),
    )


async def meet_colleague(tx: Connection, actor: Actor) -> None:
    """Remembers a colleague by hearsay: what their own sign-in has said here stands."""
    await tx.execute(
        "insert into colleagues (sub, name, unit, roles) values ($1, $2, $3, $4) on conflict (sub) do update"
        " set unit = excluded.unit, roles = excluded.roles where colleagues.roles = '{}'",
        actor.sub,
        actor.name or "",
        actor.unit,
        sorted(actor.roles),
    )


async def is_entered(conn: Connection, actor: Actor) -> bool:
    found: bool = await conn.fetchval(
        "select exists (select from colleagues where sub = $1 and name = $2 and unit is not distinct from $3"
        " and roles = $4::text[])",
        actor.sub,
        actor.name or "",
        actor.unit,
        sorted(actor.roles),
    )
    return found


async def covered(conn: Connection, sub: str, today: date) -> list[str]:
    """Those whom `sub` stands in for on `today`."""
    rows = await conn.fetch("select for_sub from cover where sub = $1 and until >= $2", sub, today)
    return [row["for_sub"] for row in rows]


async def set_cover(tx: Connection, sub: str, for_sub: str, until: date, set_by: str) -> None:
    await tx.execute(
        "insert into cover (sub, for_sub, until, set_by) values ($1, $2, $3, $4) on conflict (sub, for_sub)"
        " do update set until = excluded.until, set_by = excluded.set_by, set_at = now()",
        sub,
        for_sub,
        until,
        set_by,
    )


async def end_cover(tx: Connection, sub: str, for_sub: str) -> bool:
    done: str = await tx.execute("delete from cover where sub = $1 and for_sub = $2", sub, for_sub)
    return done.endswith(" 1")


async def covers(conn: Connection, unit: str | None, today: date) -> list[dict[str, Any]]:
    """Who stands in for whom among the colleagues of `unit`, today and later."""
    rows = await conn.fetch(
        "select c.sub, c.for_sub, c.until, a.name, b.name as for_name from cover c"
        " join colleagues a on a.sub = c.sub join colleagues b on b.sub = c.for_sub"
        " where b.unit = $1 and c.until >= $2 order by c.until, b.name, a.name",
        unit,
        today,
    )
    return [dict(row) for row in rows]


async def away(conn: Connection, today: date) -> dict[str, date]:
    """Whom somebody stands in for on `today`, each with the last day of it."""
    rows = await conn.fetch("select for_sub, max(until) as until from cover where until >= $1 group by for_sub", today)
    return {row["for_sub"]: row["until"] for row in rows}


async def may_have_cases(conn: Connection, sub: str) -> bool:
    """Whether this is a colleague who works with cases."""
    found: bool = await conn.fetchval(
        "select exists (select from colleagues where sub = $1 and roles && '{caseworker}')", sub
    )
    return found


async def unit_of(conn: Connection, sub: str) -> str | None:
    found: str | None = await conn.fetchval("select unit from colleagues where sub = $1", sub)
    return found


async def caseworkers(conn: Connection, unit: str | None = None) -> list[dict[str, Any]]:
    """Who can be given a case, by unit and name, with how many open cases they have; all, or those of one unit."""
    rows = await conn.fetch(
        f"""
        select sub, name, unit,
          (select count(*)::int from cases where caseworker = colleagues.sub and {_LISTS["open"]}) as open
        from colleagues where roles && '{{caseworker}}' and ($1::text is null or unit = $1)
        order by unit nulls last, name, sub
        """,
        unit,
    )
    return [dict(row) for row in rows]


async def keep_home(tx: Connection, housing: UUID, case_id: UUID, sealed: bytes | None) -> None:
    await tx.execute(
        "insert into homes (id, case_id, sealed) values ($1, $2, $3)"
        " on conflict (id) do update set sealed = excluded.sealed where homes.case_id = excluded.case_id",
        housing,
        case_id,
        sealed,
    )


async def sealed_homes(conn: Connection, case_id: UUID) -> list[tuple[UUID, bytes]]:
    rows = await conn.fetch("select id, sealed from homes where case_id = $1 and sealed is not null", case_id)
    return [(row["id"], row["sealed"]) for row in rows]


async def sealed_heads(conn: Connection, case_ids: Sequence[UUID]) -> list[SealedPerson]:
    """The first member of each of these households, unless protected."""
    rows = await conn.fetch(
        "select distinct on (case_id) id, case_id, place, protected, sealed from person"
        " where case_id = any($1::uuid[]) and current order by case_id, place",
        case_ids,
    )
    return [SealedPerson(*row.values()) for row in rows if not row["protected"]]


_LISTS = {
    "open": "caseworker is not null and not closed and status <> 'cancelled'",
    "closed": "caseworker is not null and (closed or status = 'cancelled')",
    "unassigned": "caseworker is null and not closed and status <> 'cancelled'",
}


async def work(
    conn: Connection, sight: Sight, show: str, after: tuple[date, UUID] | None, limit: int, whose: str | None = None
) -> list[dict[str, Any]]:
    """Cases that are seen, what must be done first, first; of one caseworker when `whose` says so."""
    condition, parameters = seen(sight, 4)
    if show != "unassigned" and sight.every:
        condition, parameters = seen(replace(sight, every=False), 4)
    if whose is not None:
        condition, parameters = f"{condition} and caseworker = ${len(parameters) + 4}::text", [*parameters, whose]
    rows = await conn.fetch(
        f"""
        select id, sequence, kind, status, allocation_number, category, decided_on, receive_by, household, arrived,
          caseworker, unit, closed, due_on, next_step, contact_on
        from cases where {_LISTS[show]} and (due_on, id) > ($1::date, $2::uuid) and {condition}
        order by due_on, id limit $3
        """,
        *(after or (date.min, UUID(int=0))),
        limit,
        *parameters,
    )
    return [dict(row) for row in rows]


async def count_work(conn: Connection, sight: Sight, today: date, soon: date) -> dict[str, int]:
    """Open cases that are seen as one's work: all, those with something late, those with something due until `soon`."""
    condition, parameters = seen(replace(sight, every=False), 3)
    row = await conn.fetchrow(
        f"""
        select count(*)::int as cases, count(*) filter (where due_on < $1)::int as late,
          count(*) filter (where due_on between $1 and $2)::int as soon
        from cases where {_LISTS["open"]} and {condition}
        """,
        today,
        soon,
        *parameters,
    )
    assert row is not None
    return dict(row)


async def caseload(conn: Connection, unit: str | None, today: date, soon: date) -> list[dict[str, Any]]:
    """Open cases of the unit per colleague, who may have none: all, with something late, with something due until
    `soon`."""
    rows = await conn.fetch(
        f"""
        select w.sub as caseworker, count(c.id)::int as cases, count(*) filter (where c.due_on < $2)::int as late,
          count(*) filter (where c.due_on between $2 and $3)::int as soon
        from (select sub from colleagues where unit = $1 and roles && '{{caseworker}}'
          union select caseworker from cases where {_LISTS["open"]} and unit = $1) w
        left join cases c on {_LISTS["open"]} and c.unit = $1 and c.caseworker = w.sub
        group by w.sub order by late desc, cases desc, w.sub
        """,
        unit,
        today,
        soon,
    )
    return [dict(row) for row in rows]
