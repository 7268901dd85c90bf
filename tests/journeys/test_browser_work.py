"""A coordinator's morning in a browser: a file becomes cases, a case an arrival, an arrival a figure that moves."""

import re
from datetime import date, timedelta

from playwright.async_api import Page, expect

from tests.journeys.browser import Visits, button, picture, said, sign_in
from tests.journeys.people import People, new_number

HEAD = ("Anvisningsnummer", "Kategori", "Beslutsdatum", "Kvotår", "Namn", "Födelsedatum", "Kön")


def allocation_file(good: str, bad: str, today: date) -> bytes:
    """One household of two that can be taken in, and one of two where a birth date is none."""
    decided = (today - timedelta(days=20)).isoformat()
    rows = [
        (good, "Kvot", decided, str(today.year), "Saga Provsten", "1981-04-05", "Kvinna"),
        (good, "Kvot", decided, str(today.year), "Ivar Provsten", "2011-06-07", "Man"),
        (bad, "Anläggningsboende", decided, str(today.year), "Tyra Provsten", "1990-01-02", "Kvinna"),
        (bad, "Anläggningsboende", decided, str(today.year), "Loke Provsten", "1990-02-31", "Man"),
    ]
    return "\r\n".join(";".join(row) for row in (HEAD, *rows)).encode("utf-8-sig")


async def days_left(page: Page) -> list[int]:
    """The clocks of the list as numbers, from their words."""
    clocks = await page.locator("#inbox tbody .clock").all_inner_texts()
    days = []
    for words in clocks:
        found = re.search(r"\d+", words)
        days.append(int(found[0]) * (-1 if said("clock.late", n=2).split()[-1] in words else 1) if found else 0)
    return days


async def stay(page: Page) -> None:
    """Marks this very document; `stayed` sees whether it is still the same."""
    await page.evaluate("window.here = true")


async def stayed(page: Page) -> bool:
    return bool(await page.evaluate("window.here === true"))


async def test_a_file_becomes_an_arrival_and_open_pages_follow_by_themselves(people: People, visits: Visits) -> None:
    today = await people.today()
    good, bad = new_number("MIV"), new_number("MIV")
    await people.allocate(1, decided_on=(today - timedelta(days=80)).isoformat())
    await people.arrive(await people.allocate(1))
    before = (await people.agreed())["received"]["persons"]

    async with visits.as_(None) as page, visits.as_("manager") as chief, visits.as_("coordinator") as messages:
        await chief.goto("/reporting/")
        number, sentence = chief.locator(".figures b").first, chief.locator("#part-received .says")
        await expect(number).to_have_text(str(before))
        await stay(chief)
        await messages.goto("/notifications/inbox")
        await expect(messages.locator("h1")).to_have_text(said("inbox.title", "notifications"))
        await stay(messages)

        await sign_in(page, "coordinator")
        await page.goto("/reception/imports")
        content = allocation_file(good, bad, today)
        await page.get_by_label(said("field.file.label")).set_input_files(
            {"name": "anvisningar.csv", "mimeType": "text/csv", "buffer": content}
        )
        await button(page, "imports.do").click()
        await expect(page).to_have_url(re.compile(r"/reception/imports/[0-9a-f-]{36}$"))
        await expect(page.locator(".lead")).to_have_text(said("import.done.some", n=2))
        refused = page.locator("tbody tr")
        await expect(refused).to_have_count(1)
        for words in ("5", "Födelsedatum", bad):
            await expect(refused).to_contain_text(words)
        await expect(page.locator("main")).not_to_contain_text("1990-02-31")
        await picture(page, "work import report")

        await page.get_by_role("link", name=said("nav.reception"), exact=True).click()
        await expect(page).to_have_url(re.compile("/reception/inbox$"))
        await page.wait_for_load_state()  # a table that is still being read is a shorter one
        days = await days_left(page)
        assert days == sorted(days) and len(days) > 1 and days[0] < 0
        await expect(page.locator("main")).not_to_contain_text(bad)
        await page.get_by_role("link", name=good).click()
        await expect(page.locator("h1")).to_have_text(good)
        case = page.url.rpartition("/")[2]

        told = messages.locator("tr", has=messages.locator(f"a[href='/reception/cases/{case}']"))
        await expect(told).to_be_visible()

        await page.get_by_role("link", name=said("arrive.do"), exact=True).click()
        await expect(page.get_by_label("Saga Provsten")).to_be_checked()
        await picture(page, "work arrival form")
        await button(page, "arrive.do").click()
        await expect(page.locator(".timeline")).to_contain_text(said("event.arrival-registered"))
        # within three seconds of the answer, and without a reload
        await expect(number).to_have_text(str(before + 2), timeout=3_000)
        await expect(sentence).to_contain_text(said("received.says.total", "reporting", n=before + 2, year=today.year))
        await expect(chief.locator("#say")).to_contain_text(str(before + 2))
        assert await stayed(chief)
        await expect(page.locator(".lead")).to_have_text(said("case.lead.arrived", n=2))
        await picture(page, "work case after arrival")

        assert await stayed(messages)
        item = await told.locator("a[href^='/notifications/inbox/']").get_attribute("href")
        await told.get_by_role("button").click()
        told = messages.locator("tr", has=messages.locator(f"a[href='{item}']"))
        await expect(told.get_by_role("button")).to_have_count(0)
        await expect(told).to_contain_text(said("inbox.me", "notifications"))
        await picture(messages, "work messages")
