"""Each service's journal over HTTP: `GET /<service>/journal?after=<position>` (NDJSON, role service) and republish.

Others rebuild from it without Kafka, and never read it in the database.
"""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from shared import journal
from shared.contracts.envelope import Recorded, headers
from shared.messaging import Raw, topic
from shared.runtime import Runtime, runtime
from shared.web.access import needs

log = structlog.get_logger()
CHUNK = 2000


class Republish(BaseModel):
    """Which subject, and from where in its history."""

    model_config = ConfigDict(extra="forbid")

    subject: UUID
    first: Annotated[int, Field(ge=1, lt=2**63)] = 1


def line(event: Recorded) -> str:
    """One event as a line of NDJSON: the record's headers and its data."""
    return json.dumps({"headers": {n: v.decode() for n, v in headers(event)}, "data": json.loads(event.data)}) + "\n"


def raw(source: str, text: str) -> Raw:
    """A line of NDJSON as the record that Kafka would have given."""
    found = json.loads(text)
    pairs = [(name, value.encode()) for name, value in found["headers"].items()]
    position = int(found["headers"]["ce_position"])
    value = json.dumps(found["data"], separators=(",", ":"), ensure_ascii=False).encode()
    return Raw(topic("journal", source), -1, position, None, value, pairs)


def routes(service: str) -> APIRouter:
    """The journal's routes of `service`."""
    router = APIRouter(prefix=f"/{service}", tags=["journal"])

    @router.get("/journal", dependencies=[needs("service", "auditor")])
    async def read_journal(request: Request, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> StreamingResponse:
        """Every event above position `after`, one JSON object a line, in order of position."""
        own = runtime(request)

        async def lines() -> AsyncIterator[str]:
            connection = await own.database.connect()
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    chunk: list[str] = []
                    async for event in journal.stream(connection, service, after):
                        chunk.append(line(event))
                        if len(chunk) == 500:
                            yield "".join(chunk)
                            chunk = []
                    yield "".join(chunk)
            finally:
                await connection.close()

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @router.post("/journal/republish", status_code=202, dependencies=[needs("service", "operator")])
    async def republish(request: Request, wanted: Republish) -> dict[str, Any]:
        """Publishes the events of `subject` from sequence `first` once more. Consumers drop what they have."""
        async with runtime(request).database.transaction() as tx:
            events = await journal.republish(tx, wanted.subject, wanted.first)
            return {"subject": str(wanted.subject), "events": events}

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


async def read(own: Runtime, source: str) -> AsyncIterator[list[Raw]]:
    """Every event of `source` from its journal, in chunks. Raises OSError when the source is away."""
    try:
        async for chunk in _read(own, source):
            yield chunk
    except httpx.HTTPError as error:
        raise ConnectionError(f"the journal of {source}: {type(error).__name__}") from error


async def _read(own: Runtime, source: str) -> AsyncIterator[list[Raw]]:
    async with own.http.stream(
        "GET",
        f"{own.settings.services[source]}/{source}/journal?after=0",
        headers=await own.tokens.headers(),
        timeout=httpx.Timeout(5, read=60),
    ) as answer:
        answer.raise_for_status()
        chunk: list[Raw] = []
        async for text in answer.aiter_lines():
            chunk.append(raw(source, text))
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
