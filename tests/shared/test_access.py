"""Access: nothing is reachable that does not say for whom, and no foreign page can act for somebody signed in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, Response
from starlette.routing import Mount, Route

from shared.web.access import (
    Declared,
    Undeclared,
    check_declared,
    needs,
    public,
    routes_with_needs,
)
from tests.shared.small_site import Site, small_service, small_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with small_site(tmp_path) as site:
        yield site


def test_a_route_that_says_nothing_stops_the_start() -> None:
    check_declared(small_service())
    for path in ("/forgotten", "/livez/more"):
        app = small_service()
        app.add_api_route(path, lambda: None)
        with pytest.raises(Undeclared, match=path):
            check_declared(app)

    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/x", lambda: None)
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    hidden = FastAPI(openapi_url=None)
    hidden.add_api_route("/hidden", lambda: None)
    for route in (Route("/plain", lambda _: Response()), Mount("/app", hidden), Mount("/any", lambda s, r, t: None)):
        app = small_service()
        app.router.routes.append(route)
        with pytest.raises(Undeclared):
            check_declared(app)
    app = small_service()
    app.include_router(outer)
    with pytest.raises(Undeclared, match="/outer/inner/x"):
        check_declared(app)
    with pytest.raises(Undeclared, match="/openapi"):
        check_declared(FastAPI())

    app = small_service()
    app.add_api_route("/both", lambda: None, dependencies=[public(), needs("manager")])
    with pytest.raises(Undeclared, match="both"):
        check_declared(app)
    for wrong in ((), ("mayor",), ("manager", "mayor")):
        with pytest.raises(ValueError):
            needs(*wrong)


def test_the_route_table_says_who_may_do_what() -> None:
    either, coordinator = frozenset({"coordinator", "caseworker"}), frozenset({"coordinator"})
    assert sorted(routes_with_needs(small_service()), key=str) == sorted(
        [
            Declared("GET", "/small/cases/{case}", (either,)),
            Declared("POST", "/small/cases/{case}", (either,)),
            Declared("POST", "/small/cases/{case}/close", (either, coordinator)),
            Declared("GET", "/small/nominate", None),
            Declared("POST", "/small/nominate", None),
        ],
        key=str,
    )


async def test_every_role_gets_what_is_declared_and_nobody_nothing(site: Site) -> None:
    async with site.api() as api:
        for role in ("coordinator", "caseworker", "manager", "council", "jury", "secretary", "auditor", "operator"):
            shown = await api.get("/small/cases/7", headers=site.bearer(role))
            closed = await api.post("/small/cases/7/close", data={"note": "x"}, headers=site.bearer(role))
            assert shown.status_code == (200 if role in {"coordinator", "caseworker"} else 403)
            assert closed.status_code == (200 if role == "coordinator" else 403)
        nobody = await api.get("/small/cases/7")
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="landa"')
        assert (await api.post("/small/cases/7")).status_code == 401
        for bad in ("Bearer x", "Bearer", "Basic eDp5", ""):
            refused = await api.get("/small/nominate", headers={"Authorization": bad})
            assert (refused.status_code, refused.json()["code"]) == (401, "token-refused")
            assert "invalid_token" in refused.headers["www-authenticate"]
        shown = await api.get("/small/cases/7", headers=site.bearer("coordinator"))
        assert shown.json()["route"] == "GET /small/cases/{case}"
    async with site.signed_in("coordinator") as browser:  # a refused token does not fall back to the cookie
        assert (await browser.get("/small/cases/7", headers={"Authorization": "Bearer x"})).status_code == 401
    async with site.browser(cookies={"landa_session": "forged.forged.forged"}) as browser:
        assert (await browser.get("/small/cases/7")).status_code == 303


async def test_no_foreign_page_acts_for_somebody_signed_in(site: Site) -> None:
    async with site.signed_in("coordinator") as browser, site.signed_in("coordinator") as other:
        token = (await browser.get("/small/cases/7")).json()["csrf"]
        foreign = (await other.get("/small/cases/7")).json()["csrf"]
        path = "/small/cases/7/close"
        assert (await browser.post(path, data={"note": "n", "csrf": token})).json() == {"note": "n"}
        assert (await browser.post("/small/cases/7", json={}, headers={"X-CSRF-Token": token})).status_code == 200
        origin = {"Origin": site.url}
        assert (await browser.post(path, data={"note": "n", "csrf": token}, headers=origin)).status_code == 200
        null = {"Origin": "null"}
        assert (await browser.post(path, data={"note": "n", "csrf": token}, headers=null)).status_code == 200
        for data in (
            {"note": "n"},
            {"note": "n", "csrf": foreign},
            {"note": "n", "csrf": ""},
            {"note": "n", "csrf": "å"},
        ):
            refused = await browser.post(path, data=data)
            assert (refused.status_code, refused.json()["code"]) == (403, "form-expired")
        assert (await browser.post("/small/cases/7", json={})).status_code == 403
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        ):
            refused = await browser.post(path, data={"note": "n", "csrf": token}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "foreign-origin")
    async with site.api() as api:
        evil = {**site.bearer("coordinator"), "Origin": "https://evil.example"}
        assert (await api.post(path, data={"note": "n"}, headers=evil)).status_code == 200


async def test_a_public_form_is_sent_only_by_the_visitor_who_was_given_it(site: Site) -> None:
    async with site.browser() as visitor, site.browser() as other:
        page = await visitor.get("/small/nominate")
        assert "HttpOnly" in page.headers["set-cookie"]
        token = page.json()["csrf"]
        assert (await visitor.get("/small/nominate")).json()["csrf"] == token
        assert (await visitor.post("/small/nominate", data={"text": "x", "csrf": token})).json() == {"sent": "x"}
        files = {"file": ("a.txt", b"a")}
        sent = await visitor.post("/small/nominate", data={"text": "x", "csrf": token}, files=files)
        assert sent.json() == {"sent": "x"}
        await other.get("/small/nominate")
        assert (await other.post("/small/nominate", data={"text": "x", "csrf": token})).status_code == 403
        other.cookies.clear()
        assert (await other.post("/small/nominate", data={"text": "x", "csrf": token})).status_code == 403
        assert (await visitor.post("/small/nominate", data={"text": "x"})).status_code == 403
        assert (await visitor.post("/small/nominate")).status_code == 403
        plain = {"Content-Type": "text/plain"}
        assert (await other.post("/small/nominate", content=b"x", headers=plain)).status_code == 403
    async with site.signed_in("jury") as member:
        page = await member.get("/small/nominate")
        assert page.json()["who"] == "5d0f"
        sent = await member.post("/small/nominate", data={"text": "x", "csrf": page.json()["csrf"]})
        assert sent.status_code == 200
