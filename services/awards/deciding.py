"""Commands on a prize's edition: announced, moved, cancelled, proposed, decided, published."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from services.awards import domain, store, store_prizes, words
from services.awards.bodies import (
    AnnouncementBody,
    CancellationBody,
    DecisionBody,
    MoveBody,
    ProposalBody,
    PublicationBody,
)
from services.awards.commands import (
    Announce,
    Cancel,
    DecidePrize,
    EditionCommand,
    MoveCalendar,
    Propose,
    Publish,
    Reinstate,
    Withhold,
)
from services.awards.edition import Edition, instant
from services.awards.handlers import Doing, after
from services.awards.nomination import Nomination, candidates, to_tell
from services.awards.store import Listed
from services.awards.store_prizes import Stored
from services.awards.words import Laureate
from shared.decider import Refused
from shared.web.commands import Answer, check_version
from shared.web.problems import Problem

EDITIONS = UUID("b9a0b7e2-6f1d-5d0e-8f43-2a7c1e5d9a02")


def edition_id(year: int) -> UUID:
    return uuid5(EDITIONS, f"integration {year}")


async def _do(doing: Doing, year: int, stored: Stored, command: EditionCommand) -> Answer:
    events = domain.decide(command, stored.edition)
    sequence = stored.sequence + len(events)
    if events:
        state = after(stored.edition, events)
        assert isinstance(state, Edition)
        await store_prizes.save(doing.tx, stored.id, sequence, state)
        await doing.announce(stored.id, stored.sequence, events)
    status = 201 if events and not stored.sequence else 200
    return Answer(status, {"edition": stored.id, "prize_year": year}, f"/awards/prizes/{year}", sequence)


async def _load(doing: Doing, year: int, expected: int) -> Stored:
    stored = await store_prizes.standing(doing.tx, year, alone=True)
    if stored is None:
        raise Problem(404, "unknown-edition")
    check_version(expected, stored.sequence)
    return stored


async def announce(doing: Doing, body: AnnouncementBody) -> Answer:
    """A year's prize gets its calendar."""
    stored = await store_prizes.load(doing.tx, edition_id(body.prize_year), body.prize_year)
    opens_at, closes_at = instant(body.opens_at, "opens_at"), instant(body.closes_at, "closes_at")
    command = Announce("integration", body.prize_year, opens_at, closes_at, body.ceremony_on, doing.now)
    return await _do(doing, body.prize_year, stored, command)


async def move(doing: Doing, year: int, body: MoveBody, expected: int) -> Answer:
    stored = await _load(doing, year, expected)
    opens_at, closes_at = instant(body.opens_at, "opens_at"), instant(body.closes_at, "closes_at")
    tell = await _to_tell(doing, judged(await store.of_year(doing.tx, year)))
    command = MoveCalendar(opens_at, closes_at, body.ceremony_on, body.reason, doing.now, tell)
    return await _do(doing, year, stored, command)


async def _to_tell(doing: Doing, nominations: Mapping[UUID, Nomination]) -> tuple[UUID, ...]:
    """Nobody nominates or withdraws meanwhile, so who is told is exactly who had nominated.

    The addresses are compared here and shown to nobody; whoever sends asks for each at the moment of sending.
    """
    said = await words.of(doing.tx, doing.vault, (id for id, each in nominations.items() if each.receipt_wanted))
    return to_tell(nominations, {id: each.email for id, each in said.items()})


async def cancel(doing: Doing, year: int, body: CancellationBody, expected: int) -> Answer:
    """The round is not held. Nothing is erased: it can be held after all."""
    stored = await _load(doing, year, expected)
    nominations = judged(await store.of_year(doing.tx, year))
    unassessed = tuple(id for id, each in nominations.items() if each.standing == "new")
    return await _do(doing, year, stored, Cancel(body.reason, await _to_tell(doing, nominations), unassessed))


async def reinstate(doing: Doing, year: int, expected: int) -> Answer:
    stored = await _load(doing, year, expected)
    tell = await _to_tell(doing, judged(await store.of_year(doing.tx, year)))
    return await _do(doing, year, stored, Reinstate(tell))


def judged(nominations: Mapping[UUID, Listed]) -> dict[UUID, Nomination]:
    """The nominations as the rules see them."""
    return {id: each.state for id, each in nominations.items()}


async def _eligible(doing: Doing, year: int) -> frozenset[UUID]:
    return frozenset(candidates(judged(await store.of_year(doing.tx, year))))


async def propose(doing: Doing, year: int, body: ProposalBody, expected: int) -> Answer:
    """Refused: `nobody-proposed`, `proposed-and-withheld`, so that nobody proposes nobody by leaving something out."""
    stored = await _load(doing, year, expected)
    if body.withhold == bool(body.nominations):
        raise Refused("proposed-and-withheld" if body.withhold else "nobody-proposed", field="withhold")
    command = Propose(body.nominations, await _eligible(doing, year), doing.today, doing.now)
    return await _do(doing, year, stored, command)


async def decide(doing: Doing, year: int, body: DecisionBody, expected: int) -> Answer:
    stored = await _load(doing, year, expected)
    if body.withheld is not None and body.laureates:
        raise Refused("decided-and-withheld", field="withheld")
    command: EditionCommand
    if body.withheld is not None:
        command = Withhold(body.withheld, body.decided_on, doing.today)
    else:
        command = DecidePrize(body.laureates, await _eligible(doing, year), body.decided_on, doing.today)
    return await _do(doing, year, stored, command)


async def publish(doing: Doing, year: int, body: PublicationBody, expected: int) -> Answer:
    """From now on everybody can read it, or reads it mended. Laureates who do not agree are not named."""
    stored = await _load(doing, year, expected)
    before = await words.laureates(doing.tx, doing.vault, stored.edition.named if stored.edition else ())
    after_ = {each.nomination: Laureate(each.name, each.motivation) for each in body.laureates}
    answer = await _do(doing, year, stored, Publish(tuple(after_), said=before != after_))
    changed = [id for id in before.keys() | after_.keys() if before.get(id) != after_.get(id)]
    if answer.etag != stored.sequence and changed:
        for id in changed:
            text = words.laureate_text(id)
            if id in after_:
                await words.keep(doing.tx, doing.vault, text, after_[id])
            else:
                await words.forget(doing.tx, doing.vault, text)
        await doing.looked("change", changed, [words.laureate_text(id) for id in changed])
    return answer
