"""The rules of reception, by example and for any history."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reception import rules
from services.reception.commands import (
    CancelAllocation,
    CorrectArrival,
    NotifySettlement,
    ReceiveAllocation,
    RegisterArrival,
    ReinstateAllocation,
)
from services.reception.domain import EMPTY, Case, State, decide, evolve
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms, Replaced
from services.reception.numbers import allocation_number, personal_number
from shared.contracts.event import Event
from shared.decider import Refused, fold

TODAY = date(2018, 6, 15)
PERSONS = tuple(NewPerson(UUID(int=n), "female", date(1985, 4, 12)) for n in (1, 2, 3))
MINOR = NewPerson(UUID(int=9), "male", date(2002, 1, 1), unaccompanied_minor=True)


def allocated(*persons: NewPerson, **terms: Any) -> list[Event]:
    given = {"category": "quota-refugee", "decided_on": date(2018, 5, 31)} | terms
    return decide(ReceiveAllocation(AllocationTerms(**given), persons or PERSONS, TODAY), EMPTY)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2017, 12, 31), 2, date(2018, 2, 28)),
        (date(2019, 12, 31), 2, date(2020, 2, 29)),
        (date(2018, 7, 31), 2, date(2018, 9, 30)),
        (date(2018, 6, 15), 2, date(2018, 8, 15)),
        (date(2018, 3, 31), -1, date(2018, 2, 28)),
        (date(2018, 1, 1), -12, date(2017, 1, 1)),
        (date(9999, 12, 1), 2, date.max),
    ],
)
def test_months_are_counted_to_the_same_day_or_the_last(day: date, months: int, expected: date) -> None:
    assert rules.add_months(day, months) == expected


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-24, 24))
def test_a_deadline_is_never_late_and_at_most_three_days_early(day: date, months: int) -> None:
    found = rules.add_months(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert 0 <= day.day - found.day <= 3


def test_the_latest_reception_date_is_the_decisions_own_or_the_rules() -> None:
    assert allocated()[0].receive_by == date(2018, 7, 31)  # type: ignore[attr-defined]
    assert allocated(receive_by=date(2018, 11, 30))[0].receive_by == date(2018, 11, 30)  # type: ignore[attr-defined]
    assert rules.latest_reception("temporary-protection", date(2022, 8, 31), None) == date(2022, 9, 30)
    with pytest.raises(Refused, match="no-reception-period"):  # before there was a rule for temporary protection
        allocated(category="temporary-protection")


def test_unaccompanied_minors_are_allocated_within_the_refugee_quota_only() -> None:
    assert allocated(MINOR)
    with pytest.raises(Refused, match="unaccompanied-not-allocated"):
        allocated(MINOR, category="agency-accommodation")
    with pytest.raises(Refused, match="unaccompanied-with-adult"):
        allocated(MINOR, *PERSONS)
    notice = NoticeTerms("agency-accommodation", date(2018, 6, 1))
    assert decide(NotifySettlement(notice, (MINOR,), TODAY), EMPTY)
    with pytest.raises(Refused, match="comes-as-allocation"):
        decide(NotifySettlement(notice, PERSONS, TODAY), EMPTY)


def test_a_replacement_follows_a_cancelled_allocation_within_the_next_year() -> None:
    case = UUID(int=7)
    assert allocated(replaces=Replaced(case, True, 2017))[0].replaces == case  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="replaced-not-cancelled"):
        allocated(replaces=Replaced(case, False, 2017))
    with pytest.raises(Refused, match="replaced-too-long-ago"):
        allocated(replaces=Replaced(case, True, 2016))


def test_a_cancelled_allocation_holds_again_with_everything_as_it_was() -> None:
    before = fold(evolve, allocated(), EMPTY)
    cancelled = fold(evolve, decide(CancelAllocation("declined"), before), before)
    again = ReinstateAllocation(TODAY, "agency-reinstated", None, TODAY)
    assert fold(evolve, decide(again, cancelled), cancelled) == before
    settled = decide(NotifySettlement(NoticeTerms("self-settled", date(2018, 6, 1)), PERSONS, TODAY), EMPTY)
    for state, changed, code in (
        (before, {}, "case-not-cancelled"),
        (fold(evolve, settled, EMPTY), {}, "not-an-allocation"),
        (cancelled, {"replaced_by": UUID(int=7)}, "allocation-replaced"),
        (cancelled, {"reinstated_on": TODAY + timedelta(1)}, "day-in-future"),
        (cancelled, {"reinstated_on": date(2018, 5, 30)}, "date-before-case"),
    ):
        with pytest.raises(Refused, match=f"^{code}$"):
            decide(replace(again, **changed), state)


def test_an_allocated_household_never_comes_before_its_decision_but_a_notice_may_come_late() -> None:
    with pytest.raises(Refused, match="arrival-before-decision"):
        decide(RegisterArrival(date(2018, 5, 30), None, TODAY), fold(evolve, allocated(), EMPTY))
    events = decide(NotifySettlement(NoticeTerms("self-settled", date(2018, 6, 1)), PERSONS, TODAY), EMPTY)
    settled = fold(evolve, events, EMPTY)
    assert decide(RegisterArrival(date(2018, 3, 1), None, TODAY), settled)
    with pytest.raises(Refused, match="arrival-long-before-notice"):
        decide(RegisterArrival(date(2017, 5, 31), None, TODAY), settled)


def test_the_quota_counts_received_persons_of_allocations_under_the_act() -> None:
    case = fold(evolve, [*allocated(), *_arrived(1, 2)], EMPTY)
    assert isinstance(case, Case)
    assert rules.fills_quota(case.kind, case.category, case.persons) == 2
    assert rules.fills_quota("settled", case.category, case.persons) == 0
    assert rules.fills_quota("allocated", "temporary-protection", case.persons) == 0


def _arrived(*numbers: int) -> list[Event]:
    state = fold(evolve, allocated(), EMPTY)
    return decide(RegisterArrival(TODAY, tuple(UUID(int=n) for n in numbers), TODAY), state)


_some = st.sets(st.sampled_from([p.person for p in PERSONS]), min_size=1).map(tuple)
_days = st.integers(0, 20).map(lambda n: TODAY - timedelta(days=n))
_commands = st.one_of(
    st.builds(RegisterArrival, _days, _some | st.none(), st.just(TODAY)),
    st.builds(CorrectArrival, _days, st.just("wrong-date"), _some, st.just(TODAY)),
    st.builds(CorrectArrival, st.none(), st.just("did-not-arrive"), _some, st.just(TODAY)),
    st.builds(CancelAllocation, st.sampled_from(["declined", "left-country"])),
    st.builds(
        ReinstateAllocation, _days, st.just("cancelled-in-error"), st.none() | st.just(UUID(int=7)), st.just(TODAY)
    ),
)


@given(st.lists(_commands, max_size=12))
def test_whatever_is_tried_a_case_stays_whole(commands: list[Any]) -> None:
    """Nobody appears or vanishes; a cancelled case has nobody arrived; a command done again says nothing new."""
    state: State = fold(evolve, allocated(), EMPTY)
    for command in commands:
        try:
            events = decide(command, state)
        except Refused:
            continue
        state = fold(evolve, events, state)
        assert isinstance(state, Case)
        assert [m.person for m in state.persons] == [p.person for p in PERSONS]
        assert state.cancelled is None or not any(m.arrived_on for m in state.persons)
        try:
            assert decide(command, state) == []
        except Refused as no:
            # Who was taken back has not arrived: doing that again is refused, not done.
            assert no.code in {"not-arrived-yet", "case-cancelled", "already-arrived", "case-not-cancelled"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("19811218-9876", "19811218-9876"),
        ("811218-9876", "811218-9876"),
        ("8112189876", "811218-9876"),
        ("811218+9876", "811218+9876"),
        ("198112789877", None),
        ("19811218-9875", None),
        ("19811318-9876", None),
        ("1981-12-18", None),
        ("", None),
    ],
)
def test_a_personal_number_has_a_day_and_a_check_digit(text: str, kept: str | None) -> None:
    assert personal_number(text) == kept


def test_an_allocation_number_is_nobodys_personal_number() -> None:
    assert allocation_number(" miv-2018/17 ") == "MIV-2018/17"
    for text in ("19811218-9876", "811218-9876", "Ahmad", "M 1", "å-123", "x" * 50 + "1"):
        assert allocation_number(text) is None
