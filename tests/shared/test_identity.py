"""Identity against the demo's real provider over HTTP: what is not proven is refused, what cannot be asked is 503."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from deploy.local.ports import free_ports
from shared.identity import (
    LEEWAY_SECONDS,
    Actor,
    Identity,
    Issuer,
    IssuerUnavailable,
    NotAuthentic,
    ServiceTokens,
    Signed,
    actor_from,
)
from tests.shared.live_provider import Live, live_provider
from tests.shared.parts_of_web import KEY, served, settings_for
from tests.waiting import until


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_provider(tmp_path) as live:
        yield live


async def test_a_demo_person_is_who_the_token_says_with_known_roles_only(live: Live) -> None:
    actor = await live.identity().bearer(await live.token(role="coordinator"))
    assert actor.roles == {"coordinator"}
    assert actor.unit == "reception"
    assert actor.sub in live.provider.people
    assert actor.name
    assert actor.name not in repr(actor)
    invented = {"sub": "x", "realm_access": {"roles": ["auditor", "offline_access"]}, "locale": "en-GB"}
    assert actor_from(invented, "realm_access.roles") == Actor("x", frozenset({"auditor"}), language="en")
    assert actor_from({"sub": "x", "roles": "auditor"}).roles == actor_from({"sub": "x"}, "a.b").roles == frozenset()


def _unsigned(claims: dict[str, Any], alg: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def _keyed_with(public: bytes, kid: str | None, claims: dict[str, Any]) -> str:
    """The classic confusion: an HMAC whose secret is the issuer's public key. joserfc refuses to make one."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": kid}).encode()).rstrip(b"=")
    signed = header + b"." + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    mac = base64.urlsafe_b64encode(hmac.digest(public, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + mac).decode()


async def test_a_token_that_proves_nothing_is_refused(live: Live) -> None:
    provider, identity = live.provider, live.identity()
    person = provider.person_claims(next(iter(provider.people)))
    now, key = int(time.time()), provider.key
    good = {**person, "iss": provider.issuer, "aud": "landa", "exp": now + 60}
    header = {"alg": "ES256", "kid": key.kid}

    def signed(**changed: Any) -> str:
        claims = {name: value for name, value in {**good, **changed}.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=["ES256"])

    assert (await identity.bearer(signed())).sub == person["sub"]
    assert (await identity.bearer(signed(exp=now - 20))).sub  # within the leeway
    assert (await identity.bearer(signed(aud=["other", "landa"]))).sub

    stranger = ECKey.generate_key("P-256")
    public = key.as_pem(private=False)
    bad = {
        "wrong audience": signed(aud="landa-web"),
        "no audience": signed(aud=None),
        "wrong issuer": signed(iss="http://localhost:1/identity"),
        "expired": signed(exp=now - 31),
        "endless": signed(exp=None),
        "not a number": signed(exp=float("inf")),
        "not yet": signed(nbf=now + 60),
        "nobody": signed(sub=None),
        "alg none": _unsigned(good, "none"),
        "alg None": _unsigned(good, "None"),
        "HS256 with the public key": _keyed_with(public, key.kid, good),
        "another's key under our kid": jwt.encode(header, good, stranger, algorithms=["ES256"]),
        "unknown kid": jwt.encode({"alg": "ES256", "kid": "x"}, good, stranger, algorithms=["ES256"]),
        "changed": signed()[:-4] + "AAAA",
        "rubbish": "a.b.c",
        "empty": "",
        "non-ascii": "å.ä.ö",
        "huge": "a" * 10_000,
    }
    for name, token in bad.items():
        with pytest.raises(NotAuthentic):
            await identity.bearer(token)
            pytest.fail(name)


async def test_an_unknown_kid_fetches_the_keys_again_but_not_at_every_stranger(live: Live) -> None:
    identity, jwks = live.identity(), "/identity/jwks"
    old = await live.token(role="jury")
    await identity.bearer(old)
    assert live.seen[jwks] == 1
    live.provider.key = ECKey.generate_key("P-256", auto_kid=True)  # the provider turned its key
    await asyncio.gather(*(identity.bearer(token) for token in [await live.token(role="jury")] * 5))
    assert live.seen[jwks] >= 2
    with pytest.raises(NotAuthentic):  # signed with a key that is none any more, whatever was remembered of it
        await identity.bearer(old)

    patient = Identity(identity.settings, live.http, refresh_seconds=60)
    before = live.seen[jwks]
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    token = jwt.encode({"alg": "ES256", "kid": stranger.kid}, {"sub": "x"}, stranger, algorithms=["ES256"])
    for _ in range(20):
        with pytest.raises(NotAuthentic):
            await patient.bearer(token)
    assert live.seen[jwks] == before + 1


async def test_a_token_that_was_good_is_refused_once_it_has_expired(live: Live) -> None:
    provider, identity = live.provider, live.identity()
    await identity.bearer(await live.token(role="jury"))  # the keys are there: nothing below waits for them
    claims = {"iss": provider.issuer, "aud": "landa", "sub": "x", "exp": int(time.time()) - LEEWAY_SECONDS + 3}
    token = jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, provider.key, algorithms=["ES256"])
    assert (await identity.bearer(token)).sub == "x"

    async def refused() -> bool:
        try:
            await identity.bearer(token)
        except NotAuthentic:
            return True
        return False

    await until(refused, seconds=10, what="the token is refused")


async def test_with_the_provider_down_known_keys_go_on_and_without_keys_nobody_is_trusted(live: Live) -> None:
    token, warm, cold = await live.token(role="auditor"), live.identity(), live.identity()
    await warm.bearer(token)
    live.down = True
    assert (await warm.bearer(token)).roles == {"auditor"}
    with pytest.raises(IssuerUnavailable):
        await cold.bearer(token)
    live.down = False
    assert (await cold.bearer(token)).roles == {"auditor"}


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
async def test_another_provider_with_its_own_claims_and_algorithm_works_and_must_name_itself(alg: str) -> None:
    port, key = free_ports(1)[0], RSAKey.generate_key(2048, auto_kid=True)
    issuer = f"http://localhost:{port}/realms/town"
    documents: dict[str, dict[str, Any]] = {
        "/realms/town/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": issuer + "/certs"},
        "/realms/town/certs": {"keys": [key.as_dict(private=False), {"kty": "post-quantum", "kid": "x"}]},
    }

    async def keycloak(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(documents[scope["path"]])(scope, receive, send)

    claims = {"iss": issuer, "aud": ["account", "landa"], "sub": "x", "exp": int(time.time()) + 60}
    token = jwt.encode(
        {"alg": alg, "kid": key.kid},
        {**claims, "realm_access": {"roles": ["manager", "uma_authorization"]}},
        key,
        algorithms=[alg],
    )
    async with served(keycloak, port), httpx.AsyncClient() as http:
        identity = Identity(settings_for(issuer=issuer, roles_claim="realm_access.roles"), http)
        assert await identity.bearer(token) == Actor("x", frozenset({"manager"}))
        documents["/realms/town/.well-known/openid-configuration"]["issuer"] = issuer + "/"
        with pytest.raises(IssuerUnavailable):
            await Identity(identity.settings, http).bearer(token)


@pytest.mark.parametrize(
    ("url", "demo", "fine"),
    [
        ("https://id.example", False, True),
        ("http://localhost:8400/identity", True, True),
        ("http://localhost:8400/identity", False, False),
        ("http://id.example", True, False),
        ("http://localhost.evil.example", True, False),
        ("ftp://localhost", True, False),
    ],
)
async def test_plain_http_is_for_loopback_in_the_demo_only(url: str, demo: bool, fine: bool) -> None:
    async with httpx.AsyncClient() as http:
        if fine:
            Issuer(url, http, demo=demo)
        else:
            with pytest.raises(ValueError):
                Issuer(url, http, demo=demo)


async def test_a_service_gets_a_token_of_its_own_and_keeps_it(live: Live) -> None:
    settings = settings_for(issuer=live.provider.issuer, client_id="reception", client_secret="service-secret")
    identity = Identity(settings, live.http)
    tokens = ServiceTokens(settings, identity.issuer, live.http)
    headers = await asyncio.gather(*(tokens.headers() for _ in range(5)))
    assert live.seen["/identity/token"] == 1
    actor = await identity.bearer(headers[0]["Authorization"].removeprefix("Bearer "))
    assert (actor.sub, actor.roles) == ("reception", {"service"})
    for wrong in ({"client_secret": "no"}, {"client_id": "landa-web", "client_secret": "web-secret"}):
        refused = settings.model_copy(update=wrong)
        with pytest.raises(IssuerUnavailable):
            await ServiceTokens(refused, identity.issuer, live.http).headers()


async def test_a_session_cookie_is_ours_unchanged_young_and_for_its_purpose() -> None:
    async with httpx.AsyncClient() as http:
        identity = Identity(settings_for(), http)
        actor = Actor("5d0f", frozenset({"manager"}), "minors", "Invented", "en")
        cookie = identity.open_session(actor)
        assert identity.session(cookie).actor == actor
        assert identity.session(cookie).id != identity.session(identity.open_session(actor)).id
        claims = {"sub": "x", "roles": ["operator"], "sid": "x", "exp": 9e9}
        forged = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(KEY))
        bad = [cookie[:-2], cookie + "A", "", "a.b.c", forged, _unsigned(claims, "none")]
        bad += [Signed(KEY, "visitor", 60).make(claims), Signed(KEY, "session", -1).make(claims)]
        for value in bad:
            with pytest.raises(NotAuthentic):
                identity.session(value)
        assert identity.session_cookie(actor)["secure"] is False
        secure = Identity(settings_for(public_url="https://landa.example"), http).session_cookie(actor)
        assert secure["secure"] is secure["httponly"] is True
        assert (secure["samesite"], secure["path"], secure["key"]) == ("lax", "/", "landa_session")
