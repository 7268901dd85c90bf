"""Every indicator has words, a page and a chart; every theme can be read in both languages, also in an empty town."""

from html import unescape

import pytest

from services.reporting.indicators import THEMES, indicators, of_theme
from services.reporting.tables import TABLES
from services.reporting.themes import SECTIONS
from shared.web.texts import Texts
from tests.reporting.conftest import Reporting
from tests.reporting.test_disclosure import messages
from tests.reporting.year import year_of_2018

HTML = {"accept": "text/html"}


def test_every_indicator_has_its_section_its_table_and_its_words() -> None:
    texts = Texts("reporting")
    assert {one.key for one in indicators()} == set(SECTIONS)
    for one in indicators():
        assert one.table in TABLES
        for key in (f"section.{one.key}", f"unit.{one.unit}", *(f"breakdown.{name}" for name in one.breakdowns)):
            assert texts.has(key), key
    assert sum(len(of_theme(theme)) for theme in THEMES) == len(indicators())


@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_every_theme_draws_its_indicators_and_the_list_leads_to_them(reporting: Reporting, lang: str) -> None:
    async with reporting.client("council", lang=lang) as http:
        for theme in THEMES:
            empty = (await http.get(f"/reporting/themes/{theme}", headers=HTML)).raise_for_status().text
            assert "<svg" not in empty
        await reporting.feed([*year_of_2018(), *messages(30, 20)])
        listed = (await http.get("/reporting/indicators", headers=HTML)).raise_for_status().text
        for theme in THEMES:
            page = (await http.get(f"/reporting/themes/{theme}", headers=HTML)).raise_for_status().text
            assert page.count("<figure") == len(of_theme(theme))
            part = (await http.get(f"/reporting/themes/{theme}?fragment=1", headers=HTML)).text
            assert part.lstrip().startswith('<div id="dashboard"') and part.strip() in page
            for one in of_theme(theme):
                assert f'id="part-{one.key}"' in page and f'href="/reporting/indicators#{one.key}"' in page
                assert f'<section id="{one.key}">' in listed and one.definition[lang] in unescape(listed)
                assert f'href="/reporting/themes/{theme}#part-{one.key}"' in listed
        missing = await http.get("/reporting/themes/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown-theme")
        told = (await http.get("/reporting/indicators")).json()["indicators"]
        assert [one["key"] for one in told] == [one.key for one in indicators()]
    async with reporting.client("coordinator", lang=lang) as http:
        page = (await http.get("/reporting/themes/notifications", headers=HTML)).text
        assert "29 av 30" in page if lang == "sv" else "29 of 30" in page
        assert "19 av 30" in page if lang == "sv" else "19 of 30" in page
