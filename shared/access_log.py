"""Every look at a person leaves one entry, and an entry that is changed, removed or cut off afterwards is found.

The chain is keyed: who can write to the database but does not hold the master key cannot forge it. Putting the whole
table *and* its head back to an earlier state is consistent in itself; compare with a `Head` kept elsewhere to see it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, Literal
from uuid import UUID

from asyncpg import Record

from shared.database import Connection
from shared.identity import Actor
from shared.sealed import derive

Action = Literal["view", "search", "list", "export", "import", "change"]

_BATCH = (
    "select position, at, actor, roles, action, route, subjects, persons, reason, previous_hash, hash"
    " from access_log where position > $1 order by position limit $2"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its position (0 = none) and its hash. Worth keeping outside the database, once a day."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first position at which the log is not what was written, and how."""

    position: int
    how: Literal["missing", "changed", "unchained", "cut off", "head changed", "older than known"]


def _content(position: int, previous: bytes, row: Sequence[Any]) -> bytes:
    at, actor, roles, action, route, subjects, persons, reason = row
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = [position, previous.hex(), moment, actor, roles, action, route, subjects, persons, reason]
    return json.dumps(parts, default=str, separators=(",", ":")).encode()


class AccessLog:
    """The access log of one service. `previous` holds retired master keys, which verify and never sign."""

    def __init__(self, service: str, master: bytes, previous: Sequence[bytes] = ()) -> None:
        secrets = (master, *previous)
        self._ring = {derive(s, "key-number", 1): derive(s, f"access-log/{service}") for s in secrets}
        self._number = derive(master, "key-number", 1)

    def _sign(self, number: bytes, content: bytes) -> bytes:
        return number + hmac_digest(self._ring[number], content, "sha256")

    def _matches(self, signature: bytes, content: bytes) -> bool:
        number = signature[:1]
        return number in self._ring and compare_digest(signature, self._sign(number, content))

    async def record(
        self,
        tx: Connection,
        actor: Actor | None,
        action: Action,
        route: str,
        subjects: Iterable[UUID],
        persons: Iterable[UUID],
        reason: str | None = None,
    ) -> int:
        """Writes the entry in the request's own transaction; its position.

        Call it last: it holds the head's row until commit, so all looks of one service queue here. It needs READ
        COMMITTED (`transaction()`, not `reading()`). `route` is the route's template (`route_of(request)`), never the
        address with its values.
        """
        if not tx.is_in_transaction():
            raise RuntimeError("a look is recorded in the transaction that reads")
        head = await tx.fetchrow("select position, hash, clock_timestamp() as at from access_log_head for update")
        assert head is not None
        position: int = head["position"] + 1
        previous = head["hash"][:33]
        row = (
            head["at"],
            actor.sub if actor else "",
            sorted(actor.roles) if actor else [],
            action,
            route,
            sorted(set(subjects)),
            sorted(set(persons)),
            reason,
        )
        signed = self._sign(self._number, _content(position, previous, row))
        await tx.execute(
            "with entry as (insert into access_log values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))"
            " update access_log_head set position = $1, hash = $12",
            position,
            *row,
            previous,
            signed,
            signed + self._seal_head(position, signed),
        )
        return position

    def _seal_head(self, position: int, signed: bytes) -> bytes:
        return self._sign(self._number, b"head %d " % position + signed)

    async def head(self, tx: Connection) -> Head:
        """Where the log ends now."""
        row = await tx.fetchrow("select position, hash from access_log_head")
        assert row is not None
        return Head(row["position"], row["hash"][:33])

    async def verify(self, conn: Connection, known: Head | None = None, batch: int = 1000) -> Broken | None:
        """Walks the whole chain; the first thing wrong, or None. `known` is a head that was kept elsewhere.

        Reads one snapshot in batches, so writers go on; `conn` must not be in a transaction.
        """
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            end = await conn.fetchrow("select position, hash from access_log_head")
            if end is None:
                return Broken(0, "head changed")
            last, previous = 0, b""
            while rows := await conn.fetch(_BATCH, last, batch):
                for row in rows:
                    if broken := self._check(last, previous, row):
                        return broken
                    last, previous = row["position"], row["hash"]
                    if known and known.position == last and not compare_digest(known.hash, previous):
                        return Broken(last, "changed")
            return self._check_end(end, last, previous, known)

    def _check(self, last: int, previous: bytes, row: Record) -> Broken | None:
        position = row["position"]
        if position != last + 1:
            return Broken(last + 1, "missing")
        if not compare_digest(row["previous_hash"], previous):
            return Broken(position, "unchained")
        if not self._matches(row["hash"], _content(position, previous, list(row.values())[1:9])):
            return Broken(position, "changed")
        return None

    def _check_end(self, end: Record, last: int, previous: bytes, known: Head | None) -> Broken | None:
        position, signed, seal = end["position"], end["hash"][:33], end["hash"][33:]
        if position > last:
            return Broken(last + 1, "cut off")
        if position < last or not compare_digest(signed, previous):
            return Broken(position, "head changed")
        if position and not self._matches(seal, b"head %d " % position + signed):
            return Broken(position, "head changed")
        if known and known.position > last:
            return Broken(last + 1, "older than known")
        return None
