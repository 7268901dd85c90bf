"""The demo's identity provider is strict where a real one is: codes, PKCE, redirects; and lax only on this machine."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.local.identity.provider import keep_key
from tests.shared.live_provider import Live, live_provider


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_provider(tmp_path) as live:
        yield live


async def test_every_role_has_a_person_and_tokens_come_by_sub(live: Live) -> None:
    roles = ["coordinator", "caseworker", "manager", "council", "jury", "secretary", "auditor", "operator"]
    for role in roles:
        assert role in (await live.identity().bearer(await live.token(role=role))).roles
    sub = next(iter(live.provider.people))
    assert (await live.identity().bearer(await live.token(sub=sub))).sub == sub
    assert (await live.http.post("/identity/demo-token", json={"role": "mayor"})).status_code == 404
    assert (await live.http.post("/identity/demo-token", json=[])).status_code == 400
    assert (await live.http.post("/identity/demo-token", data={"role": "manager"})).status_code == 403
    for foreign in ({"Host": "evil.example"}, {"X-Forwarded-For": "192.0.2.1"}):
        answer = await live.http.post("/identity/demo-token", json={"role": "manager"}, headers=foreign)
        assert answer.status_code == 403


async def _code(live: Live, challenge: str, **changed: str) -> httpx.Response:
    asked = {
        "client_id": "landa-web",
        "redirect_uri": f"{live.url}/auth/callback",
        "code_challenge": challenge,
        "state": "s",
        "sub": next(iter(live.provider.people)),
    }
    return await live.http.post("/identity/authorize", data={**asked, **changed})


async def test_a_code_is_used_once_soon_and_with_the_verifier_it_was_asked_with(live: Live) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    async def redeem(code: str, **changed: str) -> httpx.Response:
        data = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{live.url}/auth/callback"}
        return await live.http.post(
            "/identity/token", data={**data, "code_verifier": verifier, **changed}, auth=("landa-web", "web-secret")
        )

    async def fresh() -> str:
        return parse_qs(urlsplit((await _code(live, challenge)).headers["location"]).query)["code"][0]

    code = await fresh()
    assert (await redeem(code)).status_code == 200
    assert (await redeem(code)).json()["error"] == "invalid_grant"
    for wrong in ({"code_verifier": "w" * 50}, {"code_verifier": challenge}, {"redirect_uri": live.url}):
        code = await fresh()
        assert (await redeem(code, **wrong)).json()["error"] == "invalid_grant"
        assert (await redeem(code)).json()["error"] == "invalid_grant"  # a wrong try uses it up
    assert (await redeem(await fresh(), code_verifier="")).status_code == 400
    for asked in ({"code_challenge": ""}, {"code_challenge_method": "plain"}, {"redirect_uri": "https://evil.example"}):
        assert (await _code(live, challenge, **asked)).status_code == 400


async def test_the_page_to_choose_a_person_is_in_both_languages_and_escapes(live: Live) -> None:
    asked = {
        "client_id": "landa-web",
        "redirect_uri": f"{live.url}/auth/callback",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        "response_type": "code",
        "state": '"><script>',
    }
    swedish = await live.http.get("/identity/authorize", params=asked)
    english = await live.http.get("/identity/authorize", params={**asked, "lang": "en"})
    assert "Välj vem du är" in swedish.text
    assert "Choose who you are" in english.text
    assert "<script>" not in swedish.text
    for person in live.provider.people.values():
        assert person["name"] in swedish.text


def test_a_restart_of_the_provider_keeps_its_key(tmp_path: Path) -> None:
    assert keep_key(tmp_path).as_dict(private=True) == keep_key(tmp_path).as_dict(private=True)
    assert (tmp_path / "identity-key.json").stat().st_mode & 0o077 == 0
