"""Every statement on the nominations."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from services.awards.domain import Nomination, SubmitNomination
from shared.database import Connection

PAGE = 50


def _dump(state: Nomination) -> str:
    return json.dumps(asdict(state))


async def load(
    tx: Connection, nomination: UUID, command: SubmitNomination, submitted_on: date
) -> tuple[Nomination, int]:
    """State and sequence, locked; the row is made when there is none, so that of many at once one is first."""
    await tx.execute(
        "insert into nomination (id, state, prize, prize_year, nominee_kind, submitted_on)"
        " values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        nomination,
        _dump(Nomination()),
        command.prize,
        command.prize_year,
        command.nominee_kind,
        submitted_on,
    )
    row = await tx.fetchrow("select sequence, state from nomination where id = $1 for update", nomination)
    assert row is not None
    return Nomination(**json.loads(row["state"])), row["sequence"]


async def save(tx: Connection, nomination: UUID, sequence: int, state: Nomination) -> None:
    await tx.execute(
        "update nomination set sequence = $2, state = $3 where id = $1", nomination, sequence, _dump(state)
    )


async def keep_text(tx: Connection, nomination: UUID, sealed: bytes) -> None:
    await tx.execute("insert into nomination_text (id, sealed) values ($1, $2)", nomination, sealed)


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Nomination]]:
    """Every nomination with its stored state, for the parity check. `conn` is in a transaction."""
    async for row in conn.cursor("select id, sequence, state from nomination order by id"):
        yield row["id"], row["sequence"], Nomination(**json.loads(row["state"]))


@dataclass(frozen=True, slots=True)
class Listed:
    """A nomination without its words."""

    id: UUID
    prize: str
    prize_year: int
    nominee_kind: str
    submitted_on: date
    created_at: datetime
    receipt_wanted: bool


_LISTED = (
    "select id, prize, prize_year, nominee_kind, submitted_on, created_at,"
    " (state->>'receipt_wanted')::bool as receipt_wanted from nomination"
)


async def listed(conn: Connection, year: int, after: tuple[datetime, UUID] | None, limit: int = PAGE) -> list[Listed]:
    """The nominations of a prize year, the newest first."""
    rows = await conn.fetch(
        f"{_LISTED} where prize_year = $1 and sequence > 0"
        " and ($2::timestamptz is null or (created_at, id) < ($2, $3)) order by created_at desc, id desc limit $4",
        year,
        *(after or (None, None)),
        limit,
    )
    return [Listed(**dict(row)) for row in rows]


async def years(conn: Connection) -> dict[int, int]:
    """How many nominations each prize year has, the newest first."""
    rows = await conn.fetch(
        "select prize_year, count(*) as n from nomination where sequence > 0 group by prize_year order by 1 desc"
    )
    return {row["prize_year"]: row["n"] for row in rows}


async def one(conn: Connection, nomination: UUID) -> Listed | None:
    row = await conn.fetchrow(f"{_LISTED} where id = $1 and sequence > 0", nomination)
    return Listed(**dict(row)) if row else None


async def sealed_texts(conn: Connection, nominations: Iterable[UUID]) -> dict[UUID, bytes]:
    rows = await conn.fetch("select id, sealed from nomination_text where id = any($1::uuid[])", list(nominations))
    return {row["id"]: row["sealed"] for row in rows}
