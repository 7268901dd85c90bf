"""The arithmetic of the dashboard, the verdicts on it, and how fresh it is."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.verify.recount import recount, two_months_after
from services.reporting.figures import arrival_days, dashboard, open_cases, quota
from services.reporting.freshness import Seen, freshness
from services.reporting.reconciliation import TOTALS, Badge, Count, answer, judged
from services.reporting.rules import Standing, months_after, shown_year, standing
from tests.reporting.histories import histories

TODAY = date(2018, 6, 15)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(histories(), st.dates(date(2017, 1, 1), date(2020, 12, 31)))
def test_every_breakdown_adds_up_to_its_total(facts: list, today: date) -> None:
    counted = recount(facts, today)
    for year in (None, 2017, 2018, 2019):
        board = dashboard(counted, today, year)
        received = board.received
        assert sum(c.persons for c in received.by_category) == received.persons
        assert sum(m.persons for m in received.by_month) == received.persons
        assert all(sum(m.by_category.values()) == m.persons for m in received.by_month)
        assert received.persons == sum(row[3] for row in counted.received if row[0] == board.year)
        found = board.quota
        assert sum(m.received for m in found.by_month) == found.received
        assert found.allocated == found.received + found.waiting
        known = [m.cumulative for m in found.by_month if m.cumulative is not None]
        assert known == sorted(known)
        assert known[-1:] in ([found.received], [])
        assert sum(b.persons for b in board.arrival_days.bins) == board.arrival_days.persons
        assert board.arrival_days.within_two_months <= board.arrival_days.persons
        assert sum(b.cases for b in board.open_cases.buckets) == board.open_cases.cases
        assert sum(b.persons for b in board.open_cases.buckets) == board.open_cases.persons
        assert sum(k.nominations for k in board.nominations.by_kind) == board.nominations.nominations
    unasked = dashboard(counted, today)
    assert unasked.year == unasked.unasked
    assert unasked.year in unasked.years


def test_the_year_that_is_shown_turns_by_the_calendar_whoever_arrives() -> None:
    years = {2017, 2018, 2019}
    turns = [date(2018, 12, 31), date(2019, 1, 1), date(2019, 4, 15), date(2019, 4, 16), date(2020, 2, 29)]
    assert [shown_year(years, day) for day in turns] == [2018, 2018, 2018, 2019, 2019]
    assert shown_year({2018}, date(2018, 1, 2)) == 2018, "a town that has just begun has no year before"
    assert shown_year({2017, 2019}, date(2018, 12, 1)) == 2017, "next year's quota is no year to look at"
    assert shown_year((), TODAY) == 2018


def test_a_year_says_how_far_it_has_come_and_which_one_may_be_meant() -> None:
    years, due, later = {2018, 2019}, date(2019, 4, 15), date(2020, 4, 15)
    assert standing(2018, years, due) == Standing("reported", due, 2019)
    assert standing(2018, years, date(2019, 4, 16)) == Standing("over", due, None)
    assert standing(2019, years, due) == Standing("running", later, 2018)
    assert standing(2018, {2018}, date(2019, 1, 1)) == Standing("reported", due, None)
    assert standing(2019, years, date(2018, 12, 31)) == Standing("ahead", later, None)


def test_an_arrival_in_january_counts_towards_the_quota_of_the_year_before() -> None:
    rows = [(2018, 2018, 12, False, False, 100), (2018, 2019, 1, False, False, 9), (2018, None, None, True, False, 3)]
    found = quota(rows, [(2018, 120, TODAY), (2018, 110, TODAY)], 2018, date(2019, 1, 20))
    assert (found.target, found.received, found.cancelled, found.waiting) == (110, 109, 3, 0)
    assert [(m.month, m.cumulative) for m in found.by_month][-3:] == [
        ("2018-12", 100),
        ("2019-01", 109),
        ("2019-02", None),
    ]
    assert [decision.target for decision in found.decisions] == [120, 110]


def test_the_line_ends_where_the_year_is_and_last_years_goes_on() -> None:
    rows = [(2018, 2018, 2, False, False, 5), (2017, 2017, 3, False, False, 7), (2017, 2018, 1, False, False, 2)]
    found = quota(rows, [], 2018, date(2018, 3, 10))
    assert [m.cumulative for m in found.by_month] == [0, 5, 5, *[None] * 9]
    assert [m.previous for m in found.by_month] == [0, 0, *[7] * 10]


def test_the_median_lies_between_the_two_in_the_middle() -> None:
    found = arrival_days([(2018, 10, 1, 1, 1), (2018, 61, 1, 1, 0), (2018, 120, 2, 0, 0), (2017, 1, 9, 9, 9)], 2018)
    assert (found.persons, found.median, found.share_within_two_months) == (4, 90.5, 50.0)
    assert [b.persons for b in found.bins] == [0, 1, 0, 0, 0, 0, 1, 0, 0, 2]
    assert arrival_days([], 2018).median is None


def test_the_last_day_is_not_late_and_the_day_after_is() -> None:
    found = open_cases([(0, 1, 2), (-1, 1, 4), (-12, 1, 1), (61, 1, 1)], TODAY)
    assert {b.key: b.cases for b in found.buckets if b.cases} == {"late": 2, "0-7": 1, "61-": 1}
    assert (found.late_cases, found.most_days_late, found.persons) == (2, 12, 8)


@given(st.dates(date(2015, 1, 1), date(2029, 1, 1)))
def test_two_months_is_the_same_day_or_the_months_last(day: date) -> None:
    assert months_after(day, 2) == two_months_after(day)


def test_figures_are_compared_only_at_one_point_and_two_strikes_are_an_alarm() -> None:
    ours = Count(40, 38, {"received": 7, "other.received": 7})
    badge = judged(Badge(), None, ours, NOW)
    assert badge.state == "unknown"
    badge = judged(badge, Count(41, 39, {"received": 8}), ours, NOW)
    assert badge.state == "catching-up"
    badge = judged(badge, replace(ours, figures={**ours.figures, "family-member.received": 0}), ours, NOW)
    assert (badge.state, badge.agreed_position) == ("agrees", 40)
    worse = replace(ours, figures={"received": 6, "other.received": 7})
    badge = judged(badge, ours, worse, NOW)
    assert badge.state == "catching-up"  # once may be two snapshots that only look alike
    badge = judged(badge, Count(41, 39, {"received": 8}), worse, NOW)
    badge = judged(badge, ours, worse, NOW)
    assert badge.state == "differs"
    assert [(d.figure, d.reception, d.reporting) for d in badge.differences] == [("received", 7, 6)]
    assert badge.agreed_position == 40
    for theirs in (
        None,
        Count(50, 48, {}),
    ):  # a flow that goes on, or a silent source, ends no alarm
        badge = judged(badge, theirs, worse, NOW)
        assert badge.state == "differs"
    assert Badge.read(badge.stored()) == badge
    assert judged(badge, ours, ours, NOW) == Badge("agrees", 40, NOW, 40, NOW)


def test_an_answer_that_is_not_what_was_agreed_is_no_answer() -> None:
    counts = {"cases": 1, "persons": 2, "received": 1, "unaccompanied_received": 0}
    document = {"position": 9, "events": 8, **dict.fromkeys(TOTALS, 1)}
    found = answer({**document, "by_category": {"other": counts}})
    assert (found.position, found.events, found.figures["other.persons"]) == (9, 8, 2)
    for wrong in ({}, document, {**document, "by_category": {"other": 3}}, {**document, "position": None}):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            answer(wrong)


def test_the_page_says_verified_only_when_every_partition_of_every_source_fits() -> None:
    good = Seen(NOW, NOW, marks=36, wanted=36, behind=0, oldest_mark=NOW, mark_age=9.0, held=0, strangers=0)
    assert freshness(good, 60) == freshness(replace(good, mark_age=59.0), 60)
    assert freshness(good, 60).state == "verified"
    assert freshness(good, 60).verified_at == NOW
    cases = {
        "unverified": {"marks": 35},
        "silent": {"mark_age": 61.0},
        "behind": {"behind": 1},
        "held": {"held": 1},
        "stopped": {"strangers": 1, "held": 4},
    }
    for state, change in cases.items():
        found = freshness(replace(good, **change), 60)
        assert found.state == state
        assert (found.verified_at is None) == (state in {"unverified", "behind"})
    assert freshness(replace(good, fact_age=1.0), 60, source_ahead=True).state == "verified"
    backlog = freshness(replace(good, fact_age=3600.0), 60, source_ahead=True)
    assert (backlog.state, backlog.verified_at) == ("behind", None)  # old watermarks fit an old state
    nothing = Seen(None, None, 0, 0, 0, None, None, 0, 0)
    assert freshness(nothing, 60).state == "unverified"
