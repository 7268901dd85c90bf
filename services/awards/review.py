"""One juror's review of one nomination, and what a juror may see of the others'. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.awards.nomination import Nomination, candidates, same_nominee
from shared.contracts.awards import LiftReason, RecusalReason


@dataclass(frozen=True, slots=True)
class Review:
    """`score` is for the text after `revision` corrections. Who is recused has no score.

    `lifted`: why the juror is here again after a recusal; until there are new points.
    """

    nomination: UUID
    juror: UUID
    score: int | None = None
    revision: int = 0
    recused: RecusalReason | None = None
    lifted: LiftReason | None = None

    def counts(self, nomination: Nomination) -> bool:
        """Whether the points are for the text as it is now."""
        return self.score is not None and self.revision == nomination.revision


def hidden_from(juror: UUID, reviews: Iterable[Review], nominations: Mapping[UUID, Nomination]) -> frozenset[UUID]:
    """The nominations that do not exist for `juror`: those recused from, and all others of the same nominee."""
    return same_nominee(nominations, (r.nomination for r in reviews if r.juror == juror and r.recused is not None))


def recused_from(
    nomination: UUID, nominations: Mapping[UUID, Nomination], reviews: Iterable[Review]
) -> frozenset[UUID]:
    """The jurors who have no part in judging the nominee of `nomination`, by whichever of its nominations."""
    together = same_nominee(nominations, [nomination])
    return frozenset(r.juror for r in reviews if r.nomination in together and r.recused is not None)


def recusals_from(
    nomination: UUID, nominations: Mapping[UUID, Nomination], reviews: Mapping[UUID, Review]
) -> dict[UUID, Review]:
    """The reviews that keep somebody from judging the nominee of `nomination`, each to be lifted on its own."""
    together = same_nominee(nominations, [nomination])
    return {id: r for id, r in reviews.items() if r.nomination in together and r.recused is not None}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A nominee as a juror meets them. `others` is empty until the juror's own points are given."""

    nomination: UUID
    together: tuple[UUID, ...]
    own: Review | None
    scored: bool
    others: tuple[Review, ...]


def reading_list(
    juror: UUID, nominations: Mapping[UUID, Nomination], reviews: Iterable[Review]
) -> dict[UUID, Candidate]:
    """What `juror` judges: no nomination that is hidden from them, and others' points after their own."""
    reviews = tuple(reviews)
    hidden = hidden_from(juror, reviews, nominations)
    found: dict[UUID, Candidate] = {}
    for leader, together in candidates(nominations).items():
        if leader in hidden:
            continue
        of_it = [r for r in reviews if r.nomination == leader]
        own = next((r for r in of_it if r.juror == juror), None)
        scored = own is not None and own.counts(nominations[leader])
        away = recused_from(leader, nominations, reviews) | {juror}
        others = tuple(r for r in of_it if r.juror not in away and r.counts(nominations[leader])) if scored else ()
        found[leader] = Candidate(leader, together, own, scored, others)
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one juror has come: of the `judges` nominees that are theirs `scored`, and `recused` that are not."""

    judges: int
    scored: int
    recused: int


def progress(juror: UUID, nominations: Mapping[UUID, Nomination], reviews: Iterable[Review]) -> Progress:
    """Counted as the juror's own reading list has it: points for an older text do not count."""
    reviews = tuple(reviews)
    theirs = reading_list(juror, nominations, reviews)
    return Progress(
        len(theirs), sum(each.scored for each in theirs.values()), len(candidates(nominations)) - len(theirs)
    )


@dataclass(frozen=True, slots=True)
class Result:
    """The jury's points for one nominee; `mean` None while nobody has given any."""

    scores: int
    recused: int
    mean: float | None


def result(leader: UUID, nominations: Mapping[UUID, Nomination], reviews: Iterable[Review]) -> Result:
    """Counted anew: points for an older text and points of who is recused from the nominee do not count."""
    reviews = tuple(reviews)
    recused = recused_from(leader, nominations, reviews)
    points = [
        r.score
        for r in reviews
        if r.nomination == leader and r.score is not None and r.juror not in recused and r.counts(nominations[leader])
    ]
    return Result(len(points), len(recused), sum(points) / len(points) if points else None)
