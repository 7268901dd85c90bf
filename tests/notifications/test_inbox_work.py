"""What a person does with an item: put it off, hand it over, find it again; as pages without script and as commands."""

import re
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from services.notifications import handlers
from shared.contracts.casework import CaseAssigned
from shared.identity import Actor
from shared.web.texts import Texts
from tests.notifications.stories import LAST, then
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import allocation

__all__ = ["site"]


async def known(site: Site, *people: tuple[str, str]) -> None:
    """They have logged in, with a name."""
    async with site.town.database.transaction() as tx:
        for sub, name in people:
            actor = Actor(sub, frozenset({"caseworker"}), "reception", name)
            await handlers.enter_directory(tx, site.run.vault, actor, f"{sub}@kommunen.example", "sv")


async def given(site: Site, sub: str) -> str:
    """`sub` has got a case; the item's id."""
    fact = allocation()
    await site.town.react(fact, then(fact, CaseAssigned(caseworker=sub, unit="reception", reason="first")))
    rows = await site.town.rows("select id from notification where holder = $1 and channel = 'inbox'", f"person:{sub}")
    return str(rows[0]["id"])


async def posted(browser: httpx.AsyncClient, item: str, what: str, **typed: str) -> httpx.Response:
    page = (await browser.get(f"/notifications/inbox/{item}")).text
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf
    return await browser.post(f"/notifications/forms/inbox/{item}/{what}", data={"csrf": csrf[1]} | typed)


async def test_an_item_is_put_off_by_one_person_and_comes_back(site: Site) -> None:
    await site.town.react(allocation())
    (row,) = await site.town.rows("select id from notification where channel = 'inbox'")
    item, today = str(row["id"]), site.run.clock.today()
    async with site.session("coordinator", sub="elsa") as elsa, site.session("coordinator", sub="tomas") as tomas:
        for wrong in ("", today.isoformat(), (today + timedelta(days=91)).isoformat(), "nonsense"):
            assert (await posted(elsa, item, "snooze", until=wrong)).status_code == 422, wrong
        until = (today + timedelta(days=3)).isoformat()
        assert (await posted(elsa, item, "snooze", until=until)).status_code == 303
        assert f"n-{item}" not in (await elsa.get("/notifications/inbox")).text
        assert f"n-{item}" in (await elsa.get("/notifications/inbox?show=snoozed")).text
        assert f"n-{item}" in (await tomas.get("/notifications/inbox")).text
        await site.run.database.pool.execute("update snooze set until = $1", today)
        assert f"n-{item}" in (await elsa.get("/notifications/inbox")).text
        assert (await posted(elsa, item, "snooze", until=until)).status_code == 303
        shown = await posted(elsa, item, "snooze", back="true")
        assert shown.status_code == 303
        assert "Meddelandet visas igen." in (await elsa.get(shown.headers["location"])).text
        assert f"n-{item}" in (await elsa.get("/notifications/inbox")).text


async def test_an_item_is_handed_over_once_and_is_the_colleagues(site: Site) -> None:
    await known(site, ("elsa", "Elsa Lindfors"), ("tomas", "Tomas Ekdal"))
    item = await given(site, "elsa")
    async with site.session("caseworker", sub="elsa") as elsa, site.session("caseworker", sub="tomas") as tomas:
        page = (await elsa.get(f"/notifications/inbox/{item}")).text
        assert "Tomas Ekdal" in page and "Elsa Lindfors" not in re.sub(r"(?s)<header.*?</header>", "", page)
        assert (await tomas.get(f"/notifications/inbox/{item}")).status_code == 404
        assert (await posted(elsa, item, "hand-over", to="nobody")).status_code == 422
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf
        for _ in range(2):
            form = {"csrf": csrf[1], "to": "tomas"}
            answer = await elsa.post(f"/notifications/forms/inbox/{item}/hand-over", data=form)
            assert answer.status_code == 303
        assert f"n-{item}" not in (await elsa.get("/notifications/inbox")).text
        page = (await tomas.get("/notifications/inbox")).text
        assert f"n-{item}" in page and "Elsa Lindfors" in page
        await posted(tomas, item, "hand-over", to="elsa")
        form = {"csrf": csrf[1], "notification": item}
        assert (await elsa.post("/notifications/forms/acknowledge", data=form)).status_code == 303
        assert (await posted(elsa, item, "hand-over", to="tomas")).status_code == 422


async def test_filters_show_one_kind_and_confirm_what_they_show(site: Site) -> None:
    await site.town.react(allocation(), allocation())
    await site.town.remind(LAST)
    async with site.session("coordinator", sub="elsa") as elsa:
        page = (await elsa.get("/notifications/inbox?group=reminders")).text
        assert page.count('name="notification"') == 2
        csrf, until = re.search(r'name="csrf" value="(\w+)"', page), re.search(r'name="until" value="([\w-]+)"', page)
        assert csrf and until
        form = {"csrf": csrf[1], "until": until[1], "group": "reminders"}
        answer = await elsa.post("/notifications/forms/acknowledge", data=form)
        assert answer.headers["location"].endswith("group=reminders")
        page = (await elsa.get(answer.headers["location"])).text
        assert "Meddelandena är bekräftade" in page and "Nomineringar" not in page  # a coordinator is sent none
        page = (await elsa.get("/notifications/inbox")).text
        assert page.count('name="notification"') == 2
        assert "sista dag för mottagande" in (await elsa.get("/notifications/inbox?show=done")).text


async def test_programs_put_off_and_hand_over_too(site: Site) -> None:
    await known(site, ("elsa", "Elsa Lindfors"))
    await site.town.react(allocation())
    token = await site.token("coordinator")
    item = (await site.http.get("/notifications/inbox", headers=token)).json()["items"][0]["id"]
    until = (site.run.clock.today() + timedelta(days=1)).isoformat()

    async def post(what: str, body: dict[str, object]) -> int:
        key = {"Idempotency-Key": str(uuid4())}
        answer = await site.http.post(f"/notifications/inbox/{item}/{what}", json=body, headers=token | key)
        return answer.status_code

    assert await post("snooze", {"until": until}) == 200
    assert (await site.http.get("/notifications/inbox", headers=token)).json()["open"] == 0
    assert await post("snooze", {}) == 200
    assert (await site.http.get("/notifications/inbox", headers=token)).json()["open"] == 1
    assert await post("hand-over", {"to": "nobody"}) == 422
    assert await post("hand-over", {"to": "elsa"}) == 200
    assert (await site.http.get(f"/notifications/inbox/{item}", headers=token)).status_code == 404
    assert await post("snooze", {"until": until}) == 404


async def test_choices_are_kept_and_what_makes_no_sense_is_told_beside_its_field(site: Site) -> None:
    await known(site, ("elsa", "Elsa Lindfors"), ("tomas", "Tomas Ekdal"))
    async with site.session("caseworker", sub="elsa") as elsa:
        page = (await elsa.get("/notifications/preferences")).text
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf and "Tomas Ekdal" in page
        form = {"csrf": csrf[1], "cases": "hourly", "reminders": "daily", "quiet_from": "22:00"}
        answer = await elsa.post("/notifications/forms/preferences", data=form)
        assert answer.status_code == 422 and 'href="#f-quiet_to"' in answer.text
        form |= {"quiet_to": "06:30", "absent_from": "2026-07-01", "absent_to": "2026-07-20", "stand_in": "tomas"}
        assert (await elsa.post("/notifications/forms/preferences", data=form)).status_code == 303
        page = (await elsa.get("/notifications/preferences")).text
        assert 'value="22:00"' in page and 'value="2026-07-20"' in page and re.search(r'value="tomas" selected', page)
        told = await elsa.get("/notifications/preferences", headers={"Accept": "application/json"})
        assert told.json()["reminders"] == "daily"


@pytest.mark.parametrize("path", ["/notifications/inbox?show=x", "/notifications/inbox?group=x"])
async def test_a_filter_that_is_none_is_refused(path: str, site: Site) -> None:
    async with site.session("coordinator") as browser:
        assert (await browser.get(path)).status_code == 422


async def test_reception_is_told_of_every_caseworker_who_has_signed_in_and_nobody_else_is(site: Site) -> None:
    await known(site, ("maja", "Maja Sandgren"))
    async with site.town.database.transaction() as tx:
        elsa = Actor("elsa", frozenset({"coordinator"}), "reception", "Elsa Lindfors")
        await handlers.enter_directory(tx, site.run.vault, elsa, "elsa@kommunen.example", "sv")
    path = "/notifications/colleagues"
    assert (await site.http.get(path, headers=await site.token("coordinator"))).status_code == 403
    told = await site.http.get(path, headers={**await site.run.tokens.headers(), "accept": "application/json"})
    found = {"sub": "maja", "name": "Maja Sandgren", "unit": "reception", "roles": ["caseworker"]}
    assert told.json() == {"colleagues": [found]}


async def test_managers_told_of_a_case_that_nobody_has_are_not_sent_to_a_page_they_may_not_open(site: Site) -> None:
    fact, texts = allocation(), Texts("notifications")
    await site.town.react(fact)
    await site.town.remind(LAST + timedelta(days=1))
    given_out = allocation()
    first = CaseAssigned(caseworker="elsa", unit="minors", reason="first")
    await site.town.react(given_out, then(given_out, first))
    await site.town.remind(LAST + timedelta(days=1))
    rows = await site.town.rows("select id, holder from notification where channel = 'inbox'")
    item = {row["holder"]: row["id"] for row in rows}
    async with site.session("manager", sub="i", unit="minors") as chief:
        page = (await chief.get("/notifications/inbox")).text
        own = f"/notifications/inbox/{item['role:manager']}"
        assert f'<a href="{own}"><b>' in page and f"/reception/cases/{fact.subject}" not in page
        assert f'<a href="/reception/cases/{given_out.subject}"><b>' in page
        look = texts.get("sv", "item.look")
        assert look not in (await chief.get(own)).text
        assert look in (await chief.get(f"/notifications/inbox/{item['role:manager/minors']}")).text
