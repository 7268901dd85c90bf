"""Who must know what, through which channel, how soon and for how long: every number of this service is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from services.notifications.domain import Channel, Rule
from shared.contracts import awards, reception
from shared.contracts.envelope import Fact

# A mail about something recorded longer ago than this helps nobody; the inbox has it all the same. So neither a first
# start on an old topic nor a rebuilt database mails the past. Counted in real time from when it was written down: what
# happened long ago and is told today is news.
TOO_OLD_TO_MAIL = timedelta(days=14)

# A burst becomes one digest: mail of one rule to one recipient is collected this long (real time).
COLLECT = {"allocation-received": timedelta(seconds=5), "nomination-receipt": timedelta(0)}
# After so many mails to one recipient in an hour, the rest of the hour is collected in longer pieces.
BUSY_AFTER = 20
COLLECT_WHEN_BUSY = timedelta(minutes=10)
MOST_IN_ONE_MAIL = 500
MOST_LINKS = 50

COORDINATORS = "role:coordinator"
COORDINATORS_MAILBOX = "mailbox:coordinator"
NOMINATOR = "nominator:"  # and the nomination


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification to make. `about` is the subject it links to; `withheld` = shown as not mailed, and why."""

    id: UUID
    rule: Rule
    channel: Channel
    recipient: str
    cause: UUID
    caused_at: datetime
    about: UUID
    withheld: bool = False


def too_old_to_mail(recorded_at: datetime, now: datetime) -> bool:
    """Whether a mail would come too late to help. Both in real time."""
    return now - recorded_at > TOO_OLD_TO_MAIL


def notices(fact: Fact, now: datetime) -> Sequence[Notice]:
    """Whom `fact` concerns; `now` is real time. Ids follow from event and recipient: the same fact, the same ids."""

    def notice(rule: Rule, channel: Channel, recipient: str) -> Notice:
        withheld = channel == "email" and too_old_to_mail(fact.recorded_at, now)
        key = uuid5(fact.id, f"{channel}:{recipient}")
        return Notice(key, rule, channel, recipient, fact.id, fact.at, fact.subject, withheld)

    match fact.event:
        case reception.AllocationReceived():
            return [
                notice("allocation-received", "inbox", COORDINATORS),
                notice("allocation-received", "email", COORDINATORS_MAILBOX),
            ]
        case awards.NominationSubmitted(receipt_wanted=True):
            return [notice("nomination-receipt", "email", f"{NOMINATOR}{fact.subject}")]
        case _:
            return []


@dataclass(frozen=True, slots=True)
class KnownCase:
    """What an alert may say of its case: it names nobody."""

    id: UUID
    persons: int
    receive_by: date


def known_case(fact: Fact) -> KnownCase | None:
    """What `fact` says of an allocated case's size and last day; None when it says nothing of them."""
    match fact.event:
        case reception.AllocationReceived() | reception.AllocationCorrected():
            return KnownCase(fact.subject, len(fact.event.persons), fact.event.receive_by)
        case _:
            return None


def collect_for(rule: Rule, mails_last_hour: int) -> timedelta:
    """How long mail of `rule` to one recipient waits for company, counted from the first that waits."""
    if rule == "nomination-receipt":
        return COLLECT[rule]
    return COLLECT[rule] if mails_last_hour < BUSY_AFTER else COLLECT_WHEN_BUSY


def mail_id(notifications: Sequence[UUID]) -> UUID:
    """The id of the one mail that carries these: it follows from the first of them, and each is in one mail only."""
    return uuid5(min(notifications), "mail")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a hand-over is repeated. Real time; the defaults are those of production."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(hours=24)

    def wait(self, attempts: int, jitter: float) -> timedelta:
        """How long to wait after `attempts` (1, 2, …): doubling, between half and all of it by `jitter` (0 to 1)."""
        full: timedelta = min(self.first * (1 << min(attempts - 1, 20)), self.longest)
        return full * (0.5 + 0.5 * jitter)

    def over(self, composed_at: datetime, now: datetime) -> bool:
        """Whether the time for trying has passed."""
        return now - composed_at >= self.give_up


Outcome = Literal["retry", "refused"]


def outcome(phase: Literal["connection", "sender", "recipient", "data"], code: int | None) -> Outcome:
    """What a mail server's no means for one mail. `code` is None when it did not say anything.

    Only a permanent no to this recipient or this message is final. One to the connection or to our sender address is
    our own fault, the same for every mail, and is tried again while somebody mends it.
    """
    if phase in {"recipient", "data"} and code is not None and 500 <= code <= 599:
        return "refused"
    return "retry"
