"""A command with the same key takes effect at most once, and every repetition gets the first answer.

One request is one transaction, opened here and nowhere else.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel
from starlette.types import Scope

from shared import telemetry
from shared.database import Connection, Database
from shared.faults import step
from shared.identity import Actor
from shared.sealed import derive
from shared.web.problems import EFFECT, Problem, may_have_effect, no_effect

ACQUIRE_SECONDS = 2.0
TRANSACTION_SECONDS = 4.5

_ID = re.compile(r"[0-9a-z][0-9a-z.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers: ids and codes only, for it is stored. `etag` is the subject's sequence afterwards."""

    status: int
    data: dict[str, Any] = field(default_factory=dict)
    location: str | None = None
    etag: int | None = None
    replayed: bool = False

    def headers(self) -> dict[str, str]:
        headers = {}
        if self.location is not None:
            headers["Location"] = self.location
        if self.etag is not None:
            headers["ETag"] = etag(self.etag)
        if self.replayed:
            headers["Idempotent-Replayed"] = "true"
        return headers


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()  # not mode="json": it lists a set in any order
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(value, key=str)
    return str(value)


def canonical(body: object) -> bytes:
    """The same bytes for the same parsed command, whatever its whitespace or order of fields was."""
    return json.dumps(body, default=_plain, sort_keys=True, separators=(",", ":")).encode()


def key_of(headers: Mapping[str, str], form: Mapping[str, Any] | None = None) -> UUID:
    """The request's idempotency key, from its header or its form's hidden field."""
    value = headers.get("idempotency-key") or (form or {}).get("key")
    if not value:
        raise Problem(400, "idempotency-key-missing", field="Idempotency-Key")
    try:
        return UUID(str(value))
    except ValueError:
        raise Problem(400, "idempotency-key-malformed", field="Idempotency-Key") from None


def etag(sequence: int) -> str:
    return f'"{sequence}"'


def expected_version(headers: Mapping[str, str], form: Mapping[str, Any] | None = None) -> int:
    """The version that the client saw: `If-Match: "7"`, or the form's hidden field `sequence`."""
    value = headers.get("if-match")
    if value is None and form is not None and form.get("sequence"):
        value = f'"{form["sequence"]}"'
    if value is None:
        raise Problem(428, "version-missing", field="If-Match")
    match = re.fullmatch(r'"(\d{1,15})"', value.strip(), re.ASCII)
    if match is None:
        raise Problem(400, "version-malformed", field="If-Match")
    return int(match[1])


def check_version(expected: int, current: int) -> None:
    """Refuses a change to something that has changed since the client saw it."""
    if expected != current:
        headers = {"ETag": etag(current)}
        raise Problem(412, "stale-version", field="If-Match", headers=headers, expected=expected, current=current)


def _only_ids(value: object) -> bool:
    match value:
        case None | bool() | int() | UUID():
            return True
        case str():
            return _ID.fullmatch(value) is not None
        case list() | tuple():
            return all(_only_ids(item) for item in value)
        case dict():
            return all(_only_ids(item) for item in value.values())
    return False


@asynccontextmanager
async def transaction(
    database: Database, *, scope: Scope | None = None, seconds: float = TRANSACTION_SECONDS
) -> AsyncIterator[Connection]:
    """One transaction, committed on the way out, within `seconds` from asking for a connection.

    A database that does not answer by then raises what `database.is_unavailable` knows. The connection is cut, because
    neither a query nor a rollback on a half-open connection ends by itself. `scope` is told how far it came: until
    COMMIT is sent nothing has happened (503), from then on nobody knows (504; repeating with the same key finds out).
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + seconds
    if scope is not None and scope.get(EFFECT) != "unknown":
        no_effect(scope)
    pool = database.pool
    tx = await pool.acquire(timeout=min(ACQUIRE_SECONDS, seconds))
    cut = loop.call_at(latest, tx.terminate)
    try:
        async with asyncio.timeout_at(latest + 0.25):
            with telemetry.span("transaction"):
                held = tx.transaction()
                await held.start()
                try:
                    yield tx
                except BaseException:
                    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # then the server rolls back
                        await held.rollback()
                    raise
                await _commit(held, scope)
    except asyncpg.InterfaceError as error:
        if _is_lost(tx):
            raise ConnectionError("the database connection was lost") from error
        raise
    finally:
        cut.cancel()
        await pool.release(tx, timeout=1.0)
    for call in database.after_commit:
        call()


def _is_lost(tx: Connection) -> bool:
    try:
        return tx.is_closed()
    except asyncpg.InterfaceError:  # a connection that is lost has left the pool by itself
        return True


async def _commit(held: "asyncpg.transaction.Transaction", scope: Scope | None) -> None:
    if scope is None:
        await held.commit()
        return
    before = scope.get(EFFECT)
    may_have_effect(scope)
    try:
        await held.commit()
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
        raise
    except asyncpg.PostgresError:  # the server said no at COMMIT: a deferred constraint, a conflict
        if before == "none":
            no_effect(scope)
        raise


class Commands:
    """Runs the commands of one service, each once. The hash of a body is keyed: bodies hold numbers one could guess."""

    def __init__(self, database: Database, master: bytes) -> None:
        self._database = database
        self._secret = derive(master, "idempotency")

    async def run(
        self,
        actor: Actor | None,
        route: str,
        key: UUID,
        body: object,
        work: Callable[[Connection], Awaitable[Answer]],
        *,
        tells: str | None = None,
        scope: Scope | None = None,
        seconds: float = TRANSACTION_SECONDS,
    ) -> Answer:
        """The answer of `work`, done now or before. What `work` raises undoes everything and leaves the key free.

        A concurrent request with the same key waits for this one. The same key with another body is Problem 422.
        `tells` is the topic that the pages which are open hear of. `scope` is the request's: see `transaction`.
        """
        who, body_hash = actor.sub if actor else "", hmac_digest(self._secret, canonical(body), "sha256")
        async with transaction(self._database, scope=scope, seconds=seconds) as tx:
            mine = await tx.fetchval(
                "insert into idempotency (actor, route, key, body_hash) values ($1, $2, $3, $4)"
                " on conflict do nothing returning true",
                who,
                route,
                key,
                body_hash,
            )
            if not mine:
                return await self._stored(tx, who, route, key, body_hash)
            answer = await work(tx)
            if not 200 <= answer.status < 300:
                raise ValueError("work answers 2xx, or raises")
            if not _only_ids(answer.data):
                raise ValueError("an answer is stored, so it holds ids and codes only")
            await tx.execute(
                "with kept as"
                " (update idempotency set status = $4, answer = $5 where actor = $1 and route = $2 and key = $3)"
                " select pg_notify('landa', $6) where $6 is not null",
                who,
                route,
                key,
                answer.status,
                json.dumps({"data": answer.data, "location": answer.location, "etag": answer.etag}, default=str),
                tells,
            )
            step("command.done")
        step("command.committed")
        return replace(answer, data=json.loads(json.dumps(answer.data, default=str)))

    async def _stored(self, tx: Connection, who: str, route: str, key: UUID, body_hash: bytes) -> Answer:
        row = await tx.fetchrow(
            "select body_hash, status, answer from idempotency where actor = $1 and route = $2 and key = $3",
            who,
            route,
            key,
        )
        if row is None:  # forgotten between the two statements: it was older than a week
            raise Problem(503, "unavailable", headers={"Retry-After": "5"})
        if not compare_digest(row["body_hash"], body_hash):
            raise Problem(422, "idempotency-key-reused", field="Idempotency-Key")
        return Answer(status=row["status"], replayed=True, **json.loads(row["answer"]))


async def forget_old_keys(tx: Connection, days: int = 7) -> int:
    """Deletes keys older than `days`; how many. Repeating a command after that is a new command."""
    done: str = await tx.execute("delete from idempotency where created_at < now() - make_interval(days => $1)", days)
    return int(done.split()[-1])
