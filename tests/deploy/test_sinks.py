"""The mail sink and the trace sink as the services meet them."""

import contextlib
import gzip
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.sinks import application
from deploy.local.traces import Traces

TRACE = bytes(range(16))


@contextlib.asynccontextmanager
async def sinks(folder: Path, smtp_port: int) -> AsyncIterator[httpx.AsyncClient]:
    app = application(folder / "mail.sqlite", smtp_port)
    transport = httpx.ASGITransport(app, client=(LOOPBACK, 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sinks") as client,
    ):
        yield client


def letter(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "landa@landa.example", to
    message["Subject"], message["Message-ID"] = "Ett nytt ärende <script>", "<1@landa.example>"
    message.set_content("Logga in för att läsa: <b>http://localhost</b>\n")
    return message


async def test_mail_is_kept_shown_and_survives_a_restart(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    async with sinks(tmp_path, port) as client:
        await aiosmtplib.send(letter("one@landa.example"), hostname=LOOPBACK, port=port)
        await aiosmtplib.send(letter("two@landa.example"), hostname=LOOPBACK, port=port)
    async with sinks(tmp_path, port) as client:
        found = (await client.get("/mail/messages.json", params={"to": "TWO@landa.example"})).json()
        assert found["count"] == 2
        [message] = found["messages"]
        assert message["to"] == ["two@landa.example"]
        assert message["message_id"] == "<1@landa.example>"
        assert "Logga in för att läsa" in message["body"]
        listing = (await client.get("/mail")).text
        single = (await client.get(f"/mail/{message['id']}")).text
        assert "Ett nytt ärende &lt;script&gt;" in listing
        assert "&lt;b&gt;http" in single
        assert (await client.get("/mail/99")).status_code == 404


async def test_each_fault_is_what_it_says(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    async with sinks(tmp_path, port) as client:

        async def kept_after(mode: str, expected: type[Exception], patience: float = 30) -> int:
            assert (await client.post("/mail/faults", json={"mode": mode})).json() == {"mode": mode}
            with pytest.raises(expected):
                await aiosmtplib.send(letter("one@landa.example"), hostname=LOOPBACK, port=port, timeout=patience)
            return int((await client.get("/mail/messages.json")).json()["count"])

        assert await kept_after("451", aiosmtplib.SMTPDataError) == 0
        assert await kept_after("550", aiosmtplib.SMTPDataError) == 0
        assert await kept_after("hang", aiosmtplib.SMTPException, 0.5) == 0
        assert await kept_after("reset-before-250", aiosmtplib.SMTPException) == 1
        assert (await client.post("/mail/faults", json={"mode": "other"})).status_code == 422
        await client.post("/mail/faults", json={"mode": "reset-after-250"})
        with contextlib.suppress(aiosmtplib.SMTPServerDisconnected):
            await aiosmtplib.send(letter("one@landa.example"), hostname=LOOPBACK, port=port)
        assert (await client.get("/mail/messages.json")).json()["count"] == 2


def exported(trace: bytes, spans: int = 2) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "landa-reception"
    scope = resource.scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(trace_id=trace, span_id=bytes([0] * 7 + [number + 1]), name=f"step {number}")
        span.parent_span_id = bytes([0] * 7 + [number]) if number else b""
        span.start_time_unix_nano = 1_500_000_000_000_000_000 + number * 2_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + 5_000_000
        span.attributes.add(key="landa.subject").value.string_value = "case-1"
    return request


async def test_a_trace_is_drawn_and_found_by_its_subject(tmp_path: Path) -> None:
    async with sinks(tmp_path, free_ports(1)[0]) as client:
        headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        body = gzip.compress(exported(TRACE).SerializeToString())
        assert (await client.post("/v1/traces", content=body, headers=headers)).status_code == 200
        assert (await client.post("/v1/traces", content=b"garbage", headers=headers)).status_code == 400
        view = (await client.get(f"/traces/{TRACE.hex()}.json")).json()
        assert [(one["name"], one["start_ms"], one["duration_ms"], one["depth"]) for one in view["spans"]] == [
            ("step 0", 0.0, 5.0, 0),
            ("step 1", 2.0, 5.0, 1),
        ]
        assert view["services"] == ["landa-reception"]
        assert view["started"] == "2017-07-14T04:40:00.000+02:00"
        assert TRACE.hex() in (await client.get("/traces", params={"subject": "case-1"})).text
        assert TRACE.hex() not in (await client.get("/traces", params={"subject": "case-2"})).text
        page = (await client.get(f"/traces/{TRACE.hex()}")).text
        wide, narrow = page.partition('<ol class="narrow"')[::2]
        for drawing in (wide, narrow):  # the same in both: one fits where the other does not
            assert "reception · step 1" in drawing and "efter 2,0 ms, tog 5,0 ms" in drawing
        assert 'x="28.57%" width="71.43%"' in narrow


async def test_the_pages_speak_the_readers_language_and_say_the_time_in_stockholm(tmp_path: Path) -> None:
    async with sinks(tmp_path, free_ports(1)[0]) as client:
        await client.post("/v1/traces", content=exported(TRACE).SerializeToString())
        swedish = (await client.get("/traces")).text
        assert '<html lang="sv">' in swedish and "<h1>Spår</h1>" in swedish and "2017-07-14 04:40:00,000" in swedish
        assert '<html lang="en">' in (await client.get("/traces", headers={"accept-language": "en-GB"})).text
        english = await client.get("/traces?subject=case-1&lang=en")
        assert "<h1>Traces</h1>" in english.text and "2017-07-14 04:40:00.000" in english.text
        assert 'href="/traces?subject=case-1&amp;lang=sv"' in english.text
        # what was chosen stays, as on the pages of the services
        for path in (f"/traces/{TRACE.hex()}", "/traces?subject=case-9", "/traces/unknown", "/mail", "/mail/9"):
            assert '<html lang="en">' in (await client.get(path, headers={"accept-language": "sv"})).text, path


def test_only_so_many_traces_are_kept() -> None:
    traces = Traces(kept=10)
    for number in range(25):
        traces.take(exported(number.to_bytes(16, "big"), 1))
    kept = [one["trace"] for one in traces.latest(None)]
    assert kept == [number.to_bytes(16, "big").hex() for number in range(24, 14, -1)]
