"""What may be asked of a case and of a quota. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.reception.case import FollowUp
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms
from shared.contracts.casework import (
    Activity,
    AssignmentReason,
    CloseReason,
    ContactKind,
    ContactOutcome,
    Goal,
    HousingKind,
    PlanOutcome,
    Progress,
    ReopenReason,
)
from shared.contracts.reception import CancelReason, CorrectionReason, ReinstateReason, WithdrawReason


@dataclass(frozen=True, slots=True)
class ReceiveAllocation:
    terms: AllocationTerms
    persons: tuple[NewPerson, ...] = field(repr=False)
    today: date


@dataclass(frozen=True, slots=True)
class CorrectAllocation:
    """The same allocation with other content; who is the same person keeps the id."""

    terms: AllocationTerms
    persons: tuple[NewPerson, ...] = field(repr=False)
    today: date


@dataclass(frozen=True, slots=True)
class CancelAllocation:
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class ReinstateAllocation:
    """`replaced_by`: an allocation of the same household that holds in its stead."""

    reinstated_on: date
    reason: ReinstateReason
    replaced_by: UUID | None
    today: date


@dataclass(frozen=True, slots=True)
class NotifySettlement:
    terms: NoticeTerms
    persons: tuple[NewPerson, ...] = field(repr=False)
    today: date


@dataclass(frozen=True, slots=True)
class WithdrawNotice:
    reason: WithdrawReason


@dataclass(frozen=True, slots=True)
class RegisterArrival:
    """`persons` None means everybody who has not arrived yet."""

    arrived_on: date
    persons: tuple[UUID, ...] | None
    today: date


@dataclass(frozen=True, slots=True)
class CorrectArrival:
    arrived_on: date | None
    reason: CorrectionReason
    persons: tuple[UUID, ...]
    today: date


@dataclass(frozen=True, slots=True)
class AssignCase:
    caseworker: str
    unit: str
    reason: AssignmentReason


@dataclass(frozen=True, slots=True)
class SecureHousing:
    housing: UUID
    kind: HousingKind
    secured_on: date
    available_from: date
    contract_until: date | None
    today: date


@dataclass(frozen=True, slots=True)
class CorrectHousing:
    housing: UUID
    kind: HousingKind
    secured_on: date
    available_from: date
    contract_until: date | None
    withdrawn: bool
    today: date


@dataclass(frozen=True, slots=True)
class CreatePlan:
    plan: UUID
    person: UUID
    created_on: date
    goal: Goal
    activities: tuple[Activity, ...]
    follow_up_on: date
    today: date


@dataclass(frozen=True, slots=True)
class CorrectPlan:
    """The plan's facts as they are to stand, also when activities are added, changed or taken out."""

    plan: UUID
    person: UUID
    created_on: date
    goal: Goal
    activities: tuple[Activity, ...]
    follow_up_on: date
    today: date


@dataclass(frozen=True, slots=True)
class FollowUpPlan:
    plan: UUID
    followed_up_on: date
    progress: Progress
    next_follow_up_on: date
    today: date


@dataclass(frozen=True, slots=True)
class CorrectFollowUp:
    """The plan's last follow-up as it is to stand. `before`: the one before it, which stands when it is `withdrawn`."""

    plan: UUID
    followed_up_on: date
    progress: Progress
    next_follow_up_on: date
    withdrawn: bool
    before: FollowUp | None
    today: date


@dataclass(frozen=True, slots=True)
class CorrectEarlierFollowUp:
    """A follow-up that `stands` between two others, or after the plan's first day, as it is to stand."""

    plan: UUID
    follow_up: UUID
    followed_up_on: date
    progress: Progress
    withdrawn: bool
    stands: FollowUp
    before: FollowUp | None
    after: FollowUp
    today: date


@dataclass(frozen=True, slots=True)
class EndPlan:
    plan: UUID
    ended_on: date
    outcome: PlanOutcome
    today: date


@dataclass(frozen=True, slots=True)
class ReopenPlan:
    plan: UUID
    follow_up_on: date
    today: date


@dataclass(frozen=True, slots=True)
class RecordContact:
    contact: UUID
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: date
    next_contact_on: date | None
    today: date


@dataclass(frozen=True, slots=True)
class CorrectContact:
    contact: UUID
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: date
    next_contact_on: date | None
    withdrawn: bool
    today: date


@dataclass(frozen=True, slots=True)
class CloseCase:
    closed_on: date
    reason: CloseReason
    today: date


@dataclass(frozen=True, slots=True)
class ReopenCase:
    reopened_on: date
    reason: ReopenReason
    today: date


@dataclass(frozen=True, slots=True)
class SetQuota:
    quota_year: int
    target: int
    decided_on: date
    today: date


Command: TypeAlias = (
    ReceiveAllocation
    | CorrectAllocation
    | CancelAllocation
    | ReinstateAllocation
    | NotifySettlement
    | WithdrawNotice
    | RegisterArrival
    | CorrectArrival
    | AssignCase
    | SecureHousing
    | CorrectHousing
    | CreatePlan
    | CorrectPlan
    | FollowUpPlan
    | CorrectFollowUp
    | CorrectEarlierFollowUp
    | EndPlan
    | ReopenPlan
    | RecordContact
    | CorrectContact
    | CloseCase
    | ReopenCase
    | SetQuota
)
