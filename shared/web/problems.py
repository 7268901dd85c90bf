"""How the product says no: one shape for the API, one page for people, and never a word of what was sent in."""

import re
import socket
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import database
from shared.decider import Refused
from shared.web.mistakes import Mistake, mistakes_of
from shared.web.texts import DEFAULT, LANGUAGES, Texts

if TYPE_CHECKING:
    from shared.web.pages import Pages

log = structlog.get_logger("landa.http")
EFFECT = "landa.effect"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# A pool that is being closed or made anew is away too, for one who asks over HTTP.
UNAVAILABLE: tuple[type[Exception], ...] = (*database.UNAVAILABLE, asyncpg.InterfaceError)


class Problem(Exception):
    """An answer other than yes. `code` has the texts `refusal.<code>.what` and `.mend`; `facts` fill their fields."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.field, self.headers, self.facts = status, code, field, dict(headers or {}), facts


def trace_id(scope: Scope) -> str:
    """The trace that a reader can quote to the people who run the system; the same through all of a request."""
    found = trace.get_current_span().get_span_context().trace_id
    kept: str = scope.setdefault("landa.trace", f"{found:032x}" if found else uuid.uuid4().hex)
    return kept


def no_effect(scope: Scope) -> None:
    """Say that nothing is committed yet: should the request break off now, 503 is the true answer."""
    scope[EFFECT] = "none"


def may_have_effect(scope: Scope) -> None:
    """Say, before COMMIT is sent, that from here on a broken-off request may have taken effect: 504, repeat it."""
    scope[EFFECT] = "unknown"


def broken_off(scope: Scope) -> tuple[int, str]:
    """Status and code of a request that could not be ended. 503 promises that nothing happened, 504 does not."""
    if scope.get("method") in SAFE_METHODS or scope.get(EFFECT) == "none":
        return 503, "unavailable"
    return 504, "outcome-unknown"


def wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def language(request: Request) -> str:
    """`?lang=`, then the cookie, then the actor's own; programs may also ask by Accept-Language."""
    actor = getattr(request.state, "actor", None)
    asked = [request.query_params.get("lang"), request.cookies.get("lang"), getattr(actor, "language", None)]
    if not wants_page(request):
        asked.append(request.headers.get("accept-language", "")[:2].lower())
    return next((lang for lang in asked if lang in LANGUAGES), DEFAULT)


def explain(texts: Texts, lang: str, code: str, field: str | None = None, facts: Mapping[str, object] = {}) -> Mistake:
    """The texts of a refusal. A code that has none yet is told in general words rather than as an error of ours."""
    if texts.has(f"refusal.{code}.what"):
        what = texts.get(lang, f"refusal.{code}.what", **facts)
        mend = texts.get(lang, f"refusal.{code}.mend", **facts) if texts.has(f"refusal.{code}.mend") else ""
    else:
        log.warning("refusal_without_text", code=code)
        what, mend = texts.get(lang, "refusal.unnamed.what", code=code), texts.get(lang, "refusal.unnamed.mend")
    return Mistake(field or "", what, mend)


class Problems:
    """The exception handlers of one service. `statuses` gives refusal codes a status other than 409 (422 by field)."""

    def __init__(self, texts: Texts, pages: "Pages | None" = None, statuses: Mapping[str, int] | None = None) -> None:
        self.texts, self.pages, self.statuses = texts, pages, dict(statuses or {})

    def respond(
        self,
        request: Request,
        status: int,
        code: str,
        *,
        fault: Mistake | None = None,
        errors: Sequence[Mistake] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One problem as application/problem+json, or as the error page when a browser asks."""
        lang, trail = language(request), trace_id(request.scope)
        route = getattr(request.scope.get("route"), "path", None)
        log.info("refused", status=status, code=code, route=route, method=request.method, trace=trail)
        family = status if self.texts.has(f"problem.{status}.what") else (400 if status < 500 else 500)
        what = fault.what if fault else self.texts.get(lang, f"problem.{family}.what")
        mend = fault.mend if fault else self.texts.get(lang, f"problem.{family}.mend")
        if self.pages and wants_page(request):
            return self.pages.render(
                request,
                "error.html",
                status=status,
                headers=headers,
                title=self.texts.get(lang, f"problem.{family}.title"),
                what=what,
                safe=self.texts.get(lang, f"problem.{family}.safe"),
                mend=mend,
                errors=errors,
                trace=trail,
            )
        body = {
            "type": f"urn:landa:refusal:{code}",
            "title": self.texts.get(lang, f"problem.{family}.title"),
            "status": status,
            "code": code,
            "detail": f"{what} {mend}".strip(),
            "errors": [{"where": f.where, "what": f.what, "mend": f.mend} for f in errors],
            "trace": trail,
        }
        sent = {"Cache-Control": "no-store", "Content-Language": lang, **(headers or {})}
        return JSONResponse(body, status, sent, media_type="application/problem+json")

    async def problem(self, request: Request, raised: Exception) -> Response:
        assert isinstance(raised, Problem)
        fault = explain(self.texts, language(request), raised.code, raised.field, raised.facts)
        errors = [fault] if raised.field else []
        return self.respond(request, raised.status, raised.code, fault=fault, errors=errors, headers=raised.headers)

    async def refused(self, request: Request, raised: Exception) -> Response:
        assert isinstance(raised, Refused)
        fault = explain(self.texts, language(request), raised.code, raised.field, raised.facts)
        status = self.statuses.get(raised.code, 422 if raised.field else 409)
        # The field of a rule is a field of the body: a JSON pointer here, as for what the model refuses.
        errors = [replace(fault, where=f"/{raised.field.lstrip('/')}")] if raised.field else []
        return self.respond(request, status, raised.code, fault=fault, errors=errors)

    async def invalid(self, request: Request, raised: Exception) -> Response:
        assert isinstance(raised, RequestValidationError | ValidationError)
        listed: Sequence[Any] = raised.errors()
        kind = request.headers.get("content-type", "")
        if kind and "json" not in kind and all(tuple(error["loc"]) == ("body",) for error in listed):
            return await self.problem(request, Problem(415, "json-wanted", field="Content-Type"))
        errors = mistakes_of(listed, self.texts, language(request))
        malformed = any(error["type"] == "json_invalid" for error in listed)
        return self.respond(
            request, 400 if malformed else 422, "malformed-json" if malformed else "invalid-input", errors=errors
        )

    async def http(self, request: Request, raised: Exception) -> Response:
        assert isinstance(raised, HTTPException)
        try:
            name = HTTPStatus(raised.status_code).phrase
        except ValueError:
            name = "refused"
        return self.respond(
            request, raised.status_code, re.sub(r"[^a-z0-9]+", "-", name.lower()), headers=raised.headers
        )

    async def unavailable(self, request: Request, raised: Exception) -> Response:
        ours = isinstance(raised, asyncpg.DataError | asyncpg.exceptions.ClientConfigurationError | ValueError)
        local = isinstance(raised, OSError) and not isinstance(raised, ConnectionError | TimeoutError | socket.gaierror)
        if ours or (local and type(raised) is not OSError):
            return await self.unforeseen(request, raised)
        log.warning("unavailable", reason=type(raised).__name__)
        status, code = broken_off(request.scope)
        return self.respond(request, status, code, headers={"Retry-After": "5"})

    async def unforeseen(self, request: Request, raised: Exception) -> Response:
        """Where it broke goes to the log, without the message: messages of databases and parsers repeat the input."""
        response = self.respond(request, 500, "internal")
        frames = traceback.extract_tb(raised.__traceback__)[-8:]
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        log.error("unforeseen", error=type(raised).__name__, where=where, trace=trace_id(request.scope))
        return response

    def install(self, app: FastAPI, unavailable: Sequence[type[Exception]] = UNAVAILABLE) -> None:
        handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
            Problem: self.problem,
            Refused: self.refused,
            RequestValidationError: self.invalid,
            ValidationError: self.invalid,
            HTTPException: self.http,
            **dict.fromkeys(unavailable, self.unavailable),
        }
        for raised, handler in handlers.items():
            app.add_exception_handler(raised, handler)
        app.add_middleware(Unforeseen, problems=self)


class Unforeseen:
    """Ends every exception that nobody foresaw, before the server prints it with the values it holds."""

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self.app, self.problems = app, problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as raised:  # noqa: BLE001  the last line of defence: everything foreseen is handled inside
            response = await self.problems.unforeseen(Request(scope), raised)
            if started:
                raise RuntimeError("broke off in the middle of an answer; the log has the place") from None
            await response(scope, receive, send)
