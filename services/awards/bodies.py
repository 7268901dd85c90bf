"""What may be sent in: one shape for the form and for the API, with the same limits."""

import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from services.awards.rules import CITATION_LONGEST, CITATION_SHORTEST
from shared.contracts.awards import (
    CancelReason,
    IneligibleReason,
    LiftReason,
    MoveReason,
    NomineeKind,
    ReassessReason,
    RecusalReason,
    WithholdReason,
)
from shared.email_address import EmailAddress

_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _clean(value: object) -> object:
    """Composed signs, line ends as one, no control signs nor any that turn the direction, nothing blank around it."""
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in "\n\t" or not _unseen(c)).strip()


def _unseen(sign: str) -> bool:
    # an embedding or override that is never ended turns the words around it too; marks of single signs may stay
    return unicodedata.category(sign) in {"Cc", "Cs"} or unicodedata.bidirectional(sign) in _TURNING


def _one_line(value: str) -> str:
    return " ".join(value.split())


# The length stands before what cleans: the other way round a short text is told of as a list with too few entries.
Line = Annotated[str, Field(min_length=2, max_length=200), BeforeValidator(_clean), AfterValidator(_one_line)]
Citation = Annotated[str, Field(min_length=CITATION_SHORTEST, max_length=CITATION_LONGEST), BeforeValidator(_clean)]


def _no_number(value: object) -> object:
    # a number would be read as seconds since 1970
    return value if isinstance(value, str | datetime) else None


Moment = Annotated[datetime, BeforeValidator(_no_number)]


class NominationBody(BaseModel):
    """A nomination as it is sent in. Without `prize_year` it is for the year that is open."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    prize: Literal["integration"] = "integration"
    prize_year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    nominee: Line
    nominee_kind: NomineeKind
    citation: Citation
    nominator: Line
    email: EmailAddress | None = None
    language: Literal["sv", "en"] | None = None


class CorrectionBody(BaseModel):
    """A nomination written anew by who wrote it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    nominee: Line
    nominee_kind: NomineeKind
    citation: Citation
    nominator: Line


Link = Annotated[str, Field(min_length=40, max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]


class LinkBody(BaseModel):
    """Whose nomination it is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    link: Link


class LinkedCorrectionBody(CorrectionBody):
    link: Link


class CalendarBody(BaseModel):
    """Swedish wall-clock times to the second, or times with an offset."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    opens_at: Moment
    closes_at: Moment
    ceremony_on: date


class AnnouncementBody(CalendarBody):
    prize_year: Annotated[int, Field(ge=2000, le=2100)]


class MoveBody(CalendarBody):
    reason: MoveReason


class CancellationBody(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: CancelReason


class ReinstatementBody(BaseModel):
    """The round is held after all, as it was announced."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AssessmentBody(BaseModel):
    """`reason` null: it is eligible. `changed`: needed when it was assessed otherwise before."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: IneligibleReason | None = None
    changed: ReassessReason | None = None


class SameBody(BaseModel):
    """The nomination of the same nominee that leads; null: none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    same_as: UUID | None


class ScoreBody(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    score: Annotated[int, Field(ge=1, le=10)]
    comment: Annotated[str, Field(max_length=2000), BeforeValidator(_clean)] | None = None


class RecusalBody(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: RecusalReason


class LiftBody(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: LiftReason


class ProposalBody(BaseModel):
    """Who is proposed; or, said on purpose with `withhold`, that nobody gets the prize."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    nominations: Annotated[tuple[UUID, ...], Field(max_length=5)] = ()
    withhold: bool = False


class DecisionBody(BaseModel):
    """`laureates`, or `withheld` with why nobody gets the prize."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    laureates: Annotated[tuple[UUID, ...], Field(max_length=5)] = ()
    withheld: WithholdReason | None = None
    decided_on: date


class LaureateBody(BaseModel):
    """What is published of a laureate who has agreed to it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    nomination: UUID
    name: Line
    motivation: Citation


class PublicationBody(BaseModel):
    """A laureate who is not among them is published without a name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    laureates: Annotated[tuple[LaureateBody, ...], Field(max_length=5)] = ()
