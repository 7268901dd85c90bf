"""A citizen's day, without script: nominates, gets a receipt, corrects by its link until the prize closes."""

import re
import signal
from uuid import uuid4

from playwright.async_api import expect

from tests.journeys.browser import Visits, button, faults, picture, said
from tests.journeys.people import People
from tests.waiting import until

CITATION = "De öppnar sin verkstad varje lördag och lagar cyklar med alla som kommer."
CORRECTED = "De öppnar sin verkstad varje lördag och lagar cyklar, också på torsdagar."
YEAR = 2016


async def test_a_citizen_nominates_gets_a_receipt_and_corrects_until_it_closes(people: People, visits: Visits) -> None:
    nominee, address = f"Cykelköket {uuid4().hex[:6]}", f"saga-{uuid4().hex[:8]}@landa.example"
    closes = await people.announce(YEAR, minutes=1)
    async with visits.as_(None, java_script_enabled=False) as page:
        await page.goto("/")
        await picture(page, "citizen-landing")
        await page.get_by_role("link", name=said("home.nominate.more", "notifications")).click()
        await expect(page.locator("h1")).to_have_text(said("prize.title", "awards"))
        await picture(page, "citizen-prize")
        await page.goto("/")
        await page.get_by_role("link", name=said("home.nominate.action", "notifications")).click()
        await expect(page.locator("h1")).to_have_text(said("nominate.title", "awards", year=YEAR))
        await expect(page.locator("main")).to_contain_text("till 15 juni 2018 klockan 09:")

        def label(name: str) -> str:
            return said(f"field.{name}.label", "awards")

        await page.get_by_label(label("nominee")).fill(nominee)
        await page.get_by_label(label("citation")).fill("För kort.")
        await page.get_by_label(label("email")).fill("ingen adress")
        await button(page, "nominate.send", "awards").click()

        summary = page.locator(".summary")
        await expect(summary).to_be_visible()
        wrong = [await link.get_attribute("href") for link in await summary.locator("li a").all()]
        assert set(wrong) == {"#f-nominee_kind", "#f-citation", "#f-nominator", "#f-email"}
        await expect(summary.locator("li")).to_have_count(4)
        await expect(summary).to_contain_text(f"{label('citation')}: {said('mistake.too-short.what', 'awards')}")
        for where in wrong:
            await expect(page.locator(str(where))).to_have_count(1)
        top = await summary.bounding_box()
        heading = await page.locator("h1").bounding_box()
        assert top and heading and top["y"] < heading["y"]
        await expect(page.get_by_label(label("nominee"))).to_have_value(nominee)
        await expect(page.get_by_label(label("citation"))).to_have_value("För kort.")
        await expect(page.get_by_label(label("email"))).to_have_value("ingen adress")
        await picture(page, "citizen-errors")
        await page.set_viewport_size({"width": 320, "height": 700})
        await picture(page, "citizen-errors-narrow")

        await page.get_by_label(said("kind.association", "awards")).check()
        await page.get_by_label(label("citation")).fill(CITATION)
        await page.get_by_label(label("nominator")).fill("Saga Provsten")
        await page.get_by_label(label("email")).fill(address)

        async def sent() -> bool:
            # Who sends within three seconds is asked to send again, and nothing is lost: pressing again is the way.
            if "/thanks/" not in page.url:
                await button(page, "nominate.send", "awards").click()
            return "/thanks/" in page.url

        await until(sent, what="the page that thanks")
        await expect(page.locator("h1")).to_have_text(said("thanks.title", "awards"))
        await expect(page.locator("main")).to_contain_text(said("thanks.receipt", "awards"))
        reference = page.url.rpartition("/")[2].partition("?")[0]
        await expect(page.locator("main")).to_contain_text(reference)
        await picture(page, "citizen-thanks")

        (receipt,) = await until(lambda: people.mails(address), seconds=30, what="the receipt")
        assert reference in receipt["body"] and "till 15 juni 2018 klockan 09:" in receipt["body"]
        assert nominee not in receipt["body"]
        found = re.search(r"http\S+/awards/mine\?link=\S+", receipt["body"])
        assert found, receipt["body"]
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.goto(found[0])
        await expect(page.get_by_label(label("citation"))).to_have_value(CITATION)
        await page.get_by_label(label("citation")).fill(CORRECTED)
        await button(page, "mine.save", "awards").click()
        await expect(page.locator(".notice")).to_have_text(said("mine.corrected", "awards"))
        await picture(page, "citizen-mine")
        await page.set_viewport_size({"width": 320, "height": 700})
        await picture(page, "citizen-mine-narrow")

        await people.wait_until(closes)
        await page.goto(found[0])
        await expect(page.locator("main")).to_contain_text("Den kan inte ändras längre")
        await expect(page.locator("main")).to_contain_text(CORRECTED)
        await expect(button(page, "mine.save", "awards")).to_have_count(0)
        await picture(page, "citizen-closed")

    async with visits.as_("secretary") as page:
        await page.goto(f"/awards/nominations?year={YEAR}")
        await expect(page.locator("tr", has_text=nominee)).to_contain_text(reference)
    await people.withhold(YEAR)


async def test_a_refused_form_is_readable_by_everybody(people: People, visits: Visits) -> None:
    """Errors at the top are read out: focus goes there; a link from each goes to its field."""
    async with visits.as_(None, reduced_motion="reduce") as page:
        await page.goto("/awards/nominate")
        await button(page, "nominate.send", "awards").click()
        await expect(page.locator(".summary")).to_be_focused()
        assert await faults(page, "refused nomination") == []
        await page.locator(".summary a[href='#f-citation']").click()
        await expect(page.locator("#f-citation")).to_be_focused()
        await page.locator(".summary a[href='#f-nominee_kind']").click()
        await expect(page.locator("#f-nominee_kind")).to_be_focused()


async def test_what_a_citizen_typed_outlives_a_service_that_is_killed(people: People, visits: Visits) -> None:
    """With script nothing is sent while nobody would take it: the page keeps the text, and no browser gives it back."""
    # not by `as_`: the browser calls every answer 503 an error of the page
    context = await visits.browser.new_context(base_url=people.town.addresses.public_url, locale="sv-SE")
    page = await context.new_page()
    await page.goto("/awards/nominate")
    nominee, citation = page.locator("#f-nominee"), page.locator("#f-citation")
    await nominee.fill("Cykelköket vid ån")
    await citation.fill("För kort.")
    people.town.supervisor.kill("awards", signal.SIGKILL)
    await button(page, "nominate.send", "awards").click()
    await expect(page.locator("#toast")).to_have_text(said("session.away"))
    await expect(citation).to_have_value("För kort.")

    async def refused() -> bool:
        await button(page, "nominate.send", "awards").click()
        return await page.locator(".summary a[href='#f-citation']").is_visible()

    await until(refused, seconds=60, what="the service, and what it says of the form")
    await expect(nominee).to_have_value("Cykelköket vid ån")
    await expect(page).to_have_url(re.compile(r"/awards/nominate\?year=\d{4}$"))
    await context.close()
