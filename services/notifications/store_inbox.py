"""Every statement on the inbox: what waits for somebody, what was put off, handed over, confirmed or settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.notifications.deadlines import Kind
from services.notifications.rules import Group
from services.notifications.store import OPEN, PAGE
from shared.database import Connection

Show = Literal["open", "snoozed", "done"]

_MINE = "n.channel = 'inbox' and n.holder = any($1::text[])"
_SLEEPS = "exists (select from snooze s where s.notification = n.id and s.sub = $2 and s.until > $3)"
_SHOWN: dict[Show, str] = {
    "open": f"{OPEN} and not {_SLEEPS}",
    "snoozed": f"{OPEN} and {_SLEEPS}",
    # the two parameters are named so that every list takes the same
    "done": "(n.acknowledged_at is not null or n.settled_at is not null)"
    " and $2::text is not null and $3::date is not null",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody before the inbox: whose items (`holders`), who, and on which day (business time)."""

    holders: Sequence[str]
    sub: str
    today: date


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the inbox. `acknowledged_by` and `handed_by` are sign-in subjects.

    `next_kind` and `next_on`: what comes next in the case that was given to somebody or came in, and by when. Nothing
    in one that nobody has to do anything about, or that is another's now.
    """

    id: UUID
    rule: str
    grouping: str
    about: UUID
    caused_at: datetime
    created_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    read_by: UUID | None
    handed_by: str | None
    handed_key: UUID | None
    settled_at: datetime | None
    why: str
    recipient: str
    holder: str
    due_on: date | None
    prize_year: int | None
    snoozed_until: date | None
    persons: int | None
    receive_by: date | None
    cancelled: bool | None
    next_kind: Kind | None
    next_on: date | None

    @property
    def open(self) -> bool:
        return self.acknowledged_at is None and self.settled_at is None


Cursor = tuple[datetime, UUID]

_ITEMS = (
    "select n.id, n.rule, n.grouping, n.about, n.caused_at, n.created_at, n.acknowledged_by, n.acknowledged_at,"
    " n.handed_by, n.settled_at, n.why, n.recipient, n.holder, n.due_on, n.prize_year, d.recipient as read_by,"
    " h.recipient as handed_key, k.persons, k.receive_by, k.cancelled, f.kind as next_kind, f.due_on as next_on,"
    " (select s.until from snooze s where s.notification = n.id and s.sub = $2 and s.until > $3) as snoozed_until"
    " from notification n left join directory d on d.sub = n.acknowledged_by"
    " left join directory h on h.sub = n.handed_by left join known_case k on k.id = n.about"
    " left join lateral (select kind, due_on from deadline where case_id = n.about order by due_on, id limit 1) f"
    " on n.rule in ('allocation-received', 'case-assigned')"
)


async def items(
    conn: Connection,
    reader: Reader,
    show: Show = "open",
    *,
    group: Group | None = None,
    after: Cursor | None = None,
    limit: int = PAGE,
) -> list[Item]:
    """The newest first."""
    rows = await conn.fetch(
        f"{_ITEMS} where {_MINE} and {_SHOWN[show]} and ($4::text is null or n.grouping = $4)"
        " and ($5::timestamptz is null or (n.created_at, n.id) < ($5, $6))"
        " order by n.created_at desc, n.id desc limit $7",
        list(reader.holders),
        reader.sub,
        reader.today,
        group,
        *(after or (None, None)),
        limit,
    )
    return [Item(**dict(row)) for row in rows]


async def item(conn: Connection, reader: Reader, notification: UUID) -> Item | None:
    """None when it is in none of the reader's inboxes."""
    rows = await conn.fetch(
        f"{_ITEMS} where {_MINE} and n.id = $4", list(reader.holders), reader.sub, reader.today, notification
    )
    return Item(**dict(rows[0])) if rows else None


async def count(conn: Connection, reader: Reader, show: Show = "open") -> int:
    """How many items are shown so."""
    found: int = await conn.fetchval(
        f"select count(*) from notification n where {_MINE} and {_SHOWN[show]}",
        list(reader.holders),
        reader.sub,
        reader.today,
    )
    return found


async def open_up_to(tx: Connection, reader: Reader, until: UUID | None, group: Group | None, limit: int) -> list[UUID]:
    """Open items made no later than `until`, the oldest first; none when there is no such item."""
    rows = await tx.fetch(
        f"select id from notification n where {_MINE} and {_SHOWN['open']} and ($6::text is null or n.grouping = $6)"
        " and ($4::uuid is null or (created_at, id) <= (select created_at, id from notification where id = $4))"
        " order by created_at, id limit $5",
        list(reader.holders),
        reader.sub,
        reader.today,
        until,
        limit,
        group,
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """In whose inbox an item is, whether it still asks for something, who handed it over last, and whom it meant."""

    holder: str
    open: bool
    handed_by: str | None
    why: str


async def held(tx: Connection, notification: UUID) -> Held | None:
    """Locked. None when there is no such item."""
    row = await tx.fetchrow(
        f"select holder, {OPEN} as open, handed_by, why from notification n where id = $1 and channel = 'inbox'"
        " for update",
        notification,
    )
    return Held(**dict(row)) if row else None


async def hand_over(tx: Connection, notification: UUID, holder: str, by: str) -> None:
    await tx.execute(
        "update notification set holder = $2, handed_by = $3, handed_at = clock_timestamp() where id = $1",
        notification,
        holder,
        by,
    )


async def snooze(tx: Connection, notification: UUID, sub: str, until: date | None) -> None:
    """`until` None: it is shown again."""
    if until is None:
        await tx.execute("delete from snooze where notification = $1 and sub = $2", notification, sub)
        return
    await tx.execute(
        "insert into snooze (notification, sub, until) values ($1, $2, $3)"
        " on conflict (notification, sub) do update set until = excluded.until",
        notification,
        sub,
        until,
    )
