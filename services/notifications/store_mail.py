"""Every statement on the mails: composed of notifications once, leased by one sender, ended once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications.collecting import (
    MOST_A_DAY,
    MOST_IN_ONE_MAIL,
    PROMISED,
    collect_for,
    mail_id,
)
from services.notifications.hours import mail_after
from services.notifications.mail import Told
from services.notifications.retrying import Schedule
from services.notifications.rules import PERSON
from shared.database import Connection
from shared.faults import step

GROUPS = 200
PAGE = 100


async def collect(tx: Connection) -> int:
    """Puts what has waited long enough into mails; how many mails. One replica at a time; the others return 0."""
    if not await tx.fetchval("select pg_try_advisory_xact_lock(hashtext('notifications.collect'))"):
        return 0
    groups = await tx.fetch(
        "select bundle, holder, waited, (select count(*) from mail m where m.recipient = due.holder"
        " and m.rule = due.bundle and m.composed_at > now() - interval '1 hour') as recent,"
        " (select count(*) from mail m where m.recipient = due.holder"
        " and m.composed_at > now() - interval '1 day') as today, first_due, clock_timestamp() as now from ("
        "  select bundle, holder, clock_timestamp() - min(created_at) as waited,"
        "  min(mail_after) as first_due from notification"
        "  where channel = 'email' and mail is null and not withheld"
        "  group by bundle, holder order by first_due limit $1) as due",
        GROUPS,
    )
    made = 0
    for group in groups:
        wait = collect_for(group["bundle"], group["recent"])
        goes_at, meant = group["first_due"] + wait, wait > PROMISED
        if group["holder"].startswith(PERSON) and group["today"] >= MOST_A_DAY:
            goes_at, meant = max(goes_at, mail_after(group["first_due"], "daily")), True
        # Waited less than nothing: the clock was put back meanwhile.
        if group["now"] >= goes_at or group["waited"] < timedelta(0):
            made += await _compose(tx, group["bundle"], group["holder"], goes_at if meant else None)
    if made:
        step("notifications.collected")
    return made


async def _compose(tx: Connection, bundle: str, holder: str, due_at: datetime | None) -> int:
    """One mail of what may go now; what is due later, and what was settled this moment, is left out.

    `due_at`: until when it was put off on purpose, as when the recipient has had so many mails.
    """
    rows = await tx.fetch(
        "select id, about from notification where bundle = $1 and holder = $2 and channel = 'email' and mail is null"
        " and not withheld and (mail_after <= clock_timestamp() or created_at > clock_timestamp())"
        " order by created_at, id limit $3 for update",
        bundle,
        holder,
        MOST_IN_ONE_MAIL,
    )
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    mail = mail_id(ids)
    await tx.execute(
        "insert into mail (id, rule, recipient, about, notifications) values ($1, $2, $3, $4, $5)",
        mail,
        bundle,
        holder,
        rows[0]["about"],
        len(ids),
    )
    await tx.execute(
        "update notification set mail = $1, due_at = greatest(due_at, $3) where id = any($2::uuid[])", mail, ids, due_at
    )
    return 1


@dataclass(frozen=True, slots=True)
class Leased:
    """A mail that this sender alone may hand over until the lease ends. `text` is None until it is first written."""

    id: UUID
    rule: str
    recipient: str
    about: UUID
    notifications: int
    text: str | None
    attempts: int
    started_at: datetime
    composed_at: datetime
    traceparents: list[str]


async def let_go(tx: Connection, instance: str) -> int:
    """Frees what an earlier life of this replica held when it was killed. Returns how many mails."""
    done = await tx.execute(
        "update mail set lease = null, leased_until = null where leased_by = $1 and lease is not null"
        " and status = 'waiting'",
        instance,
    )
    return int(done.split()[-1])


async def lease(tx: Connection, holder: UUID, seconds: float, instance: str) -> Leased | None:
    """The mail that has been due longest, its attempt counted, or None.

    One that is due later than the longest pause was put off before the clock was put back: it is due now.
    """
    row = await tx.fetchrow(
        "update mail set lease = $1, leased_until = clock_timestamp() + $2, leased_by = $3, attempts = attempts + 1"
        " where id = ("
        "  select id from mail where status = 'waiting'"
        "  and (attempts = 0 or next_try not between clock_timestamp() and clock_timestamp() + $4)"
        "  and (leased_until is null or leased_until < clock_timestamp())"
        "  order by next_try limit 1 for update skip locked)"
        " returning id, rule, recipient, about, notifications, text, attempts, started_at, composed_at, array("
        "  select traceparent from notification n where n.mail = mail.id and traceparent is not null"
        "  order by created_at, n.id limit 50) as traceparents",
        holder,
        timedelta(seconds=seconds),
        instance,
        Schedule().longest,
    )
    return Leased(**dict(row)) if row else None


async def carried_items(conn: Connection, mail: UUID, limit: int) -> list[Told]:
    """What the mail tells, the oldest first."""
    rows = await conn.fetch(
        "select rule, about, why, due_on, prize_year from notification where mail = $1"
        " order by created_at, id limit $2",
        mail,
        limit,
    )
    return [Told(**dict(row)) for row in rows]


async def write(tx: Connection, mail: UUID, holder: UUID, text: str) -> str | None:
    """Stores the text unless one is stored already; the text that counts. None when the lease is lost."""
    found: str | None = await tx.fetchval(
        "update mail set text = coalesce(text, $3) where id = $1 and lease = $2 and status = 'waiting' returning text",
        mail,
        holder,
        text,
    )
    return found


async def end(tx: Connection, mail: UUID, holder: UUID, status: str, reason: str | None) -> list[UUID]:
    """Sent or failed, for good; its notifications. Empty when somebody else has ended it or holds it."""
    done = await tx.fetchval(
        "with ended as (update mail set status = $3, reason = $4, lease = null, leased_until = null,"
        " ended_at = clock_timestamp() where id = $1 and lease = $2 and status = 'waiting' returning id, attempts)"
        " insert into mail_attempt (mail, number, result) select id, attempts, coalesce($4, $3) from ended"
        " returning true",
        mail,
        holder,
        status,
        reason,
    )
    return await carried(tx, mail) if done else []


async def carried(tx: Connection, mail: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.fetch("select id from notification where mail = $1 order by id", mail)]


async def postpone(tx: Connection, mail: UUID, holder: UUID, wait: timedelta, reason: str) -> None:
    """Tried in vain: again after `wait`."""
    await tx.execute(
        "with put_off as (update mail set next_try = clock_timestamp() + $3, reason = $4, lease = null,"
        " leased_until = null where id = $1 and lease = $2 and status = 'waiting' returning id, attempts)"
        " insert into mail_attempt (mail, number, result) select id, attempts, $4 from put_off",
        mail,
        holder,
        wait,
        reason,
    )


async def release(tx: Connection, mail: UUID, holder: UUID) -> None:
    """Not tried after all: as if it had not been leased."""
    await tx.execute(
        "update mail set attempts = attempts - 1, lease = null, leased_until = null"
        " where id = $1 and lease = $2 and status = 'waiting'",
        mail,
        holder,
    )


async def give_up_overdue(tx: Connection, after: timedelta, limit: int = 50) -> list[tuple[UUID, int]]:
    """Ends mails that were started longer ago than `after` and are nobody's now; id and attempts of each."""
    rows = await tx.fetch(
        "update mail set status = 'failed', reason = 'gave-up', ended_at = clock_timestamp() where id in ("
        "  select id from mail where status = 'waiting' and started_at < clock_timestamp() - $1::interval"
        "  and (leased_until is null or leased_until < clock_timestamp())"
        "  order by started_at limit $2 for update skip locked) returning id, attempts",
        after,
        limit,
    )
    return [(row["id"], row["attempts"]) for row in rows]


async def again(tx: Connection, mail: UUID) -> bool:
    """A person starts a failed mail again, with its text and its Message-ID; whether there was such a mail."""
    done = await tx.fetchval(
        "update mail set status = 'waiting', reason = null, ended_at = null, lease = null, leased_until = null,"
        " started_at = clock_timestamp(), next_try = clock_timestamp()"
        " where id = $1 and status = 'failed' returning true",
        mail,
    )
    return bool(done)


async def exists(conn: Connection, mail: UUID) -> bool:
    return bool(await conn.fetchval("select true from mail where id = $1", mail))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the deliveries page. `reason` is a code, never what a mail server wrote."""

    id: UUID
    rule: str
    recipient: str
    status: str
    notifications: int
    attempts: int
    composed_at: datetime
    next_try: datetime
    reason: str | None
    ended_at: datetime | None
    leased: bool


DELIVERY = (
    "id, rule, recipient, status, notifications, attempts, composed_at, next_try, reason, ended_at,"
    " coalesce(leased_until > clock_timestamp(), false) as leased"
)


async def deliveries(
    conn: Connection, status: str | None, after: tuple[datetime, UUID] | None, limit: int = PAGE
) -> Sequence[Delivery]:
    """The newest first; `status` None gives all."""
    where, arguments = "", list[Any](after or (None, None))
    if status is not None:
        where = " and status = $4"
        arguments = [*arguments, limit, status]
    else:
        arguments = [*arguments, limit]
    rows = await conn.fetch(
        f"select {DELIVERY} from mail"
        f" where ($1::timestamptz is null or (composed_at, id) < ($1, $2)){where}"
        " order by composed_at desc, id desc limit $3",
        *arguments,
    )
    return [Delivery(**dict(row)) for row in rows]


async def withheld(conn: Connection, limit: int = PAGE) -> list[Any]:
    """Notifications that were too old to mail, the newest first."""
    return list(
        await conn.fetch(
            "select rule, recipient, caused_at, created_at, withheld_because from notification where withheld"
            " and withheld_because in ('too-old', 'never-signed-in') order by created_at desc limit $1",
            limit,
        )
    )


async def now(tx: Connection) -> datetime:
    """The database's real time, the same for every replica."""
    found: datetime = await tx.fetchval("select clock_timestamp()")
    return found
