"""A prize's round through the browser: the nominator corrects by the mail's link, the secretary and the jury go on."""

import re
from uuid import uuid4

from playwright.async_api import expect

from tests.journeys.browser import Visits, button, faults, picture, said
from tests.journeys.people import People
from tests.waiting import until


async def test_from_the_mails_link_over_the_assessment_to_the_jurys_points(people: People, visits: Visits) -> None:
    nominee, address = f"Odlarna {uuid4().hex[:6]}", f"saga-{uuid4().hex[:8]}@landa.example"
    nomination = {
        "nominee": nominee,
        "nominee_kind": "group",
        "citation": "De delar jord och skörd med alla som flyttar in i kvarteret.",
        "nominator": "Saga Provsten",
        "email": address,
    }
    await people.post("secretary", "/awards/nominations", nomination)
    (receipt,) = await until(lambda: people.mails(address), seconds=30, what="the receipt")
    found = re.search(r"http\S+/awards/mine\?link=\S+", receipt["body"])
    assert found, receipt["body"]
    corrected = "De delar jord, skörd och recept med alla som flyttar in i kvarteret."
    async with visits.as_(None, java_script_enabled=False) as page:
        await page.goto(found[0])
        await page.get_by_label(said("field.citation.label", "awards")).fill(corrected)
        await button(page, "mine.save", "awards").click()
        await expect(page.locator(".notice")).to_have_text(said("mine.corrected", "awards"))
        await page.set_viewport_size({"width": 320, "height": 700})
        await picture(page, "mine narrow")

    async with visits.as_("secretary", reduced_motion="reduce") as page:
        await page.goto("/awards/nominations")
        await page.get_by_role("link", name=nominee).click()
        await expect(page.locator("main")).to_contain_text(corrected)
        await page.get_by_label(said("assessment.outcome", "awards")).select_option("eligible")
        await button(page, "assessment.do", "awards").click()
        await expect(page.locator(".heading .badge")).to_have_text(said("standing.eligible", "awards"))
        await page.goto("/awards/round")
        await expect(page.locator("#candidates ~ .table", has_text=nominee)).to_be_visible()
        assert await faults(page, "round") == []

    async with visits.as_("jury", reduced_motion="reduce") as page:
        await page.goto("/")
        await page.get_by_role("link", name=said("home.jury", "notifications")).click()
        await page.get_by_role("link", name=nominee).click()
        await expect(page.locator("main")).to_contain_text(said("reading.others.hidden", "awards"))
        await button(page, "reading.save", "awards").click()
        await expect(page.locator(".summary")).to_be_visible()
        await page.get_by_role("spinbutton", name=said("reading.score", "awards")).fill("8")
        await button(page, "reading.save", "awards").press("Enter")
        await expect(page.locator(".notice").first).to_contain_text(said("reading.saved", "awards"))
        await page.get_by_role("link", name=said("recusal.title", "awards")).click()
        await page.get_by_label(said("recusal-reason.close-person", "awards")).check()
        assert await faults(page, "recusal") == []
        await button(page, "recusal.do", "awards").click()
        await expect(page).to_have_url(re.compile("/awards/jury$"))
        await expect(page.locator("main")).not_to_contain_text(nominee)
