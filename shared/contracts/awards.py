"""What awards says happened. Subject: one nomination."""

from typing import Annotated, Literal

from shared.contracts.event import DataClass, Event, Year

NOMINATION = "nomination"

NomineeKind = Annotated[Literal["person", "group", "association", "organisation", "company"], DataClass.CODE]


class NominationSubmitted(Event, type="awards.nomination-submitted.v1", subject_is=NOMINATION):
    """Somebody was nominated for a municipal prize."""

    prize: Annotated[Literal["integration"], DataClass.CODE]
    prize_year: Year
    nominee_kind: NomineeKind
    receipt_wanted: Annotated[bool, DataClass.STATISTIC]
