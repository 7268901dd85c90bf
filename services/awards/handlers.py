"""Commands on nominations: load, decide, save, announce. What is read of the sealed words is in `words.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID

from services.awards import domain, store, store_prizes, words
from services.awards.bodies import AssessmentBody, CorrectionBody, SameBody
from services.awards.commands import (
    Assess,
    CorrectNomination,
    MarkSame,
    NominationCommand,
    SubmitNomination,
    WithdrawNomination,
)
from services.awards.domain import State
from services.awards.edition import Edition, day
from services.awards.nomination import Nomination
from services.awards.words import Words
from shared import journal
from shared.access_log import AccessLog, Action
from shared.contracts.awards import AwardsEvent, reference
from shared.database import Connection
from shared.decider import fold
from shared.identity import Actor
from shared.sealed import Vault
from shared.web.commands import Answer, check_version
from shared.web.problems import Problem

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Doing:
    """One command being done: its transaction, who (None: anybody), when (business time), where, and with what keys."""

    tx: Connection
    actor: Actor | None
    now: datetime
    route: str
    vault: Vault
    looks: AccessLog

    @property
    def today(self) -> date:
        return day(self.now)

    async def announce(self, subject: UUID, sequence: int, events: Sequence[AwardsEvent]) -> None:
        actor = self.actor.sub if self.actor else PUBLIC
        await journal.append(self.tx, subject, sequence, events, at=self.now, actor=actor)

    async def looked(self, action: Action, nominations: Sequence[UUID], texts: Sequence[UUID]) -> None:
        await self.looks.record(self.tx, self.actor, action, self.route, nominations, texts)


@dataclass(frozen=True, slots=True)
class Found:
    """A nomination with its row locked, and its year's edition kept from changing."""

    id: UUID
    sequence: int
    state: Nomination
    edition: store_prizes.Stored | None


async def load(doing: Doing, nomination: UUID, expected: int | None, *, alone: bool = False) -> Found:
    """The nomination in the version that the client saw. `alone`: nothing else of its year changes meanwhile."""
    known = await store.one(doing.tx, nomination)
    if known is None:
        raise Problem(404, "unknown-nomination")
    edition = await store_prizes.standing(doing.tx, known.prize_year, alone=alone)
    state, sequence = await store.load(doing.tx, nomination)
    assert state is not None
    if expected is not None:
        check_version(expected, sequence)
    return Found(nomination, sequence, state, edition)


def after(state: State, events: Sequence[AwardsEvent]) -> State:
    return fold(domain.evolve, events, state)


async def decide(doing: Doing, found: Found, command: NominationCommand) -> int:
    """Decide, save, announce; the nomination's new version."""
    events = domain.decide(command, found.state)
    if events:
        state = after(found.state, events)
        assert isinstance(state, Nomination)
        await store.save(doing.tx, found.id, found.sequence + len(events), state)
        await doing.announce(found.id, found.sequence, events)
    return found.sequence + len(events)


def answer(nomination: UUID, sequence: int, status: int = 200) -> Answer:
    data = {"nomination": nomination, "reference": reference(nomination)}
    return Answer(status, data, f"/awards/nominations/{nomination}", sequence)


async def submit(doing: Doing, nomination: UUID, command: SubmitNomination, said: Words) -> Answer:
    """The nomination is made. `command.edition` is looked up here, and stands still until the end."""
    held = await store_prizes.standing(doing.tx, command.prize_year)
    command = replace(command, edition=held.edition if held else None)
    events = domain.decide(command, None)
    await store.make(doing.tx, nomination, command, doing.today)
    state = after(domain.EMPTY, events)
    assert isinstance(state, Nomination)
    await words.keep(doing.tx, doing.vault, nomination, said)
    await store.save(doing.tx, nomination, len(events), state)
    await doing.announce(nomination, 0, events)
    return answer(nomination, len(events), 201)


async def by_link(tx: Connection, link: str) -> UUID:
    """The nomination that the holder of `link` may correct. Problem 404."""
    found = await store.linked(tx, sha256(link.encode()).digest())
    if found is None:
        raise Problem(404, "unknown-link")
    return found


async def correct(doing: Doing, link: str, body: CorrectionBody, expected: int) -> Answer:
    """The nominator writes it anew; address and language stay."""
    found = await load(doing, await by_link(doing.tx, link), expected)
    said = (await words.of(doing.tx, doing.vault, [found.id])).get(found.id)
    if said is None:
        raise Problem(404, "unknown-link")
    anew = replace(said, nominee=body.nominee, citation=body.citation, nominator=body.nominator)
    edition = found.edition.edition if found.edition else None
    command = CorrectNomination(body.nominee_kind, anew == said, edition, doing.now)
    sequence = await decide(doing, found, command)
    if sequence != found.sequence:
        await words.keep(doing.tx, doing.vault, found.id, anew)
        await doing.looked("change", [found.id], [found.id])
    return answer(found.id, sequence)


async def withdraw(doing: Doing, link: str, expected: int) -> Answer:
    found = await load(doing, await by_link(doing.tx, link), expected)
    edition = found.edition.edition if found.edition else None
    return answer(found.id, await decide(doing, found, WithdrawNomination(edition, doing.now)))


async def assess(doing: Doing, nomination: UUID, body: AssessmentBody, expected: int) -> Answer:
    found = await load(doing, nomination, expected)
    edition = found.edition.edition if found.edition else None
    return answer(nomination, await decide(doing, found, Assess(body.reason, body.changed, edition)))


async def mark_same(doing: Doing, nomination: UUID, body: SameBody, expected: int) -> Answer:
    found = await load(doing, nomination, expected, alone=True)
    others = await store.of_year(doing.tx, found.state.prize_year)
    other = others.get(body.same_as) if body.same_as else None
    led = any(each.state.same_as == nomination for each in others.values())
    edition = found.edition.edition if found.edition else None
    command = MarkSame(nomination, body.same_as, other.state if other else None, led, edition)
    return answer(nomination, await decide(doing, found, command))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a mail to a nominator needs, asked for at the moment it is sent. `link` until `closes_at`, then None."""

    email: str = field(repr=False)
    language: str
    reference: str
    prize_year: int
    link: str | None = field(repr=False)
    edition: Edition | None


async def receipt(doing: Doing, nomination: UUID) -> Receipt:
    """Where a mail to the nominator goes. Problem 404 when none is wanted, or when the nomination is gone.

    Each time it is asked for there is another link, because only its hash is kept; the earlier ones work too.
    """
    found = await store.one(doing.tx, nomination)
    if found is None or not found.receipt_wanted:
        raise Problem(404, "no-receipt-wanted")
    said = (await words.of(doing.tx, doing.vault, [nomination])).get(nomination)
    if said is None or not said.email:
        raise Problem(404, "no-receipt-wanted")
    held = (await store_prizes.editions(doing.tx)).get(found.prize_year)
    edition = held.edition if held else None
    token = None
    if edition is not None and edition.is_open(doing.now) and not found.state.withdrawn:
        token = token_urlsafe(32)
        await store.keep_link(doing.tx, nomination, sha256(token.encode()).digest())
    await doing.looked("view", [nomination], [nomination])
    return Receipt(said.email, said.language, reference(nomination), found.prize_year, token, edition)
