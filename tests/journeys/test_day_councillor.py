"""A councillor's evening before the meeting: the town's figures understood, questioned, compared, and taken along."""

import csv
import io
import re
from pathlib import Path

from playwright.async_api import Page, expect

from deploy.local.year.published import DATA
from tests.journeys.browser import Visits, faults, picture, said, sign_in
from tests.journeys.people import People


def words(key: str, lang: str = "sv", **fields: object) -> str:
    return said(key, "reporting", lang, **fields)


async def go(page: Page, key: str) -> None:
    """To another page of the follow-up, by its name."""
    await page.get_by_role("navigation", name=words("places.name")).get_by_role("link", name=words(key)).click()
    await expect(page.locator("nav a[aria-current]", has_text=words(key))).to_be_visible()


async def test_a_councillor_reads_asks_compares_and_takes_the_figures_along(people: People, visits: Visits) -> None:
    for size in (5, 3):
        await people.arrive(await people.allocate(size))
    await people.allocate(2)
    table = (DATA / "migrationsverket_kommuntal_2018_kalmar_lan.csv").read_bytes()
    sent = {"year": "2018", "published_on": "2018-06-01"}
    kept = await people.ask("coordinator", "POST", "/reporting/published", files={"file": ("t.csv", table)}, data=sent)
    assert kept.status_code in {200, 201}, kept.text
    exact = await people.agreed()
    seen = await people.get("council", "/reporting/dashboard.json")
    received = seen["received"]["persons"]
    assert received == exact["received"]["persons"] >= 8

    async with visits.as_(None) as page:
        await sign_in(page, "council")
        await page.locator("header").get_by_role("link", name=said("nav.reporting"), exact=True).click()
        # in a minute: how many, towards what, whether in time, and whether it is true
        figures = page.locator(".figures li")
        await expect(figures.first).to_contain_text(str(received))
        await expect(figures.nth(1)).to_contain_text(words("figure.quota", target=110))
        await expect(page.locator("#part-quota .says")).to_contain_text("110")
        await expect(page.locator("#trust")).to_contain_text(words("trust.agrees"))
        await expect(page.locator("main")).to_contain_text(words("small.dots", smallest=5))
        await expect(page.locator("main a[href^='/reception/']")).to_have_count(0)
        await picture(page, "councillor-dashboard")

        # a number is asked what it means, and says what it is made of
        await page.locator("#part-quota").get_by_role("link", name=re.compile(words("chart.about"))).click()
        await expect(page.locator("#quota .read").first).to_contain_text("17 juni 2024")
        await expect(page.locator("#quota code").first).to_be_hidden()
        await page.locator("#quota summary").click()
        await expect(page.locator("#quota code").first).to_have_text("reception.quota-set.v1")
        await picture(page, "councillor-indicators")

        for theme in ("reception", "establishment", "contacts", "notifications", "prize"):
            await go(page, f"theme.{theme}")
            await expect(page.locator("h1")).to_contain_text(words(f"theme.{theme}"))
            await expect(page.locator(".says, .lead.soft").first).to_be_visible()
        await go(page, "theme.establishment")
        # drawn, or told in words where so little has happened in this town that all of it is hidden
        drawn = words("plans-in-time.title", days=60, year=2018)
        named = re.compile(f"^({drawn}|{words('section.plans-in-time')})$")
        await expect(page.locator("#part-plans-in-time h2")).to_have_text(named)
        await picture(page, "councillor-theme")

        await compares(page)
        await takes_along(page, seen)
        await in_english(page)


async def compares(page: Page) -> None:
    """A neighbour's published numbers beside our own."""
    await go(page, "places.published")
    await page.get_by_role("link", name=words("published.kind.quota", year=2018)).first.click()
    await page.get_by_label(words("published.choose")).select_option("KALMAR")
    await page.get_by_role("button", name=words("published.show")).click()
    await expect(page.locator("thead th").nth(2)).to_have_text(words("published.theirs"))
    quota = page.get_by_role("rowheader", name=words("published.figure.quota.target"), exact=True)
    await expect(page.locator("tr", has=quota)).to_contain_text("110")
    await picture(page, "councillor-published")


async def takes_along(page: Page, seen: dict[str, object]) -> None:
    """On paper, and as a file with the same dots."""
    await go(page, "places.dashboard")
    await page.emulate_media(media="print")
    for hidden in ("header.top", "nav", ".foot", ".skip", "button", "summary"):
        for element in await page.locator(hidden).all():
            await expect(element).to_be_hidden()
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.locator("#part-received svg.wide")).to_be_visible()
    await picture(page, "councillor-on-paper")
    await page.emulate_media(media="screen")
    async with page.expect_download() as loading:
        await page.locator("#method").get_by_role("link", name=words("section.open-cases"), exact=True).click()
    kept = Path(await (await loading.value).path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(kept), delimiter=";"))
    opened = seen["open_cases"]
    assert isinstance(opened, dict)
    assert [row["cases"] for row in rows] == [str(bucket["cases"]) for bucket in opened["buckets"]]


async def in_english(page: Page) -> None:
    await page.locator("header").get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("main")).to_contain_text(words("small.dots", "en", smallest=5))
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await faults(page, "the dashboard in English") == []
    await picture(page, "councillor-dashboard-english-narrow")
