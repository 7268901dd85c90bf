"""The secretary's day with a prize, from its calendar to its publication, and a juror's in the middle of it."""

import re
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect

from shared.contracts.awards import reference
from tests.journeys.browser import Visits, button, faults, name_of, picture, said
from tests.journeys.people import People
from tests.waiting import until

YEAR = 2017
ROUND, LIST = f"/awards/prizes/{YEAR}", f"/awards/nominations?year={YEAR}"
MOTIVATION = "För att de delar jord, skörd och recept med hela kvarteret."


def words(key: str, **fields: object) -> str:
    return said(key, "awards", **fields)


def local(moment: datetime) -> str:
    """As the browser's own field wants it."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


async def nominated(people: People, nominee: str, email: str | None = None) -> str:
    body = {"nominee": nominee, "nominee_kind": "group", "nominator": "Saga Provsten", "prize_year": YEAR}
    citation = f"{nominee} delar jord och skörd med alla som flyttar in i kvarteret."
    made = await people.post("secretary", "/awards/nominations", body | {"citation": citation, "email": email})
    return str(made["nomination"])


@pytest.fixture
async def secretary(visits: Visits) -> AsyncIterator[Page]:
    async with visits.as_("secretary", reduced_motion="reduce") as page:
        yield page


@pytest.fixture
async def juror(visits: Visits) -> AsyncIterator[Page]:
    async with visits.as_("jury", reduced_motion="reduce") as page:
        yield page


async def assess(page: Page, outcome: str) -> None:
    await page.get_by_label(words("assessment.outcome")).select_option(outcome)
    await button(page, "assessment.do", "awards").click()
    await expect(page.locator(".notice")).to_contain_text(words("assessment.saved"))


async def goes_on(page: Page, step: str, phase: str) -> None:
    """From the round, which has come to `phase`, to the form of its next step."""
    await expect(page.locator(".heading .badge")).to_have_text(words(f"phase.{phase}"))
    await page.locator("main").get_by_role("link", name=words(f"{step}.title"), exact=True).click()
    await expect(page.locator("h1")).to_have_text(words(f"{step}.title"))
    await picture(page, f"secretary-{step}")


async def test_a_prize_from_its_calendar_to_its_publication(people: People, secretary: Page, juror: Page) -> None:
    sign, address = uuid4().hex[:6], f"saga-{uuid4().hex[:8]}@landa.example"
    gardeners, same, firm = f"Odlarna {sign}", f"Odlarföreningen {sign}", f"Firman {sign}"
    closes = await people.now() + timedelta(minutes=1)
    page: Any = secretary

    await page.goto("/awards/announce")
    for field, value in {
        "prize_year": str(YEAR),
        "opens_at": "2018-06-01T08:00:00",
        "closes_at": local(closes),
        "ceremony_on": "2018-09-03",
    }.items():
        await page.locator(f"#f-{field}").fill(value)
    await picture(page, "secretary-announce")
    await button(page, "announce.do", "awards").click()
    await expect(page.locator("h1")).to_have_text(words("round.title", year=YEAR))
    await expect(page.locator(".heading .badge")).to_have_text(words("phase.open"))

    dealt_with = [await nominated(people, gardeners, address)]
    dealt_with += [await nominated(people, same), await nominated(people, firm)]
    await page.goto(f"{ROUND}/calendar")
    await page.locator("#f-ceremony_on").fill("2018-10-08")
    await page.get_by_label(words("move-reason.council-meeting-moved")).check()
    await picture(page, "secretary-calendar")
    await button(page, "move.do", "awards").click()
    await expect(page.locator(".timeline")).to_contain_text("delas ut 8 oktober 2018")
    await expect(page.locator(".timeline")).to_contain_text(words("event.detail.told", n=1))

    await page.get_by_role("link", name=words("round.assess")).click()
    await expect(page.locator("h1")).to_have_text(words("nominations.title", year=YEAR))
    await picture(page, "secretary-nominations")
    await page.get_by_role("link", name=gardeners).click()
    await expect(page.locator("main")).to_contain_text(address)
    await assess(page, "eligible")
    await page.get_by_role("link", name=words("assessment.next")).click()
    await expect(page.locator("h1")).to_have_text(same)
    await assess(page, "eligible")
    await page.get_by_label(words("same.as")).select_option(label=gardeners)
    await picture(page, "secretary-same")
    await button(page, "same.do", "awards").click()
    await expect(page.locator(".facts")).to_contain_text(words("nomination.joined-with"))
    await page.goto(LIST)
    await page.get_by_role("link", name=firm).click()
    await assess(page, "not-about-integration")
    await expect(page.locator(".heading .badge")).to_have_text(words("standing.ineligible"))
    await page.goto(ROUND)
    candidates = page.locator("#candidates ~ .table")
    await expect(candidates).to_contain_text(gardeners)
    await expect(candidates).not_to_contain_text(firm)
    assert await faults(page, "round") == []
    await picture(page, "secretary-round")

    await judges_and_steps_aside(juror, gardeners, same, firm)
    await page.goto(LIST)
    await page.get_by_role("link", name=gardeners).click()
    recusals = page.locator("section", has=page.locator("#recusals"))
    await expect(recusals).to_contain_text(words("recusal-ground.close-person"))
    await picture(page, "secretary-recusals")
    # a row's link that spread over the page would take every click
    await button(page, "assessment.do", "awards").click(trial=True)
    await recusals.get_by_role("link", name=words("lifting.title", juror=name_of("jury"))).click()
    await button(page, "lifting.do", "awards").click()
    await expect(page.locator(".summary")).to_contain_text(f"{words('lifting.why')} ")
    await page.get_by_label(words("lift-reason.reported-in-error")).check()
    assert await faults(page, "lifting") == []
    await picture(page, "secretary-lifting")
    await button(page, "lifting.do", "awards").click()
    await expect(page.locator(".notice")).to_have_text(words("lifting.done"))
    await expect(page.locator(".timeline b").first).to_have_text(words("event.recusal-lifted"))
    await expect(page.locator("#recusals")).to_have_count(0)

    await page.goto(f"{ROUND}/proposal")
    await expect(page.locator("main")).to_contain_text(words("proposal.not-now.early"))
    await people.wait_until(closes + timedelta(days=1))
    await is_told_to_read(juror)
    await judges_anew(juror, gardeners)
    await is_told_no_more(people)
    await page.goto(ROUND)
    jury = page.locator("section", has=page.locator("#jury")).get_by_role("row", name=name_of("jury"))
    await expect(jury).to_contain_text(words("members.of", n=1, all=1))
    await goes_on(page, "proposal", "closed")
    await page.get_by_label(words("proposal.option", name=gardeners, mean="6,0", n=1)).check()
    await button(page, "proposal.do", "awards").click()
    await goes_on(page, "decision", "proposed")
    await expect(page.get_by_label(gardeners)).to_be_checked()
    await button(page, "decision.do", "awards").click()
    await goes_on(page, "publication", "decided")
    await page.get_by_label(words("publication.agreed")).check()
    await button(page, "publication.do", "awards").click()
    await expect(page.locator(".summary")).to_be_visible()
    await page.get_by_role("textbox", name=words("publication.motivation")).fill(MOTIVATION)
    await button(page, "publication.do", "awards").click()
    await expect(page.locator(".heading .badge")).to_have_text(words("phase.published"))
    await picture(page, "secretary-published")
    await page.goto("/awards/")
    await expect(page.locator("main")).to_contain_text(gardeners)
    await expect(page.locator("main")).to_contain_text(MOTIVATION)
    await picture(page, "prize-laureates")

    async def told() -> list[str]:
        return [m["body"] for m in await people.mails(address) if "Nya datum" in m["subject"]]

    (mail,) = await until(told, seconds=40, what="the mail with the new dates")
    assert "Priset delas ut: 8 oktober 2018." in mail
    await page.goto("/notifications/inbox")
    for nomination in dealt_with:
        await expect(page.locator(f"a[href='/awards/nominations/{nomination}']")).to_have_count(0)
    await page.goto("/notifications/inbox?show=done")
    for nomination in dealt_with:
        told = said("inbox.item.nomination-submitted", "notifications", reference=reference(UUID(nomination)))
        await expect(page.locator("main")).to_contain_text(told)
    await expect(page.locator("main")).to_contain_text(said("inbox.settled", "notifications"))
    await picture(page, "secretary-messages")


async def judges_and_steps_aside(page: Any, nominee: str, same: str, ineligible: str) -> None:
    """Finds the two texts of one nominee, gives points, and then remembers who runs it."""
    await page.goto("/")
    await page.get_by_role("link", name=said("home.jury", "notifications")).click()
    await expect(page.locator("h1")).to_have_text(words("jury.title.year", year=YEAR))
    await expect(page.locator("main")).not_to_contain_text(ineligible)
    await picture(page, "juror-list")
    await page.get_by_role("link", name=nominee).click()
    await expect(page.locator("main")).to_contain_text(f"{same} delar jord")
    await expect(page.locator("main")).to_contain_text(words("reading.others.hidden"))
    await button(page, "reading.save", "awards").click()
    await expect(page.locator(".summary")).to_contain_text(f"{words('reading.score')}: ")
    await page.get_by_role("spinbutton", name=words("reading.score")).fill("8")
    await picture(page, "juror-reading")
    await button(page, "reading.save", "awards").press("Enter")
    await expect(page.locator(".notice").first).to_contain_text(words("reading.saved"))
    await page.get_by_role("link", name=words("recusal.title")).click()
    await page.get_by_label(words("recusal-reason.close-person")).check()
    assert await faults(page, "recusal") == []
    await picture(page, "juror-recusal")
    await button(page, "recusal.do", "awards").click()
    await expect(page).to_have_url(re.compile("/awards/jury"))
    await expect(page.locator(".notice")).to_have_text(words("recusal.done"))
    await expect(page.locator("main")).not_to_contain_text(nominee)


async def is_told_to_read(page: Any) -> None:
    """The message comes by itself once the day has, and leads to the reading list."""
    told = said("inbox.item.jury-reading", "notifications", day=date(2018, 10, 8))

    async def there() -> int:
        await page.goto("/notifications/inbox")
        return int(await page.get_by_role("link", name=told, exact=True).count())

    await until(there, seconds=40, what="the juror's message")
    assert await faults(page, "juror-messages") == []
    await picture(page, "juror-messages")
    await page.get_by_role("link", name=told, exact=True).click()
    await expect(page.locator("h1")).to_have_text(words("jury.title.year", year=YEAR))


async def is_told_no_more(people: People) -> None:
    """Who has given points to all is asked for nothing."""

    async def gone() -> bool:
        items = (await people.get("jury", "/notifications/inbox"))["items"]
        return all(item["rule"] != "jury-reading" for item in items)

    await until(gone, seconds=40, what="the juror's message to go")


async def judges_anew(page: Any, nominee: str) -> None:
    """The nominee is back, without the points from before."""
    await page.goto("/awards/jury")
    await page.get_by_role("link", name=nominee).click()
    await expect(page.locator(".notice")).to_have_text(words("reading.lifted"))
    points = page.get_by_role("spinbutton", name=words("reading.score"))
    await expect(points).to_have_value("")
    await picture(page, "juror-back")
    await points.fill("6")
    await button(page, "reading.save", "awards").click()
    await expect(page.locator(".notice").first).to_contain_text(words("reading.saved"))
