"""The operations of one service for programs: what there is, what is held, and each command."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from shared.database import Connection
from shared.identity import Actor
from shared.operations import commands
from shared.operations.commands import From, Words
from shared.operations.state import rows, state
from shared.runtime import runtime
from shared.web.access import needs, route_of
from shared.web.commands import Answer, key_of
from shared.web.problems import wants_page

SEEN_BY = ("operator", "auditor")
# The one page over all services, where a browser that comes here is sent.
PAGE = "/reporting/services"

# A bigint; and a text that PostgreSQL can keep, which is any without NUL.
Item = Annotated[int, PathParameter(ge=1, lt=2**63)]
Named = Annotated[str, PathParameter(pattern=r"^[a-z][a-z-]{0,39}$")]


class Reason(BaseModel):
    """Why something is done, in words of at least ten characters."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Words


class Why(BaseModel):
    """Why, for what can be done again without harm: it may be left out."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Words | None = None


class Rebuild(Why):
    """Where the new generation reads its events: Kafka's topics, or the sources' journals when Kafka has lost them."""

    source: From


Operator = Annotated[Actor, needs("operator")]


async def _run(
    request: Request, actor: Actor, body: object, status: int, work: Callable[[Connection], Awaitable[dict[str, Any]]]
) -> Response:
    async def answered(tx: Connection) -> Answer:
        return Answer(status, await work(tx))

    answer = await runtime(request).commands.run(
        actor, route_of(request), key_of(request.headers), body, answered, scope=request.scope
    )
    return JSONResponse(answer.data, answer.status, answer.headers())


def routes(service: str) -> APIRouter:
    """The operations' API of `service`."""
    router = APIRouter(prefix=f"/{service}/operations", tags=["operations"])

    @router.get("", response_model=None)
    async def overview(
        request: Request, actor: Annotated[Actor, needs(*SEEN_BY, "service")]
    ) -> dict[str, Any] | Response:
        """Relay, subscriptions, held events, watermarks, quarantine, stopped sources, what was done lately."""
        if wants_page(request) and "operator" in actor.roles:
            return RedirectResponse(PAGE, 303)
        parts = request.app.state.parts
        async with runtime(request).database.reading() as connection:
            return await state(parts, connection, service, parts.own)

    @router.get("/held", dependencies=[needs(*SEEN_BY)])
    async def held(request: Request, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> list[dict[str, Any]]:
        """At most 200 held events after id `after`, oldest first, each with its reason."""
        async with runtime(request).database.reading() as connection:
            return rows(
                await connection.fetch(
                    "select id, consumer, source, subject, sequence, event_id, type, place, reason, waits_for,"
                    " attempts, next_try, held_at from held where id > $1 order by id limit 200",
                    after,
                )
            )

    @router.post("/held/{item}/retry")
    async def retry(request: Request, item: Item, actor: Operator, body: Why | None = None) -> Response:
        """Tries the event, and in order those behind it, again at once."""
        why = body.reason if body else None
        return await _run(
            request, actor, {"held": item, "reason": why}, 202, lambda tx: commands.retry(tx, actor, item, why)
        )

    @router.post("/held/{item}/discard")
    async def discard(request: Request, item: Item, body: Reason, actor: Operator) -> Response:
        """Leaves the event out, for ever and in every rebuild; those behind it go on. Needs a reason."""
        why = body.reason
        return await _run(
            request, actor, {"held": item, "reason": why}, 200, lambda tx: commands.discard(tx, actor, item, why)
        )

    @router.post("/quarantine/{subject}/release")
    async def release(request: Request, subject: UUID, actor: Operator, body: Why | None = None) -> Response:
        """Publishes the subject's events again from the one that Kafka refused."""
        why = body.reason if body else None
        return await _run(
            request,
            actor,
            {"subject": subject, "reason": why},
            202,
            lambda tx: commands.release(tx, actor, subject, why),
        )

    @router.post("/sources/{source}/accept")
    async def accept(request: Request, source: Named, actor: Operator, body: Why | None = None) -> Response:
        """Follows the source's new journal from now on. Rebuild afterwards: what is known is of the old one."""
        why = body.reason if body else None
        return await _run(
            request, actor, {"source": source, "reason": why}, 200, lambda tx: commands.accept(tx, actor, source, why)
        )

    @router.get("/rebuilds", dependencies=[needs(*SEEN_BY)])
    async def rebuilds(request: Request) -> list[dict[str, Any]]:
        """Each projection's generations, and how many events each generation has seen."""
        async with runtime(request).database.reading() as connection:
            return rows(
                await connection.fetch(
                    "select p.*, (select coalesce(sum(sequence), 0)::bigint from gate"
                    " where consumer = name || '/' || live) as events_live,"
                    " (select coalesce(sum(sequence), 0)::bigint from gate"
                    " where consumer = name || '/' || building) as events_building from projection p order by name"
                )
            )

    @router.post("/rebuilds/{name}")
    async def rebuild(request: Request, name: Named, body: Rebuild, actor: Operator) -> Response:
        """Builds a new generation of `name` beside the one that pages read; swaps them when it has caught up."""
        return await _run(
            request,
            actor,
            {"projection": name, **body.model_dump()},
            202,
            lambda tx: commands.rebuild(tx, actor, name, body.source, body.reason),
        )

    return router
