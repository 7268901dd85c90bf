"""What may happen to a case and to a quota, and what a case is after it happened. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TypeAlias, assert_never

from services.reception import arrivals, assignment, cancelling, closing, contacts, follow_ups, housing, plans, quotas
from services.reception.case import Case, Member
from services.reception.commands import (
    AssignCase,
    CancelAllocation,
    CloseCase,
    Command,
    CorrectAllocation,
    CorrectArrival,
    CorrectContact,
    CorrectEarlierFollowUp,
    CorrectFollowUp,
    CorrectHousing,
    CorrectPlan,
    CreatePlan,
    EndPlan,
    FollowUpPlan,
    NotifySettlement,
    ReceiveAllocation,
    RecordContact,
    RegisterArrival,
    ReinstateAllocation,
    ReopenCase,
    ReopenPlan,
    SecureHousing,
    SetQuota,
    WithdrawNotice,
)
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms, facts_of, faults
from services.reception.quotas import Quota
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
    PersonFacts,
    QuotaSet,
    ReceptionEvent,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)
from shared.decider import Refused

State: TypeAlias = Case | Quota | None
EMPTY: State = None


def decide(command: Command, state: State) -> Sequence[ReceptionEvent]:
    """The events that `command` causes; none when it is so already. Raises Refused."""
    match command:
        case ReceiveAllocation():
            return _receive(command, state)
        case NotifySettlement():
            return _notify(command, state)
        case SetQuota():
            return quotas.decided(command, state)
        case CorrectAllocation():
            return _correct_allocation(command, _case(state))
        case CancelAllocation():
            return cancelling.cancelled(command, _case(state))
        case ReinstateAllocation():
            return cancelling.reinstated(command, _case(state))
        case WithdrawNotice():
            return cancelling.withdrawn(command, _case(state))
        case RegisterArrival():
            return arrivals.registered(command, _case(state))
        case CorrectArrival():
            return arrivals.corrected(command, _case(state))
        case AssignCase():
            return assignment.assigned(command, _case(state))
        case SecureHousing():
            return housing.secured(command, _case(state))
        case CorrectHousing():
            return housing.corrected(command, _case(state))
        case CreatePlan():
            return plans.created(command, _case(state))
        case CorrectPlan():
            return plans.corrected(command, _case(state))
        case FollowUpPlan():
            return plans.followed_up(command, _case(state))
        case CorrectFollowUp():
            return follow_ups.last_corrected(command, _case(state))
        case CorrectEarlierFollowUp():
            return follow_ups.earlier_corrected(command, _case(state))
        case EndPlan():
            return plans.ended(command, _case(state))
        case ReopenPlan():
            return plans.reopened(command, _case(state))
        case RecordContact():
            return contacts.recorded(command, _case(state))
        case CorrectContact():
            return contacts.corrected(command, _case(state))
        case CloseCase():
            return closing.closed(command, _case(state))
        case ReopenCase():
            return closing.reopened(command, _case(state))
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


def _receive(command: ReceiveAllocation, state: State) -> list[AllocationReceived]:
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


def _notify(command: NotifySettlement, state: State) -> list[SettlementNotified]:
    if state is not None:
        raise Refused("notice-differs")
    _check(command.terms, command.persons, command.today)
    terms = command.terms
    persons = facts_of(terms.notified_on, command.persons)
    return [SettlementNotified(category=terms.category, notified_on=terms.notified_on, persons=persons)]


def _correct_allocation(command: CorrectAllocation, case: Case) -> list[AllocationCorrected]:
    if case.kind != "allocated":
        raise Refused("not-an-allocation")
    if case.cancelled is not None:
        raise Refused("case-cancelled")
    if case.closed is not None:
        raise Refused("case-closed")
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


def _members(persons: Sequence[PersonFacts], before: Sequence[Member] = ()) -> tuple[Member, ...]:
    arrived = {member.person: member.arrived_on for member in before}
    return tuple(Member(p.person, p.sex, p.age_band, p.unaccompanied_minor, arrived.get(p.person)) for p in persons)


def evolve(state: State, event: ReceptionEvent) -> State:
    """The state after `event`."""
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
        case AllocationCorrected():
            before = _case(state)
            return replace(
                before,
                category=event.category,
                quota_year=event.quota_year,
                decided_on=event.decided_on,
                receive_by=event.receive_by,
                replaces=event.replaces,
                persons=_members(event.persons, before.persons),
            )
        case AllocationCancelled() | AllocationReinstated() | SettlementNoticeWithdrawn():
            return cancelling.standing(_case(state), event)
        case ArrivalRegistered() | ArrivalCorrected():
            return arrivals.arrived(_case(state), event.arrived_on, event.persons)
        case CaseAssigned():
            return replace(_case(state), caseworker=event.caseworker, unit=event.unit)
        case HousingSecured() | HousingCorrected():
            return housing.standing(_case(state), event)
        case EstablishmentPlanCreated() | EstablishmentPlanCorrected():
            return plans.standing(_case(state), event)
        case (
            EstablishmentPlanFollowedUp()
            | EstablishmentPlanFollowUpCorrected()
            | EstablishmentPlanEnded()
            | EstablishmentPlanReopened()
        ):
            return plans.moved(_case(state), event)
        case EstablishmentPlanEarlierFollowUpCorrected():
            return state  # it holds the last follow-up only
        case ContactRecorded() | ContactCorrected():
            return contacts.standing(_case(state), event)
        case CaseClosed() | CaseReopened():
            return closing.standing(_case(state), event)
        case _:
            assert_never(event)
