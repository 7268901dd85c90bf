"""Everything that a coordinator does in the morning, with Tab and Enter alone, and always seeing where one is."""

import re

from playwright.async_api import Locator, Page, expect

from tests.journeys.browser import Visits, button, name_of, picture, said
from tests.journeys.people import People

# what stands out when the focused element itself, or the row that it makes clickable, is outlined
SEEN = """() => {
  const at = document.activeElement;
  const shown = [at, at.closest('tr.row')].filter(Boolean).map((e) => getComputedStyle(e));
  const box = at.getBoundingClientRect();
  return shown.some((s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)
    && box.left >= 0 && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
}"""


async def tab_to(page: Page, wanted: Locator, most: int = 60, key: str = "Tab") -> None:
    """Tab after Tab until `wanted` has the focus; each stop on the way is to be seen."""
    handle = await wanted.element_handle()
    for _ in range(most):
        await page.keyboard.press(key)
        assert await page.evaluate(SEEN), await page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        if await page.evaluate("(e) => e === document.activeElement", handle):
            return
    raise AssertionError(f"{most} times Tab did not reach {wanted}")


async def test_a_morning_with_the_keyboard_alone(people: People, visits: Visits) -> None:
    await people.allocate(1, decided_on="2018-03-01")
    async with visits.as_(None) as page:
        await page.goto("/")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name=said("nav.skip"))
        await expect(skip).to_be_focused()
        assert await page.evaluate(SEEN)
        await picture(page, "keyboard skip link")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        # past all of the navigation
        login = page.locator("main").get_by_role("link", name=said("home.login.action", "notifications"))
        await tab_to(page, login, most=1)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/identity/**")
        await tab_to(page, page.get_by_role("button", name=name_of("coordinator")))
        await page.keyboard.press("Enter")
        await expect(page.locator(".me")).to_contain_text(name_of("coordinator"))

        await tab_to(page, page.locator("header").get_by_role("link", name=said("nav.reception"), exact=True))
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/reception/inbox"))
        first = page.locator("#inbox tbody a").first
        number = await first.inner_text()
        await tab_to(page, first)
        await picture(page, "keyboard first row")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text(number)

        await tab_to(page, page.get_by_role("link", name=said("arrive.do"), exact=True))
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text(said("arrive.title"))
        await tab_to(page, button(page, "arrive.do"))
        await page.keyboard.press("Enter")
        await expect(page.locator(".timeline")).to_contain_text(said("event.arrival-registered"))

        # what was saved is read out and seen, and its undo is the next stop
        await expect(page.get_by_role("status").first).to_be_focused()
        await tab_to(page, page.get_by_role("link", name=said("case.saved.undo")), most=1)
        await tab_to(page, page.get_by_role("button", name=said("nav.logout")), key="Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".me").get_by_role("link", name=said("nav.login"))).to_be_visible()


async def test_a_councillors_questions_with_the_keyboard_alone(people: People, visits: Visits) -> None:
    await people.arrive(await people.allocate(6))
    await people.agreed()

    def words(key: str, **fields: object) -> str:
        return said(key, "reporting", **fields)

    async with visits.as_("council") as page:
        await page.goto("/")
        await tab_to(page, page.locator("#task-reporting").get_by_role("link"))
        await page.keyboard.press("Enter")
        await expect(page.locator("#standing")).to_contain_text(words("standing.running", today="15 juni 2018"))

        # is it true
        trust = page.locator("#trust").get_by_role("link", name=words("trust.title"))
        await tab_to(page, trust)
        await page.keyboard.press("Enter")
        await expect(page.locator("#trust-story")).to_be_in_viewport()
        await page.go_back()

        # in figures, and what they mean
        summary = page.locator("#part-quota summary")
        await tab_to(page, summary)
        await expect(page.locator("#quota-table table")).to_be_hidden()
        await page.keyboard.press("Enter")
        await expect(page.locator("#quota-table table")).to_be_visible()
        about = page.locator("#part-received").get_by_role("link", name=re.compile(words("chart.about")))
        await tab_to(page, about)
        await page.keyboard.press("Enter")
        await expect(page.locator("#received .read").first).to_be_in_viewport()
        await picture(page, "keyboard what a number means")
