"""Login: a person comes back to the page they wanted, as themselves, and a login not begun here leads nowhere."""

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import Identity
from shared.web.login import local_path
from tests.shared.small_site import Site, small_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with small_site(tmp_path) as site:
        yield site


async def test_a_person_signs_in_comes_back_to_the_page_and_signs_out(site: Site) -> None:
    person = next(p for p in site.provider.people.values() if p["language"] == "en")
    async with site.browser() as browser:
        sent = await browser.get("/small/cases/7?sort=days&page=2")
        assert sent.status_code == 303
        chosen = await browser.get(sent.headers["location"], follow_redirects=True)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', chosen.text))
        fields = {name: html.unescape(value) for name, value in fields.items()} | {"sub": person["sub"]}
        back = await browser.post("/identity/authorize", data=fields)
        done = await browser.get(back.headers["location"])
        assert done.headers["location"] == "/small/cases/7?sort=days&page=2"
        assert "HttpOnly" in done.headers["set-cookie"]
        page = await browser.get(done.headers["location"])
        assert page.json()["who"] == person["name"]
        (actor, email, language), *more = site.told
        assert not more
        assert (actor.sub, email, language) == (person["sub"], person["email"], "en")

        again = await browser.get(back.headers["location"])  # the same code a second time
        assert (again.status_code, again.json()["code"]) == (400, "login-expired")

        assert (await browser.post("/auth/logout")).status_code == 403
        out = await browser.post("/auth/logout", data={"csrf": page.json()["csrf"]}, follow_redirects=False)
        assert urlsplit(out.headers["location"]).path == "/identity/end-session"
        hint = parse_qs(urlsplit(out.headers["location"]).query)["id_token_hint"][0]  # else a provider asks first
        assert (await site.identity.issuer.claims(hint, site.identity.settings.client_id))["sub"] == person["sub"]
        assert not [name for name in browser.cookies if name.startswith("landa_login")]
        assert (await browser.get("/small/cases/7")).status_code == 303


async def test_a_login_that_is_not_the_one_begun_here_fails_readably(site: Site) -> None:
    async with site.browser() as browser:
        first = parse_qs(urlsplit((await browser.get("/auth/login")).headers["location"]).query)["state"][0]
        second = parse_qs(urlsplit((await browser.get("/auth/login")).headers["location"]).query)["state"][0]
        for query, code in (
            ({}, "login-expired"),
            ({"state": "x", "code": "y"}, "login-expired"),
            ({"state": first, "error": "access_denied"}, "login-failed"),
            ({"state": first}, "login-failed"),
            ({"state": second, "code": "made up"}, "login-failed"),  # two tabs do not disturb each other
        ):
            answer = await browser.get("/auth/callback", params=query)
            assert (answer.status_code, answer.json()["code"]) == (400, code)
    async with site.browser() as stranger:
        answer = await stranger.get("/auth/callback", params={"state": first, "code": "y"})
        assert answer.json()["code"] == "login-expired"
    assert not site.told


@pytest.mark.parametrize("swapped", ["nonce", "code_challenge"])
async def test_a_code_of_another_login_is_not_taken_for_this_one(site: Site, swapped: str) -> None:
    async with site.browser() as browser:
        asked = dict(parse_qsl(urlsplit((await browser.get("/auth/login")).headers["location"]).query))
        sub = next(iter(site.provider.people))
        back = await browser.post("/identity/authorize", data={**asked, "sub": sub, swapped: "x" * 43})
        answer = await browser.get(back.headers["location"])
        assert (answer.status_code, answer.json()["code"]) == (400, "login-failed")
        assert "landa_session" not in browser.cookies
    assert not site.told


async def test_login_goes_to_the_public_address_first_and_says_when_the_provider_is_down(site: Site) -> None:
    async with site.browser() as browser:
        elsewhere = {"Host": "127.0.0.1:1"}
        sent = await browser.get("/auth/login?next=/small/nominate", headers=elsewhere)
        assert sent.headers["location"] == f"{site.url}/auth/login?next=%2Fsmall%2Fnominate&canonical=1"
        assert (await browser.get("/auth/login?canonical=1", headers=elsewhere)).status_code == 303
    fresh = Identity(site.identity.settings, httpx.AsyncClient())
    site.identity.issuer = fresh.issuer
    site.down = True
    async with site.browser() as browser:
        down = await browser.get("/auth/login")
        assert (down.status_code, down.headers["retry-after"]) == (503, "5")
        assert (await browser.get("/small/cases/7", headers=site.bearer("coordinator"))).status_code == 503


@given(st.text() | st.from_regex(r"/[/\\\t\n@:.a-z]{0,12}", fullmatch=True))
def test_after_login_nobody_is_sent_to_another_site(value: str) -> None:
    path = local_path(value)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert not urlsplit(path).netloc
    assert local_path(path) == path


def test_a_local_path_stays_as_it_is() -> None:
    assert local_path("/reception/cases?sort=days&page=2") == "/reception/cases?sort=days&page=2"
    assert local_path(None) == local_path("https://evil.example") == local_path("/auth/logout") == "/"
