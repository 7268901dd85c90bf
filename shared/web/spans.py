"""Each request leaves one span and one measured time, named by its route: never its values, nor a query string.

By hand, since the instrumentation of the framework cost more than checking a token did.
"""

import time

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.web.access import HEALTH, route_of

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_CONTEXT = TraceContextTextMapPropagator()


class Spans:
    """ASGI middleware, outermost. What asks about health and what fetches a file of the house leaves nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tracer = trace.get_tracer("landa")
        self._took = telemetry.histogram(
            "http.server.request.duration", "s", "Time from a request to the end of its answer"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH or "/static/" in scope["path"]:
            await self.app(scope, receive, send)
            return
        status, begun = 0, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        span = self._tracer.start_span(scope["method"], context=_CONTEXT.extract(sent), kind=SpanKind.SERVER)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                await self.app(scope, receive, watch)
        finally:
            name = _name(scope)
            self._took(time.perf_counter() - begun, {"http.route": name, "http.response.status_code": str(status)})
            if span.is_recording():
                span.update_name(name)
                span.set_attribute("url.path", scope["path"])
                span.set_attribute("http.response.status_code", status)
                if not 0 < status < 500:
                    span.set_status(StatusCode.ERROR)
            span.end()


def _name(scope: Scope) -> str:
    """Method and template; whatever somebody invents has one name, or it would fill the metrics."""
    return route_of(Request(scope)) if "endpoint" in scope and scope["method"] in _METHODS else "no route"
