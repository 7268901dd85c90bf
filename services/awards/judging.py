"""The jury's part: what a juror reads, points with a comment, recusal. What is hidden from a juror is not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from services.awards import domain, store, store_prizes, words
from services.awards.bodies import LiftBody, RecusalBody, ScoreBody
from services.awards.commands import LiftRecusal, Recuse, ReviewCommand, Score
from services.awards.deciding import judged
from services.awards.edition import Edition
from services.awards.handlers import Doing, after
from services.awards.nomination import Nomination
from services.awards.review import Candidate, Review, hidden_from, reading_list
from services.awards.words import Comment, Words
from shared.access_log import Action
from shared.contracts.awards import juror_id
from shared.web.commands import Answer, check_version
from shared.web.problems import Problem


def review_id(nomination: UUID, juror: UUID) -> UUID:
    return uuid5(nomination, str(juror))


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one juror may know of a year. `versions`: sequences of the juror's own reviews, by nomination."""

    juror: UUID
    edition: Edition
    nominations: Mapping[UUID, Nomination]
    candidates: dict[UUID, Candidate]
    versions: dict[UUID, int]
    recused: frozenset[UUID]

    def version(self, nomination: UUID) -> int:
        return self.versions.get(nomination, 0)


async def desk(doing: Doing, year: int, *, changing: bool = False) -> Desk:
    """What the actor judges of the year; `changing` keeps the edition as it is. Problem 404: there is no such prize.

    From the first time on, while it is undecided, the secretary knows the actor as one of the jury.
    """
    assert doing.actor is not None
    juror = juror_id(doing.actor.sub)
    if changing:
        stored = await store_prizes.standing(doing.tx, year)
    else:
        stored = (await store_prizes.editions(doing.tx)).get(year)
    if stored is None or stored.edition is None:
        raise Problem(404, "unknown-edition")
    if doing.actor.name and stored.edition.undecided:
        await store_prizes.seen(doing.tx, juror, doing.actor.name, year, doing.today)
    nominations = judged(await store.of_year(doing.tx, year))
    reviews = await store_prizes.reviews(doing.tx, year)
    every = [review for review, _ in reviews.values()]
    versions = {review.nomination: sequence for review, sequence in reviews.values() if review.juror == juror}
    hidden = hidden_from(juror, every, nominations)
    return Desk(juror, stored.edition, nominations, reading_list(juror, nominations, every), versions, hidden)


async def _of(doing: Doing, nomination: UUID, changing: bool) -> Desk:
    known = await store.one(doing.tx, nomination)
    if known is None:
        raise Problem(404, "not-to-judge")
    return await desk(doing, known.prize_year, changing=changing)


async def one(doing: Doing, nomination: UUID, *, changing: bool = False) -> Desk:
    """The desk, with `nomination` on it. Problem 404 when the juror does not judge it, whatever the reason."""
    found = await _of(doing, nomination, changing)
    if nomination not in found.candidates:
        raise Problem(404, "not-to-judge")
    return found


async def _decide(doing: Doing, nomination: UUID, juror: UUID, expected: int, command: ReviewCommand) -> Answer:
    id = review_id(nomination, juror)
    state, sequence = await store_prizes.load_review(doing.tx, id, nomination, juror)
    check_version(expected, sequence)
    events = domain.decide(command, state)
    if events:
        review = after(state, events)
        assert isinstance(review, Review)
        await store_prizes.save_review(doing.tx, id, sequence + len(events), review)
        await doing.announce(id, sequence, events)
    return Answer(200, {"review": id, "nomination": nomination}, f"/awards/jury/{nomination}", sequence + len(events))


async def score(doing: Doing, nomination: UUID, body: ScoreBody, expected: int) -> Answer:
    found = await one(doing, nomination, changing=True)
    id = review_id(nomination, found.juror)
    before = (await words.comments(doing.tx, doing.vault, [id])).get(id)
    comment = body.comment or None
    command = Score(
        nomination, found.juror, body.score, comment != before, found.nominations[nomination], found.edition
    )
    answer = await _decide(doing, nomination, found.juror, expected, command)
    if comment != before:
        if comment is None:
            await words.forget(doing.tx, doing.vault, id)
        else:
            await words.keep(doing.tx, doing.vault, id, Comment(comment))
        await doing.looked("change", [nomination], [id])
    return answer


async def recuse(doing: Doing, nomination: UUID, body: RecusalBody, expected: int) -> Answer:
    """The juror has no part in it from now on, and what they said of it is gone."""
    found = await _of(doing, nomination, True)
    if nomination not in found.candidates and nomination not in found.recused:
        raise Problem(404, "unknown-nomination")
    command = Recuse(nomination, found.juror, body.reason, found.edition)
    answer = await _decide(doing, nomination, found.juror, expected, command)
    await words.forget(doing.tx, doing.vault, review_id(nomination, found.juror))
    return Answer(200, answer.data, "/awards/jury", answer.etag)


async def lift(doing: Doing, nomination: UUID, juror: UUID, body: LiftBody, expected: int) -> Answer:
    """The juror judges the nominee again, from the beginning. Problem 404 when there is no review of theirs."""
    known = await store.one(doing.tx, nomination)
    if known is None:
        raise Problem(404, "unknown-nomination")
    stored = await store_prizes.standing(doing.tx, known.prize_year)
    reviews = await store_prizes.reviews(doing.tx, known.prize_year)
    if review_id(nomination, juror) not in reviews:
        raise Problem(404, "unknown-recusal")
    command = LiftRecusal(nomination, juror, body.reason, stored.edition if stored else None)
    answer = await _decide(doing, nomination, juror, expected, command)
    return Answer(200, answer.data, f"/awards/nominations/{nomination}", answer.etag)


async def read(doing: Doing, found: Desk, action: Action) -> dict[UUID, Words]:
    """The words of everything on the desk; the look is recorded."""
    ids = [id for candidate in found.candidates.values() for id in candidate.together]
    return await words.read(doing.tx, doing.vault, doing.looks, ids, doing.actor, action, doing.route)


async def comments(doing: Doing, candidate: Candidate, juror: UUID) -> dict[UUID, str]:
    """By juror: the actor's own comment, and the others' once the own points are given; the look is recorded."""
    ids = {review_id(candidate.nomination, r.juror): r.juror for r in candidate.others}
    ids[review_id(candidate.nomination, juror)] = juror
    found = await words.comments(doing.tx, doing.vault, ids)
    return {ids[id]: text for id, text in found.items()}
