"""One address in front of everything.

Promise: bytes pass as they come, both ways and unbuffered; only the known prefixes are reachable; an answer 503 from
here means that the request reached no service, 502 that it may have.
Environment: LANDA_LISTEN_PORT, LANDA_ROUTES (JSON: prefix -> address; "/" matches itself only).
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping

import httpx
import uvicorn
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.local.ports import KEPT_OPEN, LOOPBACK
from shared.calls import Transport

_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    b" upgrade expect".split()
)
_OURS = frozenset(b"x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-real-ip forwarded".split())
# Longer than the streams' heartbeat and than anything a service takes before its first byte.
_TIMES = {"connect": 2.0, "read": 60.0, "write": None, "pool": None}
_SAFE = ("GET", "HEAD", "OPTIONS")

_TEXTS = {
    400: (
        "bad-request",
        "Det gick inte att läsa det som skickades",
        "Ett huvudfält är felaktigt. Rätta det och försök igen.",
        "What was sent cannot be read",
        "A header is malformed. Correct it and try again.",
    ),
    404: (
        "not-found",
        "Sidan finns inte",
        "Det finns ingen sida på den här adressen.",
        "No such page",
        "There is no page at this address.",
    ),
    502: (
        "outcome-unknown",
        "Svaret uteblev",
        "Tjänsten slutade svara mitt i. Det är inte säkert att det du skickade togs emot. "
        "Gör om det: det blir inte dubbelt.",
        "No answer came",
        "The service stopped in the middle. What you sent may or may not have been taken. "
        "Repeat it: the same key makes no doubles.",
    ),
    503: (
        "service-away",
        "Tillfälligt ur funktion",
        "Den här delen startar om. Inget har ändrats. Försök igen om en liten stund.",
        "Away for a moment",
        "This part is restarting. Nothing was changed. Try again in a moment.",
    ),
}

# The one way back to it: a browser empties a form's private fields when a person goes back.
_AGAIN = (
    "Ladda om sidan: det du hade skrivit skickas då igen.",
    "Reload the page: what you had typed is then sent again.",
)


def _say(status: int, scope: Scope) -> Response:
    code, title_sv, text_sv, title_en, text_en = _TEXTS[status]
    again_sv, again_en = _AGAIN if status >= 500 and scope["method"] == "POST" else ("", "")
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "2"} if status >= 500 else {})
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return HTMLResponse(
            f'<!doctype html><html lang="sv"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title_sv} – Landa</title>'
            f'<link rel="stylesheet" href="/notifications/static/landa.css"></head><body><main id="main">'
            f"<h1>{title_sv}</h1><p>{text_sv} {again_sv}</p>"
            f'<section lang="en"><h2>{title_en}</h2><p>{text_en} {again_en}</p></section>'
            f'<p><a href="/">Landa</a></p></main></body></html>',
            status,
            headers,
        )
    problem = {
        "type": f"urn:landa:refusal:{code}", "title": title_en, "status": status, "code": code, "detail": text_en,
        "errors": [], "trace": None,
    }  # fmt: skip
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


class Front:
    """The ASGI application. `routes`: prefix -> address of the upstream."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = {prefix: httpx.URL(address) for prefix, address in routes.items()}
        self._transport = Transport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=4.0)
        )

    def _upstream(self, path: str) -> httpx.URL | None:
        if {".", ".."} & set(path.split("/")):  # a service would be asked for something outside its prefix
            return None
        if path == "/":
            return self._routes.get("/")
        return self._routes.get("/" + path.split("/", 2)[1])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        upstream = self._upstream(scope["path"])
        if upstream is None:
            await _say(404, scope)(scope, receive, send)
            return
        proxied = asyncio.ensure_future(self._proxy(upstream, scope, received := _Received(receive), send))
        gone = asyncio.ensure_future(received.gone.wait())
        listener = asyncio.ensure_future(received.listen())
        try:
            # a browser that leaves must not hold a stream, and with it a connection, on the service
            await asyncio.wait((proxied, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (proxied, gone, listener):
                task.cancel()
            results = await asyncio.gather(proxied, gone, listener, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _proxy(self, upstream: httpx.URL, scope: Scope, received: "_Received", send: Send) -> None:
        names = {name for name, _ in scope["headers"]}
        has_body = b"content-length" in names or b"transfer-encoding" in names
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")

        def request() -> httpx.Request:
            return httpx.Request(
                scope["method"], upstream.copy_with(raw_path=target), headers=_request_headers(scope),
                content=received.body() if has_body else None, extensions={"timeout": _TIMES},
            )  # fmt: skip

        try:
            try:
                response = await self._transport.handle_async_request(request())
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                if has_body or scope["method"] not in _SAFE:
                    raise
                # a kept connection to a service that restarted
                response = await self._transport.handle_async_request(request())
        except httpx.LocalProtocolError:  # it cannot be passed on as it came
            await _say(400, scope)(scope, _nothing, send)
            return
        except (httpx.ConnectError, httpx.ConnectTimeout):
            await _say(503, scope)(scope, _nothing, send)
            return
        except httpx.TransportError:
            await _say(503 if scope["method"] in _SAFE else 502, scope)(scope, _nothing, send)
            return
        try:
            headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOP]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for chunk in response.stream:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})
        except httpx.TransportError:
            return  # the answer stays visibly cut off: the server closes a connection whose response was not ended
        finally:
            with contextlib.suppress(httpx.TransportError):
                await response.aclose()


class _Received:
    """The request's messages: the body while it lasts, afterwards only whether the client is still there."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(4)
        self.gone = asyncio.Event()

    async def listen(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            if message.get("body"):
                await self._chunks.put(message["body"])
            if not message.get("more_body"):
                await self._chunks.put(None)

    async def body(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not None:
            yield chunk


async def _nothing() -> dict[str, object]:
    return {"type": "http.disconnect"}


def _request_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    headers = [(name, value.strip()) for name, value in scope["headers"] if name not in _HOP and name not in _OURS]
    host = Headers(scope=scope).get("host", "").encode()
    client = scope["client"][0].encode() if scope.get("client") else b""
    headers += [
        (b"x-forwarded-for", client),
        (b"x-forwarded-host", host),
        (b"x-forwarded-proto", scope["scheme"].encode()),
    ]
    return headers


def main() -> None:
    """LANDA_HOST when it is not the loopback; LANDA_TLS_CERTIFICATE and LANDA_TLS_KEY (files) to speak https."""
    uvicorn.run(
        Front(json.loads(os.environ["LANDA_ROUTES"])), host=os.environ.get("LANDA_HOST", LOOPBACK),
        port=int(os.environ["LANDA_LISTEN_PORT"]), ssl_certfile=os.environ.get("LANDA_TLS_CERTIFICATE"),
        ssl_keyfile=os.environ.get("LANDA_TLS_KEY"),
        access_log=False, log_level="warning", lifespan="off", proxy_headers=False, server_header=False,
        date_header=False, timeout_graceful_shutdown=1, timeout_keep_alive=KEPT_OPEN,
    )  # fmt: skip


if __name__ == "__main__":
    main()
