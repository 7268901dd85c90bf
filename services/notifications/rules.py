"""Who must know what, why, through which channel and for how long: the table of rules, and every number of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from types import MappingProxyType
from typing import Literal
from uuid import UUID, uuid5

from services.notifications.collecting import COLLECT
from services.notifications.deadlines import Deadline, Kind
from services.notifications.domain import Channel
from shared.contracts import awards, casework, reception
from shared.contracts.envelope import Fact
from shared.contracts.event import Event

# A mail about something recorded longer ago than this helps nobody; the inbox has it all the same. So neither a first
# start on an old topic nor a rebuilt database mails the past. Counted in real time from when it was written down: what
# happened long ago and is told today is news.
TOO_OLD_TO_MAIL = timedelta(days=14)
# Facts written down longer ago than this are history being read: what reminds of them waits until it has been.
HISTORY = timedelta(hours=1)
CATCHING_UP = timedelta(seconds=10)

NOMINATOR = "nominator:"  # and the nomination
PERSON = "person:"  # and the sign-in's subject
ROLE, MAILBOX = "role:", "mailbox:"  # and the role, then perhaps a slash and the unit

NOBODY = ""
# Why managers are told of a case that nobody has been given: no unit has it yet, so none of them can open it.
UNGIVEN = "managers-no-caseworker"

# Whom a rule names. `caseworker` means the coordinators as long as a case has none. `jurors` is each by themselves:
# what one of them has read, the others have not.
Audience = Literal[
    "coordinators", "secretaries", "nominator", "caseworker", "previous-caseworker", "managers", "jurors"
]
# What a person may choose a channel for.
Group = Literal["cases", "reminders", "nominations"]


@dataclass(frozen=True, slots=True)
class EventRule:
    """When `on` happens, `who` must know. In force from `since` until the day before `until` (business time).

    `done_by`: what happens to the same subject when it has been dealt with, and nobody need be told any more.
    """

    name: str
    on: type[Event]
    who: tuple[Audience, ...]
    group: Group
    since: date = date.min
    until: date = date.max
    done_by: tuple[type[Event], ...] = ()


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """So many days before a deadline (after it: less than nothing) these must know, unless it is met by then.

    `begins_as_news`: that the deadline began was told by something else, so steps before that day are left out.
    `at_first`: these must know on the day from which it can be begun with, where the deadline has one.
    """

    name: str
    on: Kind
    steps: Mapping[int, tuple[Audience, ...]]
    group: Group = "reminders"
    begins_as_news: bool = True
    at_first: tuple[Audience, ...] = ()

    @property
    def who(self) -> frozenset[Audience]:
        """Everybody whom it ever names."""
        return frozenset(self.at_first).union(*self.steps.values())


_ASSESSED = (awards.NominationFoundEligible, awards.NominationFoundIneligible, awards.NominationWithdrawn)
_DEALT_WITH = (*_ASSESSED, awards.NomineeFoundSame)
_NOMINATOR: tuple[Audience, ...] = ("nominator",)
EVENT_RULES = (
    EventRule("allocation-received", reception.AllocationReceived, ("coordinators",), "cases"),
    EventRule("case-assigned", casework.CaseAssigned, ("caseworker",), "cases"),
    EventRule("case-left", casework.CaseAssigned, ("previous-caseworker",), "cases"),
    EventRule("nomination-submitted", awards.NominationSubmitted, ("secretaries",), "nominations", done_by=_DEALT_WITH),
    EventRule("nomination-corrected", awards.NominationCorrected, ("secretaries",), "nominations", done_by=_ASSESSED),
    EventRule("nomination-receipt", awards.NominationSubmitted, ("nominator",), "nominations"),
    EventRule("calendar-moved", awards.PrizeCalendarMoved, ("nominator",), "nominations"),
    EventRule("prize-cancelled", awards.PrizeCancelled, _NOMINATOR, "nominations", done_by=(awards.PrizeReinstated,)),
    EventRule("prize-reinstated", awards.PrizeReinstated, _NOMINATOR, "nominations", done_by=(awards.PrizeCancelled,)),
)
_CASEWORKER: tuple[Audience, ...] = ("caseworker",)
_LATER: Mapping[int, tuple[Audience, ...]] = MappingProxyType({-14: ("caseworker", "managers")})
_BEFORE, _AROUND = dict.fromkeys((14, 7, 1, 0), _CASEWORKER), dict.fromkeys((7, 0, -1), _CASEWORKER)
# Days before the ceremony. The first leaves the board time for a meeting: it decides after the jury's proposal.
_CEREMONY = (30, 14, 7, 1)
_JURY: Mapping[int, tuple[Audience, ...]] = MappingProxyType(dict.fromkeys(_CEREMONY, ("jurors",)))
_OFFICE: Mapping[int, tuple[Audience, ...]] = MappingProxyType(dict.fromkeys(_CEREMONY, ("secretaries",)))
DEADLINE_RULES = (
    DeadlineRule("reception-deadline", "reception", MappingProxyType({**_BEFORE, -1: ("caseworker", "managers")})),
    DeadlineRule("no-contact", "contact", MappingProxyType({0: _CASEWORKER, **_LATER}), begins_as_news=False),
    DeadlineRule("plan-follow-up", "follow-up", MappingProxyType({**_AROUND, -7: ("caseworker", "managers")})),
    DeadlineRule("jury-reading", "reading", _JURY, begins_as_news=False, at_first=("jurors",)),
    DeadlineRule("jury-proposal", "proposal", _OFFICE, begins_as_news=False, at_first=("secretaries",)),
)
RULE_OF: Mapping[Kind, DeadlineRule] = {rule.on: rule for rule in DEADLINE_RULES}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification to make. `about` is the subject it links to; `why`: whom the rule meant (`why.<rule>.<why>`).

    `withheld`: why it is shown as not mailed. `deadline` and `due_on`: what a reminder reminds of. `recorded_at`: when
    what caused it was written down (real time); a reminder is due when it is made.
    """

    id: UUID
    rule: str
    channel: Channel
    recipient: str
    cause: UUID
    caused_at: datetime
    about: UUID
    why: str
    group: Group
    withheld: str | None = None
    deadline: UUID | None = None
    due_on: date | None = None
    prize_year: int | None = None
    recorded_at: datetime | None = None

    @property
    def bundle(self) -> str:
        """Which mail carries it: one of COLLECT."""
        return self.rule if self.rule in COLLECT else "digest"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose a notice is, and whether and from when (real time; None: at once) it may be mailed."""

    holder: str
    withheld: str | None = None
    mail_after: datetime | None = None


def reached(
    audience: Audience, person: str | None = None, unit: str | None = None
) -> tuple[str, list[Channel], str, str]:
    """Whom `audience` is here: the word for why, the channels, and the recipient in the inbox and by mail."""
    office = f"/{unit}" if unit else ""
    match audience:
        case "caseworker" | "previous-caseworker" | "jurors" if person is not None:
            return audience, ["inbox", "email"], f"{PERSON}{person}", f"{PERSON}{person}"
        case "jurors":
            return audience, [], "", ""
        case "caseworker" | "previous-caseworker":
            return "no-caseworker", ["inbox", "email"], f"{ROLE}coordinator", f"{MAILBOX}coordinator"
        case "managers":
            why = audience if unit else UNGIVEN
            return why, ["inbox", "email"], f"{ROLE}manager{office}", f"{MAILBOX}manager{office}"
        case "coordinators":
            return audience, ["inbox", "email"], f"{ROLE}coordinator", f"{MAILBOX}coordinator"
        case "secretaries":
            return audience, ["inbox", "email"], f"{ROLE}secretary", f"{MAILBOX}secretary"
        case "nominator":
            return audience, ["email"], "", NOMINATOR


def too_old_to_mail(recorded_at: datetime, now: datetime) -> bool:
    """Whether a mail would come too late to help. Both in real time."""
    return now - recorded_at > TOO_OLD_TO_MAIL


def _person(audience: Audience, event: Event) -> str | None:
    """Whom `event` itself names as `audience`; NOBODY when that is nobody."""
    match audience, event:
        case "nominator", awards.NominationSubmitted():
            return None if event.receipt_wanted else NOBODY
        case "secretaries", awards.NominationCorrected():
            # one that nobody has assessed yet was told of when it came in
            return None if event.assessed else NOBODY
        case "caseworker", casework.CaseAssigned():
            return event.caseworker
        case "previous-caseworker", casework.CaseAssigned():
            return event.previous if event.previous not in {None, event.caseworker} else NOBODY
        case _:
            return None


def abouts(audience: Audience, fact: Fact) -> Sequence[UUID]:
    """What each notice links to; a nominator is known by the nomination."""
    match audience, fact.event:
        case "nominator", awards.PrizeCalendarMoved() | awards.PrizeCancelled() | awards.PrizeReinstated():
            return fact.event.tell
        case _:
            return (fact.subject,)


def notices(fact: Fact, now: datetime) -> Sequence[Notice]:
    """Whom `fact` concerns; `now` is real time. Ids follow from event and recipient: the same fact, the same ids."""
    found = []
    for rule in EVENT_RULES:
        if not isinstance(fact.event, rule.on) or not rule.since <= fact.at.date() < rule.until:
            continue
        for audience in rule.who:
            person = _person(audience, fact.event)
            if person == NOBODY:
                continue
            why, channels, inbox, email = reached(audience, person)
            for about, channel in product(abouts(audience, fact), channels):
                recipient = inbox if channel == "inbox" else email
                if recipient == NOMINATOR:
                    recipient += str(about)
                old = channel == "email" and too_old_to_mail(fact.recorded_at, now)
                key = uuid5(fact.id, f"{channel}:{recipient}")
                withheld = "too-old" if old else None
                notice = Notice(key, rule.name, channel, recipient, fact.id, fact.at, about, why, rule.group, withheld)
                year = getattr(fact.event, "prize_year", None)
                found.append(replace(notice, prize_year=year, recorded_at=fact.recorded_at))
    return found


def steps_of(deadline: Deadline) -> Mapping[int, tuple[Audience, ...]]:
    """The steps of `deadline`, in days left, with whom each tells. It has none before it can be begun with."""
    rule = RULE_OF[deadline.kind]
    if deadline.begins_on is None:
        return rule.steps
    first = (deadline.due_on - deadline.begins_on).days
    return {first: rule.at_first, **{step: who for step, who in rule.steps.items() if step < first}}


def reminders(deadline: Deadline, step: int, at: datetime, jurors: Iterable[str] = ()) -> Sequence[Notice]:
    """Who is reminded of `deadline` at `step`, `at` in business time. The same reminder of the same day has one id.

    `jurors`: the sign-in subjects of those who are known.
    """
    rule, found = RULE_OF[deadline.kind], list[Notice]()

    def remind(audience: Audience, person: str | None) -> None:
        why, channels, inbox, email = reached(audience, person, deadline.unit)
        for channel in channels:
            recipient = inbox if channel == "inbox" else email
            found.append(
                Notice(
                    uuid5(deadline.id, f"{deadline.due_on}:{step}:{channel}:{recipient}"),
                    rule.name,
                    channel,
                    recipient,
                    deadline.id,
                    at,
                    deadline.about,
                    why,
                    rule.group,
                    deadline=deadline.id,
                    due_on=deadline.due_on,
                    prize_year=deadline.prize_year,
                )
            )

    for audience in steps_of(deadline)[step]:
        for person in sorted(jurors) if audience == "jurors" else [deadline.caseworker]:
            remind(audience, person)
    return found
