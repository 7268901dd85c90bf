"""What an operator sees and does: backlog, quarantine, held events, watermarks, rebuilds. No person is shown."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from shared import garbage, gate, generations, health, journal, watermarks
from shared.database import Connection
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import needs, route_of
from shared.web.commands import Answer, key_of

SEEN_BY = ("operator", "auditor")


# A bigint; and a text that PostgreSQL can keep, which is any without NUL.
Item = Annotated[int, PathParameter(ge=1, lt=2**63)]
Named = Annotated[str, PathParameter(pattern=r"^[a-z][a-z-]{0,39}$")]


class Reason(BaseModel):
    """Why something is done, in words of at least ten characters."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=10, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]


class Rebuild(BaseModel):
    """Where the new generation reads its events: Kafka's topics, or the sources' journals when Kafka has lost them."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["kafka", "journals"]


Operator = Annotated[Actor, needs("operator")]


async def _run(
    request: Request, actor: Actor, body: object, work: Callable[[Connection], Awaitable[Answer]]
) -> Response:
    answer = await runtime(request).commands.run(
        actor, route_of(request), key_of(request.headers), body, work, scope=request.scope
    )
    return JSONResponse(answer.data, answer.status, answer.headers())


def _rows(rows: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


def routes(service: str) -> APIRouter:
    """The operations' routes of `service`."""
    router = APIRouter(prefix=f"/{service}/operations", tags=["operations"])

    @router.get("", dependencies=[needs(*SEEN_BY)])
    async def overview(request: Request) -> dict[str, Any]:
        """Relay, subscriptions, held events by consumer, watermarks that differ, sources that were stopped."""
        parts = request.app.state.parts
        async with runtime(request).database.reading() as connection:
            return {
                "service": service,
                "relay": vars(parts.relay.status),
                "flows": await health.flows(parts),
                "held": _rows(
                    await connection.fetch(
                        "select consumer, source, waits_for, count(*) as events, min(held_at) as oldest from held"
                        " group by 1, 2, 3 order by 1, 2, 3"
                    )
                ),
                "watermarks": _rows(
                    await connection.fetch("select * from watermark order by consumer, source, partition")
                ),
                "stopped": _rows(await connection.fetch("select * from source_epoch where stranger is not null")),
                "projections": _rows(await connection.fetch("select * from projection order by name")),
                "quarantine": _rows(await connection.fetch("select * from quarantine order by since")),
            }

    @router.get("/held", dependencies=[needs(*SEEN_BY)])
    async def held(request: Request, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> list[dict[str, Any]]:
        """At most 200 held events after id `after`, oldest first, each with its reason."""
        async with runtime(request).database.reading() as connection:
            return _rows(
                await connection.fetch(
                    "select id, consumer, source, subject, sequence, event_id, type, place, reason, waits_for,"
                    " attempts, next_try, held_at from held where id > $1 order by id limit 200",
                    after,
                )
            )

    @router.post("/held/{item}/retry")
    async def retry(request: Request, item: Item, actor: Operator) -> Response:
        """Tries the event, and in order those behind it, again at once."""

        async def work(tx: Connection) -> Answer:
            found = await tx.fetchval(
                "update held set next_try = clock_timestamp() where id = $1 and subject is not null returning id", item
            )
            if found is None:
                raise Refused("held-event-not-found")
            return Answer(202, {"held": item})

        return await _run(request, actor, {"held": item}, work)

    @router.post("/held/{item}/discard")
    async def discard(request: Request, item: Item, body: Reason, actor: Operator) -> Response:
        """Leaves the event out, for ever and in every rebuild; those behind it go on. Needs a reason."""

        async def work(tx: Connection) -> Answer:
            row = await tx.fetchrow("select consumer, source, subject, event_id from held where id = $1", item)
            if row is None:
                raise Refused("held-event-not-found")
            if row["event_id"] is None:
                await garbage.discard(tx, item, reason=body.reason, actor=actor.sub)
            else:
                await gate.discard(
                    tx, row["consumer"], row["source"], row["event_id"], reason=body.reason, actor=actor.sub
                )
            return Answer(200, {"held": item})

        return await _run(request, actor, {"held": item, "reason": body.reason}, work)

    @router.post("/quarantine/{subject}/release")
    async def release(request: Request, subject: UUID, actor: Operator) -> Response:
        """Publishes the subject's events again from the one that Kafka refused."""

        async def work(tx: Connection) -> Answer:
            first = await tx.fetchval(
                "delete from quarantine q using journal j where q.subject = $1 and j.position = q.position"
                " returning j.sequence",
                subject,
            )
            if first is None:
                raise Refused("not-in-quarantine")
            return Answer(202, {"subject": str(subject), "events": await journal.republish(tx, subject, first)})

        return await _run(request, actor, {"subject": subject}, work)

    @router.post("/sources/{source}/accept")
    async def accept(request: Request, source: Named, actor: Operator) -> Response:
        """Follows the source's new journal from now on. Rebuild afterwards: what is known is of the old one."""

        async def work(tx: Connection) -> Answer:
            consumers = await watermarks.accept(tx, source)
            if not consumers:
                raise Refused("source-not-stopped")
            return Answer(200, {"source": source, "consumers": consumers})

        return await _run(request, actor, {"source": source}, work)

    @router.get("/rebuilds", dependencies=[needs(*SEEN_BY)])
    async def rebuilds(request: Request) -> list[dict[str, Any]]:
        """Each projection's generations, and how many events each generation has seen."""
        async with runtime(request).database.reading() as connection:
            return _rows(
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

        async def work(tx: Connection) -> Answer:
            try:
                generation = await generations.start_rebuild(tx, name, body.source)
            except generations.RebuildRunning:
                raise Refused("rebuild-running-or-unknown") from None
            return Answer(202, {"projection": name, "generation": generation})

        return await _run(request, actor, {"projection": name, "source": body.source}, work)

    return router
