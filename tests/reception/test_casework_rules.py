"""A case from its assignment to its close: the rules by example, and for any history."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reception import commands as c
from services.reception.case import Case
from services.reception.domain import EMPTY, State, decide, evolve
from services.reception.households import AllocationTerms, NewPerson, NoticeTerms
from services.reception.steps import next_step, steps
from shared.contracts.casework import Activity
from shared.decider import Refused, fold

TODAY = date(2018, 9, 1)
DECIDED = date(2018, 3, 1)
PERSONS = (
    NewPerson(UUID(int=1), "female", date(1985, 4, 12)),
    NewPerson(UUID(int=2), "male", date(1983, 1, 1)),
    NewPerson(UUID(int=3), "female", date(2012, 1, 1)),
)
IDS = [UUID(int=n) for n in range(1, 4)]
PLANS, HOMES, CONTACTS = ([UUID(int=base + n) for n in range(3)] for base in (100, 200, 300))


def case_after(*asked: Any) -> Case:
    state: State = EMPTY
    terms = AllocationTerms("agency-accommodation", DECIDED)
    for command in (c.ReceiveAllocation(terms, PERSONS, TODAY), *asked):
        state = fold(evolve, decide(command, state), state)
    assert isinstance(state, Case)
    return state


def notice_after(*asked: Any) -> Case:
    state: State = EMPTY
    for command in (c.NotifySettlement(NoticeTerms("self-settled", DECIDED), PERSONS, TODAY), *asked):
        state = fold(evolve, decide(command, state), state)
    assert isinstance(state, Case)
    return state


ARRIVE = c.RegisterArrival(date(2018, 4, 1), None, TODAY)
ASSIGN = c.AssignCase("maja", "reception", "first")
PLAN = c.CreatePlan(PLANS[0], IDS[0], date(2018, 4, 10), "work", (), date(2018, 7, 10), TODAY)
END = c.EndPlan(PLANS[0], date(2018, 8, 1), "work", TODAY)
CLOSE = c.CloseCase(date(2018, 8, 2), "ordinary-services", TODAY)
HOME = c.SecureHousing(HOMES[0], "municipal-lease", date(2018, 3, 5), date(2018, 4, 1), None, TODAY)
MET = c.RecordContact(CONTACTS[0], "home", "reached", date(2018, 4, 20), None, TODAY)


@pytest.mark.parametrize(
    ("before", "asked", "code"),
    [
        ((), c.AssignCase("maja", "reception", "workload"), "assignment-first"),
        ((ASSIGN,), c.AssignCase("viktor", "reception", "first"), "assignment-not-first"),
        ((), PLAN, "plan-before-arrival"),
        ((ARRIVE,), c.CreatePlan(PLANS[0], IDS[0], date(2018, 3, 31), "work", (), TODAY, TODAY), "before-arrival"),
        ((ARRIVE, PLAN), c.CreatePlan(PLANS[1], IDS[0], TODAY, "work", (), TODAY + timedelta(9), TODAY), "plan-exists"),
        ((ARRIVE, PLAN), c.FollowUpPlan(PLANS[0], date(2018, 4, 9), "behind", TODAY, TODAY), "before-last-follow-up"),
        ((ARRIVE, PLAN), c.FollowUpPlan(PLANS[0], TODAY, "behind", TODAY, TODAY), "not-after"),
        ((ARRIVE, PLAN), CLOSE, "plan-open"),
        ((ARRIVE, PLAN), c.CorrectArrival(None, "did-not-arrive", (IDS[0],), TODAY), "person-has-plan"),
        ((ARRIVE, PLAN, END), c.FollowUpPlan(PLANS[0], TODAY, "behind", date(2018, 12, 1), TODAY), "plan-ended"),
        ((), CLOSE, "not-everybody-arrived"),
        ((ARRIVE, CLOSE), MET, "case-closed"),
        ((ARRIVE, CLOSE), c.CorrectArrival(None, "did-not-arrive", (IDS[0],), TODAY), "case-closed"),
        ((ARRIVE, CLOSE), c.ReopenCase(date(2018, 8, 1), "returned", TODAY), "before-closing"),
        ((ARRIVE, PLAN), c.CorrectArrival(date(2018, 4, 11), "wrong-date", (IDS[0],), TODAY), "arrival-after-plan"),
        ((ARRIVE, CLOSE), c.CorrectArrival(date(2018, 8, 3), "wrong-date", (IDS[0],), TODAY), "arrival-after-closing"),
        ((ARRIVE,), c.ReopenCase(TODAY, "returned", TODAY), "case-not-closed"),
        ((c.CancelAllocation("declined"),), HOME, "case-cancelled"),
        ((), c.RecordContact(CONTACTS[0], "phone", "reached", date(2018, 2, 28), None, TODAY), "date-before-case"),
        ((), c.RecordContact(CONTACTS[0], "phone", "reached", TODAY + timedelta(1), None, TODAY), "day-in-future"),
        ((), c.SecureHousing(HOMES[0], "temporary", DECIDED, DECIDED, DECIDED, TODAY), "not-after"),
        ((), c.CorrectHousing(HOMES[0], "temporary", DECIDED, DECIDED, None, True, TODAY), "unknown-housing"),
    ],
)
def test_what_cannot_be_said_of_a_case_is_refused(before: tuple[Any, ...], asked: Any, code: str) -> None:
    with pytest.raises(Refused, match=f"^{code}$"):
        decide(asked, case_after(*before))


WITHDRAW = c.WithdrawNotice("registered-in-error")
LEFT = c.CorrectArrival(None, "wrong-person", tuple(IDS), TODAY)
NOT_MET = c.CorrectContact(CONTACTS[0], "home", "reached", date(2018, 4, 20), None, True, TODAY)
NO_HOME = c.CorrectHousing(HOMES[0], "municipal-lease", date(2018, 3, 5), date(2018, 4, 1), None, True, TODAY)


@pytest.mark.parametrize(
    ("before", "asked", "code"),
    [
        ((ARRIVE,), WITHDRAW, "notice-came-true"),
        ((MET,), WITHDRAW, "notice-has-work"),
        ((HOME,), WITHDRAW, "notice-has-work"),
        ((ARRIVE, PLAN, END, LEFT), WITHDRAW, "notice-has-work"),
        ((CLOSE,), WITHDRAW, "case-closed"),
        ((WITHDRAW,), c.WithdrawNotice("registered-twice"), "notice-withdrawn"),
        ((WITHDRAW,), ARRIVE, "notice-withdrawn"),
        ((WITHDRAW,), ASSIGN, "notice-withdrawn"),
        ((WITHDRAW,), CLOSE, "notice-withdrawn"),
        ((MET, NOT_MET, WITHDRAW), replace(NOT_MET, withdrawn=False), "notice-withdrawn"),
        ((HOME, NO_HOME, WITHDRAW), replace(NO_HOME, withdrawn=False), "notice-withdrawn"),
        ((), c.CancelAllocation("declined"), "not-an-allocation"),
    ],
)
def test_a_notice_is_withdrawn_only_while_nothing_says_that_it_was_true(
    before: tuple[Any, ...], asked: Any, code: str
) -> None:
    with pytest.raises(Refused, match=f"^{code}$"):
        decide(asked, notice_after(*before))


def test_a_withdrawn_notice_waits_for_nobody() -> None:
    case = notice_after(ASSIGN, ARRIVE, LEFT, MET, NOT_MET, HOME, NO_HOME, WITHDRAW)
    assert (case.status, case.over, steps(case)) == ("cancelled", True, [])
    assert decide(WITHDRAW, case) == []
    with pytest.raises(Refused, match="not-a-notice"):
        decide(WITHDRAW, case_after())


def test_the_next_step_is_the_one_that_is_due_first_by_law_routine_or_agreement() -> None:
    def asked(*commands: Any) -> list[tuple[str, date, str]]:
        return [(step.what, step.due, step.ground) for step in steps(case_after(*commands))]

    by = date(2018, 5, 1)
    assert asked() == [("housing", by, "law"), ("receive", by, "law")]
    assert asked(HOME) == [("receive", by, "law")]
    # 60 days to a plan for each adult, six weeks to a contact: routines of the municipality
    assert asked(HOME, ARRIVE) == [("contact", date(2018, 5, 13), "local"), ("plan", date(2018, 5, 31), "local")]
    agreed = c.RecordContact(CONTACTS[0], "phone", "reached", date(2018, 4, 20), date(2018, 6, 20), TODAY)
    assert asked(HOME, ARRIVE, agreed, PLAN) == [
        ("plan", date(2018, 5, 31), "local"),
        ("contact", date(2018, 6, 20), "agreed"),
        ("follow-up", date(2018, 7, 10), "agreed"),
    ]
    taken_back = c.CorrectContact(CONTACTS[0], "phone", "reached", date(2018, 4, 20), None, True, TODAY)
    assert asked(HOME, ARRIVE, agreed, taken_back, PLAN)[0] == ("contact", date(2018, 5, 13), "local")
    assert next_step(case_after(HOME, ARRIVE, PLAN, END, CLOSE)) is None


def test_who_came_without_a_home_needs_one_from_the_day_they_came_and_who_settles_by_themselves_has_one() -> None:
    def asked(case: Case) -> list[tuple[str, date, str]]:
        return [(step.what, step.due, step.ground) for step in steps(case) if step.what in ("housing", "contract")]

    came = case_after(ARRIVE)
    assert (came.status, asked(came)) == ("arrived", [("housing", came.persons[0].arrived_on, "law")])
    assert next_step(came) == steps(came)[0]  # before the contact and the plan
    assert asked(case_after(HOME, ARRIVE)) == []
    assert asked(case_after(HOME, ARRIVE, NO_HOME)) == asked(came)  # it did not come to pass
    assert asked(notice_after(ARRIVE)) == []
    late = replace(came, persons=tuple(replace(m, arrived_on=date(2018, 5, 9)) for m in came.persons))
    assert asked(late) == [("housing", date(2018, 5, 1), "law")]  # the last day of the decision has not moved


def test_a_case_does_not_close_before_what_happened_in_it_and_what_did_not_come_to_pass_does_not_count() -> None:
    def closing(day: date) -> Any:
        return replace(CLOSE, closed_on=day)

    for asked, last in (
        ((ARRIVE,), date(2018, 4, 1)),
        ((ARRIVE, PLAN, END), date(2018, 8, 1)),
        ((ARRIVE, MET), date(2018, 4, 20)),
        ((ARRIVE, MET, NOT_MET), date(2018, 4, 1)),
        ((ARRIVE, replace(HOME, secured_on=date(2018, 5, 2), available_from=date(2018, 5, 3))), date(2018, 5, 2)),
    ):
        with pytest.raises(Refused, match=r"^happened-later$") as no:
            decide(closing(last - timedelta(1)), case_after(*asked))
        assert (no.value.field, no.value.facts["day"]) == ("closed_on", last)
        assert len(decide(closing(last), case_after(*asked))) == 1
    assert len(decide(closing(DECIDED), notice_after())) == 1  # nothing has happened in it


def test_an_arrival_is_corrected_up_to_the_day_of_what_followed() -> None:
    def moved(day: date, person: int, *asked: Any) -> int:
        return len(decide(c.CorrectArrival(day, "wrong-date", (IDS[person],), TODAY), case_after(ARRIVE, *asked)))

    assert moved(PLAN.created_on, 0, PLAN) == 1
    assert moved(date(2018, 4, 11), 1, PLAN) == 1  # who has no plan
    assert moved(CLOSE.closed_on, 0, CLOSE) == 1


_days = st.dates(DECIDED - timedelta(20), TODAY + timedelta(20))
_later = st.dates(DECIDED, TODAY + timedelta(200))
_id = st.sampled_from(IDS)
_activities = st.lists(
    st.builds(
        Activity,
        activity=st.sampled_from(PLANS),
        kind=st.just("sfi"),
        provider=st.just("other"),
        starts_on=_days,
        ends_on=st.none() | _days,
    ),
    max_size=2,
).map(tuple)
_today = st.just(TODAY)
_plan_facts = (_id, _days, st.sampled_from(["work", "studies"]), _activities, _later, _today)
_kind, _said = st.sampled_from(["phone", "home"]), st.sampled_from(["reached", "rebooked"])
_commands = st.one_of(
    st.builds(c.RegisterArrival, _days, st.sets(_id, min_size=1).map(tuple) | st.none(), _today),
    st.builds(c.CorrectArrival, st.none(), st.just("did-not-arrive"), _id.map(lambda i: (i,)), _today),
    st.builds(c.CorrectArrival, _days, st.just("wrong-date"), _id.map(lambda i: (i,)), _today),
    st.builds(c.CancelAllocation, st.just("declined")),
    st.builds(c.WithdrawNotice, st.just("registered-twice")),
    st.builds(c.ReinstateAllocation, _days, st.just("cancelled-in-error"), st.none(), _today),
    st.builds(
        c.AssignCase, st.sampled_from(["maja", "viktor"]), st.just("reception"), st.sampled_from(["first", "absence"])
    ),
    st.builds(c.SecureHousing, st.sampled_from(HOMES), st.just("temporary"), _days, _days, st.none() | _later, _today),
    st.builds(
        c.CorrectHousing, st.sampled_from(HOMES), st.just("own-lease"), _days, _days, st.none(), st.booleans(), _today
    ),
    st.builds(c.CreatePlan, st.sampled_from(PLANS), *_plan_facts),
    st.builds(c.CorrectPlan, st.sampled_from(PLANS), *_plan_facts),
    st.builds(c.FollowUpPlan, st.sampled_from(PLANS), _days, st.just("behind"), _later, _today),
    st.builds(
        c.CorrectFollowUp, st.sampled_from(PLANS), _days, st.just("on-track"), _later, st.booleans(), st.none(), _today
    ),
    st.builds(c.EndPlan, st.sampled_from(PLANS), _days, st.just("work"), _today),
    st.builds(c.ReopenPlan, st.sampled_from(PLANS), _later, _today),
    st.builds(c.RecordContact, st.sampled_from(CONTACTS), _kind, _said, _days, st.none() | _later, _today),
    st.builds(c.CorrectContact, st.sampled_from(CONTACTS), _kind, _said, _days, st.none(), st.booleans(), _today),
    st.builds(c.CloseCase, _days, st.just("moved"), _today),
    st.builds(c.ReopenCase, _days, st.just("returned"), _today),
)


@given(st.sampled_from([case_after(ARRIVE), notice_after()]), st.lists(_commands, min_size=5, max_size=30))
def test_whatever_is_tried_a_case_stays_whole(state: State, asked: list[Any]) -> None:
    """A case that is over has no plan that goes on and waits for nobody; a notice that was withdrawn had nothing in it;
    a command done again says nothing new."""
    for command in asked:
        try:
            events = decide(command, state)
        except Refused:
            continue
        state = fold(evolve, events, state)
        assert isinstance(state, Case)
        going_on = [plan.person for plan in state.plans if plan.ended_on is None]
        arrived = {member.person for member in state.persons if member.arrived_on}
        if state.kind == "settled" and state.cancelled is not None:
            assert not arrived and all(one.withdrawn for one in (*state.homes, *state.contacts)) and not state.plans
        assert len(going_on) == len(set(going_on)) and set(going_on) <= arrived
        if state.over:
            assert not going_on and steps(state) == []
            assert state.kind == "settled" or state.status in {"arrived", "cancelled"}
        for plan in state.plans:
            assert plan.ended_on is not None or plan.follow_up_on > (plan.followed_up_on or plan.created_on)
            assert plan.ended_on is None or plan.ended_on >= (plan.followed_up_on or plan.created_on)
        assert len({home.housing for home in state.homes}) == len(state.homes)
        assert (state.caseworker is None) == (state.unit is None)
        if events:
            try:
                assert decide(command, state) == []
            except Refused as no:
                assert no.code in {
                    "not-arrived-yet", "case-cancelled", "already-arrived", "case-not-closed", "assignment-not-first",
                    "case-not-cancelled", "notice-withdrawn",
                }  # fmt: skip
