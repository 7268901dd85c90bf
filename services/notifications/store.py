"""Every statement on the notifications themselves: made once, changed by what is decided, listed for people."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notifications.domain import About, Notification
from services.notifications.rules import KnownCase, Notice
from shared.database import Connection

PAGE = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A notification under its row lock."""

    about: About
    state: Notification
    sequence: int
    traceparent: str | None


async def make(tx: Connection, notices: Sequence[Notice], traceparents: Mapping[UUID, str | None]) -> list[UUID]:
    """Inserts those that do not exist yet; their ids. `traceparents` is by cause."""
    rows = await tx.fetch(
        "insert into notification (id, state, rule, channel, recipient, cause, caused_at, about, withheld, traceparent)"
        " select n.id, $1, n.rule, n.channel, n.recipient, n.cause, n.caused_at, n.about, n.withheld, n.traceparent"
        " from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::uuid[],"
        " $9::bool[], $10::text[]) with ordinality"
        " as n (id, rule, channel, recipient, cause, caused_at, about, withheld, traceparent, nr) order by n.nr"
        " on conflict do nothing returning id",
        _dump(Notification()),
        [n.id for n in notices],
        [n.rule for n in notices],
        [n.channel for n in notices],
        [n.recipient for n in notices],
        [n.cause for n in notices],
        [n.caused_at for n in notices],
        [n.about for n in notices],
        [n.withheld for n in notices],
        [traceparents.get(n.cause) for n in notices],
    )
    return [row["id"] for row in rows]


async def load(tx: Connection, ids: Iterable[UUID]) -> dict[UUID, Loaded]:
    """The notifications that exist among `ids`, locked in the order of their ids."""
    rows = await tx.fetch(
        "select id, sequence, state, rule, channel, cause, caused_at, traceparent from notification"
        " where id = any($1::uuid[]) order by id for update",
        list(ids),
    )
    return {
        row["id"]: Loaded(
            About(row["rule"], row["channel"], row["cause"], row["caused_at"]),
            Notification(**json.loads(row["state"])),
            row["sequence"],
            row["traceparent"],
        )
        for row in rows
    }


async def save(tx: Connection, changed: Mapping[UUID, tuple[int, Notification]]) -> None:
    """Sequence and state of each."""
    await tx.execute(
        "update notification n set sequence = c.sequence, state = c.state::jsonb"
        " from unnest($1::uuid[], $2::bigint[], $3::text[]) as c (id, sequence, state) where n.id = c.id",
        list(changed),
        [sequence for sequence, _ in changed.values()],
        [_dump(state) for _, state in changed.values()],
    )


def _dump(state: Notification) -> str:
    return json.dumps(asdict(state))


async def states(conn: Connection) -> AsyncIterator[tuple[UUID, int, Notification]]:
    """Every notification with its stored state, for the parity check. `conn` is in a transaction."""
    async for row in conn.cursor("select id, sequence, state from notification order by id"):
        yield row["id"], row["sequence"], Notification(**json.loads(row["state"]))


async def acknowledged(tx: Connection, ids: Sequence[UUID], sub: str, at: datetime) -> None:
    """Who confirmed it first, and when (business time)."""
    await tx.execute(
        "update notification set acknowledged_by = $2, acknowledged_at = $3 where id = any($1::uuid[])",
        list(ids),
        sub,
        at,
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the inbox. `acknowledged_by` is a `sub`."""

    id: UUID
    rule: str
    about: UUID
    caused_at: datetime
    created_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    read_by: UUID | None
    persons: int | None
    receive_by: date | None
    cancelled: bool | None


Cursor = tuple[datetime, UUID]


async def inbox(
    conn: Connection, recipients: Sequence[str], *, unread: bool, after: Cursor | None = None, limit: int = PAGE
) -> list[Item]:
    """The newest first. `unread` chooses those that nobody has confirmed, or those that somebody has."""
    rows = await conn.fetch(
        "select n.id, n.rule, n.about, n.caused_at, n.created_at, n.acknowledged_by, n.acknowledged_at,"
        " d.recipient as read_by, k.persons, k.receive_by, k.cancelled from notification n"
        " left join directory d on d.sub = n.acknowledged_by left join known_case k on k.id = n.about"
        " where n.channel = 'inbox' and n.recipient = any($1::text[]) and (n.acknowledged_at is null) = $2"
        " and ($3::timestamptz is null or (n.created_at, n.id) < ($3, $4))"
        " order by n.created_at desc, n.id desc limit $5",
        list(recipients),
        unread,
        *(after or (None, None)),
        limit,
    )
    return [Item(**dict(row)) for row in rows]


async def know(tx: Connection, cases: Sequence[KnownCase], cancelled: Sequence[UUID]) -> None:
    """Keeps size and last day of these cases as they stand now, and which were cancelled."""
    await tx.executemany(
        "insert into known_case (id, persons, receive_by) values ($1, $2, $3)"
        " on conflict (id) do update set persons = excluded.persons, receive_by = excluded.receive_by",
        [(case.id, case.persons, case.receive_by) for case in cases],
    )
    await tx.execute("update known_case set cancelled = true where id = any($1::uuid[])", list(cancelled))


async def open_up_to(tx: Connection, recipients: Sequence[str], until: UUID | None, limit: int) -> list[UUID]:
    """Open inbox items made no later than `until`, the oldest first; none when there is no such item."""
    rows = await tx.fetch(
        "select id from notification"
        " where channel = 'inbox' and recipient = any($1::text[]) and acknowledged_at is null"
        " and ($2::uuid is null or (created_at, id) <= (select created_at, id from notification where id = $2))"
        " order by created_at, id limit $3",
        list(recipients),
        until,
        limit,
    )
    return [row["id"] for row in rows]


async def recipient_of(conn: Connection, notification: UUID) -> str | None:
    """Whom an inbox item is for; None when there is no such item."""
    found: str | None = await conn.fetchval(
        "select recipient from notification where id = $1 and channel = 'inbox'", notification
    )
    return found


async def unread(conn: Connection, recipients: Sequence[str]) -> int:
    """How many inbox items nobody has confirmed."""
    found: int = await conn.fetchval(
        "select count(*) from notification"
        " where channel = 'inbox' and recipient = any($1::text[]) and acknowledged_at is null",
        list(recipients),
    )
    return found


async def tell(tx: Connection, topic: str) -> None:
    """Tells open pages, when the transaction commits."""
    await tx.execute("select pg_notify('landa', $1)", topic)


# --- the directory and the functional mailboxes ---


async def enter(tx: Connection, sub: str, roles: Sequence[str], unit: str | None, language: str, fresh: UUID) -> UUID:
    """Somebody signed in. Returns the id under which name and address are sealed; `fresh` is used for a new person."""
    found: UUID = await tx.fetchval(
        "insert into directory (sub, recipient, roles, unit, language) values ($1, $5, $2, $3, $4)"
        " on conflict (sub) do update set roles = excluded.roles, unit = excluded.unit, language = excluded.language,"
        " seen_at = clock_timestamp() returning recipient",
        sub,
        list(roles),
        unit,
        language,
        fresh,
    )
    return found


async def keep_sealed(tx: Connection, recipient: UUID, sealed: bytes) -> None:
    await tx.execute(
        "insert into recipient (id, sealed) values ($1, $2) on conflict (id) do update set sealed = excluded.sealed",
        recipient,
        sealed,
    )


async def sealed(conn: Connection, recipients: Iterable[UUID]) -> dict[UUID, bytes]:
    rows = await conn.fetch("select id, sealed from recipient where id = any($1::uuid[])", list(recipients))
    return {row["id"]: row["sealed"] for row in rows}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The functional mailbox of a role."""

    role: str
    address: str
    language: str


async def mailboxes(conn: Connection) -> dict[str, Mailbox]:
    rows = await conn.fetch("select role, address, language from mailbox")
    return {row["role"]: Mailbox(**dict(row)) for row in rows}


async def set_mailbox(tx: Connection, box: Mailbox, actor: str, *, replace: bool = True) -> None:
    """`replace` false leaves one that is there as it is."""
    rest = "do update set address = $2, language = $3, changed_by = $4, changed_at = clock_timestamp()"
    await tx.execute(
        "insert into mailbox (role, address, language, changed_by) values ($1, $2, $3, $4) on conflict (role) "
        + (rest if replace else "do nothing"),
        box.role,
        box.address,
        box.language,
        actor,
    )


async def counts(conn: Connection) -> dict[str, int]:
    """How many mails, or notifications without one, are in each state."""
    row: Any = await conn.fetchrow(
        "select (select count(*) from notification where channel = 'email' and mail is null and not withheld)"
        " as collecting, (select count(*) from notification where withheld) as withheld,"
        " count(*) filter (where status = 'waiting') as waiting, count(*) filter (where status = 'sent') as sent,"
        " count(*) filter (where status = 'failed') as failed from mail"
    )
    return dict(row)
