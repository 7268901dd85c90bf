"""Each service's journal over HTTP: `GET /<service>/journal?after=<position>` (NDJSON, role service) and republish.

Others rebuild from it without Kafka, and never read it in the database.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import structlog
from asyncpg.pgproto.pgproto import UUID as ReadUUID
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json

from shared import journal
from shared.contracts.envelope import Recorded, recurring
from shared.database import close
from shared.operations.commands import Words, written_down
from shared.runtime import Runtime, runtime
from shared.web.access import actor_of, needs

log = structlog.get_logger()
CHUNK = 5000


class Republish(BaseModel):
    """Which subject (None: all of them, when Kafka has lost what it had), and from where in its history."""

    model_config = ConfigDict(extra="forbid")

    subject: UUID | None
    first: Annotated[int, Field(ge=1, lt=2**63)] = 1
    reason: Words | None = None


def recorded(text: bytes) -> Recorded:
    """The event in a line of NDJSON. Raises ValueError or KeyError where it is none."""
    # The data stand last; within a JSON text their quotes would be escaped. So they stay the bytes they are.
    head, _, data = text.partition(b',"data":')
    found = from_json(head + b"}")
    return Recorded(
        ReadUUID(found["id"]),
        found["source"],
        recurring(found["subject"]),
        found["sequence"],
        found["position"],
        recurring(found["epoch"]),
        found["type"],
        datetime.fromisoformat(found["time"]),
        datetime.fromisoformat(found["recordedtime"]),
        data[:-1].decode(),
        found.get("traceparent"),
    )


def routes(service: str) -> APIRouter:
    """The journal's routes of `service`."""
    router = APIRouter(prefix=f"/{service}", tags=["journal"])

    @router.get("/journal", dependencies=[needs("service", "auditor")])
    async def read_journal(
        request: Request, after: Annotated[int, Query(ge=0, lt=2**63)] = 0, order: journal.Order = "position"
    ) -> StreamingResponse:
        """Every event above position `after`, one JSON object a line: as written, or subject by subject.

        Each has the event's attributes under CloudEvents' names, and its `data` last.
        """
        own = runtime(request)

        async def lines() -> AsyncIterator[bytes]:
            connection = await own.database.connect()
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    async for some in journal.lines(connection, service, after, order=order):
                        yield some
            finally:
                await close(connection)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @router.post("/journal/republish", status_code=202, dependencies=[needs("service", "operator")])
    async def republish(request: Request, wanted: Republish) -> dict[str, Any]:
        """Publishes the events of `subject` from sequence `first` once more. Consumers drop what they have.

        Without a subject (`null`) it publishes the whole journal, part by part: what to do when Kafka has lost its
        data. Broken off halfway, it is asked again: what waits already is not put there twice.
        """
        actor, database = actor_of(request), runtime(request).database
        async with database.transaction() as tx:
            if actor is not None and "operator" in actor.roles:
                await written_down(tx, actor, "republish", wanted.subject or "everything", wanted.reason)
            if wanted.subject is not None:
                events = await journal.republish(tx, wanted.subject, wanted.first)
                return {"subject": str(wanted.subject), "events": events}
        events = 0
        last: int | None = 0
        while last is not None:
            async with database.transaction() as tx:
                put, last = await journal.republish_all(tx, last)
            events += put
        return {"subject": None, "events": events}

    return router


async def ask_republish(own: Runtime, source: str, subject: UUID, first: int) -> bool:
    """Asks `source` to publish `subject` again from `first`. False when it is away: it is asked again later."""
    try:
        answer = await own.http.post(
            f"{own.settings.services[source]}/{source}/journal/republish",
            json={"subject": str(subject), "first": first},
            headers=await own.tokens.headers(),
        )
        log.warning("asked for missing events", source=source, subject=str(subject), answer=answer.status_code)
        return True
    except (httpx.HTTPError, KeyError, OSError) as error:
        log.warning("cannot ask for missing events", source=source, error=type(error).__name__)
        return False


async def read(own: Runtime, source: str) -> AsyncIterator[list[Recorded]]:
    """Every event of `source` from its journal, in chunks. Raises OSError when the source is away.

    They come subject by subject and no chunk ends within one, so that a projection folds whole histories, writes each
    row once, and chunks need not wait for each other.
    """
    try:
        async for chunk in _read(own, source):
            yield chunk
    except httpx.HTTPError as error:
        raise ConnectionError(f"the journal of {source}: {type(error).__name__}") from error


async def _read(own: Runtime, source: str) -> AsyncIterator[list[Recorded]]:
    async with own.http.stream(
        "GET",
        f"{own.settings.services[source]}/{source}/journal",
        params={"after": 0, "order": "subject"},
        headers=await own.tokens.headers(),
        timeout=httpx.Timeout(5, read=60),
    ) as answer:
        answer.raise_for_status()
        chunk: list[Recorded] = []
        rest = b""
        async for piece in answer.aiter_bytes():
            *texts, rest = (rest + piece).split(b"\n")
            for event in map(recorded, texts):
                if len(chunk) >= CHUNK and event.subject != chunk[-1].subject:
                    yield chunk
                    chunk = []
                chunk.append(event)
        if rest:
            raise ConnectionError(f"the journal of {source} broke off in the middle of a line")
        if chunk:
            yield chunk
