"""What may be sent in: one shape for the form and for the API, with the same limits."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from services.awards.domain import NomineeKind
from services.awards.rules import CITATION_LONGEST, CITATION_SHORTEST
from shared.email_address import EmailAddress


def _clean(value: object) -> object:
    """Composed signs, line ends as one, no control signs, nothing blank around it."""
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"}).strip()


def _one_line(value: str) -> str:
    return " ".join(value.split())


Line = Annotated[str, BeforeValidator(_clean), Field(min_length=2, max_length=200), AfterValidator(_one_line)]
Citation = Annotated[str, BeforeValidator(_clean), Field(min_length=CITATION_SHORTEST, max_length=CITATION_LONGEST)]


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
