"""What may be asked of a prize's edition, of a nomination and of a review. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from services.awards.edition import Edition
from services.awards.nomination import Nomination
from shared.contracts.awards import (
    CancelReason,
    IneligibleReason,
    LiftReason,
    MoveReason,
    NomineeKind,
    Prize,
    ReassessReason,
    RecusalReason,
    WithholdReason,
)


@dataclass(frozen=True, slots=True)
class Announce:
    prize: Prize
    prize_year: int
    opens_at: datetime
    closes_at: datetime
    ceremony_on: date
    now: datetime


@dataclass(frozen=True, slots=True)
class MoveCalendar:
    """`tell`: the nominations whose nominators are told."""

    opens_at: datetime
    closes_at: datetime
    ceremony_on: date
    reason: MoveReason
    now: datetime
    tell: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """The round was announced by mistake, or is not held. `tell`: as above; `unassessed`: what waits to be assessed."""

    reason: CancelReason
    tell: tuple[UUID, ...] = ()
    unassessed: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Reinstate:
    """The cancellation is taken back."""

    tell: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Propose:
    """`eligible`: the nominations that can be proposed now."""

    nominations: tuple[UUID, ...]
    eligible: frozenset[UUID]
    today: date
    now: datetime


@dataclass(frozen=True, slots=True)
class DecidePrize:
    """The board's decision, which need not be what was proposed."""

    laureates: tuple[UUID, ...]
    eligible: frozenset[UUID]
    decided_on: date
    today: date


@dataclass(frozen=True, slots=True)
class Withhold:
    reason: WithholdReason
    decided_on: date
    today: date


@dataclass(frozen=True, slots=True)
class Publish:
    """`said`: the words of those who are named are others than those that are public."""

    named: tuple[UUID, ...]
    said: bool = False


@dataclass(frozen=True, slots=True)
class SubmitNomination:
    """Somebody nominates. `edition`: of `prize_year`; None when that year has no calendar."""

    prize: Prize
    prize_year: int
    nominee_kind: NomineeKind
    receipt_wanted: bool
    edition: Edition | None
    now: datetime


@dataclass(frozen=True, slots=True)
class CorrectNomination:
    """`same_words`: the text is the one that is stored."""

    nominee_kind: NomineeKind
    same_words: bool
    edition: Edition | None
    now: datetime


@dataclass(frozen=True, slots=True)
class WithdrawNomination:
    edition: Edition | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Assess:
    """`reason` None: it is eligible."""

    reason: IneligibleReason | None
    changed: ReassessReason | None
    edition: Edition | None


@dataclass(frozen=True, slots=True)
class MarkSame:
    """`other`: the nomination `same_as` as it is; `led`: whether others are marked as the same as this one."""

    nomination: UUID
    same_as: UUID | None
    other: Nomination | None
    led: bool
    edition: Edition | None


@dataclass(frozen=True, slots=True)
class Score:
    """`said`: the comment is another one than before."""

    nomination: UUID
    juror: UUID
    score: int
    said: bool
    of: Nomination
    edition: Edition | None


@dataclass(frozen=True, slots=True)
class Recuse:
    nomination: UUID
    juror: UUID
    reason: RecusalReason
    edition: Edition | None


@dataclass(frozen=True, slots=True)
class LiftRecusal:
    nomination: UUID
    juror: UUID
    reason: LiftReason
    edition: Edition | None


EditionCommand: TypeAlias = Announce | MoveCalendar | Cancel | Reinstate | Propose | DecidePrize | Withhold | Publish
NominationCommand: TypeAlias = SubmitNomination | CorrectNomination | WithdrawNomination | Assess | MarkSame
ReviewCommand: TypeAlias = Score | Recuse | LiftRecusal
Command: TypeAlias = EditionCommand | NominationCommand | ReviewCommand
