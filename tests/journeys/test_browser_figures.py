"""A manager's morning in the follow-up: from a number to exactly its cases, from there to one of them, and back."""

import re
from datetime import timedelta

from playwright.async_api import expect

from tests.journeys.browser import Visits, faults, picture, said
from tests.journeys.people import People


async def test_a_number_leads_to_its_cases_by_keyboard_and_what_may_not_be_opened_is_counted(
    people: People, visits: Visits
) -> None:
    long_ago = (await people.today() - timedelta(days=80)).isoformat()
    mine = await people.give(await people.allocate(2, decided_on=long_ago))
    nobodys = await people.allocate(1, decided_on=long_ago)
    board = await people.agreed()
    late = board["open_cases"]["late_cases"]
    label = said("cases.link", "reporting", label=said("open.bucket.late", "reporting"), number=late)

    async with visits.as_("coordinator") as page:
        await page.goto("/reporting/themes/reception")
        link = page.locator("#part-open-cases").get_by_role("link", name=label, exact=True)
        await picture(page, "manager-figures")
        await link.focus()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/reception/figures/open-cases/late$"))
        await expect(page.locator(".lead")).to_have_text(said("figure.cases", n=late))
        await expect(page.locator("tbody tr")).to_have_count(min(late, 50))
        await expect(page.locator("tbody .clock")).to_have_count(min(late, 50))
        for case in (mine, nobodys):
            await expect(page.locator(f"a[href='/reception/cases/{case['case']}']")).to_be_visible()

    # the manager of the unit sees the unit's own cases, and how many of the others there are
    async with visits.as_("manager", viewport={"width": 320, "height": 700}) as page:
        await page.goto("/reporting/")
        await page.locator(".figures .late").get_by_role("link").click()
        await expect(page.locator(".lead")).to_have_text(said("figure.cases", n=late))
        await page.wait_for_load_state()  # a table that is still being read is a shorter one
        rows = page.locator("tbody tr")
        unseen = late - await rows.count()
        assert unseen > 0
        await expect(page.locator(".notice")).to_contain_text(re.compile(rf"\b{unseen}\b"))
        await expect(page.locator(f"a[href='/reception/cases/{nobodys['case']}']")).to_have_count(0)
        assert await faults(page, "the cases of a figure") == []
        await picture(page, "manager-cases-of-a-figure-narrow")
        await page.locator(f"a[href='/reception/cases/{mine['case']}']").click()
        await expect(page.locator("h1")).to_contain_text(re.compile("TEST-"))
        await page.go_back()
        await page.get_by_role("link", name=said("figure.back")).click()
        await expect(page).to_have_url(re.compile(r"/reporting/themes/reception#part-open-cases$"))

    async with visits.as_("council") as page:
        for path in ("/reporting/", "/reporting/themes/reception", "/reporting/themes/contacts"):
            await page.goto(path)
            await expect(page.locator("h1")).to_be_visible()
            await expect(page.locator("a[href^='/reception/figures']")).to_have_count(0)
        refused = await page.goto("/reception/figures/open-cases/late")
        assert refused is not None and refused.status == 403
