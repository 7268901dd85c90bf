"""Over HTTP: nobody outside the unit is told a small number in any form, and those inside are told every one."""

import csv
import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest

from services.reporting.disclosure import board
from services.reporting.figures import Counted
from services.reporting.figures_casework import Worked
from services.reporting.suppression import HIDDEN
from services.reporting.tables import TABLES
from shared.contracts.envelope import Fact
from shared.contracts.notifications import NotificationAcknowledged, NotificationSent
from shared.contracts.reception import AllocationReceived, ArrivalRegistered
from shared.contracts.routines import PLAN_AGES
from tests.reporting.conftest import Reporting
from tests.reporting.histories import EPOCH, Writer, member, name
from tests.reporting.year import year_of_2018


def messages(number: int = 9, read: int = 2) -> list[Fact]:
    """`number` alerts in the inbox, one of them late, of which `read` are acknowledged."""
    writer = Writer()
    for n in range(number):
        at = EPOCH + timedelta(seconds=60 if n == 0 else 1)
        sent = NotificationSent(
            rule="allocation-received", channel="inbox", cause=name(f"cause {n}"), caused_at=EPOCH, attempts=1
        )
        writer.write(name(f"message {n}"), sent, at)
        if n < read:
            done = NotificationAcknowledged(rule="allocation-received", cause=name(f"cause {n}"))
            writer.write(name(f"message {n}"), done, at + timedelta(hours=3 if n else 30))
    return writer.facts


OUTSIDE = ("council", "auditor", "operator", "manager of schools", "manager of education", "secretary")


def number_of_persons(found: Any, key: str = "") -> list[tuple[str, Any]]:
    """Every count of the document with its key; what else is a number there is a year, a day, a target or a place."""
    if isinstance(found, dict):
        return [one for k, v in found.items() for one in number_of_persons(v, k if not k[0].isdigit() else key)]
    if isinstance(found, list):
        return [one for v in found for one in number_of_persons(v, key)]
    return [(key, found)] if key in COUNTS else []


COUNTS = {
    "persons", "unaccompanied_minors", "previous_year", "received", "cumulative", "previous", "allocated", "waiting",
    "cancelled", "replacements", "within_two_months", "within_own_date", "cases", "late_cases", "most_days_late",
    "nominations", "notifications", "sent", "failed", "acknowledged", "in_time", "read_in_time",
    "plans", "homes", "contacts",
}  # fmt: skip


@pytest.mark.parametrize("who", OUTSIDE)
async def test_nobody_outside_the_unit_is_told_a_small_number_in_any_form(reporting: Reporting, who: str) -> None:
    await reporting.feed([*year_of_2018(), *messages()])
    role, _, unit = who.partition(" of ")
    async with reporting.client("coordinator") as http:
        exact = (await http.get("/reporting/dashboard.json")).json()
    async with reporting.client(role, unit=unit or None, lang="en") as http:
        said = (await http.get("/reporting/dashboard.json")).json()
        small = [one for one in number_of_persons(said) if one[1] in (1, 2, 3, 4) and one[0] != "most_days_late"]
        awards = {"nominations"} if who == "secretary" else set()
        assert {key for key, _ in small} <= awards
        assert (".." in str(said["open_cases"])) and said["open_cases"]["cases"] == 12
        # what is large is shown, and is the same
        assert said["received"]["persons"] == exact["received"]["persons"]
        assert [c["persons"] for c in said["received"]["by_category"]] == [34, 87, 40, 16, 103]
        for table in TABLES:
            text = (await http.get(f"/reporting/tables/{table}.csv")).content.decode("utf-8-sig")
            head, *rows = csv.reader(io.StringIO(text))
            counts = [row[n] for row in rows for n, column in enumerate(head) if column in COUNTS | {"total"}]
            assert counts, table
            if not (table == "nominations" and awards):
                assert not {"1", "2", "3", "4"} & set(counts), table
        themes = [f"/reporting/themes/{theme}" for theme in ("reception", "notifications", "prize")]
        for address in themes if not awards else themes[:2]:
            page = (await http.get(address, headers={"accept": "text/html"})).raise_for_status().text
            shown = re.findall(r'<td class="num">([^<]*)<', page) + re.findall(
                r'<text class="strong[^>]*>([^<]*)<', page
            )
            assert shown or "How they divide is not shown here" in page, address
            assert not {"1", "2", "3", "4"} & set(shown), address
        for address in ("/reporting/", "/reporting/?fragment=1"):
            page = (await http.get(address, headers={"accept": "text/html"})).raise_for_status().text
            if not awards:
                for pattern in (r'<td class="num">([^<]*)<', r"<b>([^<]*)<", r'<text class="strong[^>]*>([^<]*)<'):
                    found = re.findall(pattern, page)
                    assert found and not {"1", "2", "3", "4"} & set(found), pattern
            assert "2 are late" not in page and "by at most 9 days" not in page
            assert "Some are late." in page
            assert "full disclosure control does that, and it comes later" in page


async def test_those_who_work_there_see_every_number(reporting: Reporting) -> None:
    await reporting.feed([*year_of_2018(), *messages()])
    documents = []
    for role, unit in (("coordinator", None), ("caseworker", None), ("manager", "reception"), ("manager", "minors")):
        async with reporting.client(role, unit=unit) as http:
            documents.append((await http.get("/reporting/dashboard.json")).json())
    told = documents[0]["notifications"][0]
    assert [told[name] for name in ("sent", "acknowledged", "in_time", "read_in_time")] == [9, 2, 8, 1]
    for one in documents:
        assert one["open_cases"] == documents[0]["open_cases"]
        assert '".."' not in json.dumps(one)


async def test_a_year_that_has_just_begun_is_told_in_sentences_and_not_in_charts_of_nothing(
    reporting: Reporting,
) -> None:
    writer, one = Writer(), member("first")
    decided = {"quota_year": 2019, "decided_on": date(2019, 1, 2), "receive_by": date(2019, 3, 2), "persons": (one,)}
    writer.write(name("first"), AllocationReceived.model_validate({"category": "agency-accommodation"} | decided))
    writer.write(name("first"), ArrivalRegistered(arrived_on=date(2019, 2, 4), persons=(one.person,)))
    await reporting.feed(writer.facts)
    pages = {}
    for who in ("council", "coordinator"):
        async with reporting.client(who, lang="en") as http:
            pages[who] = (await http.get("/reporting/?year=2019", headers={"accept": "text/html"})).text
    for chart in ("Everyone received in 2019, month by month", "Days from allocation to arrival 2019"):
        assert chart in pages["coordinator"] and chart not in pages["council"]
    assert "too small to be shown" in pages["council"] and "of .. came" not in pages["council"]
    assert "1 of 1 came within" in pages["coordinator"]


def test_the_persons_of_few_awaited_households_are_told_nowhere() -> None:
    """Six people may be one family: what the open cases hide, the year's line of the quota does not say."""
    day = date(2018, 6, 15)
    counted = Counted(
        received=[(2018, 5, "quota-refugee", 40, 0)],
        people=[],
        quota=[(2018, 2018, 5, False, False, 40), (2018, None, None, False, False, 8)],
        targets=[(2018, 110, date(2017, 11, 15))],
        days=[],
        waiting=[(20, 3, 8)],
        nominations=[],
        notifications=[],
    )
    told = board(counted, day, 2018, frozenset())
    assert told.open_cases.persons == told.quota.waiting == told.quota.allocated == HIDDEN
    assert told.quota.received == 40 and {one.waiting for one in told.quota_years if one.year == 2018} == {HIDDEN}
    assert board(counted, day, 2018, frozenset({"reception"})).quota.waiting == 8


@pytest.mark.parametrize(
    ("ages", "told", "plans"),
    [
        ({"0-17": 158, "20-64": 119, "65+": 3}, [HIDDEN, 119, HIDDEN], 119),
        ({"0-17": 90, "18-19": 3, "20-64": 119, "65+": 30}, [90, HIDDEN, HIDDEN, 30], 122),
        ({"20-64": 119, "65+": 3}, [HIDDEN, HIDDEN], HIDDEN),
    ],
)
def test_what_the_ages_hide_is_not_told_by_the_plans(ages: dict[str, int], told: list[Any], plans: Any) -> None:
    """A plan is for those of working age: who knows how many they are subtracts them from everybody."""
    grown = sum(n for age, n in ages.items() if age in PLAN_AGES)
    counted = Counted(
        received=[(2018, 5, "family-member", sum(ages.values()), 0)],
        people=[(2018, "female", age, n) for age, n in ages.items()],
        quota=[], targets=[], days=[], waiting=[], nominations=[], notifications=[],
    )  # fmt: skip
    found = board(counted, date(2019, 3, 8), 2018, frozenset(), Worked(plans=[(2018, "in-time", grown)]))
    assert [one.persons for one in found.received.by_age if one.group in ages] == told
    assert found.casework is not None and found.casework.persons == found.casework.due == plans
