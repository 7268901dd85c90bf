"""What the secretary has dealt with asks for nothing any more, in the inbox and by mail."""

import re
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.awards import (
    NominationFoundEligible,
    NominationFoundIneligible,
    NominationWithdrawn,
    NomineeFoundSame,
    reference,
)
from shared.contracts.envelope import Fact
from shared.contracts.event import Event
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import NOW, nomination

__all__ = ["site"]


def eligible(submitted: Fact) -> Fact:
    return Fact(uuid4(), "awards", submitted.subject, 2, 1, NOW, NOW, NominationFoundEligible())


@pytest.mark.parametrize(
    "event",
    [
        NominationFoundEligible(),
        NominationFoundIneligible(reason="unserious"),
        NomineeFoundSame(same_as=UUID(int=1)),
        NominationWithdrawn(),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_what_has_been_dealt_with_asks_the_secretary_for_nothing_and_the_receipt_goes_all_the_same(
    event: Event, site: Site
) -> None:
    site.town.secretary = True
    new, other = nomination(), nomination()
    over = Fact(uuid4(), "awards", new.subject, 2, 1, NOW, NOW, event)
    await site.town.react(new, other)
    await site.town.react(over)
    await site.town.react(new, over)  # told twice: nothing is made or settled again
    asks = "select channel from notification where about = $1 and settled_at is null and not withheld order by 1"
    assert [row["channel"] for row in await site.town.rows(asks, new.subject)] == ["email"]
    assert [row["channel"] for row in await site.town.rows(asks, other.subject)] == ["email", "email", "inbox"]
    settled = await site.town.rows("select count(*)::int as n from journal where type like '%settled%'")
    assert settled == [{"n": 2}]
    async with site.session("secretary") as browser:
        shown = (await browser.get("/notifications/inbox")).text
        assert str(other.subject) in shown and str(new.subject) not in shown
        assert f"Ny nominering, {reference(other.subject)}" in shown and "Integrationspriset 2026" in shown
        assert "Ingen tidsgräns" in shown
        assert "Inte aktuell längre" in (await browser.get("/notifications/inbox?show=done")).text
    await site.town.check()


async def test_what_comes_and_is_dealt_with_in_one_go_is_settled(site: Site) -> None:
    new = nomination()
    await site.town.react(new, eligible(new))
    open_ = "select 1 from notification where channel = 'inbox' and settled_at is null"
    assert await site.town.rows(open_) == []


async def test_what_was_confirmed_stays_confirmed(site: Site) -> None:
    new = nomination()
    await site.town.react(new)
    async with site.session("secretary") as browser:
        (row,) = await site.town.rows("select id from notification where channel = 'inbox'")
        assert (await posted(browser, row["id"])).status_code == 303
    await site.town.react(eligible(new))
    (row,) = await site.town.rows("select settled_at from notification where channel = 'inbox'")
    assert row["settled_at"] is None


async def posted(browser: httpx.AsyncClient, item: UUID) -> httpx.Response:
    """Confirms it by the page."""
    csrf = re.search(r'name="csrf" value="(\w+)"', (await browser.get("/notifications/inbox")).text)
    assert csrf
    return await browser.post("/notifications/forms/acknowledge", data={"csrf": csrf[1], "notification": str(item)})
