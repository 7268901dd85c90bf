"""What every service wears outside its routes: refusals, limits, security headers, static files."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.limits import BODY, DEADLINE, Limits
from shared.web.pages import STATIC, Pages
from shared.web.problems import UNAVAILABLE, Problems
from shared.web.strict import Strict


class SecurityHeaders:
    """ASGI middleware. `form_targets` are the other origins that a form may end at, such as the identity provider."""

    def __init__(self, app: ASGIApp, form_targets: Sequence[str] = ()) -> None:
        self.app = app
        targets = " ".join(["'self'", *form_targets])
        self.headers = {
            "Content-Security-Policy": (
                "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
                f"base-uri 'none'; form-action {targets}; frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cache-Control": "no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    sent.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, dress)


class Static(StaticFiles):
    """The house's own files. An address with the file's fingerprint may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        known = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response


def furnish(
    app: FastAPI,
    pages: Pages,
    *,
    statuses: Mapping[str, int] | None = None,
    unavailable: Sequence[type[Exception]] = UNAVAILABLE,
    body: int = BODY,
    bodies: Mapping[str, int] | None = None,
    deadline: float = DEADLINE,
    form_targets: Sequence[str] = (),
) -> Problems:
    """Call once, after the service's own middlewares are added: what is added last stands outermost."""
    problems = Problems(pages.texts, pages, statuses)

    def refuse(request: Request, status: int, code: str, headers: Mapping[str, str]) -> Response:
        return problems.respond(request, status, code, headers=headers)

    app.add_middleware(Strict, problems=problems)
    app.add_middleware(Limits, refuse=refuse, body=body, bodies=bodies, deadline=deadline)
    problems.install(app, unavailable)
    app.add_middleware(SecurityHeaders, form_targets=form_targets)
    app.mount(f"/{pages.service}/static", Static(directory=STATIC), name="static")
    return problems
