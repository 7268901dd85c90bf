"""Announcing and moving: a sensible suggestion, a question about a year that does not fit, who is told."""

import asyncio
import json
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.awards import store_prizes
from services.awards.edition import year_fits
from tests.awards.conftest import PAGE, Site, same_as_the_journal

CALENDAR = {"opens_at": "2018-11-10T00:00:00", "closes_at": "2018-12-01T00:00:00", "ceremony_on": "2019-02-01"}


@pytest.mark.parametrize(("year", "fits"), [(2017, False), (2018, True), (2019, True), (2020, False), (2062, False)])
def test_a_ceremony_is_in_the_prizes_year_or_the_next(year: int, fits: bool) -> None:
    assert year_fits(year, date(2019, 2, 1)) is fits


async def opened(site: Site, path: str) -> tuple[dict[str, str], str]:
    """The secretary's headers, and the page at `path`."""
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    return headers, (await site.http.get(f"/awards{path}", headers=headers)).text


async def send(site: Site, path: str, to: str, **typed: Any) -> Any:
    headers, page = await opened(site, path)
    sent = site.hidden_of(page) | {"key": str(uuid4())} | CALENDAR | typed
    return await site.http.post(f"/awards/forms/{to}", data=sent, headers=headers)


async def test_a_mistyped_year_is_asked_about_and_announced_when_it_is_meant(site: Site) -> None:
    asked = await send(site, "/announce", "announcement", prize_year="2062")
    assert asked.status_code == 422 and 'href="#f-sure"' in asked.text and 'type="checkbox"' in asked.text
    assert "Priset 2062 skulle delas ut 1 februari 2019" in asked.text and 'value="2062"' in asked.text
    assert "Ja, datumen gäller priset 2062" in asked.text
    assert [each["prize_year"] for each in (await site.get("secretary", "/prizes"))["prizes"]] == [2018]
    meant = await send(site, "/announce", "announcement", prize_year="2062", sure="true")
    assert meant.headers["location"] == "/awards/prizes/2062?done=announced"
    fits = await send(site, "/announce", "announcement", prize_year="2019")
    assert fits.headers["location"] == "/awards/prizes/2019?done=announced"


async def test_a_ceremony_that_is_moved_into_another_year_is_asked_about(site: Site) -> None:
    moved = {"opens_at": "2018-10-01T00:00:00", "closes_at": "2018-11-01T00:00:00", "reason": "set-in-error"}
    asked = await send(site, "/prizes/2018/calendar", "calendar/2018", **moved, ceremony_on="2091-01-28")
    assert asked.status_code == 422 and 'href="#f-sure"' in asked.text
    fits = await send(site, "/prizes/2018/calendar", "calendar/2018", **moved, ceremony_on="2019-01-29")
    assert fits.headers["location"] == "/awards/prizes/2018?done=moved"


@pytest.mark.parametrize(("today", "year"), [("2018-10-05", 2019), ("2020-10-31", 2020), ("2020-11-01", 2021)])
async def test_the_suggestion_is_the_next_round_that_can_be_held(today: str, year: int, site: Site) -> None:
    site.at(f"{today}T09:00:00+01:00")
    _, page = await opened(site, "/announce")
    assert f'value="{year}"' in page and f'value="{year}-11-01T00:00:00"' in page and "f-sure" not in page
    made = await send(
        site,
        "/announce",
        "announcement",
        prize_year=str(year),
        opens_at=f"{year}-10-01T00:00:00",
        closes_at=f"{year}-11-01T00:00:00",
        ceremony_on=f"{year + 1}-01-31",
    )
    assert made.status_code == 303


async def test_a_moved_calendar_names_one_nomination_of_each_nominator_who_can_be_told(site: Site) -> None:
    await site.nominated("Ett", email="Saga@exempel.se", language="sv")
    latest = await site.nominated("Två", email="saga@exempel.se", language="en")
    other = await site.nominated("Tre", email="bo@exempel.se")
    await site.nominated("Utan adress")
    gone = await site.nominated("Fyra", email="borta@exempel.se")
    link = {"link": await site.link_of(gone)}
    assert (await site.mine("withdrawal", link, 1)).status_code == 200
    calendar = {"opens_at": "2018-10-01T00:00:00", "closes_at": "2018-11-15T12:00:00", "ceremony_on": "2019-01-28"}
    move = calendar | {"reason": "few-nominations"}
    assert (await site.command("secretary", "/prizes/2018/calendar", move, 1)).status_code == 200
    assert (await site.command("secretary", "/prizes/2018/calendar", move, 2)).status_code == 200
    rows = await site.database.pool.fetch("select data::text from journal where type like '%calendar-moved%'")
    (event,) = [json.loads(row["data"]) for row in rows]
    assert event["tell"] == sorted([latest, other]) and "exempel" not in str(event)
    told = await site.http.get(f"/awards/nominations/{latest}/receipt", headers=await site.service())
    assert (told.json()["language"], told.json()["closes_at"]) == ("en", "2018-11-15T11:00:00+00:00")
    assert told.json()["ceremony_on"] == "2019-01-28"
    secretary = await site.token("secretary")
    assert (
        "2 som har nominerat får veta det."
        in (await site.http.get("/awards/prizes/2018", headers=secretary | PAGE)).text
    )


async def test_two_announcements_and_two_assessments_at_once_are_one(site: Site) -> None:
    nomination = await site.nominated()
    calendar = {"opens_at": "2019-10-01T00:00:00", "closes_at": "2019-11-01T00:00:00", "ceremony_on": "2020-01-28"}
    answers = await asyncio.gather(
        *[site.command("secretary", "/prizes", calendar | {"prize_year": 2019}) for _ in range(3)],
        *[site.command("secretary", f"/nominations/{nomination}/assessment", {}, 1) for _ in range(3)],
    )
    assert sorted(a.status_code for a in answers[:3]) == [201, 422, 422]
    assert sorted(a.status_code for a in answers[3:]) == [200, 412, 412]
    assert (await site.command("secretary", f"/nominations/{nomination}/assessment", {}, None)).status_code == 428
    async with site.database.reading() as conn:
        await same_as_the_journal(conn)
        assert set(await store_prizes.editions(conn)) == {2018, 2019}
