"""The demo's identity provider, live on a port, for the tests that talk to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from deploy.local.identity.provider import Client, Provider, keep_key
from deploy.local.ports import free_ports
from shared.identity import Identity
from tests.shared.parts_of_web import served, settings_for


@dataclass
class Live:
    """The provider as it runs; `seen` counts requests by path; `down` makes it answer 500."""

    provider: Provider
    http: httpx.AsyncClient
    url: str
    seen: dict[str, int]
    down: bool = False

    def identity(self, **given: Any) -> Identity:
        settings = settings_for(issuer=self.provider.issuer, public_url=self.url, **given)
        return Identity(settings, self.http, refresh_seconds=0.0)

    async def token(self, **wanted: str) -> str:
        answer = await self.http.post("/identity/demo-token", json=wanted)
        answer.raise_for_status()
        return answer.json()["access_token"]


@asynccontextmanager
async def live_provider(state: Path) -> AsyncIterator[Live]:
    port = free_ports(1)[0]
    url = f"http://localhost:{port}"
    clients = {
        "landa-web": Client("web-secret", redirect_uris=(f"{url}/auth/callback",)),
        "reception": Client("service-secret", service=True),
    }
    provider = Provider(url, keep_key(state), clients)
    async with httpx.AsyncClient(base_url=url) as http:
        live = Live(provider, http, url, {})
        inner = provider.app()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            live.seen[scope["path"]] = live.seen.get(scope["path"], 0) + 1
            if live.down:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b""})
            else:
                await inner(scope, receive, send)

        async with served(app, port):
            yield live
