"""Who is asking: proven by a bearer token of the configured OIDC issuer or by our own signed session cookie.

An issuer that cannot be reached never makes anyone trusted: keys already fetched go on working, without them it is 503.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OctKey

from shared.sealed import derive
from shared.settings import LOOPBACK, Settings

ROLES = frozenset(
    {"coordinator", "caseworker", "manager", "council", "jury", "secretary", "auditor", "operator", "service"}
)
ALGORITHMS = ["RS256", "ES256", "PS256"]
LEEWAY_SECONDS = 30
SESSION_COOKIE = "landa_session"
SESSION_SECONDS = 8 * 3600
VISITOR_SECONDS = 7 * 24 * 3600
_LONGEST_TOKEN = 8192
_KEYS_SECONDS = 600.0
_REMEMBERED = 1000


class NotAuthentic(Exception):
    """The token or cookie proves nothing: answered 401. Its text is for logs and holds nothing from the token."""


class IssuerUnavailable(Exception):
    """The identity provider cannot be asked and nothing it said before suffices: answered 503."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody whose identity is proven. `sub` is opaque and goes into journals and logs, the name does not."""

    sub: str
    roles: frozenset[str]
    unit: str | None = None
    name: str | None = field(default=None, repr=False)
    language: str = "sv"


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


def actor_from(claims: Mapping[str, Any], roles_claim: str = "roles") -> Actor:
    """The actor that verified claims describe; roles that are not ours are left out.

    `roles_claim` is a path: `roles`, or Keycloak's `realm_access.roles`.
    """
    roles: Any = claims
    for step in roles_claim.split("."):
        roles = roles.get(step) if isinstance(roles, Mapping) else None
    given = {r for r in roles if isinstance(r, str)} if isinstance(roles, list) else set()
    locale = _text(claims, "locale") or _text(claims, "language") or "sv"
    return Actor(
        sub=str(claims["sub"]),
        roles=frozenset(given & ROLES),
        unit=_text(claims, "unit"),
        name=_text(claims, "name"),
        language="en" if locale.lower().startswith("en") else "sv",
    )


class Issuer:
    """One OIDC issuer: its discovery document and its keys, cached; tokens verified against them."""

    def __init__(self, url: str, http: httpx.AsyncClient, *, demo: bool = False, refresh_seconds: float = 10.0) -> None:
        self.url = url
        self._http = http
        self._demo = demo
        self._refresh_seconds = refresh_seconds
        self._lock = asyncio.Lock()
        self._document: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._fetched = self._tried = float("-inf")
        self._verified: dict[bytes, dict[str, Any]] = {}
        self._check_scheme(url)

    def _check_scheme(self, url: str) -> None:
        parts = urlsplit(url)
        loopback = self._demo and parts.hostname in LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ValueError("an issuer speaks https; plain http is for a loopback address in the demo only")

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            self._check_scheme(url)
            answer = await self._http.get(url, timeout=3.0, follow_redirects=False)
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise IssuerUnavailable("the identity provider does not answer as it should") from error
        if not isinstance(document, dict):
            raise IssuerUnavailable("the identity provider does not answer as it should")
        return document

    async def endpoint(self, name: str) -> str:
        """An address from the discovery document, for example `token_endpoint`."""
        if self._document is None:
            document = await self._get(self.url.rstrip("/") + "/.well-known/openid-configuration")
            if document.get("issuer") != self.url:
                raise IssuerUnavailable("the discovery document names another issuer")
            self._document = document
        value = self._document.get(name)
        if not isinstance(value, str):
            raise IssuerUnavailable(f"the discovery document has no {name}")
        try:
            self._check_scheme(value)
        except ValueError as error:
            raise IssuerUnavailable(str(error)) from error
        return value

    async def _key_set(self, *, unknown_kid: bool = False) -> KeySet:
        """The keys; fetched again when they are old or a kid is unknown, at most once in `refresh_seconds`."""
        wanted = unknown_kid or time.monotonic() - self._fetched > _KEYS_SECONDS
        if self._keys is not None and (not wanted or (self._lock.locked() and not unknown_kid)):
            return self._keys
        async with self._lock:
            just_tried = time.monotonic() - self._tried < self._refresh_seconds
            if self._keys is not None and just_tried:
                return self._keys
            if self._keys is None and just_tried and time.monotonic() - self._tried < 1.0:
                raise IssuerUnavailable("the identity provider did not answer a moment ago")
            try:
                document = await self._get(await self.endpoint("jwks_uri"))
                self._keys = KeySet.import_key_set({"keys": document["keys"]})
                self._verified.clear()
                self._fetched = time.monotonic()
            except (JoseError, KeyError, TypeError, ValueError) as error:
                if self._keys is None:
                    raise IssuerUnavailable("the identity provider's keys are not readable") from error
            except IssuerUnavailable:
                if self._keys is None:
                    raise
            finally:
                self._tried = time.monotonic()
        return self._keys

    async def claims(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token that this issuer signed for `audience` and that is valid now; else NotAuthentic."""
        if len(token) > _LONGEST_TOKEN:
            raise NotAuthentic("the token is too long")
        try:
            claims = await self._signed(token)
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self.url},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise NotAuthentic(f"the token is refused ({type(error).__name__})") from None
        return dict(claims)

    async def _signed(self, token: str) -> dict[str, Any]:
        """What the issuer signed with one of its present keys. Remembered until they are fetched anew; whether the
        claims still hold is asked each time.
        """
        keys = await self._key_set()
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            try:
                claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:
                claims = jwt.decode(token, await self._key_set(unknown_kid=True), algorithms=ALGORITHMS).claims
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[digest] = claims
        return claims


class Signed:
    """Small signed values for cookies, one key per purpose: a value made for one purpose proves nothing for another."""

    def __init__(self, secret: bytes, purpose: str, seconds: int) -> None:
        self._key = OctKey.import_key(derive(secret, f"cookie/{purpose}"))
        self.seconds = seconds

    def make(self, content: Mapping[str, Any]) -> str:
        payload = json.dumps({**content, "exp": int(time.time()) + self.seconds}, separators=(",", ":"))
        return jws.serialize_compact({"alg": "HS256"}, payload, self._key, algorithms=["HS256"])

    def read(self, value: str) -> dict[str, Any]:
        """The content; NotAuthentic when it was not made by us for this purpose or is too old."""
        try:
            payload = jws.deserialize_compact(value, self._key, algorithms=["HS256"]).payload
            content = json.loads(payload or b"")
            if isinstance(content, dict) and content["exp"] > time.time():
                return content
        except (JoseError, ValueError, KeyError, TypeError):
            pass
        raise NotAuthentic("the cookie is not ours or has expired")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session: who it is, and the id that its forms' tokens are bound to."""

    actor: Actor
    id: str


class Identity:
    """Everything a service asks about identity: `bearer` for the API, `session` for pages."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, *, refresh_seconds: float = 10.0) -> None:
        self.settings = settings
        self.issuer = Issuer(settings.issuer, http, demo=settings.demo, refresh_seconds=refresh_seconds)
        self._sessions = Signed(settings.session_key, "session", SESSION_SECONDS)
        self.forms_key = derive(settings.session_key, "csrf")
        self.visitors = Signed(settings.session_key, "visitor", VISITOR_SECONDS)

    async def bearer(self, token: str) -> Actor:
        """The actor of an access token. NotAuthentic, IssuerUnavailable."""
        return actor_from(await self.issuer.claims(token, self.settings.audience), self.settings.roles_claim)

    def open_session(self, actor: Actor) -> str:
        """The value of the session cookie. The e-mail address is not in it."""
        return self._sessions.make(
            {
                "sub": actor.sub,
                "roles": sorted(actor.roles),
                "unit": actor.unit,
                "name": actor.name,
                "language": actor.language,
                "sid": token_urlsafe(12),
            }
        )

    def session(self, cookie: str) -> Session:
        """The session that the cookie proves, or NotAuthentic."""
        content = self._sessions.read(cookie)
        try:
            return Session(actor_from(content), str(content["sid"]))
        except KeyError:
            raise NotAuthentic("the cookie is incomplete") from None

    def session_cookie(self, actor: Actor) -> dict[str, Any]:
        """Arguments for `response.set_cookie`."""
        return {
            "key": SESSION_COOKIE,
            "value": self.open_session(actor),
            "max_age": SESSION_SECONDS,
            "path": "/",
            "httponly": True,
            "samesite": "lax",
            "secure": self.settings.secure,
        }


class ServiceTokens:
    """This service's own access token (client_credentials), cached until a minute before it ends."""

    def __init__(self, settings: Settings, issuer: Issuer, http: httpx.AsyncClient) -> None:
        self._auth = (settings.client_id, settings.client_secret)
        self._audience = settings.audience
        self._issuer = issuer
        self._http = http
        self._lock = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def headers(self) -> dict[str, str]:
        """The Authorization header for a call to another service. IssuerUnavailable when none can be had."""
        async with self._lock:
            if time.monotonic() >= self._until:
                endpoint = await self._issuer.endpoint("token_endpoint")
                try:
                    answer = await self._http.post(
                        endpoint,
                        data={"grant_type": "client_credentials", "audience": self._audience},
                        auth=self._auth,
                        timeout=3.0,
                    )
                    answer.raise_for_status()
                    document = answer.json()
                    self._token = str(document["access_token"])
                    self._until = time.monotonic() + max(float(document.get("expires_in", 60)) - 60, 5)
                except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                    raise IssuerUnavailable("the identity provider gave no service token") from error
        return {"Authorization": f"Bearer {self._token}"}
