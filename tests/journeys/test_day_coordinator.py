"""A coordinator's day: a letter is typed in, given out, housed, found and printed; messages are dealt with."""

import re
from datetime import date, timedelta

from playwright.async_api import Page, expect

from tests.journeys.browser import Visits, button, faults, picture, said, sign_in
from tests.journeys.people import People, new_number

NEW = "Signe Norrby"  # a caseworker who has signed in, and opened no case list yet


async def type_in(page: Page, at: int, name: str, born: str, sex: str) -> None:
    person = page.locator(f"#person-{at}")
    await person.get_by_label(said("field.name.label"), exact=True).fill(name)
    await person.get_by_label(said("field.birth_date.label")).fill(born)
    await person.get_by_label(said("field.sex.label")).select_option(sex)


async def send(page: Page, key: str, service: str = "reception") -> None:
    await button(page, key, service).and_(page.locator(":not(.bait)")).click()


async def register(page: Page, number: str, decided: date) -> None:
    """The letter, with a mistake on the way that is told at its field, and a household of two."""
    await page.get_by_role("link", name=said("letter.allocation.title")).click()
    await page.get_by_label(said("field.allocation_number.label")).fill(number)
    await page.get_by_label(said("field.category.label")).select_option("agency-accommodation")
    await page.get_by_label(said("field.decided_on.label")).fill(decided.isoformat())
    await type_in(page, 0, "Saga Provsten", "1985-04-12", "female")
    await button(page, "letter.add").click()
    await expect(page.locator("#person-1")).to_be_in_viewport()
    await expect(page.locator("#person-0").get_by_label(said("field.name.label"), exact=True)).to_have_value(
        "Saga Provsten"
    )
    await type_in(page, 1, "Ivar Provsten", "", "male")
    await picture(page, "coordinator-letter")
    # Enter sends the letter; it takes nobody out
    await page.locator("#person-1").get_by_label(said("field.name.label"), exact=True).press("Enter")
    await expect(page.locator(".summary")).to_be_focused()
    missing = said("letter.of-person", n=2, field=said("field.birth_date.label"))
    await expect(page.locator(".summary a")).to_contain_text(missing)
    assert await faults(page, "letter with a mistake") == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await faults(page, "letter on a telephone", ["target-size"]) == []
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.locator(".summary a").click()
    await page.locator("#person-1").get_by_label(said("field.birth_date.label")).fill("2011-06-07")
    await send(page, "letter.allocation.do")


async def cancel_and_take_back(page: Page, number: str) -> None:
    """Cancelled by mistake: the number, typed in again, leads to the case, and all of it comes back."""
    case = page.url.partition("?")[0]
    await page.get_by_role("link", name=said("cancel.do"), exact=True).click()
    await page.get_by_label(said("cancel-reason.declined")).check()
    await button(page, "cancel.do").click()
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.cancellation"))
    await expect(page.locator("#next")).to_have_count(0)
    await page.goto("/reception/new/allocation")
    await page.get_by_label(said("field.allocation_number.label")).fill(number)
    await page.get_by_label(said("field.category.label")).select_option("agency-accommodation")
    await page.get_by_label(said("field.decided_on.label")).fill("2018-05-02")
    await type_in(page, 0, "Saga Provsten", "1985-04-12", "female")
    await send(page, "letter.allocation.do")
    await expect(page.locator(".summary")).to_contain_text(said("refusal.allocation-cancelled.what"))
    assert await faults(page, "letter of a cancelled allocation") == []
    await picture(page, "coordinator-cancelled-number")
    await page.get_by_role("link", name=said("task.reinstate.title")).click()
    await button(page, "task.reinstate.do").click()
    await expect(page.locator(".summary")).to_contain_text(said("ask.reason"))
    await page.get_by_label(said("reinstate-reason.cancelled-in-error")).check()
    assert await faults(page, "taking a cancellation back") == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await faults(page, "taking a cancellation back on a telephone", ["target-size"]) == []
    await page.set_viewport_size({"width": 1280, "height": 900})
    await picture(page, "coordinator-reinstate")
    await button(page, "task.reinstate.do").click()
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.reinstate"))
    await expect(page.locator("#next ~ ul")).to_contain_text(said("step.receive"))
    await expect(page.locator(".timeline")).to_contain_text(said("event.allocation-reinstated"))
    await expect(page.locator(".timeline .struck")).to_contain_text([said("event.allocation-cancelled")])
    await picture(page, "coordinator-reinstated")
    await page.goto(case)


async def notice_by_mistake(page: Page, today: date) -> None:
    """A settlement that somebody else has registered already: taken back from the page that it made."""
    await page.goto("/reception/new/notice")
    await page.get_by_label(said("field.category.label")).select_option("self-settled")
    await page.get_by_label(said("field.notified_on.label")).fill(today.isoformat())
    await type_in(page, 0, "Saga Provsten", "1985-04-12", "female")
    await send(page, "letter.notice.do")
    await expect(page.locator(".notice")).to_contain_text(said("case.done.notice"))
    await page.get_by_role("link", name=said("case.done.undo.notice")).click()
    await page.get_by_label(said("withdraw-reason.registered-twice")).check()
    assert await faults(page, "withdrawing a notice") == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await faults(page, "withdrawing a notice on a telephone", ["target-size"]) == []
    await page.set_viewport_size({"width": 1280, "height": 900})
    await picture(page, "coordinator-withdraw")
    await button(page, "task.withdraw.do").click()
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.withdraw"))
    await expect(page.locator(".lead")).to_contain_text(said("withdraw-reason.registered-twice"))
    await expect(page.locator(".timeline .struck")).to_have_text([said("event.settlement-notified")])
    assert await faults(page, "a withdrawn notice") == []
    await picture(page, "coordinator-withdrawn")
    await page.get_by_role("link", name=said("case.saved.withdraw.undo")).click()
    await expect(page.locator("h1")).to_have_text(said("letter.notice.title"))
    await page.goto("/reception/inbox?show=cancelled")
    await expect(page.locator("table")).to_contain_text(said("status.withdrawn"))


async def test_a_coordinators_day(people: People, visits: Visits) -> None:
    today, number = await people.today(), new_number("BREV")
    async with visits.as_(None) as newcomer:
        await sign_in(newcomer, "caseworker", NEW)
    async with visits.as_("coordinator") as page:
        await page.goto("/")
        await page.get_by_role("link", name=said("nav.reception"), exact=True).first.click()
        await picture(page, "coordinator-inbox")
        await register(page, number, today - timedelta(days=3))
        await expect(page.locator(".notice")).to_contain_text(said("case.done.allocation"))
        await expect(page.locator("#household ~ .table")).to_contain_text("Ivar Provsten")
        await picture(page, "coordinator-registered")
        case = page.url.partition("?")[0]

        # typed wrong: the same number again mends the case
        await page.get_by_role("link", name=said("case.done.another.allocation")).click()
        await page.get_by_label(said("field.allocation_number.label")).fill(number)
        await page.get_by_label(said("field.category.label")).select_option("agency-accommodation")
        await page.get_by_label(said("field.decided_on.label")).fill((today - timedelta(days=4)).isoformat())
        await type_in(page, 0, "Saga Provsten", "1985-04-12", "female")
        await button(page, "letter.add").click()
        await type_in(page, 1, "Ivar Provsten", "2011-06-07", "male")
        await send(page, "letter.allocation.do")
        await expect(page.locator(".notice")).to_contain_text(said("field.decided_on.label").lower(), ignore_case=True)
        await picture(page, "coordinator-known-already")
        await button(page, "letter.known.take").click()
        await expect(page.locator(".notice")).to_contain_text(said("case.done.corrected"))
        await expect(page.locator(".timeline")).to_contain_text(said("event.allocation-corrected"))

        await cancel_and_take_back(page, number)

        # given to somebody who has signed in only
        await page.goto("/reception/work?show=unassigned")
        await picture(page, "coordinator-unassigned")
        await page.goto(case)
        await page.get_by_role("link", name=said("task.assign.title")).first.click()
        chosen = page.get_by_label(said("ask.caseworker"))
        label = said("work.colleague", name=f"{NEW} – enheten för ensamkommande barn", n=0)
        await expect(chosen).to_contain_text(label)
        await button(page, "task.assign.do").click()
        await expect(page.locator(".summary")).to_be_visible()
        await page.locator("header").get_by_role("link", name="English").click()
        await expect(page.locator("h1")).to_have_text(said("task.assign.title", lang="en"))
        await page.locator("header").get_by_role("link", name="Svenska").click()
        await picture(page, "coordinator-assign")
        await chosen.select_option(label=label)
        await button(page, "task.assign.do").click()
        await expect(page.locator(".timeline")).to_contain_text(NEW)

        # the next step leads to its form
        await page.get_by_role("link", name=said("step.housing"), exact=True).click()
        await expect(page.locator("h1")).to_have_text(said("task.home.title"))
        await page.get_by_label(said("home-kind.own-lease")).check()
        await page.get_by_label(said("ask.available_from")).fill(today.isoformat())
        await page.get_by_label(said("ask.address")).fill("Provgatan 7")
        await button(page, "task.home.do").click()
        await expect(page.locator("#homes ~ .table")).to_contain_text(said("home-kind.own-lease"))
        await expect(page.locator("#next ~ ul")).not_to_contain_text(said("step.housing"))
        await picture(page, "coordinator-housed")

        await notice_by_mistake(page, today)
        await page.goto("/reception/search")
        await page.get_by_label(said("search.term")).fill("Ivar Provsten")
        await button(page, "search.do").click()
        await page.locator("tbody").get_by_role("link", name=number).click()
        await expect(page).to_have_url(case)
        await page.get_by_role("link", name=said("print.do")).click()
        await expect(page.locator("main")).to_contain_text("Ivar Provsten")
        await picture(page, "coordinator-print")


async def test_several_cases_are_given_to_one_caseworker_in_one_go_and_on_again(people: People, visits: Visits) -> None:
    made = [(await people.allocate(1, decided_on="2018-01-02"))["case"] for _ in range(2)]
    async with visits.as_(None) as newcomer:
        await sign_in(newcomer, "caseworker", NEW)
    async with visits.as_("coordinator") as page:
        await page.goto("/reception/work?show=unassigned")
        for case in made:
            await page.locator(f"tr#case-{case}").get_by_role("checkbox").check()
        await button(page, "giving.do.first").click()
        await expect(page.locator(".summary")).to_contain_text(said("ask.caseworker"))
        for case in made:
            await expect(page.locator(f"tr#case-{case}").get_by_role("checkbox")).to_be_checked()
        assert await faults(page, "giving out, with a mistake") == []
        await page.set_viewport_size({"width": 320, "height": 700})
        assert await faults(page, "giving out on a telephone", ["target-size"]) == []
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.get_by_label(said("ask.caseworker"), exact=True).select_option(index=1)
        await button(page, "giving.do.first").click()
        await expect(page.get_by_role("status").first).to_contain_text(said("given.lead", n=2))
        assert await faults(page, "given out") == []
        await picture(page, "coordinator-given")
        await page.get_by_role("link", name=said("giving.all")).click()
        chosen = page.get_by_label(said("ask.caseworker"), exact=True)
        to = await chosen.locator("option", has_text=NEW).text_content()
        await chosen.select_option(label=to)
        await page.get_by_label(said("ask.reason")).select_option("other")
        await button(page, "giving.do.on").click()
        await expect(page.locator("td", has_text=NEW)).to_have_count(2)
    for case in made:
        assert (await people.get("coordinator", f"/reception/cases/{case}"))["caseworker_name"] == NEW


async def test_a_coordinators_message_is_put_off_taken_back_and_handed_over(people: People, visits: Visits) -> None:
    made, day = await people.allocate(1), (await people.today() + timedelta(days=3)).isoformat()
    async with visits.as_(None) as newcomer:
        await sign_in(newcomer, "caseworker", NEW)
    async with visits.as_("coordinator") as page:
        await deal_with(page, made["case"], day)


async def deal_with(page: Page, case: str, day: str) -> None:
    await page.goto("/notifications/inbox")
    row = page.locator("tr", has=page.locator(f"a[href='/reception/cases/{case}']"))
    await expect(row.first).to_be_visible()
    await picture(page, "coordinator-messages")
    one = row.first.get_by_role("link", name=re.compile(said("inbox.more", "notifications")))
    item = await row.first.locator("a[href^='/notifications/inbox/']").get_attribute("href")
    await one.click()
    await button(page, "item.snooze.do", "notifications").click()
    await expect(page.locator(".summary")).to_be_visible()
    await page.get_by_label(said("field.until.label", "notifications")).fill(day)
    await button(page, "item.snooze.do", "notifications").click()
    await expect(page.locator("h1")).to_have_text(said("inbox.title", "notifications"))
    await expect(page.locator(f"a[href='{item}']")).to_have_count(0)
    await page.get_by_role("link", name=re.compile(said("inbox.show.snoozed", "notifications"))).click()
    await page.locator(f"a[href='{item}']").click()
    await picture(page, "coordinator-message")
    await button(page, "item.snooze.back", "notifications").click()
    await page.locator(f"a[href='{item}']").click()
    await page.get_by_label(said("field.to.label", "notifications")).select_option(label=NEW)
    await button(page, "item.hand-over.do", "notifications").click()
    await expect(page.locator("h1")).to_have_text(said("inbox.title", "notifications"))
    await expect(page.locator(f"a[href='{item}']")).to_have_count(0)
