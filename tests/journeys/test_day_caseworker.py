"""A caseworker's day in the browser: a household arrives and gets a plan, is met, and its case ends and opens again."""

from datetime import timedelta
from uuid import UUID

from playwright.async_api import Page, expect

from shared.case_number import case_number
from tests.journeys.browser import Visits, button, faults, name_of, picture, said
from tests.journeys.people import People


async def step(page: Page, key: str) -> None:
    """The link of the next step, not a button that is looked for."""
    await page.locator("#next ~ ul").get_by_role("link", name=said(f"step.{key}"), exact=True).click()


async def test_a_caseworkers_day(people: People, visits: Visits) -> None:
    today = await people.today()
    # nobody has less time left
    made = await people.give(await people.allocate(1, decided_on=(today - timedelta(days=400)).isoformat()))
    async with visits.as_("caseworker") as page:
        await page.goto("/")
        await page.get_by_role("link", name=said("nav.reception"), exact=True).first.click()
        await expect(page.locator("h1")).to_have_text(said("work.title.caseworker"))
        mine = page.locator(f"tr#case-{made['case']}")
        await expect(mine).to_contain_text("Saga Provsten 0")
        await expect(mine).to_contain_text(said("step.housing"))
        await picture(page, "caseworker-work")
        await mine.get_by_role("link").click()

        await step(page, "receive")
        await button(page, "arrive.do").click()
        await expect(page.locator(".lead")).to_have_text(said("case.lead.arrived", n=1))
        await expect(page.locator("#next ~ ul")).not_to_contain_text(said("step.receive"))
        await expect(page.locator("#next ~ ul")).to_contain_text(said("step.housing"))
        await picture(page, "caseworker-arrived")

        await step(page, "plan")
        await button(page, "task.plan.do").click()
        chosen = said("mistake.nothing-chosen.what")
        await expect(page.locator(".summary a").first).to_have_text(f"{said('ask.person')}: {chosen}")
        await page.get_by_label("Saga Provsten 0").check()
        await page.get_by_label(said("goal.swedish"), exact=True).check()
        await page.get_by_label(said("ask.follow_up_on")).fill((today + timedelta(days=30)).isoformat())
        await picture(page, "caseworker-plan-form")
        await button(page, "task.plan.do").click()
        plan = page.locator("section[aria-labelledby=plans]")
        await expect(plan).to_contain_text(said("goal.swedish"))
        await expect(plan).to_contain_text(said("plan.going-on"))

        await step(page, "follow-up")
        await expect(page.locator("main")).to_contain_text(said("task.whose", name="Saga Provsten 0"))
        await page.get_by_label(said("progress.on-track")).check()
        await page.get_by_label(said("ask.next_follow_up_on")).fill((today + timedelta(days=60)).isoformat())
        await button(page, "task.follow-up.do").click()
        await expect(plan).to_contain_text(said("progress.on-track"))
        await mend_the_follow_up(page)
        await expect(plan).to_contain_text(said("progress.behind"))
        await expect(plan).not_to_contain_text(said("progress.on-track"))

        await meet(page)

        await page.get_by_role("link", name=said("task.close.title")).click()
        await page.get_by_label(said("close-reason.plan-ended")).check()
        await button(page, "task.close.do").click()
        await expect(page.locator(".summary")).to_contain_text(said("refusal.plan-open.mend"))
        await page.get_by_role("link", name="←").click()
        await plan.get_by_role("link", name=said("task.plan-end.title")).click()
        await page.get_by_label(said("plan-outcome.work")).check()
        await button(page, "task.plan-end.do").click()
        await page.get_by_role("link", name=said("task.close.title")).click()
        await page.get_by_label(said("close-reason.plan-ended")).check()
        await button(page, "task.close.do").click()
        await expect(page.locator(".lead")).to_contain_text(said("close-reason.plan-ended"))
        await picture(page, "caseworker-closed")

        await page.goto("/reception/work?show=closed")
        await page.locator(f"tr#case-{made['case']}").get_by_role("link").click()
        await page.get_by_role("link", name=said("task.reopen.title")).click()
        await page.get_by_label(said("reopen-reason.new-need")).check()
        await button(page, "task.reopen.do").click()
        await expect(page.locator(".timeline")).to_contain_text(said("event.case-reopened"))
        await expect(page.locator("#next ~ ul")).to_contain_text(said("step.contact"))

        await page.goto("/notifications/inbox")
        told = page.locator("tr", has=page.locator(f"a[href='/reception/cases/{made['case']}']"))
        number = case_number(UUID(made["case"]))
        await expect(told.first).to_contain_text(said("inbox.item.case-assigned", "notifications", case=number))
        item = await told.first.get_attribute("id")
        await told.first.get_by_role("button").click()
        await expect(page.locator(f"#{item}").get_by_role("button")).to_have_count(0)
        await expect(page.locator(f"#{item}")).to_contain_text(said("inbox.me", "notifications"))


async def mend_the_follow_up(page: Page) -> None:
    """Saved with the wrong answer: the notice leads to the form, and the history strikes what was."""
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.follow-up"))
    await page.get_by_role("link", name=said("case.saved.undo")).click()
    await expect(page.locator("h1")).to_have_text(said("task.follow-up-correct.title"))
    await expect(page.get_by_label(said("progress.on-track"))).to_be_checked()
    await expect(page.get_by_label(said("ask.next_follow_up_on"))).not_to_have_value("")
    assert await faults(page, "correcting a follow-up") == []
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await faults(page, "correcting a follow-up on a telephone", ["target-size"]) == []
    await page.set_viewport_size({"width": 1280, "height": 900})
    await picture(page, "caseworker-follow-up-correct")
    await page.get_by_label(said("progress.behind")).check()
    await button(page, "task.follow-up-correct.do").click()
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.follow-up-correct"))
    await expect(page.locator(".timeline .struck")).to_have_text([said("event.establishment-plan-followed-up")])
    await expect(page.locator(".timeline")).to_contain_text(said("event.establishment-plan-follow-up-corrected"))
    await picture(page, "caseworker-follow-up-corrected")


async def meet(page: Page) -> None:
    """A contact, and the correction of one that was noted by mistake."""
    contacts = page.locator("section[aria-labelledby=contacts]")
    await step(page, "contact")
    await page.get_by_label(said("contact-kind.phone")).check()
    await page.get_by_label(said("contact-outcome.reached")).check()
    await button(page, "task.contact.do").click()
    await expect(contacts).to_contain_text(said("contact-kind.phone"))
    await expect(page.get_by_role("status")).to_contain_text(said("case.saved.contact"))
    await picture(page, "caseworker-met")
    await page.get_by_role("link", name=said("case.saved.undo")).click()
    await page.get_by_label(said("contact-kind.home")).check()
    await button(page, "task.contact-correct.do").click()
    await expect(contacts).to_contain_text(said("contact-kind.home"))
    await expect(contacts).not_to_contain_text(said("contact-kind.phone"))
    await expect(page.locator(".timeline .struck")).to_have_count(2)


async def test_absence_needs_somebody_who_stands_in_and_is_taken_back(people: People, visits: Visits) -> None:
    today = await people.today()
    async with visits.as_("coordinator") as colleague:  # who has signed in can stand in
        await colleague.goto("/")
    async with visits.as_("caseworker") as page:
        await page.goto("/notifications/inbox")
        await page.get_by_role("link", name=said("inbox.preferences", "notifications")).click()
        for name, days in (("absent_from", 1), ("absent_to", 9)):
            day = (today + timedelta(days=days)).isoformat()
            await page.get_by_label(said(f"field.{name}.label", "notifications")).fill(day)
        await button(page, "preferences.save", "notifications").click()
        told = said("refusal.absence-without-stand-in.mend", "notifications")
        await expect(page.locator(".summary")).to_contain_text(told)
        stand_in = page.get_by_label(said("field.stand_in.label", "notifications"))
        await stand_in.select_option(label=name_of("coordinator"))
        await picture(page, "caseworker-absence")
        await button(page, "preferences.save", "notifications").click()
        await expect(page.get_by_role("status").first).to_contain_text(said("preferences.saved", "notifications"))
        for name in ("absent_from", "absent_to"):
            await page.get_by_label(said(f"field.{name}.label", "notifications")).fill("")
        await stand_in.select_option("")
        await button(page, "preferences.save", "notifications").click()
        await expect(stand_in).to_have_value("")
        await expect(page.get_by_role("status").first).to_contain_text(said("preferences.saved", "notifications"))
