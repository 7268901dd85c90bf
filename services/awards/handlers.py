"""Load, decide, save, announce; and reading the sealed words, which leaves an entry in the access log every time."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from services.awards import domain, rules, store
from services.awards.domain import SubmitNomination
from services.awards.store import Listed
from shared import journal
from shared.access_log import AccessLog, Action
from shared.clock import STOCKHOLM
from shared.database import Connection
from shared.decider import fold
from shared.identity import Actor
from shared.sealed import CannotOpen, Vault, open_sealed, seal
from shared.web.problems import Problem

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote; sealed at rest, and in no repr."""

    nominee: str = field(repr=False)
    citation: str = field(repr=False)
    nominator: str = field(repr=False)
    email: str | None = field(repr=False)
    language: str


async def submit(
    tx: Connection,
    vault: Vault,
    nomination: UUID,
    command: SubmitNomination,
    words: Words,
    actor: Actor | None,
    now: datetime,
) -> int:
    """The nomination is made; its sequence afterwards."""
    state, sequence = await store.load(tx, nomination, command, now.astimezone(STOCKHOLM).date())
    events = domain.decide(command, state)
    if not events:
        return sequence
    keys = await vault.new_keys(tx, [nomination])
    await store.keep_text(tx, nomination, seal(keys[nomination], nomination, asdict(words)))
    await store.save(tx, nomination, sequence + len(events), fold(domain.evolve, events, state))
    await journal.append(tx, nomination, sequence, events, at=now, actor=actor.sub if actor else PUBLIC)
    return sequence + len(events)


async def _words(tx: Connection, vault: Vault, nominations: Iterable[UUID]) -> dict[UUID, Words]:
    """The words of each; one that was erased is missing."""
    wanted = list(nominations)
    texts, keys = await store.sealed_texts(tx, wanted), await vault.unwrap(tx, wanted)
    found = {}
    for key in texts.keys() & keys.keys():
        try:
            found[key] = Words(**open_sealed(keys[key], key, texts[key]).reveal())
        except CannotOpen:
            continue
    return found


async def read(
    tx: Connection,
    vault: Vault,
    looks: AccessLog,
    nominations: Iterable[Listed],
    actor: Actor,
    action: Action,
    route: str,
) -> dict[UUID, Words]:
    """The words of `nominations`, with one entry in the access log that says who read which."""
    ids = [nomination.id for nomination in nominations]
    found = await _words(tx, vault, ids)
    if found:
        await looks.record(tx, actor, action, route, ids, found)
    return found


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt needs, asked for at the moment it is sent."""

    email: str = field(repr=False)
    language: str
    reference: str
    prize_year: int


async def receipt(
    tx: Connection, vault: Vault, looks: AccessLog, nomination: UUID, actor: Actor, route: str
) -> Receipt:
    """Where the receipt goes. Problem 404 when none is wanted, or when there is no such nomination any more."""
    found = await store.one(tx, nomination)
    if found is None or not found.receipt_wanted:
        raise Problem(404, "no-receipt-wanted")
    words = (await read(tx, vault, looks, [found], actor, "view", route)).get(nomination)
    if words is None or not words.email:
        raise Problem(404, "no-receipt-wanted")
    return Receipt(words.email, words.language, rules.reference(nomination), found.prize_year)
