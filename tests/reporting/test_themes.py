"""Every indicator has words, a page and a chart; every theme can be read in both languages, also in an empty town."""

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape

import pytest

from services.notifications.rules import DEADLINE_RULES, EVENT_RULES
from services.reporting import figures
from services.reporting.disclosure import notification
from services.reporting.indicators import THEMES, indicators, of_theme, worded
from services.reporting.rules import small_numbers
from services.reporting.sections import Language, largest
from services.reporting.tables import TABLES, WORK
from services.reporting.themes import SECTIONS, handed_over
from shared.web.charts import Words
from shared.web.texts import Texts
from tests.reporting.casework import casework
from tests.reporting.conftest import Reporting
from tests.reporting.test_disclosure import messages
from tests.reporting.year import year_of_2018

TODAY = date(2018, 12, 31)
HTML = {"accept": "text/html"}


def test_every_indicator_has_its_section_its_table_and_its_words() -> None:
    texts = Texts("reporting")
    assert {one.key for one in indicators()} == set(SECTIONS)
    for one in indicators():
        assert one.table in TABLES or one.key == "caseload"
        for key in (f"section.{one.key}", f"unit.{one.unit}", *(f"breakdown.{name}" for name in one.breakdowns)):
            assert texts.has(key), key
    assert sum(len(of_theme(theme)) for theme in THEMES) == len(indicators())


@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_every_theme_draws_its_indicators_and_the_list_leads_to_them(reporting: Reporting, lang: str) -> None:
    async with reporting.client("council", lang=lang) as http:
        for theme in THEMES:
            empty = (await http.get(f"/reporting/themes/{theme}", headers=HTML)).raise_for_status().text
            assert "<svg" not in empty
        await reporting.feed([*casework(year_of_2018()), *messages(30, 20)])
        listed = (await http.get("/reporting/indicators", headers=HTML)).raise_for_status().text
        for theme in THEMES:
            page = (await http.get(f"/reporting/themes/{theme}", headers=HTML)).raise_for_status().text
            told = page.count("<figure") + page.count(Texts("reporting").get(lang, "hidden.parts"))
            assert told == len(of_theme(theme)) - (theme == "contacts")  # the caseload is for the unit
            part = (await http.get(f"/reporting/themes/{theme}?fragment=1", headers=HTML)).text
            assert part.lstrip().startswith('<div id="dashboard"') and part.strip() in page
            for one in of_theme(theme):
                assert f'id="part-{one.key}"' in page and f'href="/reporting/indicators#{one.key}"' in page
                assert f'<section id="{one.key}">' in listed
                assert worded(one, TODAY).definition[lang] in unescape(listed)
                assert f'href="/reporting/themes/{theme}#part-{one.key}"' in listed
        missing = await http.get("/reporting/themes/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown-theme")
        told = (await http.get("/reporting/indicators")).json()["indicators"]
        assert [one["key"] for one in told] == [one.key for one in indicators()]
    async with reporting.client("coordinator", lang=lang) as http:
        page = (await http.get("/reporting/themes/notifications", headers=HTML)).text
        assert "29 av 30" in page if lang == "sv" else "29 of 30" in page
        assert "19 av 30" in page if lang == "sv" else "19 of 30" in page


def test_the_largest_is_named_only_when_no_hidden_one_can_be_larger() -> None:
    assert largest([(7, "a"), (9, "b"), (0, "c")], 16) == (9, "b")
    assert largest([(100, "a"), ("..", "b"), ("..", "c")], 150) == (100, "a")
    assert largest([(60, "a"), ("..", "b"), ("..", "c")], 150) is None
    assert largest([(60, "a"), ("..", "b")], "..") is None
    assert largest([("..", "a"), (0, "b")], 9) is None


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_how_many_were_told_in_time_is_said_of_those_that_are_shown(lang: str) -> None:
    texts = Texts("reporting")

    def number(value: float) -> str:
        return str(int(value))

    speaks = Language(
        lambda key, **fields: texts.get(lang, key, **fields), lambda head: Words(head, "total", number), str, str
    )
    rows = [("a", "inbox", 30, 30, 0, 5, 20, 5), ("b", "email", 3, 3, 0, 0, 2, 0), ("c", "inbox", 2, 0, 2, 0, 0, 0)]
    full = figures.dashboard(figures.Counted(notifications=rows), TODAY)
    exact = handed_over(full, speaks)
    assert exact.says == texts.get(lang, "handed-over.says", part=22, whole=33, seconds=10)
    rule = small_numbers(TODAY)
    dotted = replace(full, notifications=tuple(notification(one, rule) for one in full.notifications))
    section = handed_over(dotted, speaks)
    told = texts.get(lang, "handed-over.says", part=20, whole=30, seconds=10)
    assert section.says == f"{told} {texts.get(lang, 'notifications.some')}"
    assert section.figure is not None
    assert [row[1:] for row in section.figure.rows] == [["20", "10", "30"], ["..", "..", ".."], ["..", "..", ".."]]


async def test_casework_is_counted_for_the_unit_and_dotted_for_others(reporting: Reporting) -> None:
    await reporting.feed(casework(year_of_2018()))
    async with reporting.client("caseworker", lang="en") as http:
        work = (await http.get("/reporting/themes/establishment")).json()["casework"]
        plans = {part["key"]: part["count"] for part in work["plans"]}
        # those of the year of 2018 itself are adults without a plan, too
        assert (plans["in-time"], plans["late"]) == (22, 5)
        assert {part["key"]: part["count"] for part in work["outcomes"] if part["count"]} == {
            "work": 8, "studies": 6, "other": 1,
        }  # fmt: skip
        assert {part["key"]: part["count"] for part in work["homes"] if part["count"]} == {
            "municipal-lease": 9, "temporary": 2,
        }  # fmt: skip
        assert {part["key"]: part["count"] for part in work["contact_outcomes"]} == {
            "reached": 21, "not-reached": 7, "rebooked": 0,
        }  # fmt: skip
        assert sum(one["cases"] for one in work["silent"]) == work["open"]
        assert [(one["caseworker"], one["cases"]) for one in work["caseload"]][:2] == [("a", 18), ("b", 9)]
        page = (await http.get("/reporting/themes/contacts", headers=HTML)).text
        assert "Caseworker 1" in page and ">a<" not in page
    async with reporting.client("council", lang="en") as http:
        work = (await http.get("/reporting/themes/establishment")).json()["casework"]
        assert work["caseload"] is None
        assert {part["key"]: part["count"] for part in work["outcomes"]} == {
            "work": 8, "studies": "..", "other-measure": 0, "moved": 0, "other": "..",
        }  # fmt: skip
        assert {part["key"]: part["count"] for part in work["homes"] if part["count"]} == {
            "municipal-lease": "..", "temporary": "..",
        }  # fmt: skip
        page = (await http.get("/reporting/themes/contacts", headers=HTML)).text
        assert "Caseworker 1" not in page
        assert (await http.get("/reporting/dashboard.json")).json()["casework"] is None
        for table in WORK:
            text = (await http.get(f"/reporting/tables/{table}.csv")).raise_for_status().content.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text)))[1:]
            assert rows and not {"1", "2", "3", "4"} & {cell for row in rows for cell in row}, table


def test_sentences_say_the_numbers_of_the_rules() -> None:
    """No number of a rule is written beside it: a new rule in force changes every sentence that says it."""
    said = Texts("reporting")
    for lang in ("sv", "en"):
        for key, entry in said.entries.items():
            if key.startswith("open.bucket."):  # where the bars begin and end is no rule
                continue
            words = entry.text(lang) or ""
            assert not re.search(r"\b(60|20|10|24) (dagar|days|personer|people|sekunder|seconds|timmar)", words), key
        for one in indicators():
            words = one.name[lang] + one.definition[lang]
            assert not re.search(r"\b(60|42|(?<!section )10|24|2024)\b(?! §)", words), one.key
            assert "{" not in worded(one, TODAY).name[lang] + worded(one, TODAY).definition[lang]


def test_every_rule_of_notifications_has_a_name_here() -> None:
    texts = Texts("reporting")
    assert [r.name for r in (*EVENT_RULES, *DEADLINE_RULES) if not texts.has(f"rule.{r.name}")] == []
