"""Every statement on the prizes' editions, on reviews and on who is in the jury."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from services.awards.edition import Edition
from services.awards.review import Review
from shared.database import Connection

_EDITION = TypeAdapter(Edition)
_REVIEW = TypeAdapter(Review)


@dataclass(frozen=True, slots=True)
class Stored:
    """An edition as it is stored. `edition` None: it has no calendar yet."""

    id: UUID
    sequence: int
    edition: Edition | None


async def load(tx: Connection, id: UUID, year: int) -> Stored:
    """The edition with its row locked; the row is made when there is none, so that of many at once one is first."""
    await tx.execute(
        "insert into edition (id, prize, prize_year) values ($1, 'integration', $2) on conflict do nothing", id, year
    )
    row = await tx.fetchrow("select sequence, state from edition where id = $1 for update", id)
    assert row is not None
    return Stored(id, row["sequence"], _EDITION.validate_json(row["state"]) if row["state"] else None)


async def standing(tx: Connection, year: int, *, alone: bool = False) -> Stored | None:
    """The edition, kept from changing until the transaction ends; any number hold it so at once, or one `alone`."""
    row = await tx.fetchrow(
        "select id, sequence, state from edition where prize_year = $1 and state is not null"
        + (" for update" if alone else " for share"),
        year,
    )
    return Stored(row["id"], row["sequence"], _EDITION.validate_json(row["state"])) if row else None


async def save(tx: Connection, id: UUID, sequence: int, edition: Edition) -> None:
    await tx.execute(
        "update edition set sequence = $2, state = $3 where id = $1", id, sequence, _EDITION.dump_json(edition).decode()
    )


async def editions(conn: Connection) -> dict[int, Stored]:
    """Every edition that has a calendar, by year, the newest first."""
    rows = await conn.fetch(
        "select id, sequence, state, prize_year from edition where state is not null order by prize_year desc"
    )
    return {r["prize_year"]: Stored(r["id"], r["sequence"], _EDITION.validate_json(r["state"])) for r in rows}


async def load_review(tx: Connection, id: UUID, nomination: UUID, juror: UUID) -> tuple[Review | None, int]:
    """A juror's review and its sequence, locked."""
    await tx.execute(
        "insert into review (id, nomination, juror) values ($1, $2, $3) on conflict do nothing", id, nomination, juror
    )
    row = await tx.fetchrow("select sequence, state from review where id = $1 for update", id)
    assert row is not None
    return _REVIEW.validate_json(row["state"]) if row["state"] else None, row["sequence"]


async def save_review(tx: Connection, id: UUID, sequence: int, review: Review) -> None:
    await tx.execute(
        "update review set sequence = $2, state = $3 where id = $1", id, sequence, _REVIEW.dump_json(review).decode()
    )


async def reviews(conn: Connection, year: int) -> dict[UUID, tuple[Review, int]]:
    """Every review of a prize year with its sequence."""
    rows = await conn.fetch(
        "select r.id, r.sequence, r.state from review r join nomination n on n.id = r.nomination"
        " where n.prize_year = $1 and r.state is not null order by r.id",
        year,
    )
    return {row["id"]: (_REVIEW.validate_json(row["state"]), row["sequence"]) for row in rows}


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Edition | Review | None]]:
    async for row in conn.cursor("select id, sequence, state from edition order by id"):
        yield row["id"], row["sequence"], _EDITION.validate_json(row["state"]) if row["state"] else None
    async for row in conn.cursor("select id, sequence, state from review order by id"):
        yield row["id"], row["sequence"], _REVIEW.validate_json(row["state"]) if row["state"] else None


async def seen(tx: Connection, juror: UUID, name: str, year: int, today: date) -> None:
    """The juror is at work on a year's prize: the name as it is now, and the day."""
    await tx.execute(
        "insert into juror (id, name) values ($1, $2) on conflict (id) do update set name = $2"
        " where juror.name <> excluded.name",
        juror,
        name,
    )
    await tx.execute(
        "insert into reader (juror, prize_year, last_on) values ($1, $2, $3)"
        " on conflict (juror, prize_year) do update set last_on = $3 where reader.last_on < $3",
        juror,
        year,
        today,
    )


async def readers(conn: Connection, year: int) -> dict[UUID, date]:
    """The members of the jury who have opened the year's reading list, with the last day on which they did."""
    rows = await conn.fetch("select juror, last_on from reader where prize_year = $1", year)
    return {row["juror"]: row["last_on"] for row in rows}


async def jurors(conn: Connection) -> dict[UUID, str]:
    return {row["id"]: row["name"] for row in await conn.fetch("select id, name from juror")}
