"""The trace sink: an OTLP/HTTP receiver with pages that tell each event's way and draw a trace as a waterfall.

Promise: it keeps the last 5,000 traces in memory and no more, whatever is sent.
"""

import zlib
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from markupsafe import Markup
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.page import Reader, lead, page, reader_of
from deploy.local.traces_drawn import asked, drawn, listed, single_trace
from deploy.local.way import Way, in_town, ways

KEPT = 5000
SPANS_KEPT = 1000
BODY_LIMIT = 32_000_000
SUBJECT = "landa.subject"
TOLD = "tell pages"


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
            "started": in_town(start).isoformat(timespec="milliseconds"),
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
        reader, subject = reader_of(request), request.query_params.get("subject", "").strip() or None
        t, form = reader.t, asked(reader, subject)
        if subject is not None and (events := traces.ways(subject)):
            told = [drawn(way, reader) for way in events]
            return page(request, t("way.title"), lead(t("way.lead")), form, *told)
        found = traces.latest(subject)
        none = t("sink.traces.empty-of", subject=subject) if subject else t("sink.traces.empty")
        told = [listed(found, reader) if found else lead(none)]
        return page(request, t("sink.traces"), lead(t("sink.traces.lead", n=KEPT)), form, *told)

    async def single(request: Request) -> Response:
        reader, view = reader_of(request), traces.view(request.path_params["key"])
        if view is None:
            kept = lead(reader.t("sink.trace.kept", n=KEPT))
            back = Markup('<p><a href="/traces">{}</a></p>').format(reader.t("sink.traces.all"))
            return page(request, reader.t("sink.trace.unknown"), kept, back, status=404)
        return page(request, reader.t("sink.trace", name=view["trace"][:8]), *single_trace(view, reader))

    async def as_json(request: Request) -> Response:
        view = traces.view(request.path_params["key"])
        return JSONResponse(view) if view else JSONResponse({"detail": "no such trace"}, 404)

    async def all_json(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "200"))
        return JSONResponse({"traces": traces.latest(request.query_params.get("subject") or None, limit)})

    async def ways_json(request: Request) -> Response:
        found = traces.ways(request.query_params.get("subject", ""))
        return JSONResponse({"ways": [way.document(Reader("en").say) for way in found]})

    return [
        Route("/v1/traces", receive, methods=["POST"]),
        Route("/traces", listing),
        Route("/traces/", listing),
        Route("/traces/all.json", all_json),
        Route("/traces/ways.json", ways_json),
        Route("/traces/{key}.json", as_json),
        Route("/traces/{key}", single),
    ]
