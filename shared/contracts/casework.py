"""What reception says happened while somebody worked with a case: who has it, homes, plans, contacts, its close."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.event import DataClass, Day, Event, Facts, Identifier

CASE = "case (one household)"

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


class EstablishmentPlanFollowUpCorrected(
    Event, type="reception.establishment-plan-follow-up-corrected.v1", subject_is=CASE
):
    """The plan's last follow-up as it stands now; `withdrawn`: the last one was none, and the one before it stands.

    Null: the plan has not been followed up.
    """

    plan: Identifier
    followed_up_on: Day | None
    progress: Progress | None
    next_follow_up_on: Day
    withdrawn: Annotated[bool, DataClass.STATISTIC] = False


class EstablishmentPlanEarlierFollowUpCorrected(
    Event, type="reception.establishment-plan-earlier-follow-up-corrected.v1", subject_is=CASE
):
    """A follow-up before the last one as it stands now; `withdrawn`: it was none.

    `follow_up` is the id of the event that told of it first. What the last one said stands, and the next one's day.
    """

    plan: Identifier
    follow_up: Identifier
    followed_up_on: Day
    progress: Progress
    withdrawn: Annotated[bool, DataClass.STATISTIC] = False


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


CaseworkEvent: TypeAlias = (
    CaseAssigned
    | HousingSecured
    | HousingCorrected
    | EstablishmentPlanCreated
    | EstablishmentPlanCorrected
    | EstablishmentPlanFollowedUp
    | EstablishmentPlanFollowUpCorrected
    | EstablishmentPlanEarlierFollowUpCorrected
    | EstablishmentPlanEnded
    | EstablishmentPlanReopened
    | ContactRecorded
    | ContactCorrected
    | CaseClosed
    | CaseReopened
)
