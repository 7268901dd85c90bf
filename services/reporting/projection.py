"""From facts to rows: what the follow-up statistics keep of every case, nomination and notification.

Pure, and one subject at a time: no row needs another subject's row. What cannot have happened in this order within a
subject (the gate keeps the order) is refused with `Impossible`, so that the event is held and seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, assert_never, cast, get_args
from uuid import UUID

from services.reporting.projection_casework import CHANGING, Changing, Wanted, Work, WorkEvent, apply, key_of
from services.reporting.projection_casework import Impossible as Impossible
from services.reporting.projection_notifications import HandingOver, Notification, handed
from shared.contracts.awards import NominationSubmitted
from shared.contracts.casework import (
    CaseAssigned,
    CaseClosed,
    CaseReopened,
    EstablishmentPlanEarlierFollowUpCorrected,
)
from shared.contracts.envelope import Fact, record
from shared.contracts.notifications import NotificationAcknowledged, NotificationFailed, NotificationSent
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    AllocationReinstated,
    ArrivalCorrected,
    ArrivalRegistered,
    CaseEvent,
    PersonFacts,
    QuotaSet,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)

# `isinstance` asks a pydantic model's metaclass, which costs more than applying the event.
_OF_CASES = frozenset(get_args(CaseEvent))
_OF_WORK = frozenset(get_args(WorkEvent))
_OF_NOTIFICATIONS = frozenset(get_args(HandingOver))


# what changes the case's own row
CaseOnly = (
    AllocationReceived
    | AllocationCorrected
    | AllocationCancelled
    | AllocationReinstated
    | SettlementNotified
    | SettlementNoticeWithdrawn
    | ArrivalRegistered
    | ArrivalCorrected
    | CaseAssigned
    | CaseClosed
    | CaseReopened
    | EstablishmentPlanEarlierFollowUpCorrected
)
Kind = Literal["allocation", "settlement"]


@record
class Person:
    """One member of one household: a row of `person_row`."""

    person: UUID
    sex: str
    age_band: str
    unaccompanied_minor: bool
    arrived_on: date | None = None

    def arrived(self, day: date | None) -> "Person":
        return Person(self.person, self.sex, self.age_band, self.unaccompanied_minor, day)


@record
class Case:
    """One household's case: a row of `case_row` with its rows of `person_row`."""

    case: UUID
    kind: Kind
    category: str
    quota_year: int | None
    decided_on: date
    receive_by: date | None
    replaces: UUID | None
    cancelled: str | None
    caseworker: str | None
    unit: str | None
    closed_on: date | None
    close_reason: str | None
    persons: Mapping[UUID, Person]

    def with_persons(self, persons: Mapping[UUID, Person]) -> "Case":
        return Case(*self.columns(), persons)  # type: ignore[call-arg]

    def columns(self) -> tuple[Any, ...]:
        """What stands in `case_row`, in its order."""
        return (
            self.case, self.kind, self.category, self.quota_year, self.decided_on, self.receive_by, self.replaces,
            self.cancelled, self.caseworker, self.unit, self.closed_on, self.close_reason,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quota:
    """One decision on the target of one year: a row of `quota_row`; the highest revision holds."""

    subject: UUID
    revision: int
    quota_year: int
    target: int
    decided_on: date


@dataclass(frozen=True, slots=True)
class Nomination:
    """A row of `nomination_row`."""

    nomination: UUID
    prize: str
    prize_year: int
    nominee_kind: str
    submitted_at: datetime


@dataclass(slots=True)
class Rows:
    """The rows of some subjects: what is stored, or what a batch makes of it."""

    cases: dict[UUID, Case] = field(default_factory=dict)
    quotas: dict[tuple[UUID, int], Quota] = field(default_factory=dict)
    nominations: dict[UUID, Nomination] = field(default_factory=dict)
    notifications: dict[UUID, Notification] = field(default_factory=dict)
    work: Work = field(default_factory=Work)

    def asked_for(self, wanted: Wanted) -> "Rows":
        """As the store hands them over."""
        return Rows(
            cases={key: self.cases[key] for key in wanted.cases if key in self.cases},
            notifications={key: self.notifications[key] for key in wanted.notifications if key in self.notifications},
            work=self.work.only(wanted.work),
        )

    def take(self, more: "Rows") -> None:
        self.cases |= more.cases
        self.quotas |= more.quotas
        self.nominations |= more.nominations
        self.notifications |= more.notifications
        self.work.take(more.work)


def touched(facts: Iterable[Fact]) -> Wanted:
    """What `applied` needs of the stored rows: nothing is stored before a first event."""
    later = [fact for fact in facts if fact.sequence > 1]
    return Wanted(
        {fact.subject for fact in later if type(fact.event) in _OF_CASES},
        {fact.subject for fact in later if type(fact.event) in _OF_NOTIFICATIONS},
        {key_of(fact.subject, cast(Changing, fact.event)) for fact in later if type(fact.event) in CHANGING},
    )


def applied(stored: Rows, facts: Iterable[Fact]) -> Rows:
    """The rows of every subject in `facts` after them, given the rows before. `stored` is left as it was."""
    rows = Rows(
        dict(stored.cases), dict(stored.quotas), dict(stored.nominations), dict(stored.notifications),
        stored.work.copy(),
    )  # fmt: skip
    for fact in facts:
        _apply(rows, fact)
    return rows


def _apply(rows: Rows, fact: Fact) -> None:
    subject, event = fact.subject, fact.event
    if type(event) in _OF_WORK:
        apply(rows.work, subject, frozenset(_known(rows.cases.get(subject)).persons), cast(WorkEvent, event))
        return
    if type(event) in _OF_CASES:
        # here the type checker names a case's event that nobody answers for
        of_case: CaseOnly | WorkEvent = cast(CaseEvent, event)
        rows.cases[subject] = _case(rows.cases.get(subject), subject, cast(CaseOnly, of_case))
        return
    match event:
        case QuotaSet():
            rows.quotas[subject, fact.sequence] = Quota(
                subject, fact.sequence, event.quota_year, event.target, event.decided_on
            )
        case NominationSubmitted():
            rows.nominations[subject] = Nomination(subject, event.prize, event.prize_year, event.nominee_kind, fact.at)
        case NotificationSent() | NotificationFailed() | NotificationAcknowledged():
            rows.notifications[subject] = handed(rows.notifications.get(subject), subject, fact.at, event)
        case _:
            pass


def _case(before: Case | None, case: UUID, event: CaseOnly) -> Case:
    match event:
        case ArrivalCorrected() | ArrivalRegistered():
            known = _known(before)
            return known.with_persons(_arrivals(known.persons, event.persons, event.arrived_on))
        case AllocationReceived():
            _nothing_yet(before)
            return Case(
                case, "allocation", event.category, event.quota_year, event.decided_on, event.receive_by,
                event.replaces, None, None, None, None, None, _members(event.persons, {}),
            )  # fmt: skip
        case SettlementNotified():
            _nothing_yet(before)
            return Case(
                case, "settlement", event.category, None, event.notified_on, None, None, None, None, None, None, None,
                _members(event.persons, {}),
            )  # fmt: skip
        case AllocationCorrected():
            known = _allocation(before)
            return replace(
                known,
                category=event.category,
                quota_year=event.quota_year,
                decided_on=event.decided_on,
                receive_by=event.receive_by,
                persons=_members(event.persons, known.persons),
            )
        case AllocationCancelled():
            return replace(_allocation(before), cancelled=event.reason)
        case AllocationReinstated():
            known = _allocation(before)
            if known.cancelled is None:
                raise Impossible("an allocation that holds is reinstated")
            return replace(known, cancelled=None)
        case SettlementNoticeWithdrawn():
            known = _known(before)
            if known.kind != "settlement" or any(person.arrived_on for person in known.persons.values()):
                raise Impossible("a notice is withdrawn that does not exist, or has come true")
            return replace(known, cancelled=event.reason)
        case CaseAssigned():
            return replace(_known(before), caseworker=event.caseworker, unit=event.unit)
        case EstablishmentPlanEarlierFollowUpCorrected():
            return _known(before)
        case CaseClosed():
            known = _known(before)
            if known.closed_on is not None:
                raise Impossible("a case that is closed is closed again")
            return replace(known, closed_on=event.closed_on, close_reason=event.reason)
        case CaseReopened():
            known = _known(before)
            if known.closed_on is None:
                raise Impossible("a case that is open is opened again")
            return replace(known, closed_on=None, close_reason=None)
        case _:
            assert_never(event)


def _nothing_yet(before: Case | None) -> None:
    if before is not None:
        raise Impossible("a case that exists already is opened again")


def _known(before: Case | None) -> Case:
    if before is None:
        raise Impossible("a change of a case that does not exist")
    return before


def _allocation(before: Case | None) -> Case:
    if before is None or before.kind != "allocation":
        raise Impossible("a change of an allocation that does not exist")
    return before


def _members(persons: Iterable[PersonFacts], before: Mapping[UUID, Person]) -> dict[UUID, Person]:
    return {
        p.person: Person(
            p.person,
            p.sex,
            p.age_band,
            p.unaccompanied_minor,
            before[p.person].arrived_on if p.person in before else None,
        )
        for p in persons
    }


def _arrivals(members: Mapping[UUID, Person], persons: Iterable[UUID], day: date | None) -> dict[UUID, Person]:
    changed = dict(members)
    for person in persons:
        if person not in changed:
            raise Impossible("an arrival of somebody who is not in the household")
        changed[person] = changed[person].arrived(day)
    return changed
