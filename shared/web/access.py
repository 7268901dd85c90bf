"""Every route says who may use it; a route that says nothing stops the start, and the default is no.

`dependencies=[needs("coordinator")]` or `actor: Annotated[Actor, needs("coordinator")]`; `public()` for everybody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac_digest
from secrets import token_urlsafe
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.identity import ROLES, SESSION_COOKIE, Actor, Identity, IssuerUnavailable, NotAuthentic, Session
from shared.web.problems import SAFE_METHODS, Problem, wants_page

VISITOR_COOKIE = "landa_visitor"
HEALTH = frozenset({"/livez", "/readyz", "/readyz/consumer", "/metrics"})
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class SeeOther(Exception):
    """Ends a request by sending the browser to `location`."""

    def __init__(self, location: str) -> None:
        super().__init__("see other")
        self.location = location


def identity_of(request: Request) -> Identity:
    identity = request.app.state.identity
    assert isinstance(identity, Identity)
    return identity


def actor_of(request: Request) -> Actor | None:
    """Who asks, as the route's `needs` or `public` found; None is nobody."""
    actor = getattr(request.state, "actor", None)
    return actor if isinstance(actor, Actor) else None


def _unauthenticated(code: str = "not-authenticated") -> Problem:
    error = "" if code == "not-authenticated" else ', error="invalid_token"'
    return Problem(401, code, headers={"WWW-Authenticate": f'Bearer realm="landa"{error}'})


How = Literal["bearer", "session", "nobody"]


async def _who(request: Request) -> How:
    """Finds the actor into `request.state`, once. A bearer token that is refused never falls back to the cookie."""
    if not hasattr(request.state, "how"):
        request.state.how = await _prove(request)
    how: How = request.state.how
    return how


async def _prove(request: Request) -> How:
    identity = identity_of(request)
    request.state.actor = request.state.session = None
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthenticated("token-refused")
        try:
            request.state.actor = await identity.bearer(token.strip())
        except NotAuthentic:
            raise _unauthenticated("token-refused") from None
        except IssuerUnavailable:
            raise Problem(503, "identity-unavailable", headers={"Retry-After": "5"}) from None
        return "bearer"
    try:
        session = identity.session(request.cookies[SESSION_COOKIE])
    except (KeyError, NotAuthentic):
        return "nobody"
    request.state.session, request.state.actor = session, session.actor
    return "session"


def _check_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise Problem(403, "foreign-origin")
    origin = request.headers.get("origin")
    ours = urlsplit(identity_of(request).settings.public_url)
    # A page with `Referrer-Policy: no-referrer` sends "null"; then the browser's own word on the site decides.
    if origin is None or (origin == "null" and site == "same-origin"):
        return
    if origin != f"{ours.scheme}://{ours.netloc}":
        raise Problem(403, "foreign-origin")


def _token(identity: Identity, bound_to: str) -> str:
    return hmac_digest(identity.forms_key, bound_to.encode(), "sha256").hex()


def _visitor(request: Request) -> str | None:
    try:
        return str(identity_of(request).visitors.read(request.cookies[VISITOR_COOKIE])["id"])
    except (KeyError, NotAuthentic):
        return None


def csrf_token(request: Request) -> str:
    """What a form sends back in its hidden field `csrf`: bound to the session, or to a cookie given to the visitor."""
    identity = identity_of(request)
    session = getattr(request.state, "session", None)
    if isinstance(session, Session):
        return _token(identity, "session " + session.id)
    visitor = getattr(request.state, "visitor", None) or _visitor(request)
    if visitor is None:
        visitor = request.state.visitor = token_urlsafe(12)
        request.state.visitor_cookie = identity.visitors.make({"id": visitor})
    return _token(identity, f"visitor {visitor}")


async def _check_form(request: Request, how: Literal["session", "nobody"]) -> None:
    """Refuses an unsafe request that another site could have made a browser send."""
    _check_origin(request)
    kind = request.headers.get("content-type", "").lower()
    form = kind.startswith(_FORMS)
    if how == "nobody" and kind.startswith("application/json"):
        return  # no cookie speaks for anybody, and a foreign page cannot send this type without our consent
    sent: object = request.headers.get(CSRF_HEADER)
    if sent is None and form:
        sent = (await request.form()).get(CSRF_FIELD)
    session = getattr(request.state, "session", None)
    bound = f"session {session.id}" if isinstance(session, Session) else f"visitor {_visitor(request)}"
    if not (isinstance(sent, str) and compare_digest(sent.encode(), _token(identity_of(request), bound).encode())):
        raise Problem(403, "form-expired")


class Needs:
    """A route's declaration that one of `roles` is needed."""

    def __init__(self, roles: frozenset[str]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Actor:
        how = await _who(request)
        actor = actor_of(request)
        if actor is None or how == "nobody":
            if request.method in {"GET", "HEAD"} and wants_page(request):
                here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                raise SeeOther("/auth/login?next=" + quote(here, safe=""))
            raise _unauthenticated()
        if not self.roles & actor.roles:
            raise Problem(403, "not-allowed")
        if how == "session" and request.method not in SAFE_METHODS:
            await _check_form(request, how)
        return actor


class Public:
    """A route's declaration that anybody may use it. Who is signed in is known all the same."""

    async def __call__(self, request: Request) -> Actor | None:
        how = await _who(request)
        if how != "bearer" and request.method not in SAFE_METHODS:
            await _check_form(request, how)
        return actor_of(request)


def needs(*roles: str) -> Any:
    """Anyone who has one of `roles`. Without roles it would be nobody, so that is an error."""
    if not roles or not set(roles) <= ROLES:
        raise ValueError(f"needs() takes one or more of: {', '.join(sorted(ROLES))}")
    return Depends(Needs(frozenset(roles)))


def public() -> Any:
    """Everybody, signed in or not."""
    return Depends(Public())


@dataclass(frozen=True, slots=True)
class Declared:
    """One method of one route. `needs` is None for a public one; an actor needs a role of every set in it."""

    method: str
    path: str
    needs: tuple[frozenset[str], ...] | None


class Undeclared(Exception):
    """Routes that do not say who may use them; the service does not start."""


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _walk(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Any, list[Needs | Public] | None]]:
    """Path, route and declarations of every route; None for one that cannot declare anything."""
    for context in iter_route_contexts(routes):
        path = prefix + (context.path or "")
        route = context.original_route
        if isinstance(route, APIRoute):
            yield path, context, [c for c in _calls(context.dependant) if isinstance(c, Needs | Public)]
        elif isinstance(route, Mount) and not isinstance(route.app, StaticFiles) and route.routes:
            yield from _walk(route.routes, path)
        elif not (isinstance(route, Mount) and isinstance(route.app, StaticFiles)):
            yield path, context, None


def routes_with_needs(app: FastAPI) -> list[Declared]:
    """Every method and path of the app with what it needs, for the test that walks them as every role."""
    found = []
    for path, route, declared in _walk(app.routes):
        if path in HEALTH or not declared:
            continue
        wanted = tuple(d.roles for d in declared if isinstance(d, Needs))
        found += [Declared(method, path, wanted or None) for method in sorted(route.methods or ())]
    return found


def check_declared(app: FastAPI) -> None:
    """Raises Undeclared with a line for each route that says nothing, or two things at once. Call it last at start."""
    wrong, templates = [], {}
    for path, route, declared in _walk(app.routes):
        if path in HEALTH:
            continue
        if not declared:
            wrong.append(f"{path} does not say who may use it: add needs(...) or public()")
        elif len({type(d) for d in declared}) > 1:
            wrong.append(f"{path} is declared both public and not")
        else:
            templates[(route.endpoint, frozenset(route.param_convertors))] = path
    if wrong:
        raise Undeclared("\n".join(wrong))
    app.state.templates = templates


def route_of(request: Request) -> str:
    """The template of the route that answers, for example `POST /reception/cases/{case}/arrivals`: never its values."""
    templates = getattr(request.app.state, "templates", {})
    key = (request.scope.get("endpoint"), frozenset(request.path_params))
    path = templates.get(key) or getattr(request.scope.get("route"), "path", "?")
    return f"{request.method} {path}"


class VisitorCookie:
    """ASGI: hands the visitor the cookie that `csrf_token` made, on whatever response the route gives."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_cookie(message: Message) -> None:
            value = scope.get("state", {}).get("visitor_cookie") if message["type"] == "http.response.start" else None
            if value is not None:
                carrier = Response()
                carrier.set_cookie(VISITOR_COOKIE, value, path="/", httponly=True, samesite="lax", secure=self.secure)
                MutableHeaders(scope=message).append("set-cookie", carrier.headers["set-cookie"])
            await send(message)

        await self.app(scope, receive, with_cookie if scope["type"] == "http" else send)


async def _see_other(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, SeeOther)
    return RedirectResponse(raised.location, status_code=303, headers={"Cache-Control": "no-store"})


def install(app: FastAPI, identity: Identity) -> None:
    """Gives the app its identity, the redirect to login and the visitor's cookie."""
    app.state.identity = identity
    app.add_exception_handler(SeeOther, _see_other)
    app.add_middleware(VisitorCookie, secure=identity.settings.secure)
