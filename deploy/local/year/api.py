"""The public API as the player uses it: every call is repeated with the same key until it is answered.

A service that is away, or was killed in the middle, costs time and nothing else. Raises Unanswered in the end.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import httpx

PATIENCE = 120.0
_AWAY = frozenset({502, 503, 504})
_TOKEN_SECONDS = 45 * 60


class Unanswered(RuntimeError):
    """Nobody answered for two minutes."""


class No(RuntimeError):
    """The API refused; `status` and `code` are the problem's, the message says what and where, never what was sent."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        problem = _json(answer)
        places = "; ".join(f"{e.get('where')}: {e.get('what')}" for e in problem.get("errors") or [])
        super().__init__(f"{request} -> {answer.status_code} {problem.get('code')} {problem.get('detail')} {places}")
        self.status, self.code = answer.status_code, problem.get("code")


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _until_answered(request: str, once: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """What `once` gets, as soon as somebody is there who answers. Raises No and Unanswered."""
    end, pause, last = time.monotonic() + PATIENCE, 0.05, ""
    while True:
        try:
            answer = await once()
        except httpx.TransportError as error:
            last = type(error).__name__
        else:
            if answer.status_code < 300:
                return answer
            if answer.status_code not in _AWAY:
                raise No(request, answer)
            last = str(answer.status_code)
        if time.monotonic() > end:
            raise Unanswered(f"{request} was not answered for {PATIENCE:.0f} s; the last was {last}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _who(role: str) -> dict[str, str]:
    """A role, or the subject of one of the demo's people."""
    return {"role" if role.isalpha() else "sub": role}


class Api:
    """`public_url`: the one address. `identity`: the demo's provider, for tokens by role."""

    def __init__(self, public_url: str, identity: str) -> None:
        self._identity = identity
        self._client = httpx.AsyncClient(
            base_url=public_url, timeout=httpx.Timeout(20, connect=3), headers={"Accept": "application/json"}
        )
        self._tokens: dict[str, tuple[float, str]] = {}

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, sub: str) -> None:
        """Logs in as one of the demo's people does, on the sign-in page."""

        async def once() -> httpx.Response:
            async with httpx.AsyncClient(timeout=httpx.Timeout(20, connect=3), follow_redirects=True) as browser:
                page = await browser.get(self._client.base_url.join("/auth/login"))
                asked = dict(page.url.params)
                if page.status_code in _AWAY:
                    return page
                return await browser.post(page.url.copy_with(query=None), data={**asked, "sub": sub})

        await _until_answered("signing in", once)

    async def get(self, role: str, path: str) -> dict[str, Any]:
        return _json(await self._call("GET", path, role))

    async def version(self, role: str, path: str) -> int:
        """The version that the subject at `path` has now. Raises No."""
        return int((await self._call("GET", path, role)).headers["etag"].strip('"'))

    async def post(
        self,
        role: str,
        path: str,
        key: UUID,
        body: object = None,
        *,
        version: int | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """The answer's JSON, with `version` from its ETag. Raises No."""
        headers = {"Idempotency-Key": str(key)} | ({"If-Match": f'"{version}"'} if version is not None else {})
        sent: dict[str, Any] = {"files": {"file": file}} if file else {"json": body}
        answer = await self._call("POST", path, role, headers, sent)
        tag = answer.headers.get("etag", "").strip('"')
        return _json(answer) | ({"version": int(tag)} if tag.isdigit() else {})

    async def _call(
        self,
        method: str,
        path: str,
        role: str,
        headers: Mapping[str, str] | None = None,
        sent: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            bearer = {"Authorization": f"Bearer {await self._token(role)}"}
            answer = await self._client.request(method, path, headers={**(headers or {}), **bearer}, **(sent or {}))
            if answer.status_code == 401 and role in self._tokens:
                del self._tokens[role]
                raise httpx.ReadError("the token is too old")
            return answer

        return await _until_answered(f"{method} {path}", once)

    async def _token(self, role: str) -> str:
        """Of somebody who has the role, or of the very person whose `sub` it is."""
        made, token = self._tokens.get(role, (0.0, ""))
        if not token or time.monotonic() - made > _TOKEN_SECONDS:
            answer = await self._client.post(f"{self._identity}/identity/demo-token", json=_who(role))
            if answer.status_code in _AWAY:
                raise httpx.ReadError("the sign-in is away")
            if answer.status_code != 200:
                raise No("POST /identity/demo-token", answer)
            made, token = time.monotonic(), answer.json()["access_token"]
            self._tokens[role] = (made, token)
        return token
