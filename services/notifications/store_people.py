"""Every statement on the people who have signed in and on the functional mailboxes of the roles."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from services.notifications.hours import Preference
from shared.database import Connection


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


async def signed_in(conn: Connection) -> set[str]:
    """Everybody in the directory."""
    return {row["sub"] for row in await conn.fetch("select sub from directory")}


async def staff(conn: Connection, roles: Sequence[str]) -> dict[str, UUID]:
    """Those with one of `roles`: sign-in subject -> the id under which the name is sealed."""
    rows = await conn.fetch("select sub, recipient from directory where roles && $1::text[]", list(roles))
    return {row["sub"]: row["recipient"] for row in rows}


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody in the directory, as the last sign-in said; `key` is the id under which the name is sealed."""

    sub: str
    key: UUID
    roles: Sequence[str]
    unit: str | None


async def colleagues(conn: Connection, role: str) -> list[Colleague]:
    """Those who have `role`."""
    rows = await conn.fetch(
        "select sub, recipient as key, roles, unit from directory where roles && array[$1] order by sub", role
    )
    return [Colleague(**dict(row)) for row in rows]


_CHOICES = "cases, reminders, quiet_from, quiet_to, absent_from, absent_to, stand_in"


async def preferences(conn: Connection) -> dict[str, Preference]:
    """Everybody's choices who made any."""
    rows = await conn.fetch(f"select sub, {_CHOICES} from preference")
    return {row["sub"]: Preference(*list(row.values())[1:]) for row in rows}


async def preference(conn: Connection, sub: str) -> Preference:
    row = await conn.fetchrow(f"select {_CHOICES} from preference where sub = $1", sub)
    return Preference(**dict(row)) if row else Preference()


async def prefer(tx: Connection, sub: str, wanted: Preference) -> None:
    await tx.execute(
        f"insert into preference (sub, {_CHOICES}) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (sub) do update"
        " set cases = $2, reminders = $3, quiet_from = $4, quiet_to = $5, absent_from = $6, absent_to = $7,"
        " stand_in = $8, changed_at = clock_timestamp()",
        sub,
        *astuple(wanted),
    )


async def recipient(conn: Connection, sub: str) -> tuple[UUID, str] | None:
    """The id under which this person's name and address are sealed, and the language; None before the first login."""
    row = await conn.fetchrow("select recipient, language from directory where sub = $1", sub)
    return (row["recipient"], row["language"]) if row else None


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


async def offices_of_units(conn: Connection) -> list[str]:
    """The managers of each unit that somebody who has signed in works in, and of each that has a mailbox."""
    rows = await conn.fetch(
        "select 'manager/' || unit as role from directory where unit is not null and roles && '{caseworker,manager}'"
        " union select role from mailbox where role like 'manager/%' order by 1"
    )
    return [row["role"] for row in rows]


async def mailbox_of(conn: Connection, office: str) -> Mailbox | None:
    """The mailbox of `role/unit`, or of the role when the unit has none of its own."""
    row = await conn.fetchrow(
        "select role, address, language from mailbox where role in ($1, split_part($1, '/', 1))"
        " order by length(role) desc limit 1",
        office,
    )
    return Mailbox(**dict(row)) if row else None


async def remove_mailbox(tx: Connection, role: str, actor: str) -> None:
    """Mail goes where it went before this one was set; one that is not there is none to remove."""
    await tx.execute(
        "with gone as (delete from mailbox where role = $1 returning role)"
        " insert into mailbox_change (role, changed_by) select role, $2 from gone",
        role,
        actor,
    )


async def set_mailbox(tx: Connection, box: Mailbox, actor: str, *, replace: bool = True) -> None:
    """`replace` false leaves one that is there as it is. Who did it is kept, unless it was so already."""
    rest = (
        "do update set address = $2, language = $3 where (mailbox.address, mailbox.language) is distinct from ($2, $3)"
    )
    await tx.execute(
        "with done as (insert into mailbox (role, address, language) values ($1, $2, $3) on conflict (role) "
        + (rest if replace else "do nothing")
        + " returning role, address, language) insert into mailbox_change (role, address, language, changed_by)"
        " select role, address, language, $4 from done",
        box.role,
        box.address,
        box.language,
        actor,
    )


@dataclass(frozen=True, slots=True)
class MailboxChange:
    """A mailbox that somebody set, or removed: then without `address`. `key`: under what the person's name is sealed.

    `changed_at` is real time.
    """

    role: str
    address: str | None
    changed_by: str
    changed_at: datetime
    key: UUID | None


async def mailbox_changes(conn: Connection, limit: int) -> list[MailboxChange]:
    """The newest first."""
    rows = await conn.fetch(
        "select c.role, c.address, c.changed_by, c.changed_at, d.recipient as key from mailbox_change c"
        " left join directory d on d.sub = c.changed_by order by c.id desc limit $1",
        limit,
    )
    return [MailboxChange(**dict(row)) for row in rows]
