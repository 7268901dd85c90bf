"""Every statement on the tables of cases and persons. `store_quotas.py` and `imports/store.py` have the others."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.reception import store_quotas
from services.reception.case import Case
from services.reception.quotas import Quota
from services.reception.sight import Sight
from services.reception.steps import contact_due, next_step
from shared.database import Connection

_CASE = TypeAdapter(Case)
NEVER = date(9999, 1, 1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case as it is stored."""

    id: UUID
    sequence: int
    case: Case
    allocation_number: str | None


def _loaded(row: Any) -> Loaded:
    return Loaded(row["id"], row["sequence"], _CASE.validate_json(row["state"]), row["allocation_number"])


_COLUMNS = "id, sequence, state, allocation_number"


async def load(tx: Connection, case_id: UUID) -> Loaded | None:
    """The case with its row locked."""
    row = await tx.fetchrow(f"select {_COLUMNS} from cases where id = $1 for update", case_id)
    return _loaded(row) if row else None


async def find(conn: Connection, case_id: UUID) -> Loaded | None:
    """The case, to read."""
    row = await conn.fetchrow(f"select {_COLUMNS} from cases where id = $1", case_id)
    return _loaded(row) if row else None


async def by_number(
    conn: Connection, allocation_numbers: Iterable[str], *, unchanged: bool = False
) -> dict[str, Loaded]:
    """The cases of these allocation numbers, to read; `unchanged`: they stay as they are until the commit."""
    numbers = list(allocation_numbers)
    if not numbers:
        return {}
    rows = await conn.fetch(
        f"select {_COLUMNS} from cases where allocation_number = any($1::text[]) order by allocation_number"
        + (" for share" if unchanged else ""),
        numbers,
    )
    return {row["allocation_number"]: _loaded(row) for row in rows}


async def lock_numbers(tx: Connection, allocation_numbers: Sequence[str]) -> dict[str, Loaded]:
    """The cases of these allocation numbers with their rows locked.

    Sorted, so that two who lock the same ones wait for each other and never in a circle.
    """
    if not allocation_numbers:
        return {}
    rows = await tx.fetch(
        f"select {_COLUMNS} from cases where allocation_number = any($1::text[]) order by allocation_number for update",
        allocation_numbers,
    )
    return {row["allocation_number"]: _loaded(row) for row in rows}


_TYPES = """sequence bigint, state jsonb, kind text, category text, status text, quota_year int, decided_on date,
  receive_by date, deadline date, household int, arrived int, caseworker text, unit text, closed boolean, due_on date,
  next_step text, contact_on date"""
_FACTS = ", ".join(column.split()[0] for column in _TYPES.split(","))
_ROWS = f"jsonb_to_recordset($1::jsonb) as n (id uuid, allocation_number text, {_TYPES})"


def _row(loaded: Loaded) -> dict[str, Any]:
    """State and list columns."""
    case = loaded.case
    step, contact = next_step(case), contact_due(case)
    return {
        "id": str(loaded.id),
        "allocation_number": loaded.allocation_number,
        "sequence": loaded.sequence,
        "state": _CASE.dump_python(case, mode="json"),
        "kind": case.kind,
        "category": case.category,
        "status": case.status,
        "quota_year": case.quota_year,
        "decided_on": case.decided_on.isoformat(),
        "receive_by": case.receive_by.isoformat() if case.receive_by else None,
        "deadline": (case.receive_by or NEVER).isoformat(),
        "household": len(case.persons),
        "arrived": sum(member.arrived_on is not None for member in case.persons),
        "caseworker": case.caseworker,
        "unit": case.unit,
        "closed": case.closed is not None,
        "due_on": (step.due if step else NEVER).isoformat(),
        "next_step": step.what if step else None,
        "contact_on": contact.due.isoformat() if contact and not case.over else None,
    }


async def add(tx: Connection, cases: Sequence[Loaded]) -> set[UUID]:
    """New cases, in one statement; the ids of those added. One whose allocation number is known is not.

    Sorted as in `lock_numbers`.
    """
    rows = await tx.fetch(
        f"insert into cases (id, allocation_number, {_FACTS}) select id, allocation_number, {_FACTS} from {_ROWS}"
        " order by allocation_number on conflict (allocation_number) do nothing returning id",
        json.dumps([_row(case) for case in cases]),
    )
    return {row["id"] for row in rows}


async def save(tx: Connection, changed: Loaded, at: datetime) -> None:
    """Its row is locked by the caller. `at` is when it changed, so when it was cancelled if it is so from now on."""
    n = ", ".join(f"n.{name}" for name in _FACTS.split(", "))
    since = "case when n.status = 'cancelled' then coalesce(c.cancelled_at, $2) end"
    await tx.execute(
        f"update cases c set ({_FACTS}, cancelled_at) = row({n}, {since}) from {_ROWS} where c.id = n.id",
        json.dumps([_row(changed)]),
        at,
    )


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """A row of `person`."""

    id: UUID
    case_id: UUID
    place: int
    protected: bool
    sealed: bytes
    number_index: bytes | None = None
    dossier_index: bytes | None = None
    name_index: bytes | None = None


async def save_persons(tx: Connection, persons: Sequence[SealedPerson]) -> None:
    """Inserts or overwrites."""
    await tx.executemany(
        """
        insert into person (id, case_id, place, protected, sealed, number_index, dossier_index, name_index)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (id) do update set place = excluded.place, protected = excluded.protected, current = true,
          sealed = excluded.sealed, number_index = excluded.number_index, dossier_index = excluded.dossier_index,
          name_index = excluded.name_index
        """,
        [
            (p.id, p.case_id, p.place, p.protected, p.sealed, p.number_index, p.dossier_index, p.name_index)
            for p in persons
        ],
    )


async def no_longer_members(tx: Connection, case_id: UUID, persons: Sequence[UUID]) -> None:
    """These were taken out of the household by a correction; their rows stay, sealed, until they are disposed of."""
    await tx.execute("update person set current = false where case_id = $1 and id = any($2::uuid[])", case_id, persons)


async def sealed_persons(conn: Connection, case_ids: Sequence[UUID]) -> list[SealedPerson]:
    """The members of these households, in order."""
    rows = await conn.fetch(
        "select id, case_id, place, protected, sealed from person where case_id = any($1::uuid[]) and current"
        " order by case_id, place",
        case_ids,
    )
    return [SealedPerson(*row.values()) for row in rows]


STATUSES = {
    "open": ("open", "partly-arrived"),
    "arrived": ("arrived",),
    "cancelled": ("cancelled",),
    "all": ("open", "partly-arrived", "arrived", "cancelled"),
}


def seen(sight: Sight, first: int) -> tuple[str, list[Any]]:
    """Which rows of `cases` this sight shows: a condition whose parameters begin at number `first`, and these.

    Only what the sight has is asked for, so that one index answers in order.
    """
    if sight.every:
        return "true", []
    given: list[tuple[str, Any]] = []
    if len(sight.subs) == 1:
        given.append(("caseworker = ${}::text", next(iter(sight.subs))))
    elif sight.subs:
        given.append(("caseworker = any(${}::text[])", sorted(sight.subs)))
    if sight.unit is not None:
        given.append(("unit = ${}::text", sight.unit))
    parts = [text.format(first + place) for place, (text, _) in enumerate(given)]
    return f"({' or '.join(parts) or 'false'})", [value for _, value in given]


_LISTED = """id, sequence, kind, status, allocation_number, category, quota_year, decided_on, receive_by, deadline,
  household, arrived, state->>'cancelled' as cancelled, cancelled_at"""


async def cases(
    conn: Connection, sight: Sight, status: str, kind: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Cases that are seen, by deadline, then id; those without one last. `after`: deadline and id of the last one."""
    condition, parameters = seen(sight, 6)
    rows = await conn.fetch(
        f"""
        select {_LISTED} from cases
        where status = any($1::text[]) and ($2::text is null or kind = $2) and (deadline, id) > ($3::date, $4::uuid)
          and {condition}
        order by deadline, id limit $5
        """,
        list(STATUSES[status]),
        kind,
        *(after or (date.min, UUID(int=0))),
        limit,
        *parameters,
    )
    return [dict(row) for row in rows]


async def cancelled(
    conn: Connection, sight: Sight, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Cancelled allocations and withdrawn notices that are seen, the latest first. `after`: when, and id of the last
    one."""
    condition, parameters = seen(sight, 4)
    rows = await conn.fetch(
        f"""
        select {_LISTED} from cases
        where status = 'cancelled' and (cancelled_at, id) < ($1::timestamptz, $2::uuid) and {condition}
        order by cancelled_at desc, id desc limit $3
        """,
        *(after or (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))),
        limit,
        *parameters,
    )
    return [dict(row) for row in rows]


async def count_open(conn: Connection, sight: Sight, today: date, soon: date) -> dict[str, int]:
    """Open allocations that are seen: all, those late, those whose last day is `soon` or before; persons in them."""
    condition, parameters = seen(sight, 3)
    row = await conn.fetchrow(
        f"""
        select count(*)::int as cases, coalesce(sum(household - arrived), 0)::int as persons,
          count(*) filter (where deadline < $1)::int as late,
          count(*) filter (where deadline between $1 and $2)::int as soon
        from cases where status in ('open', 'partly-arrived') and kind = 'allocated' and {condition}
        """,
        today,
        soon,
        *parameters,
    )
    assert row is not None
    return dict(row)


async def replacement_of(conn: Connection, case_id: UUID) -> UUID | None:
    """The allocation that says it replaces this one, and is not cancelled itself."""
    found: UUID | None = await conn.fetchval(
        "select id from cases where state->>'replaces' = $1 and status <> 'cancelled' order by id limit 1", str(case_id)
    )
    return found


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Case | Quota | None]]:
    """Every subject with its sequence and stored state. `conn` is in a transaction."""
    async for row in conn.cursor(f"select {_COLUMNS} from cases order by id"):
        loaded = _loaded(row)
        yield loaded.id, loaded.sequence, loaded.case
    async for stored in store_quotas.states(conn):
        yield stored
