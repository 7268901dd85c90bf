"""Every statement on what is known of the cases and of the prizes, and on their deadlines."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.notifications.deadlines import Deadline, Kind, KnownCase, Progress
from services.notifications.prizes import KnownPrize
from shared.database import Connection

AT_ONCE = 500
_STATE = TypeAdapter(KnownCase)
_PRIZE = TypeAdapter(KnownPrize)


async def known(tx: Connection, cases: Collection[UUID]) -> dict[UUID, KnownCase]:
    """What is known of these cases, locked in the order of their ids."""
    rows = await tx.fetch(
        "select id, state::text from known_case where id = any($1::uuid[]) and state is not null"
        " order by id for update",
        list(cases),
    )
    return {row["id"]: _STATE.validate_json(row["state"]) for row in rows}


async def know(tx: Connection, cases: Mapping[UUID, KnownCase]) -> None:
    """Keeps these as they stand now."""
    keys = sorted(cases)
    await tx.execute(
        "insert into known_case (id, persons, receive_by, cancelled, state)"
        " select * from unnest($1::uuid[], $2::int[], $3::date[], $4::bool[], $5::text[]::jsonb[])"
        " on conflict (id) do update set persons = excluded.persons, receive_by = excluded.receive_by,"
        " cancelled = excluded.cancelled, state = excluded.state",
        keys,
        [len(cases[key].persons) for key in keys],
        [cases[key].receive_by for key in keys],
        [cases[key].cancelled for key in keys],
        [_STATE.dump_json(cases[key]).decode() for key in keys],
    )


async def known_prizes(tx: Connection, editions: Collection[UUID]) -> dict[UUID, KnownPrize]:
    """What is known of these editions, locked in the order of their ids."""
    rows = await tx.fetch(
        "select id, state::text from known_prize where id = any($1::uuid[]) order by id for update", list(editions)
    )
    return {row["id"]: _PRIZE.validate_json(row["state"]) for row in rows}


async def know_prizes(tx: Connection, editions: Mapping[UUID, KnownPrize]) -> None:
    """Keeps these as they stand now."""
    keys = sorted(editions)
    await tx.execute(
        "insert into known_prize (id, state) select * from unnest($1::uuid[], $2::text[]::jsonb[])"
        " on conflict (id) do update set state = excluded.state",
        keys,
        [_PRIZE.dump_json(editions[key]).decode() for key in keys],
    )


async def needless(tx: Connection, nominations: Collection[UUID]) -> list[UUID]:
    """Those of `nominations` that a cancelled round has made needless to assess."""
    rows = await tx.fetch(
        "select left_out.id::uuid as id from known_prize"
        " cross join lateral jsonb_array_elements_text(state -> 'unassessed') as left_out(id)"
        " where left_out.id::uuid = any($1::uuid[])",
        list(nominations),
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Running:
    """A deadline with how far its reminders have come."""

    deadline: Deadline
    progress: Progress
    next_on: date | None


_COLUMNS = "id, case_id, kind, due_on, caseworker, unit, told_on, raised, next_on, begins_on, prize_year"


def running_of(row: Any) -> Running:
    """A row of `deadline` as the rules see it."""
    deadline = Deadline(
        row["id"],
        row["case_id"],
        row["kind"],
        row["due_on"],
        row["caseworker"],
        row["unit"],
        row["begins_on"],
        row["prize_year"],
    )
    return Running(deadline, Progress(row["due_on"], row["told_on"], row["raised"]), row["next_on"])


def _running(rows: Iterable[Any]) -> list[Running]:
    return [running_of(row) for row in rows]


async def running(tx: Connection, abouts: Collection[UUID]) -> dict[UUID, Running]:
    """The deadlines of these cases and editions by id, locked."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from deadline where case_id = any($1::uuid[]) order by id for update", list(abouts)
    )
    return {one.deadline.id: one for one in _running(rows)}


async def reminded(tx: Connection, kind: Kind) -> list[Running]:
    """Those of `kind` of which somebody has been reminded. No further reminder is raised until the transaction ends."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from deadline where kind = $1 and raised is not null order by id for share", kind
    )
    return _running(rows)


async def due(tx: Connection, today: date, limit: int = AT_ONCE) -> list[Running]:
    """Deadlines whose next reminder has come, locked; those that another replica works on are left to it."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from deadline where next_on <= $1 order by next_on, id limit $2 for update skip locked",
        today,
        limit,
    )
    return _running(rows)


async def write(tx: Connection, deadlines: Sequence[Running]) -> None:
    """New ones, and known ones as they stand now."""
    await tx.executemany(
        f"insert into deadline ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " on conflict (id) do update set due_on = excluded.due_on, caseworker = excluded.caseworker,"
        " unit = excluded.unit, told_on = excluded.told_on, raised = excluded.raised, next_on = excluded.next_on,"
        " begins_on = excluded.begins_on",
        [
            (
                one.deadline.id, one.deadline.about, one.deadline.kind, one.deadline.due_on, one.deadline.caseworker,
                one.deadline.unit, one.progress.told_on, one.progress.raised, one.next_on, one.deadline.begins_on,
                one.deadline.prize_year,
            )
            for one in sorted(deadlines, key=lambda one: one.deadline.id)
        ],
    )  # fmt: skip


async def drop(tx: Connection, deadlines: Collection[UUID]) -> None:
    await tx.execute("delete from deadline where id = any($1::uuid[])", list(deadlines))


async def wait(tx: Connection, time: timedelta) -> None:
    """History is being read: nobody is reminded for so long."""
    await tx.execute(
        "insert into catching_up (until) values (clock_timestamp() + $1)"
        " on conflict (only_row) do update set until = excluded.until",
        time,
    )


async def waiting(conn: Connection) -> bool:
    """Whether history is being read. A wait longer than any was set before the clock was put back."""
    return bool(
        await conn.fetchval(
            "select true from catching_up"
            " where until between clock_timestamp() and clock_timestamp() + interval '1 minute'"
        )
    )
