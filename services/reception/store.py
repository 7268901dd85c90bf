"""Every statement on the tables of cases and persons. `store_quotas.py` and `imports/store.py` have the others."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.reception import store_quotas
from services.reception.case import Case
from services.reception.quotas import Quota
from services.reception.steps import contact_due, next_step
from shared.database import Connection

_CASE = TypeAdapter(Case)
NEVER = date(9999, 1, 1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case as it is stored. `case` is None between its first insert and its first save."""

    id: UUID
    sequence: int
    case: Case | None
    allocation_number: str | None


def _loaded(row: Any) -> Loaded:
    state = _CASE.validate_json(row["state"]) if row["state"] else None
    return Loaded(row["id"], row["sequence"], state, row["allocation_number"])


_COLUMNS = "id, sequence, state, allocation_number"


async def load(tx: Connection, case_id: UUID) -> Loaded | None:
    """The case with its row locked."""
    row = await tx.fetchrow(f"select {_COLUMNS} from cases where id = $1 for update", case_id)
    return _loaded(row) if row else None


async def find(conn: Connection, case_id: UUID) -> Loaded | None:
    """The case, to read."""
    row = await conn.fetchrow(f"select {_COLUMNS} from cases where id = $1", case_id)
    return _loaded(row) if row else None


async def by_number(conn: Connection, allocation_numbers: Iterable[str]) -> dict[str, Loaded]:
    """The cases of these allocation numbers, to read."""
    numbers = list(allocation_numbers)
    if not numbers:
        return {}
    rows = await conn.fetch(f"select {_COLUMNS} from cases where allocation_number = any($1::text[])", numbers)
    return {row["allocation_number"]: _loaded(row) for row in rows}


async def open_numbers(tx: Connection, ids: Sequence[UUID], allocation_numbers: Sequence[str]) -> dict[str, Loaded]:
    """The cases of these allocation numbers with their rows locked; those that did not exist are new, with `ids`.

    Sorted, so that two who open the same ones wait for each other and never in a circle.
    """
    made = await tx.fetch(
        "insert into cases (id, allocation_number) select * from unnest($1::uuid[], $2::text[]) as n (id, number)"
        f" order by number on conflict (allocation_number) do nothing returning {_COLUMNS}",
        ids,
        allocation_numbers,
    )
    opened = {row["allocation_number"]: _loaded(row) for row in made}
    known = [number for number in allocation_numbers if number not in opened]
    if known:
        rows = await tx.fetch(
            f"select {_COLUMNS} from cases where allocation_number = any($1::text[])"
            " order by allocation_number for update",
            known,
        )
        opened |= {row["allocation_number"]: _loaded(row) for row in rows}
    return opened


async def open_case(tx: Connection, case_id: UUID) -> None:
    """A new case without an allocation number."""
    await tx.execute("insert into cases (id) values ($1)", case_id)


async def save(tx: Connection, cases: Sequence[tuple[UUID, int, Case]]) -> None:
    """State and list columns of `(id, sequence, case)`, in one statement. Their rows are locked by the caller."""
    rows = []
    for id, sequence, case in cases:
        step, contact = next_step(case), contact_due(case)
        row = {
            "id": str(id),
            "sequence": sequence,
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
        rows.append(row)
    await tx.execute(
        """
        update cases c set sequence = n.sequence, state = n.state, kind = n.kind, category = n.category,
          status = n.status, quota_year = n.quota_year, decided_on = n.decided_on, receive_by = n.receive_by,
          deadline = n.deadline, household = n.household, arrived = n.arrived, caseworker = n.caseworker,
          unit = n.unit, closed = n.closed, due_on = n.due_on, next_step = n.next_step, contact_on = n.contact_on
        from jsonb_to_recordset($1::jsonb) as n (id uuid, sequence bigint, state jsonb, kind text, category text,
          status text, quota_year int, decided_on date, receive_by date, deadline date, household int, arrived int,
          caseworker text, unit text, closed boolean, due_on date, next_step text, contact_on date)
        where c.id = n.id
        """,
        json.dumps(rows),
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


async def cases(
    conn: Connection, status: str, kind: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Cases by deadline, then id; those without one last. `after` is the deadline and id of the last one seen."""
    rows = await conn.fetch(
        """
        select id, sequence, kind, status, allocation_number, category, quota_year, decided_on, receive_by, deadline,
          household, arrived, state->>'cancelled' as cancelled
        from cases
        where status = any($1::text[]) and ($2::text is null or kind = $2) and (deadline, id) > ($3::date, $4::uuid)
        order by deadline, id limit $5
        """,
        list(STATUSES[status]),
        kind,
        *(after or (date.min, UUID(int=0))),
        limit,
    )
    return [dict(row) for row in rows]


async def count_open(conn: Connection, today: date, soon: date) -> dict[str, int]:
    """Open allocations: all, those late, those whose last day is `soon` or before; persons in them."""
    row = await conn.fetchrow(
        """
        select count(*)::int as cases, coalesce(sum(household - arrived), 0)::int as persons,
          count(*) filter (where deadline < $1)::int as late,
          count(*) filter (where deadline between $1 and $2)::int as soon
        from cases where status in ('open', 'partly-arrived') and kind = 'allocated'
        """,
        today,
        soon,
    )
    assert row is not None
    return dict(row)


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
          count(*) filter (where status = 'cancelled')::int as cancelled
        from cases where state is not null
        """
    )
    assert end is not None and whole is not None
    categories = {row["category"]: {k: v for k, v in row.items() if k != "category"} for row in rows}
    return {**end, **whole, "by_category": categories}


async def acted(tx: Connection, sub: str, name: str | None) -> None:
    """Remembers who acted, so that a timeline can say it by name, and tells the open pages that a case has changed.

    The journal has the opaque `sub` only. A name that is known already is not locked until the commit.
    """
    await tx.execute(
        "with named as (insert into colleagues select $1, $2 where $2 <> ''"
        " and not exists (select from colleagues where sub = $1 and name = $2)"
        " on conflict (sub) do update set name = excluded.name) select pg_notify('landa', 'cases')",
        sub,
        name or "",
    )


async def colleagues(conn: Connection, subs: Iterable[str]) -> dict[str, str]:
    rows = await conn.fetch("select sub, name from colleagues where sub = any($1::text[])", list(subs))
    return {row["sub"]: row["name"] for row in rows}


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Case | Quota | None]]:
    """Every subject with its sequence and stored state. `conn` is in a transaction."""
    async for row in conn.cursor(f"select {_COLUMNS} from cases order by id"):
        loaded = _loaded(row)
        yield loaded.id, loaded.sequence, loaded.case
    async for stored in store_quotas.states(conn):
        yield stored
