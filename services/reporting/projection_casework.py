"""From the events of casework to rows: plans, contacts and homes, each a row of its own beside its case.

Pure. A row is asked for by an event that changes it; one that begins it needs no other row than the case's.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never, get_args
from uuid import UUID

from shared.contracts.casework import (
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanCorrected,
    EstablishmentPlanCreated,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
    EstablishmentPlanReopened,
    HousingCorrected,
    HousingSecured,
)
from shared.contracts.envelope import record

Changing = (
    EstablishmentPlanCorrected
    | EstablishmentPlanFollowedUp
    | EstablishmentPlanFollowUpCorrected
    | EstablishmentPlanEnded
    | EstablishmentPlanReopened
    | ContactCorrected
    | HousingCorrected
)
WorkEvent = EstablishmentPlanCreated | ContactRecorded | HousingSecured | Changing
CHANGING = frozenset(get_args(Changing))
Key = tuple[UUID, UUID]


class Impossible(Exception):
    """This event cannot follow what its subject's earlier events said. Holds no content of the event."""


@record
class Plan:
    """A row of `plan_row`."""

    case: UUID
    plan: UUID
    person: UUID
    created_on: date
    goal: str
    follow_up_on: date
    ended_on: date | None
    outcome: str | None


@record
class Contact:
    """A row of `contact_row`. A withdrawn one stays, since it can be corrected again, and is not counted."""

    case: UUID
    contact: UUID
    kind: str
    outcome: str
    contacted_on: date
    withdrawn: bool


@record
class Home:
    """A row of `home_row`. A withdrawn one stays and is not counted."""

    case: UUID
    home: UUID
    kind: str
    secured_on: date
    withdrawn: bool


@dataclass(slots=True)
class Work:
    """Rows by (case, id)."""

    plans: dict[Key, Plan] = field(default_factory=dict)
    contacts: dict[Key, Contact] = field(default_factory=dict)
    homes: dict[Key, Home] = field(default_factory=dict)

    def copy(self) -> "Work":
        return Work(dict(self.plans), dict(self.contacts), dict(self.homes))

    def only(self, keys: set[Key]) -> "Work":
        return Work(
            {key: self.plans[key] for key in keys if key in self.plans},
            {key: self.contacts[key] for key in keys if key in self.contacts},
            {key: self.homes[key] for key in keys if key in self.homes},
        )

    def take(self, more: "Work") -> None:
        self.plans |= more.plans
        self.contacts |= more.contacts
        self.homes |= more.homes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys of stored rows. `work`: of a case and of a plan, contact or home in it."""

    cases: set[UUID]
    notifications: set[UUID]
    work: set[Key]


def key_of(case: UUID, event: Changing) -> Key:
    """The row that the event changes."""
    match event:
        case ContactCorrected():
            return case, event.contact
        case HousingCorrected():
            return case, event.housing
        case _:
            return case, event.plan


def apply(rows: Work, case: UUID, members: frozenset[UUID], event: WorkEvent) -> None:
    """Changes `rows`. `members`: the household as it stands."""
    match event:
        case EstablishmentPlanCreated():
            key = case, event.plan
            _nothing_yet(key in rows.plans)
            _member(event.person, members)
            rows.plans[key] = Plan(
                case, event.plan, event.person, event.created_on, event.goal, event.follow_up_on, None, None
            )
        case EstablishmentPlanCorrected():
            plan = _plan(rows, case, event.plan)
            _member(event.person, members)
            rows.plans[case, event.plan] = replace(
                plan,
                person=event.person,
                created_on=event.created_on,
                goal=event.goal,
                follow_up_on=event.follow_up_on,
            )
        case EstablishmentPlanFollowedUp() | EstablishmentPlanFollowUpCorrected():
            plan = _plan(rows, case, event.plan)
            rows.plans[case, event.plan] = replace(plan, follow_up_on=event.next_follow_up_on)
        case EstablishmentPlanEnded():
            plan = _plan(rows, case, event.plan)
            if plan.ended_on is not None:
                raise Impossible("a plan that has ended ends again")
            rows.plans[case, event.plan] = replace(plan, ended_on=event.ended_on, outcome=event.outcome)
        case EstablishmentPlanReopened():
            plan = _plan(rows, case, event.plan)
            if plan.ended_on is None:
                raise Impossible("a plan that goes on is opened again")
            rows.plans[case, event.plan] = replace(plan, ended_on=None, outcome=None, follow_up_on=event.follow_up_on)
        case ContactRecorded():
            _nothing_yet((case, event.contact) in rows.contacts)
            rows.contacts[case, event.contact] = Contact(
                case, event.contact, event.kind, event.outcome, event.contacted_on, False
            )
        case ContactCorrected():
            _there((case, event.contact) in rows.contacts)
            rows.contacts[case, event.contact] = Contact(
                case, event.contact, event.kind, event.outcome, event.contacted_on, event.withdrawn
            )
        case HousingSecured():
            _nothing_yet((case, event.housing) in rows.homes)
            rows.homes[case, event.housing] = Home(case, event.housing, event.kind, event.secured_on, False)
        case HousingCorrected():
            _there((case, event.housing) in rows.homes)
            rows.homes[case, event.housing] = Home(case, event.housing, event.kind, event.secured_on, event.withdrawn)
        case _:
            assert_never(event)


def _plan(rows: Work, case: UUID, plan: UUID) -> Plan:
    found = rows.plans.get((case, plan))
    if found is None:
        raise Impossible("a change of a plan that does not exist")
    return found


def _member(person: UUID, members: frozenset[UUID]) -> None:
    if person not in members:
        raise Impossible("a plan of somebody who is not in the household")


def _nothing_yet(there: bool) -> None:
    if there:
        raise Impossible("something that exists already begins again")


def _there(there: bool) -> None:
    if not there:
        raise Impossible("a correction of something that does not exist")
