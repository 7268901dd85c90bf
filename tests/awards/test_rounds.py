"""Rounds beside each other: every one that is open is seen, a form stays with its own, and who is late is told so."""

import re
from datetime import UTC, date, datetime, timedelta

from services.awards.edition import Edition, at_work, current, just_closed, open_now
from tests.awards.conftest import FILLED, PAGE, Site

NOW = datetime(2018, 10, 5, 7, tzinfo=UTC)


def edition(year: int, opens: int, closes: int, published: bool = False) -> Edition:
    """Opens and closes so many days from NOW."""
    days = [NOW + timedelta(days=n) for n in (opens, closes)]
    return Edition("integration", year, days[0], days[1], date(year + 1, 1, 28), published=published)


def test_every_open_round_is_told_the_first_to_close_first_and_the_last_closed_one_only_when_none_is() -> None:
    older, newer, coming = edition(2018, -4, 27), edition(2019, -1, 9), edition(2020, 40, 70)
    assert open_now((coming, older, newer), NOW) == (newer, older)
    closed, before = edition(2017, -50, -2), edition(2016, -90, -60)
    assert just_closed((coming, closed, before), NOW) == closed
    assert just_closed((coming, closed, older), NOW) is None
    assert just_closed((coming, edition(2017, -50, -2, published=True)), NOW) is None


def test_of_rounds_that_close_at_once_the_earlier_year_comes_first() -> None:
    rounds = (edition(2019, -4, 27), edition(2018, -4, 27))
    assert [e.prize_year for e in open_now(rounds, NOW)] == [2018, 2019]
    assert current(rounds, NOW) == at_work(rounds, NOW) == rounds[1]


async def announced(site: Site, year: int, opens: str, closes: str, ceremony: str) -> None:
    calendar = {"opens_at": opens, "closes_at": closes, "ceremony_on": ceremony}
    answer = await site.command("secretary", "/prizes", {"prize_year": year} | calendar)
    assert answer.status_code == 201, answer.text


async def page(site: Site, path: str) -> str:
    return (await site.http.get(f"/awards{path}", headers=PAGE)).text


async def years(site: Site) -> list[int]:
    rows = await site.database.pool.fetch("select prize_year from nomination order by created_at")
    return [row["prize_year"] for row in rows]


async def test_two_open_rounds_are_both_on_the_page_and_each_form_lands_in_its_own(site: Site) -> None:
    await announced(site, 2019, "2018-10-02T00:00:00", "2018-10-20T00:00:00", "2019-02-01")
    public = await page(site, "/")
    assert re.findall(r'href="/awards/nominate\?year=(\d+)"', public) == ["2019", "2018"]
    assert "öppen till 19 oktober 2018" in public and "öppen till 31 oktober 2018" in public
    for year, other in ((2018, 2019), (2019, 2018)):
        form = await page(site, f"/nominate?year={year}")
        assert f'name="prize_year" value="{year}"' in form and f"/awards/nominate?year={other}" in form
    site.hidden = {}
    form = await page(site, "/nominate?year=2018&lang=sv")
    site.hidden = site.hidden_of(form) | {
        "opened": site.app.state.landa.extras["guard"]._opened.make({"at": __import__("time").time() - 60})
    }
    # 2019 closes first, so it is the one that a form without a year would have been for
    sent = await site.post()
    assert sent.status_code == 303 and "year=2018" in sent.headers["location"]
    assert "För 2018 års pris är det " in (await page(site, sent.headers["location"].removeprefix("/awards")))
    assert await years(site) == [2018]


async def test_a_form_whose_round_closed_meanwhile_goes_to_another_only_when_the_person_says_so(site: Site) -> None:
    await site.open_form()
    await announced(site, 2019, "2018-10-20T00:00:00", "2018-12-01T00:00:00", "2019-02-01")
    site.at("2018-11-01T08:00:00+01:00")
    late = await site.post(nominee="Den Sena")
    assert late.status_code == 422 and "stängde 31 oktober 2018" in late.text and "Den Sena" in late.text
    assert 'type="radio" id="f-prize_year" name="prize_year" value="2019"' in late.text
    assert 'type="hidden" name="prize_year"' not in late.text and await years(site) == []
    site.hidden |= site.hidden_of(late.text)
    undecided = await site.post(prize_year="")
    assert undecided.status_code == 422 and 'href="#f-prize_year"' in undecided.text and await years(site) == []
    assert (await site.post(prize_year="2019")).status_code == 303
    assert await years(site) == [2019]


async def test_who_is_late_reads_since_when_and_whom_to_ask_also_when_the_next_round_is_announced(site: Site) -> None:
    site.at("2018-11-02T08:00:00+01:00")
    for path in ("/", "/nominate"):
        alone = await page(site, path)
        assert "stängde 31 oktober 2018 klockan 24:00" in alone and "kontaktcenter" in alone
    await announced(site, 2019, "2019-10-01T00:00:00", "2019-11-01T00:00:00", "2020-01-27")
    for path in ("/", "/nominate"):
        told = await page(site, path)
        assert "öppnar 1 oktober 2019" in told and "Nomineringen till priset 2018 stängde 31 oktober 2018" in told
        assert "kontaktcenter" in told
    english = await page(site, "/nominate?lang=en")
    assert "Nominations for the 2018 prize closed on" in english and "contact centre" in english
    asked = await page(site, "/nominate?year=2018&lang=sv")
    assert "stängde 31 oktober 2018" in asked and "<textarea" not in asked and FILLED["nominee"] not in asked


async def test_from_the_nominations_of_one_round_the_way_back_is_to_that_round(site: Site) -> None:
    await announced(site, 2019, "2018-10-02T00:00:00", "2018-10-20T00:00:00", "2019-02-01")
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    for year in (2018, 2019):
        shown = (await site.http.get(f"/awards/nominations?year={year}", headers=headers)).text
        assert f'<p class="over"><a href="/awards/prizes/{year}">' in shown
