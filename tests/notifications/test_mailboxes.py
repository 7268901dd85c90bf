"""A unit's managers' own mailbox: whose it is called, and how it goes away again."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifications import handlers, store_people
from services.notifications.store_people import Mailbox
from shared.contracts.casework import CaseAssigned
from shared.identity import Actor
from tests.notifications.stories import LAST, then
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import allocation

__all__ = ["site"]
OWN, ALL = "unga@kommunen.example", "manager@kommunen.example"
PAGE = "/notifications/mailboxes?role=manager/minors"
OFFICE = "cheferna för enheten för unga &amp; ensamma"


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def own_mailbox(site: Site, role: str = "manager/minors") -> None:
    async with site.run.database.transaction() as tx:
        await store_people.set_mailbox(tx, Mailbox(role, OWN, "sv"), "somebody")


async def late_case(site: Site) -> None:
    """A reminder for the managers of the unit `minors` waits to be mailed."""
    fact = allocation()
    await site.town.sign_in("elsa")
    await site.town.react(fact, then(fact, CaseAssigned(caseworker="elsa", unit="minors", reason="first")))
    await site.town.remind(LAST + timedelta(days=1))


async def test_a_units_mailbox_is_removed_and_waiting_mail_goes_to_the_managers_until_it_is_set_again(
    site: Site,
) -> None:
    await own_mailbox(site)
    await late_case(site)
    async with site.session("manager") as chief:
        assert f'{PAGE}&amp;remove=true#change"' in (await chief.get(PAGE)).text
        page = (await chief.get(f"{PAGE}&remove=true")).text
        assert f"I dag går mejlen till {OWN}. När du har tagit bort" in page and f"chefernas brevlåda, {ALL}" in page
        assert "Det går att ångra" in page and 'name="address"' not in page
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf
        typed = {"csrf": csrf[1], "role": "manager/minors"}
        for role in ("manager", "coordinator", "manager/", "jury/minors"):
            refused = await chief.post("/notifications/forms/mailbox-remove", data=typed | {"role": role})
            assert refused.status_code == 422, role
        for _ in range(2):  # a double click
            done = await chief.post("/notifications/forms/mailbox-remove", data=typed)
            assert done.status_code == 303
        page = (await chief.get(done.headers["location"])).text
        assert f"borttagen. Mejlen går nu till chefernas brevlåda, {ALL}" in page
        assert 'name="address"' not in page and OWN not in page.partition("Senaste ändringarna")[0]
        assert "remove=true" not in page and "Det går att ångra" in page
        await site.town.age(60)
        async with site.town.sending():
            await site.town.until_all("sent", 3)
        assert OWN not in {mail.to for mail in site.town.mail.received}
        assert ALL in {mail.to for mail in site.town.mail.received}
        again = typed | {"address": OWN, "language": "en"}
        assert (await chief.post("/notifications/forms/mailbox", data=again)).status_code == 303
        assert OWN in (await chief.get(PAGE)).text
    async with site.run.database.reading() as conn:
        boxes = await store_people.mailboxes(conn)
    assert boxes["manager/minors"] == Mailbox("manager/minors", OWN, "en") and boxes["manager"].address == ALL


async def test_the_page_opens_on_the_list_and_says_who_set_and_removed_which_mailbox(site: Site) -> None:
    async with site.run.database.transaction() as tx:
        karin = Actor("karin", frozenset({"manager"}), "minors", "Karin Ask")
        await handlers.enter_directory(tx, site.run.vault, karin, "karin@kommunen.example", "sv")
    async with site.session("manager", sub="karin") as karins, site.session("operator", sub="olle") as olles:
        page = (await karins.get("/notifications/mailboxes")).text
        assert OFFICE in page and 'name="address"' not in page and "aria-current" not in page.partition("<main")[2]
        csrf = re.search(r'name="csrf" value="(\w+)"', (await karins.get(PAGE)).text)
        assert csrf
        typed = {"csrf": csrf[1], "role": "manager/minors"}
        for _ in range(2):  # a double click changes nothing, so nobody did it
            await karins.post("/notifications/forms/mailbox", data=typed | {"address": OWN, "language": "sv"})
        for _ in range(2):
            await karins.post("/notifications/forms/mailbox-remove", data=typed)
        mine, others = [plain((await one.get("/notifications/mailboxes")).text) for one in (karins, olles)]
    [told] = re.findall(r"Senaste ändringarna .*", others)
    assert told.count(OFFICE) == 2 and told.count("Karin Ask") == 2
    assert told.index("Brevlådan togs bort") < told.index(f"Mejlen går till {OWN}")  # the newest first
    assert "Karin Ask" not in mine.partition("Senaste ändringarna")[2] and " dig " in mine


async def test_a_program_sets_and_removes_it_too_and_the_page_says_when_mail_then_goes_nowhere(site: Site) -> None:
    operator = await site.token("operator")
    answer = await site.http.post(
        "/notifications/mailboxes",
        json={"role": "manager/minors", "address": OWN},
        headers=operator | {"Idempotency-Key": str(uuid4())},
    )
    assert (answer.status_code, answer.json()) == (200, {"role": "manager", "unit": "minors"})
    await site.run.database.pool.execute("delete from mailbox where role = 'manager'")
    async with site.session("operator") as browser:
        assert "Cheferna har ingen brevlåda" in (await browser.get(f"{PAGE}&remove=true")).text
    for role, status in (("manager/minors", 200), ("manager/minors", 200), ("secretary", 422)):
        answer = await site.http.post(
            "/notifications/mailboxes/remove",
            json={"role": role},
            headers=operator | {"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == status, role
    listed = (await site.http.get("/notifications/mailboxes", headers=operator)).json()
    assert {one["role"] for one in listed["items"]} == {"coordinator", "secretary"}


@pytest.mark.parametrize(
    ("lang", "named", "unnamed"),
    [
        ("sv", "cheferna för enheten för unga &amp; ensamma", "cheferna för enheten schools"),
        ("en", "the managers of the unit for the young &amp; alone", "the managers of the unit schools"),
    ],
)
async def test_an_office_goes_by_its_units_name_and_by_the_code_of_one_that_nobody_has_named(
    site: Site, lang: str, named: str, unnamed: str
) -> None:
    await own_mailbox(site)
    await own_mailbox(site, "manager/schools")
    await late_case(site)
    await site.town.age(60)
    async with site.town.sending():
        await site.town.until_all("sent", 3)
    async with site.session("operator") as browser:
        seen = plain((await browser.get("/notifications/mailboxes", params={"lang": lang})).text)
        sent = plain((await browser.get("/notifications/deliveries", params={"lang": lang})).text)
    assert f" {named} " in seen and f" {unnamed} " in seen
    assert f"{named} " in sent and "minors" not in sent
