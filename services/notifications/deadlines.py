"""What must have been done, and by when; that of a case is folded from its events here. It names nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from shared.contracts.casework import (
    CaseAssigned,
    CaseClosed,
    CaseReopened,
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanCorrected,
    EstablishmentPlanCreated,
    EstablishmentPlanEarlierFollowUpCorrected,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
    EstablishmentPlanReopened,
    HousingCorrected,
    HousingSecured,
)
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    AllocationReinstated,
    ArrivalCorrected,
    ArrivalRegistered,
    CaseEvent,
    PersonFacts,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)
from shared.contracts.routines import CONTACT_WITHIN, in_force

Kind: TypeAlias = Literal["reception", "contact", "follow-up", "reading", "proposal"]


@dataclass(frozen=True, slots=True)
class KnownCase:
    """What alerts and reminders may know of a case.

    `arrived`: person -> the day. `contacts`: contact -> the day somebody was reached. `agreed`: of these, contact ->
    the day agreed for the next. `plans`: a plan that runs -> the day it is followed up. `reinstated`: how often a
    cancellation was taken back.
    """

    persons: frozenset[UUID]
    arrived: Mapping[UUID, date] = field(default_factory=dict)
    receive_by: date | None = None
    cancelled: bool = False
    closed: bool = False
    caseworker: str | None = None
    unit: str | None = None
    reopened_on: date | None = None
    contacts: Mapping[UUID, date] = field(default_factory=dict)
    plans: Mapping[UUID, date] = field(default_factory=dict)
    reinstated: int = 0
    agreed: Mapping[UUID, date] = field(default_factory=dict)


def evolve(case: KnownCase | None, event: CaseEvent) -> KnownCase | None:
    """The case after `event`. None when it began before there were reminders: nothing is known of it.

    A beginning that is told again, past the gate, takes nothing back.
    """
    match event:
        case AllocationReceived():
            return case or KnownCase(_ids(event.persons), receive_by=event.receive_by)
        case SettlementNotified():
            return case or KnownCase(_ids(event.persons))
    if case is None:
        return None
    match event:
        case AllocationCorrected():
            persons = _ids(event.persons)
            arrived = {person: day for person, day in case.arrived.items() if person in persons}
            return replace(case, persons=persons, arrived=arrived, receive_by=event.receive_by)
        case AllocationCancelled() | SettlementNoticeWithdrawn():
            return replace(case, cancelled=True)
        case AllocationReinstated():
            return replace(case, cancelled=False, reinstated=case.reinstated + 1) if case.cancelled else case
        case ArrivalRegistered() | ArrivalCorrected():
            return replace(case, arrived=_with(case.arrived, event.persons, event.arrived_on))
        case CaseAssigned():
            return replace(case, caseworker=event.caseworker, unit=event.unit)
        case ContactRecorded():
            return _met(case, event, event.outcome == "reached")
        case ContactCorrected():
            return _met(case, event, event.outcome == "reached" and not event.withdrawn)
        case EstablishmentPlanCreated() | EstablishmentPlanReopened():
            return replace(case, plans=_with(case.plans, [event.plan], event.follow_up_on))
        case EstablishmentPlanCorrected():
            running = event.follow_up_on if event.plan in case.plans else None
            return replace(case, plans=_with(case.plans, [event.plan], running))
        case EstablishmentPlanFollowedUp():
            return replace(case, plans=_with(case.plans, [event.plan], event.next_follow_up_on))
        case EstablishmentPlanFollowUpCorrected():
            running = event.next_follow_up_on if event.plan in case.plans else None
            return replace(case, plans=_with(case.plans, [event.plan], running))
        case EstablishmentPlanEnded():
            return replace(case, plans=_with(case.plans, [event.plan], None))
        case CaseClosed():
            return replace(case, closed=True)
        case CaseReopened():
            return replace(case, closed=False, reopened_on=event.reopened_on)
        case HousingSecured() | HousingCorrected() | EstablishmentPlanEarlierFollowUpCorrected():
            return case
        case _:
            assert_never(event)


def _met(case: KnownCase, event: ContactRecorded | ContactCorrected, reached: bool) -> KnownCase:
    day, following = (event.contacted_on, event.next_contact_on) if reached else (None, None)
    contacts, agreed = _with(case.contacts, [event.contact], day), _with(case.agreed, [event.contact], following)
    return replace(case, contacts=contacts, agreed=agreed)


def _with(known: Mapping[UUID, date], keys: Iterable[UUID], day: date | None) -> dict[UUID, date]:
    """`known` with these on another day; without them when `day` is None."""
    keys = list(keys)
    rest = {key: value for key, value in known.items() if key not in keys}
    return rest if day is None else rest | dict.fromkeys(keys, day)


def _ids(persons: Iterable[PersonFacts]) -> frozenset[UUID]:
    return frozenset(one.person for one in persons)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which something is to be done about a case or a prize's edition. Its id stays when the day moves.

    `begins_on`: when it can be begun with; nobody is reminded earlier.
    """

    id: UUID
    about: UUID
    kind: Kind
    due_on: date
    caseworker: str | None = None
    unit: str | None = None
    begins_on: date | None = None
    prize_year: int | None = None


def deadlines(id: UUID, case: KnownCase | None) -> list[Deadline]:
    """The deadlines that run in the case `id` as it stands."""
    if case is None or case.cancelled or case.closed:
        return []

    def deadline(kind: Kind, due_on: date, key: object = "") -> Deadline:
        return Deadline(uuid5(id, f"{kind}:{key}"), id, kind, due_on, case.caseworker, case.unit)

    found = []
    if case.receive_by is not None and not case.persons <= case.arrived.keys():
        # What was reminded of before it was cancelled is settled: the deadline that comes back is a new one.
        found.append(deadline("reception", case.receive_by, case.reinstated or ""))
    heard = [*case.arrived.values(), *case.contacts.values()]
    if case.caseworker is not None and heard:
        last = max([*heard, case.reopened_on] if case.reopened_on else heard)
        if (rule := in_force(CONTACT_WITHIN, last)) is not None:
            # What was agreed with the household later than the routine asks for is no silence.
            agreed = [case.agreed[one] for one, day in case.contacts.items() if day == last and one in case.agreed]
            found.append(deadline("contact", max([rule.due(last), *agreed])))
    # Plans of one household that are followed up on one day are one message: nothing in it could tell them apart.
    of_day: dict[date, UUID] = {}
    for plan, day in case.plans.items():
        of_day[day] = min(plan, of_day.get(day, plan))
    found += [deadline("follow-up", day, plan) for day, plan in of_day.items()]
    return found


def silent_weeks(due_on: date) -> int:
    """How many whole weeks had passed without contact when one was due on `due_on`, by the rule that made it due.

    Around the day on which the rule changed it can have been either: then the shorter, which is true in any case.
    """
    made = [one.days for one in CONTACT_WITHIN if in_force(CONTACT_WITHIN, due_on - timedelta(days=one.days)) == one]
    return min(made or [one.days for one in CONTACT_WITHIN]) // 7


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reminders of a deadline have come. `told_on`: the day on which its beginning itself was news.

    `raised`: the step, in days left, that was reminded of last; None before the first.
    """

    due_on: date
    told_on: date | None = None
    raised: int | None = None


def _open(steps: Iterable[int], progress: Progress) -> list[tuple[date, int]]:
    """The steps that may still come, with their days, in order. What lay behind when it began was told by its alert."""
    found = []
    for step in sorted(steps, reverse=True):
        day = date.fromordinal(progress.due_on.toordinal() - step)
        begun = step >= 0 and progress.told_on is not None and day <= progress.told_on
        if not begun and (progress.raised is None or step < progress.raised):
            found.append((day, step))
    return found


def next_on(steps: Iterable[int], progress: Progress) -> date | None:
    """The day of the next reminder; None when there is no further one."""
    left = _open(steps, progress)
    return left[0][0] if left else None


def due(steps: Iterable[int], progress: Progress, today: date) -> int | None:
    """The step to remind of today: the newest that has come, however many days the date jumped."""
    come = [step for day, step in _open(steps, progress) if day <= today]
    return come[-1] if come else None
