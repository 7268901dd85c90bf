"""No request is larger or slower than its limit: it is answered in time, and the rest of it is not waited for."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.problems import broken_off

BODY = 1024 * 1024
DEADLINE = 5.0
ARRIVE = 120.0
# What is on its way after a refusal is read and dropped: so long for each piece, and so long together (as nginx does).
LINGER_PIECE = 5.0
LINGER = 30.0

Refuse = Callable[[Request, int, str, Mapping[str, str]], Response]


class TooLarge(Exception):
    """More came than may come. It unwinds the route; the answer is given outside, whatever the route made of it."""


class Limits:
    """ASGI middleware. `bodies` gives paths (by prefix, the longest wins) another limit in bytes than `body`.

    The deadline counts from the last piece of the body, so a long upload is not late while it comes; it ends with the
    first byte of the answer, so a stream may last.
    """

    def __init__(
        self,
        app: ASGIApp,
        refuse: Refuse,
        *,
        body: int = BODY,
        bodies: Mapping[str, int] | None = None,
        deadline: float = DEADLINE,
        arrive: float = ARRIVE,
    ) -> None:
        self.app, self.refuse, self.body, self.deadline, self.arrive = app, refuse, body, deadline, arrive
        self.bodies = sorted((bodies or {}).items(), key=lambda item: -len(item[0]))

    def limit(self, path: str) -> int:
        return next((size for prefix, size in self.bodies if path.startswith(prefix)), self.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await self.too_large(scope, receive, send)
            return
        await self.bounded(scope, receive, send, limit)

    async def bounded(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + self.arrive
        came, ended, over, started = 0, False, False, False

        async def count() -> Message:
            nonlocal came, ended, over
            message = await receive()
            if message["type"] == "http.request" and not ended:
                came += len(message.get("body", b""))
                ended = not message.get("more_body", False)
                if came > limit:
                    over = True
                    raise TooLarge
                if not started:
                    clock.reschedule(min(loop.time() + self.deadline, latest + self.deadline))
            return message

        async def watch(message: Message) -> None:
            nonlocal started
            if over:
                return
            if message["type"] == "http.response.start":
                started = True
                clock.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.deadline) as clock:
                await self.app(scope, count, watch)
        except TooLarge:
            pass
        except TimeoutError:
            if not clock.expired() or started:
                raise
            status, code = broken_off(scope)
            headers = {"Retry-After": "5", **({} if ended else {"Connection": "close"})}
            await self.refuse(Request(scope), status, code, headers)(scope, receive, send)
            return
        if over and not started:
            await self.too_large(scope, receive, send)

    async def too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once; then take what is already on its way for a while, or the client never sees the answer."""
        response = self.refuse(Request(scope), 413, "too-large", {"Connection": "close"})
        await send({"type": "http.response.start", "status": 413, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        try:
            loop = asyncio.get_running_loop()
            latest = loop.time() + LINGER
            async with asyncio.timeout(LINGER_PIECE) as clock:
                while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                    clock.reschedule(min(loop.time() + LINGER_PIECE, latest))
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})
