"""Every statement on the nominations. `store_prizes.py` has those on editions and reviews."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import TypeAdapter

from services.awards import store_prizes
from services.awards.commands import SubmitNomination
from services.awards.domain import State
from services.awards.nomination import Nomination
from shared.database import Connection

PAGE = 50
_STATE = TypeAdapter(Nomination)


def _read(state: str | None) -> Nomination | None:
    return _STATE.validate_json(state) if state else None


async def make(tx: Connection, nomination: UUID, command: SubmitNomination, submitted_on: date) -> None:
    """A row to lock."""
    await tx.execute(
        "insert into nomination (id, prize, prize_year, nominee_kind, submitted_on)"
        " values ($1, $2, $3, $4, $5) on conflict do nothing",
        nomination,
        command.prize,
        command.prize_year,
        command.nominee_kind,
        submitted_on,
    )


async def load(tx: Connection, nomination: UUID) -> tuple[Nomination | None, int]:
    """State and sequence, locked; nothing and 0 when there is none."""
    row = await tx.fetchrow("select sequence, state from nomination where id = $1 for update", nomination)
    return (_read(row["state"]), row["sequence"]) if row else (None, 0)


async def save(tx: Connection, nomination: UUID, sequence: int, state: Nomination) -> None:
    await tx.execute(
        "update nomination set sequence = $2, state = $3, nominee_kind = $4 where id = $1",
        nomination,
        sequence,
        _STATE.dump_json(state).decode(),
        state.nominee_kind,
    )


async def keep_text(tx: Connection, subject: UUID, sealed: bytes) -> None:
    """The sealed words of a nomination, of a juror's comment or of a laureate's page; the last ones stand."""
    await tx.execute(
        "insert into nomination_text (id, sealed) values ($1, $2) on conflict (id) do update set sealed = $2",
        subject,
        sealed,
    )


async def drop_text(tx: Connection, subject: UUID) -> None:
    await tx.execute("delete from nomination_text where id = $1", subject)


async def keep_link(tx: Connection, nomination: UUID, hash: bytes) -> None:
    await tx.execute("insert into nomination_link (hash, nomination) values ($1, $2)", hash, nomination)


async def linked(conn: Connection, hash: bytes) -> UUID | None:
    """The nomination whose link this is."""
    found: UUID | None = await conn.fetchval("select nomination from nomination_link where hash = $1", hash)
    return found


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, State]]:
    """Every subject with its stored state, for the parity check. `conn` is in a transaction."""
    async for row in conn.cursor("select id, sequence, state from nomination order by id"):
        yield row["id"], row["sequence"], _read(row["state"])
    async for each in store_prizes.states(conn):
        yield each


@dataclass(frozen=True, slots=True)
class Listed:
    """A nomination without its words."""

    id: UUID
    sequence: int
    state: Nomination
    prize: str
    prize_year: int
    nominee_kind: str
    submitted_on: date
    created_at: datetime

    @property
    def receipt_wanted(self) -> bool:
        return self.state.receipt_wanted


_LISTED = "select id, sequence, state, prize, prize_year, nominee_kind, submitted_on, created_at from nomination"


def _listed(row: dict[str, object]) -> Listed:
    return Listed(**(row | {"state": _STATE.validate_json(str(row["state"]))}))  # type: ignore[arg-type]


async def listed(conn: Connection, year: int, after: tuple[datetime, UUID] | None, limit: int = PAGE) -> list[Listed]:
    """The nominations of a prize year, the newest first."""
    rows = await conn.fetch(
        f"{_LISTED} where prize_year = $1 and sequence > 0"
        " and ($2::timestamptz is null or (created_at, id) < ($2, $3)) order by created_at desc, id desc limit $4",
        year,
        *(after or (None, None)),
        limit,
    )
    return [_listed(dict(row)) for row in rows]


async def of_year(conn: Connection, year: int) -> dict[UUID, Listed]:
    """All nominations of a prize year, the oldest first. A prize gets tens, not thousands."""
    rows = await conn.fetch(f"{_LISTED} where prize_year = $1 and sequence > 0 order by created_at, id", year)
    return {row["id"]: _listed(dict(row)) for row in rows}


async def some(conn: Connection, nominations: Iterable[UUID]) -> dict[UUID, Listed]:
    rows = await conn.fetch(f"{_LISTED} where id = any($1::uuid[]) and sequence > 0", list(nominations))
    return {row["id"]: _listed(dict(row)) for row in rows}


async def years(conn: Connection) -> dict[int, int]:
    """How many nominations each prize year has, the newest first."""
    rows = await conn.fetch(
        "select prize_year, count(*) as n from nomination where sequence > 0 group by prize_year order by 1 desc"
    )
    return {row["prize_year"]: row["n"] for row in rows}


async def one(conn: Connection, nomination: UUID) -> Listed | None:
    row = await conn.fetchrow(f"{_LISTED} where id = $1 and sequence > 0", nomination)
    return _listed(dict(row)) if row else None


async def sealed_texts(conn: Connection, subjects: Iterable[UUID]) -> dict[UUID, bytes]:
    rows = await conn.fetch("select id, sealed from nomination_text where id = any($1::uuid[])", list(subjects))
    return {row["id"]: row["sealed"] for row in rows}
