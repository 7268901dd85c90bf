"""Which members of a jury have anything left to read: that points were given is kept here, never which. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from shared.contracts.awards import (
    JurorRecused,
    NominationCorrected,
    NominationEvent,
    NominationFoundEligible,
    NominationFoundIneligible,
    NominationScored,
    NominationSubmitted,
    NominationWithdrawn,
    NomineeFoundSame,
    RecusalLifted,
    ReviewEvent,
)


@dataclass(frozen=True, slots=True)
class KnownNomination:
    """Whether the jury judges it, with which other as one, and how often its text has changed."""

    prize_year: int
    revision: int = 0
    eligible: bool = False
    same_as: UUID | None = None


@dataclass(frozen=True, slots=True)
class KnownReview:
    """`given_for`: the text, after so many corrections, that the juror has given points for; None: for none."""

    nomination: UUID
    juror: UUID
    given_for: int | None = None
    recused: bool = False


def of_nomination(known: KnownNomination | None, event: NominationEvent) -> KnownNomination | None:
    """The nomination after `event`. None when it began before this was kept."""
    if isinstance(event, NominationSubmitted):
        return known or KnownNomination(event.prize_year)
    if known is None:
        return None
    match event:
        case NominationCorrected():
            return replace(known, revision=known.revision + 1, eligible=False, same_as=None)
        case NominationWithdrawn() | NominationFoundIneligible():
            return replace(known, eligible=False)
        case NominationFoundEligible():
            return replace(known, eligible=True)
        case NomineeFoundSame():
            return replace(known, same_as=event.same_as)
        case _:
            assert_never(event)


def of_review(event: ReviewEvent) -> KnownReview:
    """The review after `event`: the last one says all."""
    match event:
        case NominationScored():
            return KnownReview(event.nomination, event.juror, given_for=event.revision)
        case JurorRecused():
            return KnownReview(event.nomination, event.juror, recused=True)
        case RecusalLifted():
            return KnownReview(event.nomination, event.juror)
        case _:
            assert_never(event)


def finished(nominations: Mapping[UUID, KnownNomination], reviews: Iterable[KnownReview]) -> frozenset[UUID]:
    """The jurors who have given points to every nominee that they judge; nobody has while there is none to judge."""
    eligible = {id for id, each in nominations.items() if each.eligible}
    leading = {
        id: each.same_as if each.same_as in eligible else id for id, each in nominations.items() if each.eligible
    }
    nominees = {id for id, leader in leading.items() if leader == id}
    found = set[UUID]()
    by_juror: dict[UUID, list[KnownReview]] = {}
    for review in reviews:
        by_juror.setdefault(review.juror, []).append(review)
    for juror, own in by_juror.items():
        away = {_nominee(nominations, each.nomination) for each in own if each.recused}
        theirs = {id for id in nominees if _nominee(nominations, id) not in away}
        given = {e.nomination for e in own if (n := nominations.get(e.nomination)) and n.revision == e.given_for}
        if nominees and theirs <= given:
            found.add(juror)
    return frozenset(found)


def _nominee(nominations: Mapping[UUID, KnownNomination], id: UUID) -> UUID:
    """Which nominee a nomination is of, eligible or not: known by the one that others are the same as."""
    known = nominations.get(id)
    return known.same_as if known is not None and known.same_as is not None else id
