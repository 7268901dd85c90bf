"""The demo's OpenID Connect, as a real provider speaks it; signing in means choosing an invented person."""

import base64
import hashlib
import json
import os
import secrets
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.identity.pages import choose, language_of, signed_out

TOKEN_SECONDS = 3600
CODE_SECONDS = 60
AUDIENCE = "landa"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
CARRIED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge", "scope")


@dataclass(frozen=True)
class Client:
    secret: str
    service: bool = False
    redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grant:
    """What a code stands for. A code is taken out when it is used, so it is used once."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    sub: str
    until: float


class OAuthError(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description


def keep_key(state: Path) -> ECKey:
    """The signing key of this town, made at the first start: a restart keeps every session."""
    file = state / "identity-key.json"
    state.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        made = file.with_suffix(f".{os.getpid()}")
        key = ECKey.generate_key("P-256", auto_kid=True)
        made.touch(mode=0o600)
        made.write_text(json.dumps(key.as_dict(private=True)))
        made.rename(file)
    return ECKey.import_key(json.loads(file.read_text()))


def read_people() -> dict[str, dict[str, Any]]:
    people = tomllib.loads(Path(__file__).with_name("people.toml").read_text(encoding="utf-8"))["person"]
    return {person["sub"]: person for person in people}


@dataclass
class Provider:
    public_url: str
    key: ECKey
    clients: Mapping[str, Client]
    people: Mapping[str, dict[str, Any]] = field(default_factory=read_people)
    codes: dict[str, Grant] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return self.public_url + "/identity"

    def sign(self, audience: str, claims: Mapping[str, Any], seconds: int = TOKEN_SECONDS) -> str:
        now = int(time.time())
        every = {"iss": self.issuer, "aud": audience, "iat": now, "nbf": now, "exp": now + seconds}
        header = {"alg": "ES256", "kid": self.key.kid}
        return jwt.encode(header, {**every, "jti": secrets.token_urlsafe(12), **claims}, self.key, algorithms=["ES256"])

    def person_claims(self, sub: str) -> dict[str, Any]:
        person = self.people[sub]
        kept = {name: person[name] for name in ("sub", "roles", "unit", "name", "email", "language")}
        return {**kept, "locale": person["language"]}

    def access_token(self, sub: str) -> str:
        return self.sign(AUDIENCE, self.person_claims(sub))

    async def discovery(self, _: Request) -> Response:
        at = self.issuer
        return JSONResponse(
            {
                "issuer": at,
                "authorization_endpoint": at + "/authorize",
                "token_endpoint": at + "/token",
                "jwks_uri": at + "/jwks",
                "end_session_endpoint": at + "/end-session",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "profile", "email"],
            }
        )

    async def jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": "ES256"}]})

    def _asked(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The parameters of an authorization request that is in order."""
        client = self.clients.get(str(given.get("client_id")))
        if client is None or given.get("redirect_uri") not in client.redirect_uris:
            raise OAuthError(400, "invalid_request", "unknown client_id or redirect_uri")
        if given.get("response_type", "code") != "code":
            raise OAuthError(400, "unsupported_response_type", "only code")
        challenge = given.get("code_challenge")
        if (
            given.get("code_challenge_method", "S256") != "S256"
            or not isinstance(challenge, str)
            or len(challenge) != 43
        ):
            raise OAuthError(400, "invalid_request", "PKCE with S256 is required")
        return {name: str(given[name]) for name in CARRIED if given.get(name)}

    async def authorize(self, request: Request) -> Response:
        if request.method == "GET":
            return choose(self.people, self._asked(request.query_params), language_of(request))
        form = await request.form()
        asked = self._asked(form)
        sub = str(form.get("sub"))
        if sub not in self.people:
            raise OAuthError(400, "access_denied", "nobody of that id")
        code, now = secrets.token_urlsafe(32), time.time()
        for old in [c for c, grant in self.codes.items() if grant.until < now]:
            del self.codes[old]
        self.codes[code] = Grant(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce"),
            sub=sub,
            until=now + CODE_SECONDS,
        )
        back = {"code": code, **({"state": asked["state"]} if "state" in asked else {})}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    def _client(self, request: Request, form: Mapping[str, Any]) -> tuple[str, Client]:
        name, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(value).decode().partition(":")
            except ValueError:
                name = ""
        client = self.clients.get(name)
        if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode()):
            raise OAuthError(401, "invalid_client", "unknown client or wrong secret")
        return name, client

    async def token(self, request: Request) -> Response:
        form = await request.form()
        name, client = self._client(request, form)
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        match form.get("grant_type"):
            case "client_credentials" if client.service:
                answer["access_token"] = self.sign(AUDIENCE, {"sub": name, "roles": ["service"], "name": name})
            case "authorization_code":
                grant = self._redeem(name, form)
                claims = self.person_claims(grant.sub) | ({"nonce": grant.nonce} if grant.nonce else {})
                answer |= {"access_token": self.access_token(grant.sub), "id_token": self.sign(name, claims)}
            case "client_credentials":
                raise OAuthError(400, "unauthorized_client", "this client is not a service")
            case _:
                raise OAuthError(400, "unsupported_grant_type", "authorization_code or client_credentials")
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _redeem(self, name: str, form: Mapping[str, Any]) -> Grant:
        grant = self.codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        if (
            grant is None
            or grant.until < time.time()
            or grant.client_id != name
            or grant.redirect_uri != form.get("redirect_uri")
            or not secrets.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), grant.challenge.encode())
        ):
            raise OAuthError(400, "invalid_grant", "the code is used, too old, or not for this client and verifier")
        return grant

    async def end_session(self, request: Request) -> Response:
        """There is no session here to end: choosing a person is asked every time."""
        back = request.query_params.get("post_logout_redirect_uri", "")
        if back and urlsplit(back)[:2] == urlsplit(self.public_url)[:2]:
            return RedirectResponse(back, 303)
        return signed_out(language_of(request))

    async def demo_token(self, request: Request) -> Response:
        """A bearer token of a demo person, by role or by sub: from this machine, by a program, under our own name."""
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        local = request.client is not None and {request.client.host, *hops} <= LOOPBACK
        named = (request.url.hostname or "") in LOOPBACK | {urlsplit(self.public_url).hostname}
        if not (local and named and request.headers.get("content-type", "").startswith("application/json")):
            raise OAuthError(403, "access_denied", "JSON from this machine only")
        try:
            wanted = json.loads(await request.body())
            role, sub = wanted.get("role"), wanted.get("sub")
        except (ValueError, AttributeError):
            raise OAuthError(400, "invalid_request", 'send {"role": "coordinator"} or {"sub": "..."}') from None
        found = [p for p in self.people.values() if p["sub"] == sub or (sub is None and role in p["roles"])]
        if not found:
            known = sorted({r for p in self.people.values() for r in p["roles"]})
            raise OAuthError(404, "invalid_request", f"nobody has that role or sub; roles: {', '.join(known)}")
        answer = {"access_token": self.access_token(found[0]["sub"]), "token_type": "Bearer"}
        return JSONResponse({**answer, "expires_in": TOKEN_SECONDS, "sub": found[0]["sub"]})

    def app(self) -> Starlette:
        routes = [
            Route("/identity/.well-known/openid-configuration", self.discovery),
            Route("/identity/jwks", self.jwks),
            Route("/identity/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/identity/token", self.token, methods=["POST"]),
            Route("/identity/end-session", self.end_session),
            Route("/identity/demo-token", self.demo_token, methods=["POST"]),
            Route("/livez", lambda _: JSONResponse({"status": "ok"})),
        ]
        return Starlette(routes=routes, exception_handlers={OAuthError: refuse})


async def refuse(_: Request, raised: Exception) -> Response:
    assert isinstance(raised, OAuthError)
    return JSONResponse({"error": raised.error, "error_description": raised.description}, raised.status)
