"""Alive, ready, able to consume, and the metrics: what an operator and an orchestrator ask a service."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared import telemetry
from shared.database import is_unavailable

if TYPE_CHECKING:
    from shared.process import Parts

router = APIRouter(include_in_schema=False)
POLLED_SECONDS = 10


@router.get("/livez")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """The database answers and its migrations are done. Kafka does not matter here: HTTP never waits for it."""
    parts: Parts = request.app.state.parts
    try:
        if not parts.migrated:
            raise ConnectionError
        async with asyncio.timeout(2):
            await parts.runtime.database.pool.fetchval("select 1")
    except Exception as error:
        if not is_unavailable(error):
            raise
        return JSONResponse({"status": "database is away"}, 503, headers={"Retry-After": "1"})
    return JSONResponse({"status": "ready"})


async def flows(parts: "Parts") -> list[dict[str, Any]]:
    """Every subscription: who, of which source, how long ago it was polled, how far behind it is."""
    found = []
    for name, stream in sorted(parts.consumers.streams.items()):
        for inlet in stream.inlets:
            idle, lag = inlet.seconds_since_poll(), await inlet.lag()
            working = (idle is not None and idle < POLLED_SECONDS and lag == 0) or (
                inlet.applying and not inlet.trouble
            )
            found.append(
                {
                    "consumer": name,
                    "source": inlet.source,
                    "building": stream.receiver.rebuilding,
                    "seconds_since_poll": None if idle is None else round(idle, 1),
                    "lag": lag,
                    "applying": inlet.applying,
                    "trouble": inlet.trouble,
                    "working": working,
                }
            )
    return found


@router.get("/readyz/consumer")
async def consuming(request: Request) -> JSONResponse:
    """Each subscription was polled in the last 10 s, and has nothing left or is applying it.

    A generation that is being built is shown and does not count: pages do not read it.
    """
    parts: Parts = request.app.state.parts
    found = await flows(parts)
    good = parts.migrated and parts.consumers.complete() and all(f["working"] or f["building"] for f in found)
    return JSONResponse({"status": "consuming" if good else "not consuming", "flows": found}, 200 if good else 503)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(await asyncio.to_thread(generate_latest, telemetry.registry), media_type=CONTENT_TYPE_LATEST)


_numbers: dict[str, list[tuple[float, dict[str, str]]]] = {}


def observe(parts: "Parts") -> None:
    """Registers the gauges. Their values are read by `measure`, since metrics are collected outside the loop."""
    relay, open_pages = parts.relay.status, parts.runtime.hub.subscribers

    def read(name: str) -> Any:
        return lambda: _numbers.get(name, [])

    def now(value: float) -> Iterable[tuple[float, dict[str, str]]]:
        return [(value, {})]

    telemetry.gauge("journal.backlog", "{event}", "journal rows not published yet", lambda: now(relay.backlog))
    telemetry.gauge(
        "journal.quarantined", "{subject}", "subjects whose event Kafka refuses", lambda: now(relay.quarantined)
    )
    telemetry.gauge("relay.leading", "1", "whether this replica publishes", lambda: now(relay.leading))
    telemetry.gauge("pages.open", "{page}", "pages that hear of changes", lambda: now(len(open_pages)))
    telemetry.gauge("consumer.lag", "{record}", "records not applied yet", read("lag"))
    telemetry.gauge("consumer.held", "{event}", "events that wait", read("held"))
    telemetry.gauge("consumer.missing", "{event}", "events the watermark has and the consumer has not", read("missing"))
    telemetry.gauge("consumer.strange_journal", "1", "a source has another epoch", read("strange"))


async def measure(parts: "Parts") -> None:
    """Reads the gauges' values every two seconds."""
    while True:
        async with parts.work.reading() as connection:
            held = await connection.fetch(
                "select consumer, source, waits_for, count(*) as n from held group by 1, 2, 3"
            )
            missing = await connection.fetch(
                "select consumer, source, sum(greatest(events - seen_events, 0))::bigint as n"
                " from watermark group by 1, 2"
            )
            strange = await connection.fetch("select consumer, source, stranger is not null as n from source_epoch")
            parts.relay.status.backlog = await connection.fetchval("select count(*) from outbox")
        _numbers["held"] = [
            (row["n"], {"consumer": row["consumer"], "source": row["source"], "waits_for": row["waits_for"]})
            for row in held
        ]
        for name, rows in (("missing", missing), ("strange", strange)):
            _numbers[name] = [(row["n"], {"consumer": row["consumer"], "source": row["source"]}) for row in rows]
        _numbers["lag"] = [
            (float(flow["lag"]), {"consumer": flow["consumer"], "source": flow["source"]})
            for flow in await flows(parts)
            if flow["lag"] is not None
        ]
        await asyncio.sleep(2)
