"""What a case is: one household with who of it has arrived. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts.casework import (
    Activity,
    CloseReason,
    ContactKind,
    ContactOutcome,
    Goal,
    HousingKind,
    PlanOutcome,
    Progress,
)
from shared.contracts.reception import AgeBand, CancelReason, Category, Sex, WithdrawReason

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
class Home:
    """A home as it stands now. Its address is not here: it is sealed."""

    housing: UUID
    kind: HousingKind
    secured_on: date
    available_from: date
    contract_until: date | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One follow-up of a plan. The state holds the last one only; the earlier ones are in the journal, each by the id
    of the event that told of it first."""

    followed_up_on: date
    progress: Progress
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """An establishment plan of one member as it stands now."""

    plan: UUID
    person: UUID
    created_on: date
    goal: Goal
    activities: tuple[Activity, ...]
    follow_up_on: date
    followed_up_on: date | None = None
    progress: Progress | None = None
    ended_on: date | None = None
    outcome: PlanOutcome | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it stands now."""

    contact: UUID
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: date
    next_contact_on: date | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    closed_on: date
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Case:
    """One household, from an allocation or a settlement notice. `decided_on` is the decision's or the notice's day.

    `cancelled`: why the allocation does not lead to a reception, or why the notice was withdrawn.
    """

    kind: Literal["allocated", "settled"]
    category: Category
    decided_on: date
    persons: tuple[Member, ...]
    quota_year: int | None = None
    receive_by: date | None = None
    replaces: UUID | None = None
    cancelled: CancelReason | WithdrawReason | None = None
    caseworker: str | None = None
    unit: str | None = None
    homes: tuple[Home, ...] = ()
    plans: tuple[Plan, ...] = ()
    contacts: tuple[Contact, ...] = ()
    closed: Closing | None = None

    @property
    def status(self) -> Status:
        arrived = sum(member.arrived_on is not None for member in self.persons)
        if self.cancelled is not None:
            return "cancelled"
        if arrived == len(self.persons):
            return "arrived"
        return "partly-arrived" if arrived else "open"

    @property
    def over(self) -> bool:
        """Whether nothing is to be done in it any more."""
        return self.cancelled is not None or self.closed is not None
