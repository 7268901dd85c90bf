"""What a request leaves in traces and metrics: its route and how it ended, never what somebody typed."""

import httpx
import pytest
from fastapi import FastAPI, Request
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared.web.spans import Spans

TYPED = "Saga Provsten"


@pytest.fixture
async def asked():
    app, kept, measured = FastAPI(), InMemorySpanExporter(), []

    @app.post("/reception/cases/{case}")
    async def case(case: str, request: Request) -> dict[str, str]:
        if "raises" in request.query_params:
            raise RuntimeError(TYPED)
        return {"case": case}

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    spans = Spans(app)
    spans._tracer = provider.get_tracer("test")
    spans._took = lambda _seconds, labels: measured.append(labels)
    transport = httpx.ASGITransport(spans, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://town") as client:

        async def ask(method: str, path: str, **more) -> tuple[ReadableSpan, dict[str, str]]:
            kept.clear()
            await client.request(method, path, data={"name": TYPED}, headers={"referer": f"/?q={TYPED}"}, **more)
            (span,) = kept.get_finished_spans()
            assert TYPED not in span.to_json() and TYPED not in str(measured)
            assert TYPED.split()[0] not in span.to_json() + str(measured)
            return span, measured[-1]

        yield ask


async def test_neither_the_query_nor_a_form_nor_an_error_is_told(asked):
    span, labels = await asked("POST", "/reception/cases/7", params={"q": TYPED})
    assert (span.name, span.attributes["url.path"]) == ("POST /reception/cases/{case}", "/reception/cases/7")
    assert labels == {"http.route": "POST /reception/cases/{case}", "http.response.status_code": "200"}
    span, labels = await asked("POST", "/reception/cases/7", params={"q": TYPED, "raises": "1"})
    assert span.status.status_code is StatusCode.ERROR and not span.events
    assert labels["http.response.status_code"] in ("0", "500")


async def test_what_somebody_invents_fills_no_metric(asked):
    for method, path in (("POST", "/nowhere/1"), ("POST", "/nowhere/2"), ("BREW", "/reception/cases/7")):
        span, labels = await asked(method, path)
        assert span.name == labels["http.route"] == "no route"
