"""One request says one thing: no header twice, no field twice, no number that is none; what is unclear is refused."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.mistakes import NAME
from shared.web.problems import SAFE_METHODS, Problem, Problems

ONCE = ("authorization", "content-type", "idempotency-key", "if-match")
LARGE = 64 * 1024


class Strict:
    """ASGI middleware, inside the limits. Broken JSON is left to the route, which knows the place."""

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self.app, self.problems = app, problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            came = await self._read(scope, receive)
        except Problem as no:
            response = await self.problems.problem(Request(scope), no)
            await response(scope, receive, send)
            return

        async def again() -> Message:
            return came.pop(0) if came else await receive()

        await self.app(scope, again, send)

    async def _read(self, scope: Scope, receive: Receive) -> list[Message]:
        headers = Headers(scope=scope)
        for name in ONCE:
            if len(headers.getlist(name)) > 1:
                raise Problem(400, "header-twice", field=name.title())
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "content-encoding", field="Content-Encoding")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] in SAFE_METHODS or kind != "application/json":
            return []
        came: list[Message] = []
        while not came or (came[-1]["type"] == "http.request" and came[-1].get("more_body", False)):
            came.append(await receive())
        body = b"".join(message.get("body", b"") for message in came)
        await (asyncio.to_thread(check, body) if len(body) > LARGE else _at_once(body))
        return came


async def _at_once(body: bytes) -> None:
    check(body)


def check(body: bytes) -> None:
    """Raises Problem when JSON can be read in more than one way, or in none that is meant."""
    try:
        json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Problem(400, "json-not-utf8") from None
    except json.JSONDecodeError:
        return
    except RecursionError:
        raise Problem(400, "json-too-deep") from None
    except ValueError:  # an integer of thousands of digits
        raise Problem(400, "json-number") from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise Problem(400, "json-field-twice", field=f"/{name}" if NAME.match(name) else "/?")
        seen.add(name)


def _no_number(_: str) -> None:
    raise Problem(400, "json-number")
