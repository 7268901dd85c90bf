"""Every statement on colleagues, cover and homes, and on the lists of those who work with cases."""

from typing import Any
from uuid import UUID

from shared.database import Connection
from shared.identity import Actor


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


async def may_have_cases(conn: Connection, sub: str) -> bool:
    """Whether this is a colleague who works with cases."""
    found: bool = await conn.fetchval(
        "select exists (select from colleagues where sub = $1 and roles && '{caseworker}')", sub
    )
    return found


async def caseworkers(conn: Connection) -> list[dict[str, Any]]:
    """Who can be given a case, by unit and name."""
    rows = await conn.fetch(
        "select sub, name, unit from colleagues where roles && '{caseworker}' order by unit nulls last, name, sub"
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
