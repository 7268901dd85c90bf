"""The trace sink: an OTLP/HTTP receiver with pages that tell each event's way and draw a trace as a waterfall.

Promise: it keeps the last 5,000 traces in memory and no more, whatever is sent.
"""

import zlib
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError
from markupsafe import Markup
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.page import page, table
from deploy.local.way import Way, ways

KEPT = 5000
SPANS_KEPT = 1000
BODY_LIMIT = 32_000_000
SUBJECT = "landa.subject"
TOLD = "tell pages"
_COLOURS = ("#2f5d8a", "#7a4b8c", "#2e7d5b", "#a05a1c", "#5b6470", "#8a2f4b")


@dataclass
class Trace:
    spans: dict[str, dict[str, Any]] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)


class Traces:
    """Traces by id, the one written to last at the end."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._told: deque[dict[str, Any]] = deque(maxlen=kept)

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes).get("service.name", "?")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._keep(str(service), span)

    def _keep(self, service: str, span: Any) -> None:
        key = span.trace_id.hex()
        attributes = _attributes(span.attributes)
        found = {
            "id": span.span_id.hex(),
            "parent": span.parent_span_id.hex() or None,
            "service": service,
            "name": span.name,
            "start": span.start_time_unix_nano,
            "end": max(span.end_time_unix_nano, span.start_time_unix_nano),
            "failed": span.status.code == 2,
            "attributes": attributes,
            "links": [link.trace_id.hex() for link in span.links],
        }
        if span.name == TOLD:  # a word to many pages belongs to no trace, and is not listed as one
            self._told.append(found)
            return
        trace = self._traces.setdefault(key, Trace())
        self._traces.move_to_end(key)
        if len(trace.spans) < SPANS_KEPT:
            trace.spans[span.span_id.hex()] = found
            if SUBJECT in attributes:
                trace.subjects.add(str(attributes[SUBJECT]))
        while len(self._traces) > self._kept:
            self._traces.popitem(last=False)

    def ways(self, subject: str) -> list[Way]:
        """The way of each event of `subject`, the newest first."""
        return ways({key: list(trace.spans.values()) for key, trace in self._traces.items()}, self._told, subject)

    def latest(self, subject: str | None, limit: int = 200) -> list[dict[str, Any]]:
        found = []
        for key in reversed(self._traces):
            if subject is None or subject in self._traces[key].subjects:
                view = self.view(key)
                assert view is not None
                found.append(view)
            if len(found) == limit:
                break
        return found

    def view(self, key: str) -> dict[str, Any] | None:
        """The trace with its spans as a tree in order of time: milliseconds from its first span, and a depth."""
        trace = self._traces.get(key)
        if trace is None:
            return None
        start = min(span["start"] for span in trace.spans.values())
        end = max(span["end"] for span in trace.spans.values())
        children: dict[str | None, list[dict[str, Any]]] = {}
        for span in sorted(trace.spans.values(), key=lambda one: one["start"]):
            parent = span["parent"] if span["parent"] in trace.spans else None
            children.setdefault(parent, []).append(span)
        ordered = []
        stack = [(span, 0) for span in reversed(children.get(None, []))]
        while stack:
            span, depth = stack.pop()
            times = {"start_ms": (span["start"] - start) / 1e6, "duration_ms": (span["end"] - span["start"]) / 1e6}
            ordered.append(
                {name: span[name] for name in span if name not in ("start", "end")} | times | {"depth": depth}
            )
            stack.extend((child, depth + 1) for child in reversed(children.get(span["id"], [])))
        return {
            "trace": key,
            "started": datetime.fromtimestamp(start / 1e9, UTC).isoformat(timespec="milliseconds"),
            "duration_ms": (end - start) / 1e6,
            "services": sorted({span["service"] for span in trace.spans.values()}),
            "subjects": sorted(trace.subjects),
            "spans": ordered,
        }


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind in ("kvlist_value", "bytes_value", None):
        return None
    return getattr(value, kind)


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in pairs}


async def _body(request: Request) -> bytes | None:
    """The body, unpacked; None when it is larger than the limit."""
    unpack = zlib.decompressobj(31) if request.headers.get("content-encoding") == "gzip" else None
    body = bytearray()
    async for chunk in request.stream():
        body += unpack.decompress(chunk, BODY_LIMIT + 1) if unpack else chunk
        if len(body) > BODY_LIMIT or (unpack and unpack.unconsumed_tail):
            return None
    return bytes(body)


def _waterfall(view: dict[str, Any]) -> Markup:
    steps = view["spans"]
    width, row, label = 960, 22, 380
    whole = max(view["duration_ms"], 0.001)
    colour = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(view["services"])}
    bars = []
    for i, span in enumerate(steps):
        x = label + (width - label - 170) * span["start_ms"] / whole
        length = max((width - label - 170) * span["duration_ms"] / whole, 2)
        name = f"{span['service'].removeprefix('landa-')} · {span['name']}"
        indent = min(span["depth"], 8) * 12
        bars.append(
            Markup(
                '<text x="{}" y="{}" font-size="12" fill="currentColor">{}</text>'
                '<rect x="{:.1f}" y="{}" width="{:.1f}" height="14" rx="2" fill="{}"/>'
                '<text x="{:.1f}" y="{}" font-size="12" fill="currentColor">at {:.0f} ms, took {:.1f} ms{}</text>'
            ).format(
                indent, i * row + 15, name[: 62 - indent // 6], x, i * row + 4, length, colour[span["service"]],
                x + length + 6, i * row + 15, span["start_ms"], span["duration_ms"],
                " failed" if span["failed"] else "",
            )
        )  # fmt: skip
    return Markup(
        '<svg role="img" aria-label="Waterfall of {} spans; the table below holds the same" viewBox="0 0 {} {}"'
        ' width="100%">{}</svg>'
    ).format(len(steps), width, len(steps) * row + 8, Markup("").join(bars))


def _drawn(way: dict[str, Any]) -> Markup:
    """An event's way as a table, what is not seen below it, and the whole trace one click away."""
    rows = [
        (
            one["what"],
            one["at"].replace("T", " ").removesuffix("+00:00"),
            f"{one['ms']:.1f}",
            one["service"],
            one["note"],
        )
        for one in way["steps"]
    ]
    heads = ("Step", "At (UTC)", "ms since the request", "Service", "More")
    unseen = Markup("").join(Markup("<li>Not seen: {}.</li>").format(words) for words in way["unseen"])
    return Markup(
        '<section id="{}"><h2>{} <small>number {}</small></h2>{}<ul>{}</ul><p><a href="/traces/{}">All its spans</a>'
        " · event <code>{}</code></p></section>"
    ).format(
        way["event"],
        way["type"],
        way["sequence"],
        table(f"The way of {way['type']}", heads, rows),
        unseen,
        way["trace"],
        way["event"],
    )


def routes(traces: Traces) -> list[Route]:
    async def receive(request: Request) -> Response:
        try:
            body = await _body(request)
            if body is None:
                return Response(status_code=413)
            traces.take(ExportTraceServiceRequest.FromString(body))
        except (DecodeError, zlib.error):
            return Response(status_code=400)
        return Response(b"", media_type="application/x-protobuf")

    async def listing(request: Request) -> Response:
        subject = request.query_params.get("subject") or None
        form = Markup(
            '<form method="get" action="/traces"><label for="subject">Subject (the id of a case)</label> '
            '<input id="subject" name="subject" value="{}"> <button>Show</button></form>'
        ).format(subject or "")
        if subject is not None and (events := traces.ways(subject)):
            return page("One way per event", form, *(_drawn(way.document()) for way in events))
        found = traces.latest(subject)
        if not found:
            return page(
                "Traces",
                form,
                Markup("<p>No trace here. The demo keeps this run's latest: change something and look again.</p>"),
            )
        link = Markup('<a href="/traces/{}">{}</a>')
        rows = [
            (
                link.format(one["trace"], one["started"][11:23]),
                one["spans"][0]["name"],
                ", ".join(name.removeprefix("landa-") for name in one["services"]),
                str(len(one["spans"])),
                f"{one['duration_ms']:.1f}",
            )
            for one in found
        ]
        return page(
            "Traces", form, table("The latest first", ("Started (UTC)", "First span", "Services", "Spans", "ms"), rows)
        )

    async def single(request: Request) -> Response:
        view = traces.view(request.path_params["key"])
        if view is None:
            return page("No such trace", Markup("<p>Only the last {} are kept.</p>").format(KEPT), status=404)
        rows = [
            (
                one["service"],
                one["name"],
                f"{one['start_ms']:.1f}",
                f"{one['duration_ms']:.1f}",
                ", ".join(f"{name}={value}" for name, value in one["attributes"].items()),
            )
            for one in view["spans"]
        ]
        whole = Markup("<details><summary>All {} spans, with their attributes</summary>{}</details>").format(
            len(rows), table("Spans", ("Service", "Span", "Start (ms)", "Took (ms)", "Attributes"), rows)
        )
        return page(
            f"Trace {view['trace'][:8]}",
            Markup("<p>Started {}, took {:.1f} ms. Subjects: {}.</p>").format(
                view["started"], view["duration_ms"], ", ".join(view["subjects"]) or "none"
            ),
            _waterfall(view),
            whole,
        )

    async def as_json(request: Request) -> Response:
        view = traces.view(request.path_params["key"])
        return JSONResponse(view) if view else JSONResponse({"detail": "no such trace"}, 404)

    async def all_json(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "200"))
        return JSONResponse({"traces": traces.latest(request.query_params.get("subject") or None, limit)})

    async def ways_json(request: Request) -> Response:
        found = traces.ways(request.query_params.get("subject", ""))
        return JSONResponse({"ways": [way.document() for way in found]})

    return [
        Route("/v1/traces", receive, methods=["POST"]),
        Route("/traces", listing),
        Route("/traces/", listing),
        Route("/traces/all.json", all_json),
        Route("/traces/ways.json", ways_json),
        Route("/traces/{key}.json", as_json),
        Route("/traces/{key}", single),
    ]
