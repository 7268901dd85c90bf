"""What reception says happened. Subject: the case, one household from one allocation or one settlement notice."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.casework import CASE as CASE
from shared.contracts.casework import CaseworkEvent
from shared.contracts.event import DataClass, Day, Event, Facts, Identifier, Year

QUOTA = "the municipality's quota of one year"

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
WithdrawReason = Annotated[Literal["registered-in-error", "registered-twice"], DataClass.CODE]
ReinstateReason = Annotated[Literal["cancelled-in-error", "agency-reinstated"], DataClass.CODE]
CorrectionReason = Annotated[Literal["wrong-date", "wrong-person", "did-not-arrive"], DataClass.CODE]


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


class AllocationReinstated(Event, type="reception.allocation-reinstated.v1", subject_is=CASE):
    """A cancelled allocation holds again, and everything in its case stands as it did."""

    reinstated_on: Day
    reason: ReinstateReason


class SettlementNotified(Event, type="reception.settlement-notified.v1", subject_is=CASE):
    """A household that was not allocated has settled, or will settle, in the municipality (uppgift om bosättning)."""

    category: Category
    notified_on: Day
    persons: Household


class SettlementNoticeWithdrawn(Event, type="reception.settlement-notice-withdrawn.v1", subject_is=CASE):
    """A settlement notice should not have been registered: there is no such household to receive."""

    reason: WithdrawReason


class ArrivalRegistered(Event, type="reception.arrival-registered.v1", subject_is=CASE):
    """These members of the household have arrived: the municipality has received them."""

    arrived_on: Day
    persons: Persons


class ArrivalCorrected(Event, type="reception.arrival-corrected.v1", subject_is=CASE):
    """The arrival of these persons was on another day; `arrived_on` null means that they have not arrived."""

    arrived_on: Day | None
    reason: CorrectionReason
    persons: Persons


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
    | AllocationReinstated
    | SettlementNotified
    | SettlementNoticeWithdrawn
    | ArrivalRegistered
    | ArrivalCorrected
    | CaseworkEvent
)
ReceptionEvent: TypeAlias = CaseEvent | QuotaSet
