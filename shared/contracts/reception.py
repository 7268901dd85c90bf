"""What reception says happened. Subject: the case, one household from one allocation or one settlement notice."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.event import DataClass, Event, Facts, Identifier, Year

CASE = "case (one household)"
QUOTA = "the municipality's quota of one year"

Day = Annotated[date, DataClass.DATE]
# The Migration Agency's statistical categories 1, 2, 6, 3+8 and 4, and temporary protection.
Category = Annotated[
    Literal["quota-refugee", "agency-accommodation", "self-settled", "other", "family-member", "temporary-protection"],
    DataClass.CODE,
]
Sex = Annotated[Literal["female", "male", "unknown"], DataClass.STATISTIC]
# The Migration Agency's published bands; age on the day of the decision or notice.
AgeBand = Annotated[Literal["0-17", "18-19", "20-64", "65+", "unknown"], DataClass.STATISTIC]
CancelReason = Annotated[
    Literal["declined", "settled-elsewhere", "decision-withdrawn", "left-country", "registered-in-error"],
    DataClass.CODE,
]
CorrectionReason = Annotated[Literal["wrong-date", "wrong-person", "did-not-arrive"], DataClass.CODE]
Sub = Annotated[str, Field(min_length=1, max_length=255), DataClass.IDENTIFIER]  # the sign-in's opaque subject
Unit = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$"), DataClass.CODE]  # the unit that holds the case
AssignmentReason = Annotated[
    Literal["first", "workload", "absence", "competence", "conflict-of-interest", "moved-unit", "other"],
    DataClass.CODE,
]
HousingKind = Annotated[
    Literal["municipal-lease", "own-lease", "second-hand", "temporary", "supported", "with-relatives"],
    DataClass.CODE,
]
Goal = Annotated[Literal["work", "studies", "swedish", "participation", "other"], DataClass.CODE]
ActivityKind = Annotated[
    Literal[
        "sfi",
        "civic-orientation",
        "education",
        "work-placement",
        "language-placement",
        "validation",
        "health",
        "parental-support",
        "guidance",
        "association",
        "other",
    ],
    DataClass.CODE,
]
Provider = Annotated[
    Literal[
        "municipality",
        "employment-service",
        "adult-education",
        "folk-high-school",
        "study-association",
        "association",
        "company",
        "region",
        "other",
    ],
    DataClass.CODE,
]
Progress = Annotated[Literal["on-track", "behind", "changed-course"], DataClass.CODE]
PlanOutcome = Annotated[Literal["work", "studies", "other-measure", "moved", "other"], DataClass.CODE]
ContactKind = Annotated[Literal["visit", "phone", "digital", "home", "outdoor"], DataClass.CODE]
ContactOutcome = Annotated[Literal["reached", "not-reached", "rebooked"], DataClass.CODE]
CloseReason = Annotated[
    Literal["plan-ended", "ordinary-services", "moved", "declined-support", "left-country", "other"],
    DataClass.CODE,
]
ReopenReason = Annotated[Literal["closed-in-error", "returned", "new-need"], DataClass.CODE]


class PersonFacts(Facts):
    """One member of the household, as the statistics need it."""

    person: Identifier
    sex: Sex
    age_band: AgeBand
    unaccompanied_minor: Annotated[bool, DataClass.STATISTIC]


Household = Annotated[tuple[PersonFacts, ...], Field(min_length=1, max_length=30)]
Persons = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=30)]


class AllocationReceived(Event, type="reception.allocation-received.v1", subject_is=CASE):
    """The Migration Agency has allocated a household to the municipality (anvisning)."""

    category: Category
    quota_year: Year
    decided_on: Day
    receive_by: Day
    replaces: Identifier | None = None
    persons: Household


class AllocationCorrected(Event, type="reception.allocation-corrected.v1", subject_is=CASE):
    """An allocation's content was corrected; these are all its facts as they stand now."""

    category: Category
    quota_year: Year
    decided_on: Day
    receive_by: Day
    replaces: Identifier | None = None
    persons: Household


class AllocationCancelled(Event, type="reception.allocation-cancelled.v1", subject_is=CASE):
    """An allocation will not lead to a reception."""

    reason: CancelReason


class SettlementNotified(Event, type="reception.settlement-notified.v1", subject_is=CASE):
    """A household that was not allocated has settled, or will settle, in the municipality (uppgift om bosättning)."""

    category: Category
    notified_on: Day
    persons: Household


class ArrivalRegistered(Event, type="reception.arrival-registered.v1", subject_is=CASE):
    """These members of the household have arrived: the municipality has received them."""

    arrived_on: Day
    persons: Persons


class ArrivalCorrected(Event, type="reception.arrival-corrected.v1", subject_is=CASE):
    """The arrival of these persons was on another day; `arrived_on` null means that they have not arrived."""

    arrived_on: Day | None
    reason: CorrectionReason
    persons: Persons


class CaseAssigned(Event, type="reception.case-assigned.v1", subject_is=CASE):
    """A caseworker has got the case; `previous` had it until now."""

    caseworker: Sub
    previous: Sub | None = None
    unit: Unit
    reason: AssignmentReason


class HousingSecured(Event, type="reception.housing-secured.v1", subject_is=CASE):
    """There is a home: a contract or a promise of one. The address is personal data and stays sealed in reception."""

    housing: Identifier
    kind: HousingKind
    secured_on: Day
    available_from: Day
    contract_until: Day | None = None


class HousingCorrected(Event, type="reception.housing-corrected.v1", subject_is=CASE):
    """The facts of a home as they stand now; `withdrawn`: it did not come to pass."""

    housing: Identifier
    kind: HousingKind
    secured_on: Day
    available_from: Day
    contract_until: Day | None = None
    withdrawn: Annotated[bool, DataClass.STATISTIC] = False


class Activity(Facts):
    """A part of an establishment plan."""

    activity: Identifier
    kind: ActivityKind
    provider: Provider
    starts_on: Day
    ends_on: Day | None = None


Activities = Annotated[tuple[Activity, ...], Field(max_length=40)]


class EstablishmentPlanCreated(Event, type="reception.establishment-plan-created.v1", subject_is=CASE):
    """A member of the household has an establishment plan: goal, activities, and the day it is followed up."""

    plan: Identifier
    person: Identifier
    created_on: Day
    goal: Goal
    activities: Activities
    follow_up_on: Day


class EstablishmentPlanCorrected(Event, type="reception.establishment-plan-corrected.v1", subject_is=CASE):
    """The facts of a plan as they stand now; also when its activities change."""

    plan: Identifier
    person: Identifier
    created_on: Day
    goal: Goal
    activities: Activities
    follow_up_on: Day


class EstablishmentPlanFollowedUp(Event, type="reception.establishment-plan-followed-up.v1", subject_is=CASE):
    """A plan was followed up with the person it is for."""

    plan: Identifier
    followed_up_on: Day
    progress: Progress
    next_follow_up_on: Day


class EstablishmentPlanEnded(Event, type="reception.establishment-plan-ended.v1", subject_is=CASE):
    """A plan has come to its end."""

    plan: Identifier
    ended_on: Day
    outcome: PlanOutcome


class EstablishmentPlanReopened(Event, type="reception.establishment-plan-reopened.v1", subject_is=CASE):
    """A plan had not come to its end: the ending is taken back."""

    plan: Identifier
    follow_up_on: Day


class ContactRecorded(Event, type="reception.contact-recorded.v1", subject_is=CASE):
    """A caseworker met the household, or tried to."""

    contact: Identifier
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: Day
    next_contact_on: Day | None = None


class ContactCorrected(Event, type="reception.contact-corrected.v1", subject_is=CASE):
    """The facts of a contact as they stand now; `withdrawn`: it was none."""

    contact: Identifier
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: Day
    next_contact_on: Day | None = None
    withdrawn: Annotated[bool, DataClass.STATISTIC] = False


class CaseClosed(Event, type="reception.case-closed.v1", subject_is=CASE):
    """The household needs the reception unit no longer, or has left it."""

    closed_on: Day
    reason: CloseReason


class CaseReopened(Event, type="reception.case-reopened.v1", subject_is=CASE):
    """A closed case is worked with again."""

    reopened_on: Day
    reason: ReopenReason


class QuotaSet(Event, type="reception.quota-set.v1", subject_is=QUOTA):
    """The county board has set, or revised, how many persons the municipality is to receive (kommuntal)."""

    quota_year: Year
    target: Annotated[int, Field(ge=0, le=100_000), DataClass.QUANTITY]
    decided_on: Day


# Whoever must handle them all says so by one of these; the type checker then names the places that miss one.
CaseEvent: TypeAlias = (
    AllocationReceived
    | AllocationCorrected
    | AllocationCancelled
    | SettlementNotified
    | ArrivalRegistered
    | ArrivalCorrected
    | CaseAssigned
    | HousingSecured
    | HousingCorrected
    | EstablishmentPlanCreated
    | EstablishmentPlanCorrected
    | EstablishmentPlanFollowedUp
    | EstablishmentPlanEnded
    | EstablishmentPlanReopened
    | ContactRecorded
    | ContactCorrected
    | CaseClosed
    | CaseReopened
)
ReceptionEvent: TypeAlias = CaseEvent | QuotaSet
