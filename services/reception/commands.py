"""What may be asked of a case and of a quota. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.reception.households import AllocationTerms, NewPerson, NoticeTerms
from shared.contracts.reception import CancelReason, CorrectionReason


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
class NotifySettlement:
    terms: NoticeTerms
    persons: tuple[NewPerson, ...] = field(repr=False)
    today: date


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
class SetQuota:
    quota_year: int
    target: int
    decided_on: date
    today: date


Command: TypeAlias = (
    ReceiveAllocation
    | CorrectAllocation
    | CancelAllocation
    | NotifySettlement
    | RegisterArrival
    | CorrectArrival
    | SetQuota
)
