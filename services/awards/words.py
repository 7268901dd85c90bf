"""What people wrote, sealed at rest. Whoever opens it for a reader leaves an entry in the access log."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID, uuid5

from services.awards import store
from shared.access_log import AccessLog, Action
from shared.database import Connection
from shared.identity import Actor
from shared.sealed import CannotOpen, Vault, open_sealed, seal

LAUREATES = UUID("3a5e1c9d-8a50-5f0f-9a52-5b0d5b7f2a01")


@dataclass(frozen=True, slots=True)
class Words:
    """A nomination as somebody wrote it; in no repr."""

    nominee: str = field(repr=False)
    citation: str = field(repr=False)
    nominator: str = field(repr=False)
    email: str | None = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Comment:
    """What a juror wrote beside the points."""

    comment: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Laureate:
    """What is published of a laureate who agreed: the name as they want it, and why they get the prize."""

    name: str = field(repr=False)
    motivation: str = field(repr=False)


def laureate_text(nomination: UUID) -> UUID:
    """Under which id a laureate's published words stand."""
    return uuid5(LAUREATES, str(nomination))


async def keep(tx: Connection, vault: Vault, id: UUID, said: Words | Comment | Laureate) -> None:
    keys = await vault.new_keys(tx, [id])
    await store.keep_text(tx, id, seal(keys[id], id, asdict(said)))


async def forget(tx: Connection, vault: Vault, id: UUID) -> None:
    await vault.erase(tx, [id])
    await store.drop_text(tx, id)


async def _opened(tx: Connection, vault: Vault, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What is there of each; one that was erased is missing."""
    wanted = list(ids)
    if not wanted:
        return {}
    texts, keys = await store.sealed_texts(tx, wanted), await vault.unwrap(tx, wanted)
    found = {}
    for key in texts.keys() & keys.keys():
        try:
            found[key] = open_sealed(keys[key], key, texts[key]).reveal()
        except CannotOpen:
            continue
    return found


async def of(tx: Connection, vault: Vault, nominations: Iterable[UUID]) -> dict[UUID, Words]:
    """The words of nominations. The caller records the look."""
    return {id: Words(**said) for id, said in (await _opened(tx, vault, nominations)).items()}


async def comments(tx: Connection, vault: Vault, reviews: Iterable[UUID]) -> dict[UUID, str]:
    """The comments of reviews. The caller records the look."""
    return {id: str(said["comment"]) for id, said in (await _opened(tx, vault, reviews)).items()}


async def laureates(tx: Connection, vault: Vault, nominations: Iterable[UUID]) -> dict[UUID, Laureate]:
    """What is published of these nominations' nominees: public, so nobody's look is recorded."""
    ids = {laureate_text(nomination): nomination for nomination in nominations}
    return {ids[id]: Laureate(**said) for id, said in (await _opened(tx, vault, ids)).items()}


async def read(
    tx: Connection,
    vault: Vault,
    looks: AccessLog,
    nominations: Iterable[UUID],
    actor: Actor | None,
    action: Action,
    route: str,
) -> dict[UUID, Words]:
    """The words of `nominations`, with one entry in the access log that says who read which."""
    ids = list(nominations)
    found = await of(tx, vault, ids)
    if found:
        await looks.record(tx, actor, action, route, ids, found)
    return found
