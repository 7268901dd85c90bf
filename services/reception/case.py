"""What a case is: one household with who of it has arrived. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts.reception import AgeBand, CancelReason, Category, Sex

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
