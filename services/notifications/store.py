"""Every statement on the notifications themselves: made once, changed by what is decided, listed for people."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.domain import About, Notification
from services.notifications.rules import Notice, Place
from shared.database import Connection

PAGE = 100
OPEN = "n.acknowledged_at is null and n.settled_at is null"
# Still asks for something: open in an inbox, or not in a mail yet.
_ASKS = f"{OPEN} and (channel = 'inbox' or (mail is null and not withheld))"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A notification under its row lock."""

    about: About
    state: Notification
    sequence: int
    traceparent: str | None


async def make(
    tx: Connection, notices: Sequence[Notice], places: Mapping[UUID, Place], traceparents: Mapping[UUID, str | None]
) -> list[UUID]:
    """Inserts those that do not exist yet; their ids. `places` is by notice, `traceparents` by cause."""
    rows = await tx.fetch(
        "insert into notification (id, state, rule, channel, recipient, cause, caused_at, about, traceparent, why,"
        " grouping, bundle, deadline, due_on, holder, withheld, withheld_because, mail_after, prize_year, due_at)"
        " select n.id, $1, n.rule, n.channel, n.recipient, n.cause, n.caused_at, n.about, n.traceparent, n.why,"
        " n.grouping, n.bundle, n.deadline, n.due_on, n.holder, n.withheld is not null, n.withheld,"
        " coalesce(n.mail_after, clock_timestamp()), n.prize_year, coalesce(n.due_at, clock_timestamp())"
        " from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::uuid[],"
        " $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[], $14::date[], $15::text[], $16::text[],"
        " $17::timestamptz[], $18::int[], $19::timestamptz[]) with ordinality"
        " as n (id, rule, channel, recipient, cause, caused_at, about, traceparent, why, grouping, bundle, deadline,"
        " due_on, holder, withheld, mail_after, prize_year, due_at, nr) order by n.nr"
        " on conflict do nothing returning id",
        _dump(Notification()),
        [n.id for n in notices],
        [n.rule for n in notices],
        [n.channel for n in notices],
        [n.recipient for n in notices],
        [n.cause for n in notices],
        [n.caused_at for n in notices],
        [n.about for n in notices],
        [traceparents.get(n.cause) for n in notices],
        [n.why for n in notices],
        [n.group for n in notices],
        [n.bundle for n in notices],
        [n.deadline for n in notices],
        [n.due_on for n in notices],
        [places[n.id].holder for n in notices],
        [places[n.id].withheld for n in notices],
        [places[n.id].mail_after for n in notices],
        [n.prize_year for n in notices],
        [(places[n.id].mail_after if n.channel == "email" else None) or n.recorded_at for n in notices],
    )
    return [row["id"] for row in rows]


async def load(tx: Connection, ids: Iterable[UUID]) -> dict[UUID, Loaded]:
    """The notifications that exist among `ids`, locked in the order of their ids."""
    rows = await tx.fetch(
        "select id, sequence, state, rule, channel, cause, caused_at, traceparent, due_at from notification"
        " where id = any($1::uuid[]) order by id for update",
        list(ids),
    )
    return {
        row["id"]: Loaded(
            About(row["rule"], row["channel"], row["cause"], row["caused_at"], row["due_at"]),
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


async def reminders_of(tx: Connection, deadlines: Sequence[UUID]) -> list[UUID]:
    """The reminders of these deadlines that still ask for something, locked."""
    rows = await tx.fetch(
        f"select id from notification n where deadline = any($1::uuid[]) and {_ASKS} order by id for update",
        list(deadlines),
    )
    return [row["id"] for row in rows]


async def asking(tx: Connection, told: Sequence[tuple[str, UUID]]) -> list[UUID]:
    """What still asks for something of these rules about these subjects, locked."""
    rows = await tx.fetch(
        "select id from notification n where (rule, about) in (select * from unnest($1::text[], $2::uuid[]))"
        f" and {_ASKS} order by id for update",
        [rule for rule, _ in told],
        [about for _, about in told],
    )
    return [row["id"] for row in rows]


async def settled(tx: Connection, ids: Sequence[UUID], at: datetime) -> None:
    """They ask for nothing any more, `at` in business time; what was to be mailed is not."""
    await tx.execute(
        "update notification set settled_at = $2, withheld = withheld or channel = 'email',"
        " withheld_because = case when channel = 'email' then 'settled' end where id = any($1::uuid[])",
        list(ids),
        at,
    )


async def tell(tx: Connection, topic: str) -> None:
    """Tells open pages, when the transaction commits."""
    await tx.execute("select pg_notify('landa', $1)", topic)


async def counts(conn: Connection) -> dict[str, int]:
    """How many mails, or notifications without one, are in each state."""
    row: Any = await conn.fetchrow(
        "select n.collecting, w.*, w.too_old + w.never_signed_in as withheld, m.* from"
        " (select count(*) as collecting from notification"
        " where channel = 'email' and mail is null and not withheld) n,"
        " (select count(*) filter (where withheld_because = 'too-old') as too_old,"
        " count(*) filter (where withheld_because = 'never-signed-in') as never_signed_in from notification"
        " where withheld and withheld_because in ('too-old', 'never-signed-in')) w,"
        " (select count(*) filter (where status = 'waiting') as waiting,"
        " count(*) filter (where status = 'sent') as sent,"
        " count(*) filter (where status = 'failed') as failed from mail) m"
    )
    return dict(row)
