"""Signing in and out with any OIDC provider (code, PKCE S256, state, nonce): once for all four services."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from shared.identity import (
    SESSION_COOKIE,
    SESSION_SECONDS,
    Actor,
    Identity,
    IssuerUnavailable,
    NotAuthentic,
    Signed,
    actor_from,
)
from shared.web.access import VISITOR_COOKIE, public
from shared.web.problems import Problem

LOGIN_SECONDS = 900
# The provider's word about who signed in: shown to it again when they sign out, and to nobody else.
HINT_COOKIE = "landa_login_hint"
_LONGEST_HINT = 3500
OnLogin = Callable[[Actor, str | None, str], Awaitable[None]]


def local_path(value: str | None) -> str:
    """`value` when it is a path on this site, else `/`: nobody is sent elsewhere by our login."""
    if value is None or not re.fullmatch(r"/[^\s\\\x00-\x1f\x7f]*", value) or value.startswith("//"):
        return "/"
    parts = urlsplit(value)
    return value if not parts.scheme and not parts.netloc and not parts.path.startswith("/auth/") else "/"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Login:
    """The routes `/auth/login`, `/auth/callback` and `/auth/logout`. `on_login(actor, email, language)` is awaited."""

    def __init__(self, identity: Identity, http: httpx.AsyncClient, on_login: OnLogin) -> None:
        self._identity = identity
        self._settings = identity.settings
        self._http = http
        self._on_login = on_login
        self._pending = Signed(self._settings.session_key, "login", LOGIN_SECONDS)
        self._callback = self._settings.public_url + "/auth/callback"

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[public()])
        router.add_api_route("/login", self.login, methods=["GET"], response_model=None)
        router.add_api_route("/callback", self.callback, methods=["GET"], response_model=None)
        router.add_api_route("/logout", self.logout, methods=["POST"], response_model=None)
        return router

    async def _endpoint(self, name: str) -> str:
        try:
            return await self._identity.issuer.endpoint(name)
        except IssuerUnavailable:
            raise Problem(503, "identity-unavailable", headers={"Retry-After": "5"}) from None

    async def login(self, request: Request) -> Response:
        """Sends the browser to the provider. Cookies belong to one host, so it goes to the public one first."""
        asked, ours = request.headers.get("host", ""), urlsplit(self._settings.public_url).netloc
        if asked.lower() != ours.lower() and "canonical" not in request.query_params:
            query = urlencode({"next": local_path(request.query_params.get("next")), "canonical": "1"})
            return _go(f"{self._settings.public_url}/auth/login?{query}")
        state, nonce, verifier = token_urlsafe(24), token_urlsafe(24), token_urlsafe(48)
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings.client_id,
                "redirect_uri": self._callback,
                "scope": "openid profile email",
                "state": state,
                "nonce": nonce,
                "code_challenge": _challenge(verifier),
                "code_challenge_method": "S256",
            }
        )
        address = await self._endpoint("authorization_endpoint")
        response = _go(f"{address}{'&' if '?' in address else '?'}{query}")
        content = {"nonce": nonce, "verifier": verifier, "next": local_path(request.query_params.get("next"))}
        response.set_cookie(
            _cookie_of(state),
            self._pending.make({**content, "state": state}),
            max_age=LOGIN_SECONDS,
            path="/auth",
            httponly=True,
            samesite="lax",
            secure=self._settings.secure,
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Turns the provider's code into our session, tells `on_login`, and goes where the person was going."""
        state = request.query_params.get("state", "")
        try:
            pending = self._pending.read(request.cookies[_cookie_of(state)])
        except (KeyError, NotAuthentic):
            raise Problem(400, "login-expired") from None
        if not compare_digest(str(pending["state"]).encode(), state.encode()):
            raise Problem(400, "login-expired")
        code = request.query_params.get("code")
        if code is None or "error" in request.query_params:
            raise Problem(400, "login-failed")
        claims, hint = await self._exchange(code, pending)
        actor = actor_from(claims, self._settings.roles_claim)
        email = claims.get("email")
        await self._on_login(actor, email if isinstance(email, str) else None, actor.language)
        response = _go(str(pending["next"]))
        response.set_cookie(**self._identity.session_cookie(actor))
        if len(hint) <= _LONGEST_HINT:
            response.set_cookie(
                HINT_COOKIE,
                hint,
                max_age=SESSION_SECONDS,
                path="/auth",
                httponly=True,
                samesite="lax",
                secure=self._settings.secure,
            )
        response.delete_cookie(_cookie_of(state), path="/auth")
        response.delete_cookie(VISITOR_COOKIE, path="/")
        return response

    async def _exchange(self, code: str, pending: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Who the person is (ID token, with our nonce) and what they may do (access token, for our audience).

        The claims of both, and the ID token as it came.
        """
        endpoint = await self._endpoint("token_endpoint")
        data = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": pending["verifier"],
        }
        try:
            answer = await self._http.post(
                endpoint, data=data, auth=(self._settings.client_id, self._settings.client_secret), timeout=4.0
            )
            document = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Problem(503, "identity-unavailable", headers={"Retry-After": "5"}) from None
        if answer.status_code >= 500:
            raise Problem(503, "identity-unavailable", headers={"Retry-After": "5"})
        try:
            issuer = self._identity.issuer
            person = await issuer.claims(str(document["id_token"]), self._settings.client_id)
            rights = await issuer.claims(str(document["access_token"]), self._settings.audience)
        except (KeyError, TypeError, NotAuthentic):
            raise Problem(400, "login-failed") from None
        except IssuerUnavailable:
            raise Problem(503, "identity-unavailable", headers={"Retry-After": "5"}) from None
        if person.get("nonce") != pending["nonce"] or person["sub"] != rights["sub"]:
            raise Problem(400, "login-failed")
        return {**person, **rights}, str(document["id_token"])

    async def logout(self, request: Request) -> Response:
        """Ends our session, then the provider's. Without the provider ours ends all the same.

        The hint says who signs out: without it a provider asks first, and whoever walks away from that question leaves
        the machine signed in.
        """
        home = self._settings.public_url + "/"
        try:
            address = await self._identity.issuer.endpoint("end_session_endpoint")
            asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": home}
            if hint := request.cookies.get(HINT_COOKIE):
                asked["id_token_hint"] = hint
            query = urlencode(asked)
            response = _go(f"{address}{'&' if '?' in address else '?'}{query}")
        except IssuerUnavailable:
            response = _go(home)
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=self._settings.secure)
        response.delete_cookie(HINT_COOKIE, path="/auth", httponly=True, samesite="lax", secure=self._settings.secure)
        return response


def _cookie_of(state: str) -> str:
    """One cookie for each login under way, so that two tabs do not disturb each other."""
    return "landa_login_" + hashlib.sha256(state.encode()).hexdigest()[:12]


def _go(address: str) -> Response:
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
