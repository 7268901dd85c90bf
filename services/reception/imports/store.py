"""Every statement on the tables of imports, their outcomes and the conflicts they found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """An import that has work left, its row locked. `done` households have their outcome already."""

    id: UUID
    format: str
    state: str
    uploaded_by: str
    done: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one household of a file."""

    ordinal: int
    line: int
    allocation_number: str | None
    outcome: str
    case: UUID | None = None
    conflict: UUID | None = None
    faults: Sequence[dict[str, Any]] = ()


async def add(tx: Connection, import_id: UUID, format: str, sealed: bytes, at: datetime, actor: str) -> None:
    await tx.execute(
        "insert into imports (id, format, sealed, uploaded_at, uploaded_by, state)"
        " values ($1, $2, $3, $4, $5, 'waiting')",
        import_id,
        format,
        sealed,
        at,
        actor,
    )


async def claim(tx: Connection) -> Waiting | None:
    """The oldest import that nobody works at now. Its lock is the lease and ends with the transaction."""
    row = await tx.fetchrow(
        "select id, format, state, uploaded_by from imports where state in ('waiting', 'working')"
        " order by uploaded_at, id limit 1 for update skip locked"
    )
    if row is None:
        return None
    # A statement of its own: it must see what the last holder of the lock committed.
    done = await tx.fetchval("select count(*) from import_outcomes where import_id = $1", row["id"])
    return Waiting(row["id"], row["format"], row["state"], row["uploaded_by"], done)


async def content(tx: Connection, import_id: UUID) -> bytes:
    """The sealed file of an import that is not done."""
    sealed: bytes = await tx.fetchval("select sealed from imports where id = $1", import_id)
    return sealed


async def start(tx: Connection, import_id: UUID, rows: int, households: int, unused: Sequence[str]) -> None:
    await tx.execute(
        "update imports set state = 'working', rows = $2, households = $3, unused = $4 where id = $1",
        import_id,
        rows,
        households,
        list(unused),
    )


async def finish(tx: Connection, import_id: UUID, reason: dict[str, Any] | None = None) -> None:
    """Done, or refused for `reason`. The file is gone with it."""
    await tx.execute(
        "update imports set state = $2, reason = $3, sealed = null, finished_at = clock_timestamp() where id = $1",
        import_id,
        "refused" if reason else "done",
        json.dumps(reason, default=str) if reason else None,
    )


async def add_outcomes(tx: Connection, import_id: UUID, outcomes: Sequence[Outcome]) -> None:
    await tx.executemany(
        "insert into import_outcomes values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                import_id,
                o.ordinal,
                o.line,
                o.allocation_number,
                o.outcome,
                o.case,
                o.conflict,
                json.dumps(list(o.faults), default=str),
            )
            for o in outcomes
        ],
    )


_PROGRESS = """
select i.id, i.format, i.state, i.reason, i.rows, i.households, i.unused, i.uploaded_at, i.uploaded_by, i.finished_at,
  count(o.*)::int as done,
  count(*) filter (where o.outcome = 'accepted')::int as accepted,
  count(*) filter (where o.outcome = 'known')::int as known,
  count(*) filter (where o.outcome = 'changed')::int as changed,
  count(*) filter (where o.outcome = 'refused')::int as refused,
  count(*) filter (where c.id is not null and c.decision is null)::int as undecided
from imports i left join import_outcomes o on o.import_id = i.id left join conflicts c on c.id = o.conflict_id
"""


async def progress(conn: Connection, import_id: UUID) -> dict[str, Any] | None:
    """How far an import is, counted from its outcomes."""
    row = await conn.fetchrow(_PROGRESS + "where i.id = $1 group by i.id", import_id)
    return _read(row) if row else None


async def latest(conn: Connection, limit: int) -> list[dict[str, Any]]:
    rows = await conn.fetch(_PROGRESS + "group by i.id order by i.uploaded_at desc, i.id desc limit $1", limit)
    return [_read(row) for row in rows]


def _read(row: Any) -> dict[str, Any]:
    return dict(row) | {"reason": json.loads(row["reason"]) if row["reason"] else None}


async def outcomes(
    conn: Connection, import_id: UUID, outcome: str | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """Outcomes in the order of the file. `after` is the ordinal of the last one seen, -1 at first.

    `cancelled`: the allocation is cancelled here, as it stands now.
    """
    rows = await conn.fetch(
        "select o.ordinal, o.line, o.allocation_number, o.outcome, o.case_id, o.conflict_id, o.faults,"
        " coalesce(k.status = 'cancelled', false) as cancelled"
        " from import_outcomes o left join cases k on k.id = o.case_id"
        " where o.import_id = $1 and ($2::text is null or o.outcome = $2) and o.ordinal > $3"
        " order by o.ordinal limit $4",
        import_id,
        outcome,
        after,
        limit,
    )
    return [dict(row) | {"faults": json.loads(row["faults"])} for row in rows]


async def known_and_cancelled(conn: Connection, import_id: UUID) -> int:
    """How many of the file's allocations say nothing new and are cancelled here, as it stands now."""
    count: int = await conn.fetchval(
        "select count(*)::int from import_outcomes o join cases k on k.id = o.case_id"
        " where o.import_id = $1 and o.outcome = 'known' and k.status = 'cancelled'",
        import_id,
    )
    return count


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another version of a known allocation. `sealed` is gone once it is decided."""

    id: UUID
    case: UUID
    fields: list[str]
    decision: str | None
    sealed: bytes | None = field(repr=False)


async def known_conflict(tx: Connection, case_id: UUID, digest: bytes) -> Conflict | None:
    """The conflict about this very content, decided or not."""
    row = await tx.fetchrow(
        "select id, case_id, fields, decision, sealed from conflicts where case_id = $1 and digest = $2 for update",
        case_id,
        digest,
    )
    return Conflict(*row.values()) if row else None


async def open_conflict(
    tx: Connection, conflict_id: UUID, case_id: UUID, digest: bytes, sealed: bytes, fields: Sequence[str]
) -> None:
    """A new conflict, or one that was decided once and is open again. The case's row is locked by the caller."""
    await tx.execute(
        "insert into conflicts (id, case_id, digest, sealed, fields) values ($1, $2, $3, $4, $5)"
        " on conflict (case_id, digest) do update set sealed = excluded.sealed, fields = excluded.fields,"
        " decision = null, decided_by = null, decided_at = null",
        conflict_id,
        case_id,
        digest,
        sealed,
        list(fields),
    )


async def conflict(tx: Connection, conflict_id: UUID, *, lock: bool = False) -> Conflict | None:
    row = await tx.fetchrow(
        "select id, case_id, fields, decision, sealed from conflicts where id = $1" + (" for update" if lock else ""),
        conflict_id,
    )
    return Conflict(*row.values()) if row else None


async def decide_conflict(tx: Connection, conflict_id: UUID, decision: str, actor: str, at: datetime) -> None:
    await tx.execute(
        "update conflicts set decision = $2, decided_by = $3, decided_at = $4, sealed = null where id = $1",
        conflict_id,
        decision,
        actor,
        at,
    )


async def conflicts(
    conn: Connection, *, import_id: UUID | None = None, case_id: UUID | None = None, undecided: bool = False
) -> list[dict[str, Any]]:
    """The conflicts that an import found, or those of a case, or all; with the case's version."""
    rows = await conn.fetch(
        """
        select c.id, c.case_id, c.fields, c.decision, k.sequence, k.allocation_number
        from conflicts c join cases k on k.id = c.case_id
        where ($1::uuid is null or c.id in (select conflict_id from import_outcomes where import_id = $1))
          and ($2::uuid is null or c.case_id = $2) and (not $3 or c.decision is null)
        order by k.allocation_number, c.id limit 500
        """,
        import_id,
        case_id,
        undecided,
    )
    return [
        {
            "conflict": row["id"],
            "case": row["case_id"],
            "version": row["sequence"],
            "allocation_number": row["allocation_number"],
            "fields": row["fields"],
            "decision": row["decision"],
        }
        for row in rows
    ]
