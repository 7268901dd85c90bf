"""Load, decide, save, announce: for one notification or for all that one mail carries, in the caller's transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.notifications import (
    dealing,
    domain,
    hours,
    store,
    store_deadlines,
    store_inbox,
    store_life,
    store_mail,
    store_people,
)
from services.notifications.domain import About, Command, FailureReason
from services.notifications.hours import Preference
from services.notifications.retrying import Schedule
from services.notifications.rules import PERSON, ROLE, Group, Notice, Place
from services.notifications.store_inbox import Held, Reader
from services.notifications.store_life import ResendReason
from shared import journal
from shared.clock import STOCKHOLM
from shared.contracts.awards import NominationSubmitted
from shared.contracts.envelope import Fact
from shared.database import Connection
from shared.decider import Refused, fold
from shared.identity import Actor
from shared.sealed import CannotOpen, Vault, open_sealed, seal
from shared.web.problems import Problem

OURSELVES = "service:notifications"
MOST_AT_ONCE = 500
LONGEST_SNOOZE = timedelta(days=90)
# Whom a message can be handed over to, and who can stand in for each other. A juror judges for themselves.
COLLEAGUES = ("coordinator", "caseworker", "manager", "secretary", "operator")
# The roles whose people have an inbox.
READERS = (*COLLEAGUES, "jury")


async def carry_out(
    tx: Connection, ids: Iterable[UUID], command: Callable[[About], Command], at: datetime, actor: str
) -> list[UUID]:
    """Decides `command` for each of `ids`; those that it changed."""
    loaded = await store.load(tx, ids)
    changed = {}
    for key, found in loaded.items():
        events = domain.decide(command(found.about), found.state)
        if events:
            state = fold(domain.evolve, events, found.state)
            changed[key] = (found.sequence + len(events), state)
            await journal.append(tx, key, found.sequence, events, at=at, actor=actor, traceparent=found.traceparent)
    if changed:
        await store.save(tx, changed)
    return list(changed)


async def alert(tx: Connection, facts: Sequence[Fact], at: datetime, now: datetime) -> None:
    """Makes the notifications that `facts` call for, and settles those that they deal with.

    `at` is business time, `now` real time.
    """
    submitted = [fact.subject for fact in facts if isinstance(fact.event, NominationSubmitted)]
    # the cancellation of its round may have been heard first: those are two subjects
    needless = await store_deadlines.needless(tx, submitted) if submitted else []
    for turn, wanted in dealing.in_turns(facts, now):
        await make(tx, wanted, {fact.id: fact.traceparent for fact in turn}, at, now)
        over = [pair for fact in turn for pair in dealing.dealt_with(fact)]
        over += [("nomination-submitted", fact.subject) for fact in turn if fact.subject in needless]
        if over:
            await settle(tx, await store.asking(tx, over), at)


async def settle(tx: Connection, ids: Sequence[UUID], at: datetime) -> None:
    """They ask for nothing any more, `at` in business time; those that were not mailed yet are not mailed."""
    changed = await carry_out(tx, ids, domain.Settle, at, OURSELVES)
    if changed:
        await store.settled(tx, changed, at)
        await store.tell(tx, "inbox")


async def make(
    tx: Connection, wanted: Sequence[Notice], traceparents: Mapping[UUID, str | None], at: datetime, now: datetime
) -> None:
    """Makes those that do not exist yet. What goes into an inbox is there, and so sent, at once."""
    if not wanted:
        return
    made = set(await store.make(tx, wanted, await _places(tx, wanted, at, now), traceparents))
    inbox = [notice.id for notice in wanted if notice.channel == "inbox" and notice.id in made]
    await carry_out(tx, inbox, lambda about: domain.MarkSent(about, 1, now), at, OURSELVES)
    if inbox:
        await store.tell(tx, "inbox")
    if made:
        await tell_deliveries(tx)


async def _places(tx: Connection, wanted: Sequence[Notice], at: datetime, now: datetime) -> dict[UUID, Place]:
    """Everybody's choices are few; they are asked only when somebody is meant by name."""
    personal = any(notice.recipient.startswith(PERSON) for notice in wanted)
    chosen = await store_people.preferences(tx) if personal else {}
    there = await store_people.signed_in(tx) if personal else set[str]()
    today = at.astimezone(STOCKHOLM).date()
    return {notice.id: hours.place(notice, chosen, there, today, now) for notice in wanted}


async def prefer(tx: Connection, actor: Actor, wanted: Preference) -> None:
    """Keeps what `actor` chose; it holds for messages from now on. Refused when it makes no sense."""
    hours.checked(wanted, actor.sub)
    if wanted.stand_in is not None and wanted.stand_in not in await store_people.staff(tx, COLLEAGUES):
        raise Refused("unknown-colleague", field="stand_in")
    await store_people.prefer(tx, actor.sub, wanted)


def judges_only(actor: Actor) -> bool:
    """Whether `actor` is in the jury and has no other work here: then every message is theirs alone."""
    return actor.roles.isdisjoint(COLLEAGUES)


async def colleagues(conn: Connection, vault: Vault, actor: Actor) -> list[tuple[str, str]]:
    """Sign-in subjects and names of everybody else whom a message can go to, by name. Nobody for a mere juror."""
    if judges_only(actor):
        return []
    found = {sub: key for sub, key in (await store_people.staff(conn, COLLEAGUES)).items() if sub != actor.sub}
    known = await names(conn, vault, found.values())
    return sorted(((sub, known[key]) for sub, key in found.items() if key in known), key=lambda one: one[1].casefold())


async def tell_deliveries(tx: Connection) -> None:
    """Something about the mails changed."""
    await store.tell(tx, "deliveries")


def inboxes(actor: Actor) -> list[str]:
    """The inboxes that `actor` reads: the person's own, and those of the person's roles, here and in the unit."""
    offices = [f"{ROLE}{role}" for role in sorted(actor.roles)]
    return [f"{PERSON}{actor.sub}", *offices, *[f"{office}/{actor.unit}" for office in offices if actor.unit]]


def reader(actor: Actor, today: date) -> Reader:
    """`actor` before the inbox, `today` in business time."""
    return Reader(inboxes(actor), actor.sub, today)


async def _held(tx: Connection, notification: UUID, actor: Actor) -> Held:
    found = await store_inbox.held(tx, notification)
    if found is None or found.holder not in inboxes(actor):
        raise Problem(404, "unknown-notification")
    return found


async def acknowledge(tx: Connection, notification: UUID, actor: Actor, now: datetime) -> None:
    """`actor` has read it. The first to say so is remembered. Problem 404 when it is not in this person's inbox."""
    await _held(tx, notification, actor)
    await _acknowledge(tx, [notification], actor, now)


async def acknowledge_up_to(
    tx: Connection, until: UUID | None, group: Group | None, actor: Actor, now: datetime
) -> int:
    """`actor` has read all that were there when `until` was the newest; how many were open, at most 500."""
    who = reader(actor, now.astimezone(STOCKHOLM).date())
    return await _acknowledge(tx, await store_inbox.open_up_to(tx, who, until, group, MOST_AT_ONCE), actor, now)


async def snooze(tx: Connection, notification: UUID, actor: Actor, until: date | None, today: date) -> None:
    """Out of `actor`'s sight until that day; for everybody else as before. Problem 404 as above. Refused: `until`."""
    await _held(tx, notification, actor)
    if until is not None and until <= today:
        raise Refused("snooze-not-later", field="until")
    if until is not None and until > today + LONGEST_SNOOZE:
        raise Refused("snooze-too-long", field="until", days=LONGEST_SNOOZE.days)
    await store_inbox.snooze(tx, notification, actor.sub, until)
    await store.tell(tx, "inbox")


async def hand_over(tx: Connection, notification: UUID, actor: Actor, to: str) -> None:
    """A colleague has it now. Problem 404 when it is not `actor`'s to hand over. Refused: `to`, or it is done."""
    found = await store_inbox.held(tx, notification)
    if found is not None and (found.holder, found.handed_by) == (PERSON + to, actor.sub):
        return  # handed over already: a double click
    held = await _held(tx, notification, actor)
    if not held.open:
        raise Refused("already-done")
    if held.why == "jurors":
        raise Refused("jurors-own", field="to")
    if to not in await store_people.staff(tx, COLLEAGUES):
        raise Refused("unknown-colleague", field="to")
    await store_inbox.hand_over(tx, notification, PERSON + to, actor.sub)
    await store.tell(tx, "inbox")


async def _acknowledge(tx: Connection, ids: Sequence[UUID], actor: Actor, now: datetime) -> int:
    changed = await carry_out(tx, ids, domain.Acknowledge, now, actor.sub)
    if changed:
        await store.acknowledged(tx, changed, actor.sub, now)
        await store.tell(tx, "inbox")
    return len(changed)


async def sent(tx: Connection, mail: UUID, holder: UUID, attempts: int, now: datetime) -> None:
    """The mail server has taken the mail: so has each recipient of what it carries. `now` is business time."""
    ids, at = await store_mail.end(tx, mail, holder, "sent", None), await store_mail.now(tx)
    await carry_out(tx, ids, lambda about: domain.MarkSent(about, attempts, at), now, OURSELVES)
    await tell_deliveries(tx)


async def failed(
    tx: Connection, mail: UUID, holder: UUID, attempts: int, why: FailureReason, reason: str, now: datetime
) -> None:
    """The mail will not go. `reason` is the code that the page explains."""
    ids = await store_mail.end(tx, mail, holder, "failed", reason)
    await carry_out(tx, ids, lambda about: domain.GiveUp(about, why, attempts), now, OURSELVES)
    await tell_deliveries(tx)


async def give_up_overdue(tx: Connection, schedule: Schedule, now: datetime) -> int:
    """Ends what has waited for the mail server longer than we try; how many mails."""
    ended = await store_mail.give_up_overdue(tx, schedule.give_up)
    for mail, attempts in ended:

        def command(about: About, attempts: int = attempts) -> Command:
            return domain.GiveUp(about, "gave-up-after-24-hours", attempts)

        await carry_out(tx, await store_mail.carried(tx, mail), command, now, OURSELVES)
    if ended:
        await tell_deliveries(tx)
    return len(ended)


async def try_again(tx: Connection, mail: UUID, actor: Actor, reason: ResendReason) -> None:
    """A failed mail starts again. Problem 404 when there is none; nothing happens when it has not failed."""
    if await store_mail.again(tx, mail):
        await store_life.resent(tx, mail, actor.sub, reason)
    elif not await store_mail.exists(tx, mail):
        raise Problem(404, "unknown-mail")
    await tell_deliveries(tx)


async def enter_directory(tx: Connection, vault: Vault, actor: Actor, email: str | None, language: str) -> None:
    """Keeps who signed in: roles, unit and language in the open, name and address sealed."""
    recipient = await store_people.enter(tx, actor.sub, sorted(actor.roles), actor.unit, language, uuid4())
    keys = await vault.new_keys(tx, [recipient])
    await store_people.keep_sealed(
        tx, recipient, seal(keys[recipient], recipient, {"name": actor.name, "email": email})
    )


async def names(conn: Connection, vault: Vault, recipients: Iterable[UUID]) -> dict[UUID, str]:
    """The names of colleagues in the directory; who has none is missing."""
    wanted = set(recipients)
    rows, keys = await store_people.sealed(conn, wanted), await vault.unwrap(conn, wanted)
    found = {}
    for key in rows.keys() & keys.keys():
        try:
            opened: dict[str, Any] = open_sealed(keys[key], key, rows[key]).reveal()
        except CannotOpen:
            continue
        if opened.get("name"):
            found[key] = str(opened["name"])
    return found
