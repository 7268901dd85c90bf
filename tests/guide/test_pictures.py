"""The guide's pictures, anew: `make pictures`. The year is played in a town of its own, and everybody walks through."""

import asyncio
import base64

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.play import play
from deploy.local.town import Town
from tests.guide.lived import MAKES, worth_seeing
from tests.guide.shots import FOLDER, STAGES, Picture, pictures
from tests.journeys.browser import Visits, chromium
from tests.journeys.people import People

DASHBOARD = FOLDER.parents[1] / "dashboard.png"
__all__ = ["chromium"]
# Most Chromiums of test machines have American days only, which no reader of these pictures meets.
DAYS = """lang => document.querySelectorAll("input[type=date], input[type=datetime-local]").forEach((field) => {
  const [day, clock] = field.value.split("T"), turned = day.split("-").reverse().join("/");
  const empty = lang === "sv" ? "åååå-mm-dd" : "dd/mm/yyyy";
  field.style.width = `${field.offsetWidth}px`;
  field.type = "text";
  field.value = ((lang === "sv" ? day : turned) || empty) + (clock ? " " + clock.slice(0, 5) : "");
})"""
# nobody waits for a page here but the maker of pictures: milliseconds
PATIENCE, AT_ONCE = 60_000, 3
# what a picture may weigh in the repository, in bytes
HEAVIEST = 200_000
QUALITY = 62


async def keep(page: Page, picture: Picture) -> None:
    """The page from its top to its end, or to where the picture is cut off; Chromium packs it tightly."""
    await page.evaluate(DAYS, picture.lang)
    height = min(int(await page.evaluate("document.documentElement.scrollHeight")), picture.shot.height)
    session = await page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": picture.width, "height": height, "scale": 1}
    asked = {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True}
    taken = base64.b64decode((await session.send("Page.captureScreenshot", asked))["data"])
    await session.detach()
    assert len(taken) <= HEAVIEST, f"{picture.file} weighs {len(taken)} bytes"
    (FOLDER / picture.file).write_bytes(taken)


async def visit(page: Page, picture: Picture, known: dict[str, str], origin: str) -> None:
    shot = picture.shot
    await page.set_viewport_size({"width": picture.width, "height": 480})
    await page.context.add_cookies([{"name": "lang", "value": picture.lang, "url": origin}])
    path = shot.path.format(**known)
    answer = await page.goto(path)
    assert answer is not None and answer.status == 200, (path, answer and answer.status)
    for name, value in shot.typed:
        field = page.locator(f"main [name={name}]")
        if await field.first.get_attribute("type") == "radio":
            await page.locator(f"main [name={name}][value={value}]").check()
        else:
            await field.fill(value.format(**known))
    if shot.typed:
        await page.locator("main button.main").click()
        await expect(page.locator("main h2").first).to_be_visible()


async def walk(visits: Visits, wanted: list[Picture], known: dict[str, str]) -> None:
    """A few at once: half of the time is waiting for answers."""
    few = asyncio.Semaphore(AT_ONCE)

    async def as_(role: str | None, lang: str) -> None:
        people = visits.people
        async with few, visits.as_(role, reduced_motion="reduce") as page:
            page.set_default_timeout(PATIENCE)
            for picture in wanted:
                if (picture.shot.role, picture.lang) == (role, lang):
                    await visit(page, picture, known, people.town.addresses.public_url)
                    await keep(page, picture)

    async with asyncio.TaskGroup() as group:
        for role, lang in {(one.shot.role, one.lang) for one in wanted}:
            group.create_task(as_(role, lang))


async def dashboard(visits: Visits) -> None:
    """The README's own."""
    async with visits.as_("council", reduced_motion="reduce", viewport={"width": 1100, "height": 1380}) as page:
        await page.goto("/reporting/?year=2018")
        await page.screenshot(path=DASHBOARD)


@pytest.mark.pictures
@pytest.mark.timeout(600)
async def test_every_picture_is_taken_and_no_old_one_is_left(town: Town, chromium: Browser) -> None:
    await play(town.addresses, print, pace=0)
    async with httpx.AsyncClient(timeout=20) as http:
        people = People(town, http)
        visits = Visits(chromium, people)
        known = await worth_seeing(people)
        FOLDER.mkdir(parents=True, exist_ok=True)
        for stage in STAGES:
            if stage in MAKES:
                async with visits.as_("operator") as page:
                    known |= await MAKES[stage](people, page)
            else:
                await dashboard(visits)
            await walk(visits, [one for one in pictures() if one.shot.stage == stage], known)
    named = {one.file for one in pictures()}
    for old in FOLDER.iterdir():
        if old.name not in named:
            old.unlink()
    assert {one.name for one in FOLDER.iterdir()} == named
