"""What happens to everybody: a double click, a session that ends, the back button, a colleague who was faster."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.identity import SESSION_COOKIE
from tests.journeys.browser import Visits, button, name_of, picture, said
from tests.journeys.people import People


async def open_form(page: Page, case: dict[str, Any]) -> None:
    await page.goto(f"/reception/cases/{case['case']}/arrive")
    await expect(button(page, "arrive.do")).to_be_visible()


def the_case(case: dict[str, Any]) -> re.Pattern[str]:
    return re.compile(rf"/reception/cases/{case['case']}(\?saved=\w+)?$")


async def version(people: People, case: dict[str, Any]) -> int:
    return int((await people.get("coordinator", f"/reception/cases/{case['case']}"))["version"])


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_double_click_is_one_command(people: People, visits: Visits, script: bool) -> None:
    case = await people.give(await people.allocate(2))
    async with visits.as_("caseworker", java_script_enabled=script) as page:
        await open_form(page, case)
        await button(page, "arrive.do").dblclick()
        await expect(page).to_have_url(the_case(case))
        await expect(page.locator(".timeline")).to_contain_text(said("event.arrival-registered"))
        await expect(page.locator(".timeline b", has_text=said("event.arrival-registered"))).to_have_count(1)
    assert await version(people, case) == case["version"] + 1


async def test_what_was_typed_outlives_the_session(people: People, visits: Visits) -> None:
    case, yesterday = await people.give(await people.allocate(2)), (await people.today()).replace(day=14).isoformat()
    async with visits.as_("caseworker") as page:
        await open_form(page, case)
        typed = page.get_by_label(said("field.arrived_on.label"))
        await typed.fill(yesterday)
        await page.get_by_label("Saga Provsten 1").uncheck()
        await page.context.clear_cookies(name=SESSION_COOKIE)
        await button(page, "arrive.do").click()

        toast = page.locator("#toast")
        await expect(toast).to_contain_text(said("session.expired"))
        await expect(typed).to_have_value(yesterday)
        await picture(page, "mishap session ended")
        assert await version(people, case) == case["version"]

        async with page.context.expect_page() as opened:
            await toast.get_by_role("link").click()
        other = await opened.value
        await other.get_by_role("button", name=name_of("caseworker")).click()
        await expect(other.locator(".me")).to_contain_text(name_of("caseworker"))
        await other.close()

        await button(page, "arrive.do").click()
        await expect(page).to_have_url(the_case(case))
    found = await people.get("coordinator", f"/reception/cases/{case['case']}")
    assert sorted(str(p["arrived_on"]) for p in found["persons"]) == sorted([yesterday, "None"])


async def test_without_a_session_and_without_script_the_page_says_what_to_do(people: People, visits: Visits) -> None:
    case = await people.give(await people.allocate(1))
    async with visits.as_("caseworker", java_script_enabled=False) as page:
        await open_form(page, case)
        await page.context.clear_cookies(name=SESSION_COOKIE)
        await button(page, "arrive.do").click()
        await expect(page.locator("main")).to_contain_text(said("refusal.not-authenticated.mend"))
        await picture(page, "mishap session ended without script")
    assert await version(people, case) == case["version"]


async def test_the_back_button_after_a_command_does_not_offer_it_again(people: People, visits: Visits) -> None:
    case = await people.give(await people.allocate(1))
    async with visits.as_("caseworker") as page:
        await open_form(page, case)
        await button(page, "arrive.do").click()
        await expect(page).to_have_url(the_case(case))
        await page.go_back()
        await expect(page.locator("main")).to_contain_text(said("arrive.nobody"))
        await picture(page, "mishap back")
        await page.go_forward()
        await expect(page.locator(".timeline")).to_contain_text(said("event.arrival-registered"))
    assert await version(people, case) == case["version"] + 1


async def test_the_back_button_after_a_refused_form_leads_to_the_form_and_asks_nothing(
    people: People, visits: Visits
) -> None:
    case = await people.give(await people.allocate(1))
    form = f"/reception/cases/{case['case']}/arrive"
    async with visits.as_("caseworker") as page:
        await open_form(page, case)
        await page.get_by_label(said("field.arrived_on.label")).fill("2018-01-01")
        await button(page, "arrive.do").click()
        await expect(page.locator(".summary")).to_be_focused()
        await expect(page).to_have_url(re.compile(f"{form}$"))
        await page.locator("header").get_by_role("link", name=said("nav.reception"), exact=True).click()
        await expect(page).to_have_url(re.compile("/reception/work$"))
        await page.go_back()  # the browser would ask whether to send it again, and show nothing until then
        await expect(button(page, "arrive.do")).to_be_visible()
        await expect(page.locator(".summary")).to_have_count(0)
        await page.reload()
        await button(page, "arrive.do").click()
        await expect(page).to_have_url(the_case(case))
    assert await version(people, case) == case["version"] + 1


async def test_the_second_of_two_who_change_a_case_is_told_what_to_do(people: People, visits: Visits) -> None:
    case = await people.give(await people.allocate(2))
    async with visits.as_("caseworker") as slow, visits.as_("coordinator") as fast:
        await open_form(slow, case)
        await open_form(fast, case)
        await fast.get_by_label("Saga Provsten 1").uncheck()
        await button(fast, "arrive.do").click()
        await expect(fast).to_have_url(the_case(case))

        await slow.get_by_label("Saga Provsten 0").uncheck()
        await slow.get_by_label(said("field.arrived_on.label")).fill("2018-06-13")
        await button(slow, "arrive.do").click()
        summary = slow.locator(".summary")
        for words in ("what", "mend"):
            await expect(summary).to_contain_text(said(f"refusal.changed-meanwhile.{words}"))
        await expect(summary.locator("a")).to_have_count(0)
        await expect(slow.get_by_label(said("field.arrived_on.label"))).to_have_value("2018-06-13")
        await expect(slow.get_by_label("Saga Provsten 1")).to_be_checked()
        await expect(slow.get_by_label("Saga Provsten 0")).to_have_count(0)
        await picture(slow, "mishap stale page")

        # the page has been read again by now: what was typed can be sent as it is
        await button(slow, "arrive.do").click()
        await expect(slow).to_have_url(the_case(case))
        await expect(slow.locator(".lead")).to_have_text(said("case.lead.arrived", n=2))
