"""What the secretary and the jury are shown, the same for the API and for pages."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.awards import judging, store, store_prizes, words
from services.awards.deciding import judged
from services.awards.edition import Edition
from services.awards.handlers import Doing
from services.awards.judging import Desk
from services.awards.nomination import candidates
from services.awards.review import Candidate, Progress, Result, progress, recusals_from, result
from services.awards.store import Listed
from services.awards.words import Words
from shared import journal
from shared.access_log import Action
from shared.contracts.awards import reference
from shared.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the jury who has opened the year's list. `last_on`: when they last did; `name` None: not known."""

    name: str | None
    progress: Progress
    last_on: date | None


@dataclass(frozen=True, slots=True)
class Round:
    """A prize's year as the secretary sees it. `together`: leading nomination -> all of that nominee."""

    edition: Edition
    sequence: int
    nominations: dict[UUID, Listed]
    together: dict[UUID, tuple[UUID, ...]]
    results: dict[UUID, Result]
    jury: list[Member]
    words: dict[UUID, Words]

    def ranked(self) -> list[UUID]:
        """The candidates, the highest points first; equal ones as they came in."""
        return sorted(self.together, key=lambda id: -(self.results[id].mean or 0))

    def standings(self) -> dict[str, int]:
        found = {"new": 0, "eligible": 0, "ineligible": 0, "withdrawn": 0}
        for each in self.nominations.values():
            found[each.state.standing] += 1
        return found


async def round_of(doing: Doing, year: int, action: Action = "list") -> Round:
    """Everything of a year; the look at the nominees' names is recorded. Problem 404."""
    stored = (await store_prizes.editions(doing.tx)).get(year)
    if stored is None or stored.edition is None:
        raise Problem(404, "unknown-edition")
    nominations = await store.of_year(doing.tx, year)
    reviews = [review for review, _ in (await store_prizes.reviews(doing.tx, year)).values()]
    rules_see = judged(nominations)
    together = candidates(rules_see)
    results = {leader: result(leader, rules_see, reviews) for leader in together}
    readers, names = await store_prizes.readers(doing.tx, year), await store_prizes.jurors(doing.tx)
    jury = [
        Member(names.get(juror), progress(juror, rules_see, reviews), readers.get(juror))
        for juror in readers.keys() | {review.juror for review in reviews}
    ]
    jury.sort(key=lambda member: (member.progress.scored, (member.name or "").casefold()))
    read = await words.read(doing.tx, doing.vault, doing.looks, nominations, doing.actor, action, doing.route)
    return Round(stored.edition, stored.sequence, nominations, together, results, jury, read)


def edition_json(edition: Edition, doing: Doing) -> dict[str, Any]:
    return {
        "prize": edition.prize,
        "prize_year": edition.prize_year,
        "opens_at": edition.opens_at,
        "closes_at": edition.closes_at,
        "ceremony_on": edition.ceremony_on,
        "phase": edition.phase(doing.now),
        "proposed": edition.proposed,
        "outcome": edition.outcome,
        "laureates": edition.laureates,
        "published": edition.published,
    }


def round_json(found: Round, doing: Doing) -> dict[str, Any]:
    return edition_json(found.edition, doing) | {
        "standings": found.standings(),
        "candidates": [
            {
                "nomination": id,
                "nominee": found.words[id].nominee if id in found.words else None,
                "together": found.together[id],
                "scores": found.results[id].scores,
                "recused": found.results[id].recused,
                "mean": found.results[id].mean,
            }
            for id in found.ranked()
        ],
        "jury": [{"name": each.name, "last_on": each.last_on} | asdict(each.progress) for each in found.jury],
    }


def item(found: Listed, said: Words | None) -> dict[str, Any]:
    return {
        "nomination": str(found.id),
        "version": found.sequence,
        "reference": reference(found.id),
        "prize": found.prize,
        "prize_year": found.prize_year,
        "nominee": said.nominee if said else None,
        "nominee_kind": found.nominee_kind,
        "submitted_on": found.submitted_on.isoformat(),
        "standing": found.state.standing,
        "reason": found.state.reason,
        "same_as": str(found.state.same_as) if found.state.same_as else None,
    }


async def history(doing: Doing, subject: UUID) -> list[dict[str, Any]]:
    """What happened to a subject, the newest first: when, what (`event.<name>`), with which facts."""
    entries = await journal.history(doing.tx, "awards", subject)
    return [
        {
            "at": e.recorded.at,
            "recorded_at": e.recorded.recorded_at,
            "name": e.recorded.type.split(".")[1],
            "facts": e.recorded.event().model_dump(),
        }
        for e in reversed(entries)
    ]


@dataclass(frozen=True, slots=True)
class Recusal:
    """Who does not judge a nominee, by which of its nominations, and why. `name` None: it is not known."""

    nomination: UUID
    juror: UUID
    name: str | None
    reason: str
    version: int


async def recusals(doing: Doing, nomination: UUID, nominations: dict[UUID, Listed]) -> list[Recusal]:
    """Everybody who has stepped aside from the nominee of `nomination`. `nominations`: all of its year."""
    reviews = await store_prizes.reviews(doing.tx, nominations[nomination].prize_year)
    names = await store_prizes.jurors(doing.tx)
    found = recusals_from(nomination, judged(nominations), {id: review for id, (review, _) in reviews.items()})
    return [
        Recusal(r.nomination, r.juror, names.get(r.juror), str(r.recused), reviews[id][1]) for id, r in found.items()
    ]


async def nomination_history(doing: Doing, nomination: UUID, year: int) -> list[dict[str, Any]]:
    """What happened to a nomination, and who stepped aside from it or came back; nothing of anybody's points."""
    found, names = await history(doing, nomination), await store_prizes.jurors(doing.tx)
    for id, (review, _) in (await store_prizes.reviews(doing.tx, year)).items():
        if review.nomination == nomination:
            told = (e for e in await history(doing, id) if e["name"] in {"juror-recused", "recusal-lifted"})
            found += [e | {"juror": names.get(review.juror)} for e in told]
    return sorted(found, key=lambda e: (e["at"], e["recorded_at"]), reverse=True)


def candidate_json(desk: Desk, candidate: Candidate, said: dict[UUID, Words]) -> dict[str, Any]:
    """A line of the juror's list. Nothing of the others' is in it before the juror's own points."""
    words_of = said.get(candidate.nomination)
    return {
        "nomination": candidate.nomination,
        "version": desk.version(candidate.nomination),
        "nominee": words_of.nominee if words_of else None,
        "nominee_kind": desk.nominations[candidate.nomination].nominee_kind,
        "nominations": len(candidate.together),
        "own_score": candidate.own.score if candidate.scored and candidate.own else None,
        "unread": not candidate.scored,
        "other_scores": [r.score for r in candidate.others] if candidate.scored else None,
    }


async def juror_json(doing: Doing, desk: Desk, candidate: Candidate, said: dict[UUID, Words]) -> dict[str, Any]:
    """One nominee as a juror reads it. Who nominated is not told: it is no ground for points."""
    comments = await judging.comments(doing, candidate, desk.juror)
    names = await store_prizes.jurors(doing.tx) if candidate.others else {}
    ids = [id for id in candidate.together if id in said]
    if comments:
        reviews = [judging.review_id(candidate.nomination, juror) for juror in comments]
        await doing.looked("view", [candidate.nomination], [*ids, *reviews])
    elif ids:
        await doing.looked("view", ids, ids)
    return candidate_json(desk, candidate, said) | {
        "texts": [{"nominee": said[id].nominee, "citation": said[id].citation} for id in ids],
        "comment": comments.get(desk.juror),
        "lifted": candidate.own.lifted if candidate.own else None,
        "earlier": candidate.own is not None and candidate.own.score is not None and not candidate.scored,
        "others": [
            {"juror": names.get(r.juror), "score": r.score, "comment": comments.get(r.juror)} for r in candidate.others
        ],
    }
