"""The inbox and the deliveries as people and programs see them, over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.identity.provider import Client, Provider, keep_key
from deploy.local.ports import free_ports
from services.notifications import app as notifications
from services.notifications import handlers, store_people
from shared.case_number import case_number
from shared.identity import SESSION_COOKIE, Actor
from shared.process import build
from tests.notifications.town import NOW, Town, allocation, nomination
from tests.shared.parts_of_web import served

HTML = {"Accept": "text/html"}
PATIENCE = 20


@dataclass
class Site:
    town: Town
    http: httpx.AsyncClient
    run: Any
    provider: Provider

    def session(
        self, *roles: str, sub: str = "someone", name: str = "Elsa Lindfors", unit: str | None = None
    ) -> httpx.AsyncClient:
        """A browser in which this person is logged in."""
        cookie = self.run.identity.open_session(Actor(sub, frozenset(roles), unit, name=name))
        cookies = {SESSION_COOKIE: cookie}
        return httpx.AsyncClient(base_url=self.http.base_url, cookies=cookies, headers=HTML, timeout=PATIENCE)

    async def token(self, role: str) -> dict[str, str]:
        answer = await self.http.post("/identity/demo-token", json={"role": role})
        return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    port = free_ports(1)[0]
    url = f"http://localhost:{port}"
    provider = Provider(url, keep_key(tmp_path), {"notifications": Client("secret", service=True)})
    settings = town.settings.model_copy(update={"public_url": url, "issuer": provider.issuer})
    app = build(notifications.service(settings))
    inner = provider.app()

    async def both(scope: Any, receive: Any, send: Any) -> None:
        await (inner if scope["path"].startswith("/identity") else app)(scope, receive, send)

    run = app.state.landa
    await run.database.open(size=5)
    async with served(both, port), httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        yield Site(town, http, run, provider)
    await run.http.aclose()
    await run.database.close()


async def test_an_allocation_is_in_every_coordinators_inbox_and_the_first_who_confirms_is_seen(site: Site) -> None:
    async with site.town.database.transaction() as tx:
        elsa = Actor("elsa", frozenset({"coordinator"}), name="Elsa Lindfors")
        await handlers.enter_directory(tx, site.run.vault, elsa, "elsa@kommunen.example", "sv")
    fact = allocation()
    await site.town.react(fact)
    async with site.session("coordinator", sub="elsa") as elsas, site.session("coordinator", sub="tomas") as tomas:
        for browser in (elsas, tomas):
            page = (await browser.get("/notifications/inbox")).text
            assert f"/reception/cases/{fact.subject}" in page
            assert "quota" not in page
        page = (await elsas.get("/notifications/inbox")).text
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        item = re.search(r'name="notification" value="([\w-]+)"', page)
        assert csrf and item
        form = {"csrf": csrf[1], "notification": item[1]}
        answers = await asyncio.gather(*[elsas.post("/notifications/forms/acknowledge", data=form) for _ in range(3)])
        assert {answer.status_code for answer in answers} == {303}
        assert "Elsa Lindfors" in re.sub(r"(?s)<header.*?</header>", "", (await tomas.get("/notifications/inbox")).text)
    events = await site.town.rows("select actor from journal where type like '%acknowledged%'")
    assert events == [{"actor": "elsa"}]
    (row,) = await site.town.rows("select sealed::text from recipient")
    assert b"Elsa".hex() not in row["sealed"]


async def test_the_api_lists_confirms_once_and_pages(site: Site) -> None:
    await site.town.react(*[allocation() for _ in range(130)])
    token = await site.token("coordinator")
    first = (await site.http.get("/notifications/inbox", headers=token)).json()
    rest = (await site.http.get("/notifications/inbox", params={"after": first["next"]}, headers=token)).json()
    assert (first["open"], len(first["items"]), len(rest["items"]), rest["next"]) == (130, 100, 30, None)
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 130
    item, key = first["items"][0]["id"], {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = await site.http.post(f"/notifications/inbox/{item}/acknowledge", headers=token | key)
        assert (answer.status_code, answer.json()) == (200, {"notification": item})
    answer = await site.http.post(
        "/notifications/inbox/acknowledge",
        json={"until": first["items"][50]["id"]},
        headers=token | {"Idempotency-Key": str(uuid4())},
    )
    assert answer.json() == {"acknowledged": 80}
    assert (await site.http.get("/notifications/inbox", headers=token)).json()["open"] == 49
    done = (await site.http.get("/notifications/inbox", params={"show": "done"}, headers=token)).json()
    assert len(done["items"]) == 81


async def test_another_roles_item_and_nonsense_are_not_found(site: Site) -> None:
    await site.town.react(allocation())
    item = (await site.town.rows("select id from notification where channel = 'inbox'"))[0]["id"]
    manager, key = await site.token("manager"), {"Idempotency-Key": str(uuid4())}
    assert (await site.http.get("/notifications/inbox", headers=manager)).json()["items"] == []
    for unknown in (item, uuid4()):
        answer = await site.http.post(f"/notifications/inbox/{unknown}/acknowledge", headers=manager | key)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-notification")
    coordinator = await site.token("coordinator")
    email = (await site.town.rows("select id from notification where channel = 'email'"))[0]["id"]
    for path, status in (
        ("/notifications/inbox/no-id/acknowledge", 422),
        (f"/notifications/inbox/{email}/acknowledge", 404),
        (f"/notifications/deliveries/{uuid4()}/retry", 404),
    ):
        answer = await site.http.post(path, headers=coordinator | {"Idempotency-Key": str(uuid4())})
        assert answer.status_code == status, path
    assert (await site.http.get("/notifications/inbox?after=nonsense", headers=coordinator)).status_code == 400
    assert (await site.http.get("/notifications/deliveries?status=x", headers=coordinator)).status_code == 422
    assert await site.town.rows("select 1 from journal where type like '%acknowledged%'") == []


async def test_deliveries_show_why_a_mail_failed_and_start_it_again(site: Site) -> None:
    town = site.town
    town.mail.at_rcpt = lambda _to, _attempt: "550 5.1.1 the secret reason of a server"
    await town.react(nomination())
    async with town.sending():
        await town.until_all("failed", 1)
    async with site.session("operator") as browser:
        page = (await browser.get("/notifications/deliveries?status=failed")).text
        assert "svar 550" in page and "secret reason" not in page
        assert "1 misslyckat" in (await browser.get("/")).text
        mail = re.search(r'href="/notifications/deliveries/([\w-]+)"', page)
        assert mail
        page = (await browser.get(f"/notifications/deliveries/{mail[1]}")).text
        assert "svar 550" in page and "@example.org" not in page
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf
        to, form = f"/notifications/forms/deliveries/{mail[1]}/retry", {"csrf": csrf[1]}
        assert (await browser.post(to, data=form)).status_code == 422
        assert (await browser.post(to, data=form | {"reason": "address-mended"})).status_code == 303
        life = (
            await site.http.get(f"/notifications/deliveries/{mail[1]}", headers=await site.token("operator"))
        ).json()
        assert [(one["attempt"], one["result"]) for one in life["life"]] == [
            (1, "refused-550"),
            (None, "address-mended"),
        ]
    listed = (await site.http.get("/notifications/deliveries", headers=await site.token("manager"))).json()
    assert listed["counts"]["waiting"] == 1
    assert listed["items"][0]["message_id"].startswith(f"<{mail[1]}@")


async def test_the_mailbox_of_a_role_is_kept_and_nonsense_is_refused(site: Site) -> None:
    operator = await site.token("operator")
    for address, status in (("x", 422), ("a@b.example\r\nBcc: c@d.example", 422), ("Ny@Kommunen.example", 200)):
        answer = await site.http.post(
            "/notifications/mailboxes",
            json={"address": address, "language": "en"},
            headers=operator | {"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == status
    listed = (await site.http.get("/notifications/mailboxes", headers=operator)).json()
    assert {"role": "coordinator", "address": "Ny@kommunen.example", "language": "en"} in listed["items"]
    await site.town.react(fact := allocation())
    await site.town.age()
    async with site.town.sending():
        await site.town.until_all("sent", 1)
    subject = site.town.mail.received[0].message["Subject"]
    assert subject == f"A new allocation has come in: case {case_number(fact.subject)}"


async def test_a_units_managers_have_a_mailbox_of_their_own_and_the_roles_until_then(site: Site) -> None:
    async with site.town.database.transaction() as tx:
        maja = Actor("maja", frozenset({"caseworker"}), "minors", "Maja Sandgren")
        await handlers.enter_directory(tx, site.run.vault, maja, "maja@kommunen.example", "sv")
    async with site.session("manager") as chief:
        page = (await chief.get("/notifications/mailboxes?role=manager%2Fminors")).text
        assert "Ändra brevlådan för cheferna för enheten för unga &amp; ensamma" in page and "Ingen egen" in page
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf
        typed = {"csrf": csrf[1], "role": "manager/minors", "address": "x", "language": "sv"}
        wrong = await chief.post("/notifications/forms/mailbox", data=typed)
        assert (
            wrong.status_code == 422 and "Ändra brevlådan för cheferna för enheten för unga &amp; ensamma" in wrong.text
        )
        for role in ("jury", "coordinator/minors", "manager/", "manager/MINORS"):
            refused = await chief.post("/notifications/forms/mailbox", data=typed | {"role": role})
            assert refused.status_code == 422, role
        typed["address"] = "unga@kommunen.example"
        saved = await chief.post("/notifications/forms/mailbox", data=typed)
        assert saved.status_code == 303
        assert "unga@kommunen.example" in (await chief.get(saved.headers["location"])).text
    async with site.run.database.reading() as conn:
        own = await store_people.mailbox_of(conn, "manager/minors")
        other = await store_people.mailbox_of(conn, "manager/reception")
    assert own and own.address == "unga@kommunen.example"
    assert other is None or other.role == "manager"


async def test_the_landing_page_is_for_nobody_and_for_each_role(site: Site) -> None:
    nobody = (await site.http.get("/", headers=HTML)).text
    for link in ("/auth/login", "/awards/nominate", "/notifications/accessibility", "/notifications/privacy"):
        assert link in nobody
        if link.startswith("/notifications"):
            assert (await site.http.get(link, headers=HTML)).status_code == 200
    await site.town.react(allocation(), allocation())
    await site.run.database.pool.execute(
        "update notification set withheld = true, withheld_because = 'too-old' where channel = 'email'"
    )
    for role, link in (
        ("coordinator", "2 att bekräfta"),
        ("council", "/reporting/"),
        ("secretary", "/awards/nominations"),
        ("auditor", "/reception/looks"),
        ("caseworker", "/reception/work"),
        ("jury", "/awards/jury"),
        ("operator", "/reporting/services"),
        ("manager", "status=withheld"),
    ):
        async with site.session(role) as browser:
            assert link in (await browser.get("/")).text


async def test_a_mails_page_links_only_what_its_reader_may_open(site: Site) -> None:
    site.run.pages.environment.globals["traces_url"] = "https://traces.example.org/way?subject={subject}"
    await site.town.react(fact := allocation())
    await site.town.age(60)
    async with site.town.sending():
        await site.town.until_all("sent", 1)
    mail = await site.run.database.pool.fetchval("select id from mail")
    case, way = f'href="/reception/cases/{fact.subject}"', f"https://traces.example.org/way?subject={fact.subject}"
    for role, links in (("operator", [False, True]), ("coordinator", [True, False])):
        async with site.session(role) as browser:
            page = (await browser.get(f"/notifications/deliveries/{mail}")).text
            assert [case in page, way in page] == links, role
    due = "update notification set due_at = (select ended_at from mail) - interval '6.2 seconds' where mail is not null"
    await site.run.database.pool.execute(due)
    async with site.session("operator") as browser:
        assert "6 sekunder från att det skulle lämnas" in (await browser.get(f"/notifications/deliveries/{mail}")).text


async def test_what_was_not_mailed_is_told_by_its_reason_and_as_no_alarm(site: Site) -> None:
    await site.town.react(allocation(), allocation(), allocation())
    emails = "select id from notification where channel = 'email' order by id"
    for why, few in (("never-signed-in", "limit 2"), ("too-old", "offset 2")):
        marked = f"update notification set withheld = true, withheld_because = $1 where id in ({emails} {few})"
        await site.run.database.pool.execute(marked, why)
    said = site.run.pages.texts.get
    for lang in ("sv", "en"):
        words = [
            said(lang, "withheld.meant", n=3),
            said(lang, "withheld.never-signed-in", n=2),
            said(lang, "withheld.too-old", n=1, days=14),
            said(lang, "withheld.kept"),
        ]
        async with site.session("operator") as browser:
            browser.cookies.set("lang", lang)
            for path in ("/", "/notifications/deliveries", "/notifications/deliveries?status=withheld"):
                assert " ".join(words) in unescape((await browser.get(path)).text), (lang, path)
            assert said(lang, "home.deliveries.none") in (await browser.get("/")).text
    for why, facts in (("never-signed-in", {}), ("too-old", {"days": 14})):
        await site.run.database.pool.execute("update notification set withheld_because = $1 where withheld", why)
        async with site.session("operator") as browser:
            page = unescape((await browser.get("/notifications/deliveries")).text)
        # one reason for all is said once, with their number
        assert said("sv", f"withheld.all-{why}", n=3, **facts) in page and page.count("3 meddelanden") == 1


async def test_an_open_page_is_told(site: Site) -> None:
    await site.town.react()
    listener = await site.run.database.connect()
    await listener.add_listener("landa", lambda _c, _p, _ch, said: site.run.hub.publish(str(said)))
    async with site.session("coordinator") as browser, browser.stream("GET", "/notifications/events") as stream:
        words = stream.aiter_lines()
        while "event: ready" not in await anext(words):
            pass
        await site.town.react(allocation(NOW, UUID(int=5)))
        async with asyncio.timeout(PATIENCE):
            while "data: inbox" not in await anext(words):
                pass
    await listener.close()
