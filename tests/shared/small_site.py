"""A small service with every kind of route, its login and the demo's provider behind one address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Form, Request, Response
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from deploy.local.identity.provider import Client, Provider, keep_key
from deploy.local.ports import free_ports
from shared.identity import Actor, Identity
from shared.web.access import (
    actor_of,
    check_declared,
    csrf_token,
    install,
    needs,
    public,
    route_of,
)
from shared.web.login import Login
from shared.web.problems import Problem
from tests.shared.parts_of_web import served, settings_for

PAGE = {"Accept": "text/html,application/xhtml+xml"}
SAME = {"Sec-Fetch-Site": "same-origin"}


async def told_no(_: Request, raised: Exception) -> Response:
    assert isinstance(raised, Problem)
    return JSONResponse({"code": raised.code}, raised.status, raised.headers)


def small_service() -> FastAPI:
    """Every kind of route that a service has."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(Problem, told_no)
    cases = APIRouter(prefix="/cases", dependencies=[needs("coordinator", "caseworker")])

    @cases.get("/{case}")
    async def show(case: str, request: Request) -> dict[str, Any]:
        actor = actor_of(request)
        assert actor is not None
        return {"who": actor.name, "route": route_of(request), "csrf": csrf_token(request)}

    @cases.post("/{case}")
    async def change(case: str, request: Request) -> dict[str, str]:
        return {"route": route_of(request)}

    @cases.post("/{case}/close", dependencies=[needs("coordinator")])
    async def close(case: str, note: Annotated[str, Form()]) -> dict[str, str]:
        return {"note": note}

    api = APIRouter(prefix="/small")
    api.include_router(cases)

    @api.get("/nominate", dependencies=[public()])
    async def form(request: Request) -> dict[str, Any]:
        return {"csrf": csrf_token(request), "who": getattr(actor_of(request), "sub", None)}

    @api.post("/nominate", dependencies=[public()])
    async def nominate(request: Request) -> dict[str, str]:
        return {"sent": str((await request.form()).get("text", ""))}

    @app.get("/livez")
    async def livez() -> str:
        return "ok"

    app.include_router(api)
    app.mount("/small/static", StaticFiles(directory=Path(__file__).parent))
    return app


@dataclass
class Site:
    """The service, its login and the provider behind one address, as the front shows them."""

    url: str
    provider: Provider
    identity: Identity
    told: list[tuple[Actor, str | None, str]] = field(default_factory=list)
    down: bool = False

    def browser(self, **given: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={**PAGE, **SAME}, **given)

    def api(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url)

    def bearer(self, role: str) -> dict[str, str]:
        sub = next(sub for sub, person in self.provider.people.items() if role in person["roles"])
        return {"Authorization": f"Bearer {self.provider.access_token(sub)}"}

    def signed_in(self, *roles: str) -> httpx.AsyncClient:
        actor = Actor("5d0f", frozenset(roles), name="Invented")
        return self.browser(cookies={"landa_session": self.identity.open_session(actor)})


@asynccontextmanager
async def small_site(state: Path) -> AsyncIterator[Site]:
    port = free_ports(1)[0]
    url = f"http://localhost:{port}"
    provider = Provider(url, keep_key(state), {"landa-web": Client("web-secret", False, (f"{url}/auth/callback",))})
    async with httpx.AsyncClient() as http:
        identity = Identity(settings_for(public_url=url, issuer=provider.issuer), http)
        site = Site(url, provider, identity)

        async def on_login(actor: Actor, email: str | None, language: str) -> None:
            site.told.append((actor, email, language))

        app = small_service()
        app.include_router(Login(identity, http, on_login).router())
        install(app, identity)
        check_declared(app)
        other = provider.app()

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/identity") and not site.down:
                await other(scope, receive, send)
            elif scope["path"].startswith("/identity"):
                await JSONResponse({}, 502)(scope, receive, send)
            else:
                await app(scope, receive, send)

        async with served(front, port):
            yield site
