"""What awards says happened. Subjects: a prize's edition of one year, a nomination, one juror's review of one."""

from datetime import date
from typing import Annotated, Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from shared.contracts.event import DataClass, Event, Identifier, Year

EDITION = "edition of a prize (one year)"
NOMINATION = "nomination"
REVIEW = "one juror's review of one nomination"

Prize = Annotated[Literal["integration"], DataClass.CODE]
NomineeKind = Annotated[Literal["person", "group", "association", "organisation", "company"], DataClass.CODE]
Moment = Annotated[AwareDatetime, DataClass.DATE]
Day = Annotated[date, DataClass.DATE]
MoveReason = Annotated[
    Literal["few-nominations", "technical-fault", "council-meeting-moved", "set-in-error"], DataClass.CODE
]
CancelReason = Annotated[Literal["announced-in-error", "not-awarded", "other-round-instead"], DataClass.CODE]
WithholdReason = Annotated[Literal["no-eligible-nominee", "criteria-not-met", "other-use-of-means"], DataClass.CODE]
IneligibleReason = Annotated[
    Literal["outside-municipality", "not-about-integration", "nominated-themselves", "laureate-before", "unserious"],
    DataClass.CODE,
]
ReassessReason = Annotated[Literal["new-information", "assessed-in-error", "nominator-asked"], DataClass.CODE]
# Grounds after the Administrative Procedure Act (2017:900), section 16.
RecusalReason = Annotated[
    Literal["own-interest", "close-person", "own-organisation", "nominated-it", "other-circumstance"], DataClass.CODE
]
LiftReason = Annotated[Literal["reported-in-error", "circumstance-ended", "found-impartial"], DataClass.CODE]
Nominations = Annotated[tuple[Identifier, ...], Field(max_length=5)]


class PrizeAnnounced(Event, type="awards.prize-announced.v1", subject_is=EDITION):
    """A year's prize has a calendar. Nominations are taken from `opens_at` until just before `closes_at`."""

    prize: Prize
    prize_year: Year
    opens_at: Moment
    closes_at: Moment
    ceremony_on: Day


class PrizeCalendarMoved(Event, type="awards.prize-calendar-moved.v1", subject_is=EDITION):
    """The calendar is another one, whole. `tell`: a nomination of each nominator who had left an address.

    Where they are too many for one event, others that say the same follow for the rest.
    """

    opens_at: Moment
    closes_at: Moment
    ceremony_on: Day
    reason: MoveReason
    tell: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] = ()


class PrizeCancelled(Event, type="awards.prize-cancelled.v1", subject_is=EDITION):
    """The year's round is not held: nothing is taken, judged or decided. `tell`: as when a calendar is moved.

    `unassessed`: the nominations that nobody need assess any more.
    """

    reason: CancelReason
    tell: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] = ()
    unassessed: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] = ()


class PrizeReinstated(Event, type="awards.prize-reinstated.v1", subject_is=EDITION):
    """The cancelled round is held after all, with the calendar it had. `tell`: as when it was cancelled."""

    tell: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] = ()


class LaureatesProposed(Event, type="awards.laureates-proposed.v1", subject_is=EDITION):
    """The jury has proposed these nominations; none means that it proposes to withhold the prize."""

    nominations: Nominations
    proposed_on: Day


class PrizeDecided(Event, type="awards.prize-decided.v1", subject_is=EDITION):
    """The municipal executive board has decided who gets the prize."""

    laureates: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=5)]
    decided_on: Day


class PrizeWithheld(Event, type="awards.prize-withheld.v1", subject_is=EDITION):
    """The municipal executive board has decided that nobody gets the prize this year."""

    reason: WithholdReason
    decided_on: Day


class PrizePublished(Event, type="awards.prize-published.v1", subject_is=EDITION):
    """The decision is public. `named`: the laureates who have agreed to be named."""

    named: Nominations


class NominationSubmitted(Event, type="awards.nomination-submitted.v1", subject_is=NOMINATION):
    """Somebody was nominated for a municipal prize."""

    prize: Annotated[Literal["integration"], DataClass.CODE]
    prize_year: Year
    nominee_kind: NomineeKind
    receipt_wanted: Annotated[bool, DataClass.STATISTIC]


class NominationCorrected(Event, type="awards.nomination-corrected.v1", subject_is=NOMINATION):
    """The nominator has written it anew. `assessed`: it had been before, and is to be assessed again."""

    nominee_kind: NomineeKind
    assessed: Annotated[bool, DataClass.STATISTIC] = False
    prize_year: Year | None = None


class NominationWithdrawn(Event, type="awards.nomination-withdrawn.v1", subject_is=NOMINATION):
    """The nominator has taken it back."""


class NominationFoundEligible(Event, type="awards.nomination-found-eligible.v1", subject_is=NOMINATION):
    """It meets the prize's terms. `changed`: why this is no longer what was found first."""

    changed: ReassessReason | None = None


class NominationFoundIneligible(Event, type="awards.nomination-found-ineligible.v1", subject_is=NOMINATION):
    """It does not meet the prize's terms."""

    reason: IneligibleReason
    changed: ReassessReason | None = None


class NomineeFoundSame(Event, type="awards.nominee-found-same.v1", subject_is=NOMINATION):
    """The nominee is that of the nomination `same_as`, and both are judged as one; null: it stands alone again."""

    same_as: Identifier | None


class NominationScored(Event, type="awards.nomination-scored.v1", subject_is=REVIEW):
    """A juror has given points, for the text as it was after `revision` corrections."""

    nomination: Identifier
    juror: Identifier
    score: Annotated[int, Field(ge=1, le=10), DataClass.QUANTITY]
    revision: Annotated[int, Field(ge=0), DataClass.QUANTITY]


class JurorRecused(Event, type="awards.juror-recused.v1", subject_is=REVIEW):
    """A juror takes no part in judging this nomination; their points are void."""

    nomination: Identifier
    juror: Identifier
    reason: RecusalReason


class RecusalLifted(Event, type="awards.recusal-lifted.v1", subject_is=REVIEW):
    """The juror takes part again. Points from before the recusal stay void: the juror gives new ones."""

    nomination: Identifier
    juror: Identifier
    reason: LiftReason


_JURORS = UUID("d0c7a6f4-3b60-5a58-9c1d-7f2e0b4a6c03")


def juror_id(sub: str) -> UUID:
    """Who judges, as events say it: not the subject that the identity provider knows them by."""
    return uuid5(_JURORS, sub)


def reference(nomination: UUID) -> str:
    """What a nominator can quote, and how a nomination is told from others: eight signs from the id's random end."""
    end = nomination.hex[-8:]
    return f"{end[:4]}-{end[4:]}"


EditionEvent: TypeAlias = (
    PrizeAnnounced
    | PrizeCalendarMoved
    | PrizeCancelled
    | PrizeReinstated
    | LaureatesProposed
    | PrizeDecided
    | PrizeWithheld
    | PrizePublished
)
NominationEvent: TypeAlias = (
    NominationSubmitted
    | NominationCorrected
    | NominationWithdrawn
    | NominationFoundEligible
    | NominationFoundIneligible
    | NomineeFoundSame
)
ReviewEvent: TypeAlias = NominationScored | JurorRecused | RecusalLifted
AwardsEvent: TypeAlias = EditionEvent | NominationEvent | ReviewEvent
