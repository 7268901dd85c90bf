"""Every statement on what tells who in a jury has anything left to read."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from pydantic import TypeAdapter

from services.notifications.reading import KnownNomination, KnownReview
from shared.database import Connection

_NOMINATION = TypeAdapter(KnownNomination)
_REVIEW = TypeAdapter(KnownReview)


async def nominations(tx: Connection, ids: Collection[UUID]) -> dict[UUID, KnownNomination]:
    """What is known of these, locked in the order of their ids."""
    rows = await tx.fetch(
        "select id, state::text from known_nomination where id = any($1::uuid[]) order by id for update", list(ids)
    )
    return {row["id"]: _NOMINATION.validate_json(row["state"]) for row in rows}


async def know_nominations(tx: Connection, known: Mapping[UUID, KnownNomination]) -> None:
    """Keeps these as they stand now."""
    keys = sorted(known)
    await tx.execute(
        "insert into known_nomination (id, prize_year, state)"
        " select * from unnest($1::uuid[], $2::int[], $3::text[]::jsonb[])"
        " on conflict (id) do update set state = excluded.state",
        keys,
        [known[key].prize_year for key in keys],
        [_NOMINATION.dump_json(known[key]).decode() for key in keys],
    )


async def know_reviews(tx: Connection, known: Mapping[UUID, KnownReview]) -> None:
    """Keeps these as they stand now."""
    keys = sorted(known)
    await tx.execute(
        "insert into known_review (id, nomination, state)"
        " select * from unnest($1::uuid[], $2::uuid[], $3::text[]::jsonb[])"
        " on conflict (id) do update set state = excluded.state",
        keys,
        [known[key].nomination for key in keys],
        [_REVIEW.dump_json(known[key]).decode() for key in keys],
    )


async def years_of(tx: Connection, nominations: Collection[UUID]) -> set[int]:
    """The prize years of these."""
    rows = await tx.fetch(
        "select distinct prize_year from known_nomination where id = any($1::uuid[])", list(nominations)
    )
    return {row["prize_year"] for row in rows}


async def of_year(tx: Connection, year: int) -> tuple[dict[UUID, KnownNomination], list[KnownReview]]:
    """The nominations of a prize year, and the reviews of them."""
    rows = await tx.fetch("select id, state::text from known_nomination where prize_year = $1", year)
    reviews = await tx.fetch(
        "select r.state::text from known_review r join known_nomination n on n.id = r.nomination"
        " where n.prize_year = $1",
        year,
    )
    return (
        {row["id"]: _NOMINATION.validate_json(row["state"]) for row in rows},
        [_REVIEW.validate_json(row["state"]) for row in reviews],
    )


async def reading(tx: Connection, years: Collection[int]) -> list[tuple[UUID, int]]:
    """The jury's deadlines of these years of which somebody has been reminded, each with its year."""
    rows = await tx.fetch(
        "select id, prize_year from deadline where kind = 'reading' and raised is not null"
        " and prize_year = any($1::int[])",
        list(years),
    )
    return [(row["id"], row["prize_year"]) for row in rows]


async def followed(tx: Connection, edition: UUID) -> bool:
    """Whether all nominations of the edition are known here: it was announced since they are kept."""
    return bool(await tx.fetchval("select (state->>'followed')::bool from known_prize where id = $1", edition))


async def reminders_to(tx: Connection, deadline: UUID, recipients: Sequence[str]) -> list[UUID]:
    """The reminders of a deadline to these that still ask for something or may still be mailed, locked."""
    rows = await tx.fetch(
        "select id from notification where deadline = $1 and recipient = any($2::text[]) and settled_at is null"
        " and (channel = 'inbox' and acknowledged_at is null or channel = 'email' and mail is null and not withheld)"
        " order by id for update",
        deadline,
        list(recipients),
    )
    return [row["id"] for row in rows]
