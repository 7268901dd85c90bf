"""OpenID Connect with Keycloak itself: who is let in, with which roles, and every token that must not be believed."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.docker.realm import LOGIN, ROLES, person_for, realm
from shared.identity import Identity, NotAuthentic, ServiceTokens
from tests.containers.conftest import Site
from tests.containers.keycloak import Keycloak, challenge
from tests.shared.parts_of_web import settings_for
from tests.waiting import until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(180, func_only=True)]
PEOPLE = [role for role in ROLES if role != "service"]


@pytest.fixture
def keycloak(site: Site) -> Keycloak:
    return site.keycloak


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.keycloak.browser() as client:
        yield client


@pytest.fixture(scope="module")
async def aged(site: Site) -> tuple[str, float]:
    """A token that lives for a second, and when it ends: asked for at the beginning, tried in the last test."""
    client = await stranger(site.keycloak, {"access.token.lifespan": "1"}, audience="landa")
    token = await client_token(site.keycloak, site.keycloak.issuer, client)
    return token, claims(token)["exp"]


async def stranger(keycloak: Keycloak, attributes: dict[str, str], audience: str | None = None) -> str:
    """A new client with a service account that has every right of a service; its name is its secret too."""
    name = f"stranger-{uuid4().hex[:8]}"
    found = realm(keycloak.issuer, keycloak.public_url, {name: name}, "x")["clients"][0]
    found |= {"attributes": attributes, "protocolMappers": found["protocolMappers"] if audience else []}
    await keycloak.administer("POST", "/clients", found)
    (made,) = await keycloak.administer("GET", f"/clients?clientId={name}")
    account = await keycloak.administer("GET", f"/clients/{made['id']}/service-account-user")
    role = await keycloak.administer("GET", "/roles/service")
    await keycloak.administer("POST", f"/users/{account['id']}/role-mappings/realm", [role])
    return name


async def client_token(keycloak: Keycloak, issuer: str, client: str) -> str:
    async with keycloak.browser() as browser:
        data = {"grant_type": "client_credentials"}
        answer = await browser.post(f"{issuer}/protocol/openid-connect/token", data=data, auth=(client, client))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def parts(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


def claims(token: str) -> dict[str, Any]:
    return dict(json.loads(parts(token)[1]))


def kid(token: str) -> str:
    return str(json.loads(parts(token)[0])["kid"])


def packed(*pieces: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


async def status(http: httpx.AsyncClient, keycloak: Keycloak, token: str, path: str = "/reception/figures") -> int:
    """What the running service says to this token."""
    answer = await http.get(keycloak.public_url + path, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.mark.parametrize("role", PEOPLE)
async def test_a_person_who_signs_in_has_the_roles_that_keycloak_says(
    keycloak: Keycloak, http: httpx.AsyncClient, aged: tuple[str, float], role: str
) -> None:
    identity = Identity(settings_for(issuer=keycloak.issuer, roles_claim="realm_access.roles"), http)
    actor, person = await identity.bearer(await keycloak.token(role)), person_for(role)
    assert (actor.sub, actor.roles, actor.name) == (person["sub"], set(person["roles"]), person["name"])
    assert (actor.language, actor.unit) == (person["language"], person.get("unit"))


async def test_the_services_believe_a_role_and_no_more(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    council, service = await keycloak.token("council"), await keycloak.service_token()
    assert await status(http, keycloak, council, "/reporting/dashboard.json") == 200
    assert await status(http, keycloak, council) == 403
    assert await status(http, keycloak, service) == 200
    assert await status(http, keycloak, "nothing") == 401


async def test_a_code_without_its_verifier_is_worth_nothing(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    at, callback = f"{keycloak.issuer}/protocol/openid-connect", f"{keycloak.public_url}/auth/callback"
    asked = {"response_type": "code", "client_id": LOGIN, "redirect_uri": callback, "scope": "openid", "state": "s"}
    bare = await http.get(f"{at}/auth", params=asked)
    plain = await http.get(f"{at}/auth", params=asked | {"code_challenge": "x" * 43, "code_challenge_method": "plain"})
    for answer in (bare, plain):
        assert answer.status_code == 302 and "error=invalid_request" in answer.headers["location"]
    elsewhere = await http.get(f"{at}/auth", params=asked | {"redirect_uri": "https://elsewhere.example/"})
    assert elsewhere.status_code == 400
    right = asked | {"code_challenge": challenge("v" * 43), "code_challenge_method": "S256"}
    page = await http.get(f"{at}/auth", params=right)
    answer = await keycloak.submit(http, page, "jury")
    code = httpx.URL(answer.headers["location"]).params["code"]
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": "w" * 43}
    refused = await http.post(f"{at}/token", data=data, auth=(LOGIN, keycloak.client_secrets[LOGIN]))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_a_service_has_a_token_of_its_own(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    for service, secret in keycloak.client_secrets.items():
        given = {"issuer": keycloak.issuer, "roles_claim": "realm_access.roles", "client_id": service}
        settings = settings_for(**given, client_secret=secret)
        identity = Identity(settings, http)
        headers = await ServiceTokens(settings, identity.issuer, http).headers()
        actor = await identity.bearer(headers["Authorization"].removeprefix("Bearer "))
        assert actor.roles == {"service"}


async def test_a_token_that_was_changed_is_refused(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    token = await keycloak.token("council")
    head, body, signature = parts(token)
    more = claims(token) | {"realm_access": {"roles": ["operator", "service"]}}
    keys = (await http.get(f"{keycloak.issuer}/protocol/openid-connect/certs")).json()["keys"]
    public = json.dumps(next(key for key in keys if key["kid"] == kid(token))).encode()
    hs = packed(json.dumps({"alg": "HS256", "kid": kid(token)}).encode(), json.dumps(more).encode())
    bad = {
        "alg none": packed(b'{"alg":"none","typ":"JWT"}', body, b""),
        "alg none, with the signature": packed(b'{"alg":"none","typ":"JWT"}', body, signature),
        "more roles": packed(head, json.dumps(more).encode(), signature),
        "a changed signature": packed(head, body, signature[:-1] + bytes([signature[-1] ^ 1])),
        "no signature": packed(head, body, b""),
        "HS256 with the public key": hs + "." + packed(hmac.digest(public, hs.encode(), "sha256")),
        "an unknown key": packed(json.dumps({"alg": "RS256", "kid": "x"}).encode(), body, signature),
    }
    assert await status(http, keycloak, token, "/reporting/dashboard.json") == 200
    for name, wrong in bad.items():
        assert await status(http, keycloak, wrong, "/reporting/dashboard.json") == 401, name
    person = (await keycloak.tokens("council"))["id_token"]
    assert await status(http, keycloak, person, "/reporting/dashboard.json") == 401


async def test_a_token_for_another_audience_is_refused(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    token = await client_token(keycloak, keycloak.issuer, await stranger(keycloak, {}))
    assert "service" in claims(token)["realm_access"]["roles"]
    assert await status(http, keycloak, token) == 401


async def test_a_token_of_another_issuer_is_refused(keycloak: Keycloak, http: httpx.AsyncClient) -> None:
    """Another realm of the same Keycloak, with the same clients, roles and audience."""
    elsewhere = keycloak.issuer.rpartition("/")[0] + "/elsewhere"
    whole = realm(elsewhere, keycloak.public_url, {"reporting": "reporting"}, "x")
    await keycloak.administer("POST", "/../", whole | {"users": whole["users"][-1:]})
    token = await client_token(keycloak, elsewhere, "reporting")
    assert (claims(token)["iss"], claims(token)["aud"]) == (elsewhere, "landa")
    assert "service" in claims(token)["realm_access"]["roles"]
    assert await status(http, keycloak, token) == 401


async def test_keycloak_turns_its_key_and_nobody_has_to_sign_in_again(
    keycloak: Keycloak, http: httpx.AsyncClient
) -> None:
    old = await keycloak.service_token()
    assert await status(http, keycloak, old) == 200
    made = {
        "name": "turned",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]},
    }
    await keycloak.administer("POST", "/components", made)
    new = await keycloak.service_token()
    assert kid(new) != kid(old)

    # a service that fetched the keys a moment ago looks again after ten seconds at the earliest
    async def believed() -> int:
        return await status(http, keycloak, new)

    await until(believed, lambda code: code == 200, seconds=20, what="the new key is known without a restart")
    assert await status(http, keycloak, old) == 200


async def test_a_token_that_has_ended_is_refused(
    keycloak: Keycloak, http: httpx.AsyncClient, aged: tuple[str, float]
) -> None:
    token, ends = aged
    identity = Identity(settings_for(issuer=keycloak.issuer, roles_claim="realm_access.roles"), http)

    async def refused() -> bool:
        return await status(http, keycloak, token) == 401

    await until(refused, seconds=60, what="a token that ended is refused")
    assert time.time() > ends
    with pytest.raises(NotAuthentic):
        await identity.bearer(token)
