"""What may be sent to reception, one model per command; an import's rows end in the same models as the API's JSON."""

import unicodedata
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic_core import PydanticCustomError

from services.reception import numbers
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms, Replaced
from shared.contracts.casework import (
    ActivityKind,
    AssignmentReason,
    CloseReason,
    ContactKind,
    ContactOutcome,
    Goal,
    HousingKind,
    PlanOutcome,
    Progress,
    Provider,
    ReopenReason,
)
from shared.contracts.reception import CancelReason, Category, CorrectionReason, ReinstateReason, Sex, WithdrawReason

LARGEST_HOUSEHOLD = 30
ProtectedIdentity = Literal["none", "secrecy-marked", "protected-registration", "fictitious-identity"]


def _only_text(value: object) -> object:
    """A number is not a date here: pydantic would read it as seconds since 1970."""
    if isinstance(value, str) and len(value.strip()) == 10:
        return value.strip()
    if type(value) is date:
        return value
    raise PydanticCustomError("date_parsing", "not a date")


def _blank(value: object) -> object:
    """An empty text is nothing: a file has no other way to say it."""
    return None if isinstance(value, str) and not value.strip() else value


# Marks that say which way a script runs come along when a name is copied from a page, and are no part of it.
_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def tidy(value: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", value.translate(_MARKS)).split())
    if any(unicodedata.category(c) in {"Cc", "Cs", "Cn"} for c in text):
        raise PydanticCustomError("string_characters", "unprintable characters")
    return text


def _personal_number(value: str) -> str:
    found = numbers.personal_number(value)
    if found is None:
        raise PydanticCustomError("personal_number", "not a personal identity or coordination number")
    return found


def _allocation_number(value: str) -> str:
    found = numbers.allocation_number(value)
    if found is None:
        raise PydanticCustomError("allocation_number", "not a number of a decision")
    return found


def _not_too_many(persons: tuple["PersonBody", ...]) -> tuple["PersonBody", ...]:
    # Not by Field: it would count only the members without faults, and tell of a second fault that is none.
    if not persons:
        raise PydanticCustomError("too_short", "nobody", {"min_length": 1})
    if len(persons) > LARGEST_HOUSEHOLD:
        raise PydanticCustomError("too_long", "too many", {"max_length": LARGEST_HOUSEHOLD})
    return persons


def _no_number_twice(persons: tuple["PersonBody", ...]) -> tuple["PersonBody", ...]:
    known = [p.personal_identity_number[-11:] for p in persons if p.personal_identity_number]
    if len(set(known)) < len(known):
        raise PydanticCustomError("person_twice", "the same person twice")
    return persons


Day = Annotated[date, BeforeValidator(_only_text)]
ShortText = Annotated[str, Field(max_length=100, strict=True), AfterValidator(tidy)]
AllocationNumber = Annotated[str, Field(strict=True, max_length=60), AfterValidator(_allocation_number)]
Year = Annotated[int, Field(strict=True, ge=2000, le=2100)]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class PersonBody(Body):
    """A member of a household. All of it is personal data; it is sealed, and only `facts` leaves in an event."""

    name: Annotated[str, Field(min_length=1, max_length=200, strict=True, repr=False), AfterValidator(tidy)]
    birth_date: Annotated[Day, Field(repr=False)]
    sex: Sex
    personal_identity_number: Annotated[
        Annotated[str, Field(strict=True, max_length=20), AfterValidator(_personal_number)] | None,
        BeforeValidator(_blank),
        Field(repr=False),
    ] = None
    dossier_number: Annotated[ShortText | None, BeforeValidator(_blank), Field(repr=False)] = None
    citizenship: Annotated[ShortText | None, BeforeValidator(_blank), Field(repr=False)] = None
    language: Annotated[ShortText | None, BeforeValidator(_blank), Field(repr=False)] = None
    interpreter_needed: StrictBool = False
    protected_identity: ProtectedIdentity = "none"
    unaccompanied_minor: StrictBool = False

    @property
    def protected(self) -> bool:
        return self.protected_identity != "none"

    def facts(self, person: UUID) -> NewPerson:
        return NewPerson(person, self.sex, self.birth_date, self.unaccompanied_minor)


Household = Annotated[tuple[PersonBody, ...], AfterValidator(_not_too_many), AfterValidator(_no_number_twice)]


class AllocationBody(Body):
    """One household as the Migration Agency allocates it."""

    allocation_number: AllocationNumber
    category: Category
    decided_on: Day
    quota_year: Year | None = None
    receive_by: Day | None = None
    replaces: AllocationNumber | None = None
    persons: Household

    def terms(self, replaced: Replaced | None) -> AllocationTerms:
        return AllocationTerms(self.category, self.decided_on, self.quota_year, self.receive_by, replaced)


class NoticeBody(Body):
    """A household that was not allocated and has settled, or will."""

    category: Category
    notified_on: Day
    persons: Household

    def terms(self) -> NoticeTerms:
        return NoticeTerms(self.category, self.notified_on)


class QuotaBody(Body):
    quota_year: Year
    target: Annotated[int, Field(strict=True, ge=0, le=100_000)]
    decided_on: Day


class CancellationBody(Body):
    reason: CancelReason


class ReinstatementBody(Body):
    reinstated_on: Day
    reason: ReinstateReason


class WithdrawalBody(Body):
    reason: WithdrawReason


class ArrivalBody(Body):
    arrived_on: Day
    persons: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=LARGEST_HOUSEHOLD)] | None = None


class ArrivalCorrectionBody(Body):
    arrived_on: Day | None
    reason: CorrectionReason
    persons: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=LARGEST_HOUSEHOLD)]


Text255 = Annotated[str, Field(strict=True, min_length=1, max_length=255), AfterValidator(tidy)]
UnitName = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9-]{1,40}$")]


class AssignmentBody(Body):
    """`caseworker` is the opaque subject of the sign-in; `unit` the unit that holds the case from now on."""

    caseworker: Text255
    unit: UnitName
    reason: AssignmentReason


class HousingBody(Body):
    """A home. The address is personal data: it is sealed, and in no event."""

    kind: HousingKind
    secured_on: Day
    available_from: Day
    contract_until: Day | None = None
    address: Annotated[
        Annotated[str, Field(strict=True, max_length=200), AfterValidator(tidy)] | None,
        BeforeValidator(_blank),
        Field(repr=False),
    ] = None


class HousingCorrectionBody(HousingBody):
    """All facts as they are to stand. An address that is not sent stays as it is; null takes it away."""

    withdrawn: StrictBool = False


class ActivityBody(Body):
    """`activity` is the id of one that is known already; a new one has none."""

    activity: UUID | None = None
    kind: ActivityKind
    provider: Provider
    starts_on: Day
    ends_on: Day | None = None


class PlanBody(Body):
    """The plan of one member of the household, all of it as it is to stand."""

    person: UUID
    created_on: Day
    goal: Goal
    activities: Annotated[tuple[ActivityBody, ...], Field(max_length=40)] = ()
    follow_up_on: Day


class FollowUpBody(Body):
    followed_up_on: Day
    progress: Progress
    next_follow_up_on: Day


class FollowUpCorrectionBody(FollowUpBody):
    """The plan's last follow-up, all of it as it is to stand."""

    withdrawn: StrictBool = False


class FollowUpChangeBody(Body):
    """Any follow-up of a plan, as it is to stand. When the next one comes stays as it is."""

    followed_up_on: Day
    progress: Progress
    withdrawn: StrictBool = False


class PlanEndBody(Body):
    ended_on: Day
    outcome: PlanOutcome


class PlanReopeningBody(Body):
    follow_up_on: Day


class ContactBody(Body):
    kind: ContactKind
    outcome: ContactOutcome
    contacted_on: Day
    next_contact_on: Day | None = None


class ContactCorrectionBody(ContactBody):
    """All facts as they are to stand."""

    withdrawn: StrictBool = False


class ClosingBody(Body):
    closed_on: Day
    reason: CloseReason


class ReopeningBody(Body):
    reopened_on: Day
    reason: ReopenReason


class CoverBody(Body):
    """`sub` sees the cases of `for_sub` up to and including `until`."""

    sub: Text255
    for_sub: Text255
    until: Day


class DecisionBody(Body):
    decision: Literal["keep", "take"]


def sealed_content(person: PersonBody) -> dict[str, Any]:
    """What is sealed of a person."""
    return person.model_dump(mode="json")
