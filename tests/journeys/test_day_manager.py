"""A unit manager's day in the browser: who has how much, a case that changes hands, cover, mailboxes and figures."""

import re
from datetime import timedelta

from playwright.async_api import Page, expect

from tests.journeys.browser import Visits, button, name_of, picture, said, sign_in
from tests.journeys.people import People

OTHER = "Viktor Almroth"  # of the same unit


async def test_a_managers_day(people: People, visits: Visits) -> None:
    today = await people.today()
    # nobody has less time left
    made = await people.give(await people.allocate(1, decided_on=(today - timedelta(days=410)).isoformat()))
    maja = name_of("caseworker")
    async with visits.as_(None) as colleague, visits.as_("manager") as page:
        await sign_in(colleague, "caseworker", OTHER)
        await page.goto("/")
        await picture(page, "manager-home")
        await page.get_by_role("link", name=said("nav.reception"), exact=True).first.click()
        await expect(page.locator("h1")).to_have_text(said("work.title.manager"))
        await picture(page, "manager-work")
        loads = page.locator("details.loads")
        await loads.locator("summary").click()
        before = int(await loads.locator("tr", has_text=maja).locator("td").nth(1).inner_text())
        await picture(page, "manager-caseload")

        await page.locator(f"tr#case-{made['case']}").get_by_role("link").click()
        await page.get_by_role("link", name=said("case.reassign")).click()
        await expect(page.get_by_label(said("ask.caseworker"))).to_contain_text(OTHER)
        chosen = await page.locator("option", has_text=OTHER).inner_text()
        await page.get_by_label(said("ask.caseworker")).select_option(label=chosen)
        await page.get_by_label(said("assignment-reason.workload")).check()
        await picture(page, "manager-reassign")
        await button(page, "task.assign.do").click()
        await expect(page.locator("dl.facts")).to_contain_text(OTHER)

        await page.goto("/reception/work")
        await loads.locator("summary").click()
        await expect(loads.locator("tr", has_text=maja).locator("td").nth(1)).to_have_text(re.compile(f"{before - 1}$"))
        await expect(loads.locator("tr", has_text=OTHER)).to_have_count(1)

        await cover(page, colleague, maja, (today + timedelta(days=7)).isoformat())
        await mailboxes(page)

        for theme in ("establishment", "contacts"):
            await page.goto(f"/reporting/themes/{theme}")
            await expect(page.locator("h1")).to_contain_text(said(f"theme.{theme}", "reporting"))
            await picture(page, f"manager-{theme}")


async def cover(page: Page, colleague: Page, away: str, until: str) -> None:
    """A colleague sees the other's cases from now on, and no more when it ends."""
    await page.goto("/reception/work")
    await page.get_by_role("link", name=said("cover.title")).click()
    await button(page, "cover.do").click()
    await expect(page.locator(".summary a")).to_have_count(3)
    await page.get_by_label(said("cover.for"), exact=True).select_option(label=away)
    await page.get_by_label(said("cover.sub"), exact=True).select_option(label=OTHER)
    await page.get_by_label(said("cover.until"), exact=True).fill(until)
    await button(page, "cover.do").click()
    now = page.locator("tbody tr", has_text=OTHER)
    await expect(now).to_contain_text(away)
    await picture(page, "manager-cover")
    await colleague.goto("/reception/work")
    await expect(colleague.locator(".notice")).to_contain_text(said("work.covered", names=away))
    await now.get_by_role("button").click()
    await expect(page.locator("main")).to_contain_text(said("cover.empty.what"))
    await colleague.reload()
    await expect(colleague.locator("main")).not_to_contain_text(said("work.covered", names=away))


async def mailboxes(page: Page) -> None:
    """The address of a role's mailbox: what is none is told at the field, the new one is shown; a unit's is removed."""
    await page.goto("/")
    await page.get_by_role("link", name=said("home.mailboxes", "notifications")).click()
    own = said("role.manager-of", "notifications", unit="mottagningsenheten")
    await expect(page.locator("tr", has_text=own).first).to_be_visible()
    secretary = page.locator("tr", has_text=said("role.secretary", "notifications")).get_by_role("link")
    await expect(page.get_by_label(said("field.address.label", "notifications"))).to_have_count(0)
    await secretary.click()
    address = page.get_by_label(said("field.address.label", "notifications"))
    before = await address.input_value()
    await address.fill("ingen adress")
    await button(page, "mailboxes.save", "notifications").click()
    await expect(page.locator(".summary a")).to_contain_text(said("field.address.label", "notifications"))
    for wanted in ("radet@landa.example", before):
        if wanted == before:
            await secretary.click()
        await address.fill(wanted)
        await button(page, "mailboxes.save", "notifications").click()
        await expect(page.get_by_role("status").first).to_contain_text(said("mailboxes.saved", "notifications"))
        await expect(page.locator("tbody").first).to_contain_text(wanted)
    await picture(page, "manager-mailboxes")
    # the unit's own mailbox, set and removed again
    row = page.locator("tbody tr", has_text=own).filter(has=page.get_by_role("link"))
    await row.get_by_role("link", name=said("mailboxes.change.one", "notifications", role=own)).click()
    await address.fill("mottagningen@landa.example")
    await button(page, "mailboxes.save", "notifications").click()
    await expect(row).to_contain_text("mottagningen@landa.example")
    await row.get_by_role("link", name=said("mailboxes.remove.one", "notifications", role=own)).click()
    await picture(page, "manager-mailbox-remove")
    await button(page, "mailboxes.remove.do", "notifications").click()
    await expect(page.get_by_role("status").first).to_contain_text(said("mailboxes.remove.undo", "notifications"))
    await expect(row).to_contain_text(said("mailboxes.as-role", "notifications"))
