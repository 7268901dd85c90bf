"""The menu on a small screen: closed, named after the page, opened by keyboard without script; wide, always there."""

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import Visits, faults, picture, said
from tests.journeys.people import People

NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1280, "height": 900}
LOW = 130  # pixels: the name, the menu's button, the language and who one is
# a page of each service that its person's menu holds
ASKED = (
    ("coordinator", "/reception/inbox", "nav.reception"),
    ("manager", "/notifications/inbox", "nav.inbox"),
    ("operator", "/reporting/services", "nav.operations"),
    ("secretary", "/awards/nominations", "nav.nominations"),
)


async def height(page: Page) -> float:
    box = await page.locator("header > div").bounding_box()
    assert box
    return box["height"]


@pytest.mark.parametrize(("role", "path", "here"), ASKED)
async def test_the_menu_takes_little_room_and_opens_by_keyboard(
    people: People, visits: Visits, role: str, path: str, here: str
) -> None:
    async with visits.as_(role, java_script_enabled=False, viewport=NARROW) as page:
        await page.goto(path)
        menu, button = page.locator("header nav"), page.locator("header summary")
        link = menu.get_by_role("link", name=said(here), exact=True)
        await expect(menu).to_be_hidden()
        await expect(button).to_contain_text(said("nav.menu"))
        await expect(button).to_contain_text(said(here))
        assert await height(page) < LOW
        await picture(page, f"menu-closed-{role}")
        await button.press("Enter")
        await expect(link).to_be_visible()
        await expect(link).to_have_attribute("aria-current", "page")
        await picture(page, f"menu-open-{role}")
        await page.keyboard.press("Tab")
        await expect(menu.get_by_role("link").first).to_be_focused()
        await button.press("Space")
        await expect(menu).to_be_hidden()
        await page.set_viewport_size(WIDE)
        await expect(button).to_be_hidden()
        await expect(link).to_be_visible()
        await page.emulate_media(media="print")
        await expect(page.locator("header")).to_be_hidden()


async def test_the_open_menu_is_sound_and_a_link_of_it_leads_on(people: People, visits: Visits) -> None:
    async with visits.as_("coordinator", viewport=NARROW) as page:
        await page.goto("/")
        await page.locator("header summary").press("Enter")
        assert await faults(page, "the open menu") == []
        await page.locator("header nav").get_by_role("link", name=said("nav.inbox"), exact=True).press("Enter")
        await expect(page.locator("header nav")).to_be_hidden()
        await expect(page.locator("header summary")).to_contain_text(said("nav.inbox"))
