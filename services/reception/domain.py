"""What may happen to a case and to a quota, and what a case is after it happened. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from services.reception import rules
from services.reception.commands import (
    CancelAllocation,
    Command,
    CorrectAllocation,
    CorrectArrival,
    NotifySettlement,
    ReceiveAllocation,
    RegisterArrival,
    SetQuota,
)
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms, facts_of, faults
from shared.contracts.event import Event
from shared.contracts.reception import (
    AgeBand,
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    ArrivalCorrected,
    ArrivalRegistered,
    CancelReason,
    Category,
    PersonFacts,
    QuotaSet,
    SettlementNotified,
    Sex,
)
from shared.decider import Refused

Status = Literal["open", "partly-arrived", "arrived", "cancelled"]


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a household, as the rules see it."""

    person: UUID
    sex: Sex
    age_band: AgeBand
    unaccompanied_minor: bool
    arrived_on: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One household, from an allocation or a settlement notice. `decided_on` is the decision's or the notice's day."""

    kind: Literal["allocated", "settled"]
    category: Category
    decided_on: date
    persons: tuple[Member, ...]
    quota_year: int | None = None
    receive_by: date | None = None
    replaces: UUID | None = None
    cancelled: CancelReason | None = None

    @property
    def status(self) -> Status:
        arrived = sum(member.arrived_on is not None for member in self.persons)
        if self.cancelled is not None:
            return "cancelled"
        if arrived == len(self.persons):
            return "arrived"
        return "partly-arrived" if arrived else "open"


@dataclass(frozen=True, slots=True)
class Quota:
    """The municipality's quota of one year."""

    quota_year: int
    target: int
    decided_on: date


State: TypeAlias = Case | Quota | None
EMPTY: State = None


def decide(command: Command, state: State) -> list[Event]:
    """The events that `command` causes; none when it is so already. Raises Refused."""
    match command:
        case ReceiveAllocation():
            return _receive(command, state)
        case NotifySettlement():
            return _notify(command, state)
        case SetQuota():
            return _set_quota(command, state)
        case CorrectAllocation():
            return _correct_allocation(command, _case(state))
        case CancelAllocation():
            return _cancel(command, _case(state))
        case RegisterArrival():
            return _arrive(command, _case(state))
        case CorrectArrival():
            return _correct_arrival(command, _case(state))
        case _:
            assert_never(command)


def _case(state: State) -> Case:
    if not isinstance(state, Case):
        raise Refused("unknown-case")
    return state


def _check(terms: AllocationTerms | NoticeTerms, persons: Sequence[NewPerson], today: date) -> None:
    found = faults(terms, persons, today)
    if found:
        raise found[0]


def _receive(command: ReceiveAllocation, state: State) -> list[Event]:
    if state is not None:
        raise Refused("allocation-differs")
    _check(command.terms, command.persons, command.today)
    terms = command.terms
    return [
        AllocationReceived(
            category=terms.category,
            quota_year=terms.year(),
            decided_on=terms.decided_on,
            receive_by=terms.deadline(),
            replaces=terms.replaces.case if terms.replaces else None,
            persons=facts_of(terms.decided_on, command.persons),
        )
    ]


def _notify(command: NotifySettlement, state: State) -> list[Event]:
    if state is not None:
        raise Refused("notice-differs")
    _check(command.terms, command.persons, command.today)
    terms = command.terms
    persons = facts_of(terms.notified_on, command.persons)
    return [SettlementNotified(category=terms.category, notified_on=terms.notified_on, persons=persons)]


def _correct_allocation(command: CorrectAllocation, case: Case) -> list[Event]:
    if case.kind != "allocated":
        raise Refused("not-an-allocation")
    if case.cancelled is not None:
        raise Refused("case-cancelled")
    _check(command.terms, command.persons, command.today)
    terms = command.terms
    kept = {person.person for person in command.persons}
    if any(member.arrived_on is not None and member.person not in kept for member in case.persons):
        raise Refused("arrived-person-missing")
    if any(member.arrived_on is not None and member.arrived_on < terms.decided_on for member in case.persons):
        raise Refused("arrival-before-decision", field="decided_on", day=terms.decided_on)
    return [
        AllocationCorrected(
            category=terms.category,
            quota_year=terms.year(),
            decided_on=terms.decided_on,
            receive_by=terms.deadline(),
            replaces=terms.replaces.case if terms.replaces else None,
            persons=facts_of(terms.decided_on, command.persons),
        )
    ]


def _cancel(command: CancelAllocation, case: Case) -> list[Event]:
    if case.kind != "allocated":
        raise Refused("not-an-allocation")
    if case.cancelled == command.reason:
        return []
    if case.cancelled is not None:
        raise Refused("case-cancelled")
    if any(member.arrived_on is not None for member in case.persons):
        raise Refused("has-arrived")
    return [AllocationCancelled(reason=command.reason)]


def _named(case: Case, persons: Sequence[UUID]) -> list[Member]:
    known = {member.person: member for member in case.persons}
    if not persons:
        raise Refused("nobody-chosen", field="persons")
    if not set(persons) <= known.keys():
        raise Refused("person-not-in-household", field="persons")
    return [member for member in case.persons if member.person in set(persons)]


def _plausible_arrival(case: Case, arrived_on: date, today: date) -> None:
    if arrived_on > today:
        raise Refused("arrival-in-future", field="arrived_on", today=today)
    # A household that settled by itself is often reported afterwards; an allocated one never comes before its decision.
    settled = case.kind == "settled"
    earliest = rules.add_months(case.decided_on, -rules.LATE_NOTICE_MONTHS) if settled else case.decided_on
    if arrived_on < earliest:
        code = "arrival-long-before-notice" if settled else "arrival-before-decision"
        raise Refused(code, field="arrived_on", day=earliest)


def _arrive(command: RegisterArrival, case: Case) -> list[Event]:
    if case.cancelled is not None:
        raise Refused("case-cancelled")
    _plausible_arrival(case, command.arrived_on, command.today)
    if command.persons is None:
        waiting = [member for member in case.persons if member.arrived_on is None]
        chosen = waiting or list(case.persons)
    else:
        chosen = _named(case, command.persons)
    if any(member.arrived_on not in (None, command.arrived_on) for member in chosen):
        raise Refused("already-arrived", field="persons")
    new = tuple(member.person for member in chosen if member.arrived_on is None)
    return [ArrivalRegistered(arrived_on=command.arrived_on, persons=new)] if new else []


def _correct_arrival(command: CorrectArrival, case: Case) -> list[Event]:
    if (command.arrived_on is None) != (command.reason != "wrong-date"):
        code = "day-missing" if command.arrived_on is None else "day-not-wanted"
        raise Refused(code, field="arrived_on")
    if command.arrived_on is not None:
        _plausible_arrival(case, command.arrived_on, command.today)
    chosen = _named(case, command.persons)
    other = [member for member in chosen if member.arrived_on != command.arrived_on]
    if any(member.arrived_on is None for member in other):
        raise Refused("not-arrived-yet", field="persons")
    if not other:
        return []
    persons = tuple(member.person for member in other)
    return [ArrivalCorrected(arrived_on=command.arrived_on, reason=command.reason, persons=persons)]


def _set_quota(command: SetQuota, state: State) -> list[Event]:
    if command.decided_on > command.today:
        raise Refused("date-in-future", field="decided_on", today=command.today)
    if abs(command.decided_on.year - command.quota_year) > 1:
        raise Refused("quota-year-far-from-decision", field="quota_year", year=command.decided_on.year)
    if state == Quota(command.quota_year, command.target, command.decided_on):
        return []
    if isinstance(state, Quota) and command.decided_on < state.decided_on:
        raise Refused("older-than-known", field="decided_on", day=state.decided_on)
    return [QuotaSet(quota_year=command.quota_year, target=command.target, decided_on=command.decided_on)]


def _members(persons: Sequence[PersonFacts], before: Sequence[Member] = ()) -> tuple[Member, ...]:
    arrived = {member.person: member.arrived_on for member in before}
    return tuple(Member(p.person, p.sex, p.age_band, p.unaccompanied_minor, arrived.get(p.person)) for p in persons)


def _on(case: Case, arrived_on: date | None, persons: Sequence[UUID]) -> Case:
    changed = (replace(m, arrived_on=arrived_on) if m.person in set(persons) else m for m in case.persons)
    return replace(case, persons=tuple(changed))


def evolve(state: State, event: Event) -> State:
    """The state after `event`. Reception's own events only."""
    match event:
        case QuotaSet():
            return Quota(event.quota_year, event.target, event.decided_on)
        case AllocationReceived():
            return Case(
                kind="allocated",
                category=event.category,
                decided_on=event.decided_on,
                persons=_members(event.persons),
                quota_year=event.quota_year,
                receive_by=event.receive_by,
                replaces=event.replaces,
            )
        case SettlementNotified():
            return Case("settled", event.category, event.notified_on, _members(event.persons))
        case _:
            return _evolve_case(_case(state), event)


def _evolve_case(case: Case, event: Event) -> Case:
    match event:
        case AllocationCorrected():
            return replace(
                case,
                category=event.category,
                quota_year=event.quota_year,
                decided_on=event.decided_on,
                receive_by=event.receive_by,
                replaces=event.replaces,
                persons=_members(event.persons, case.persons),
            )
        case AllocationCancelled():
            return replace(case, cancelled=event.reason)
        case ArrivalRegistered() | ArrivalCorrected():
            return _on(case, event.arrived_on, event.persons)
        case _:
            raise TypeError(f"not an event of a case: {event.type}")
