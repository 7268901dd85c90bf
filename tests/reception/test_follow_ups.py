"""The follow-ups of a plan: each is corrected, taken out and brought back within what is known, also afterwards."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.reception import commands as c
from services.reception import follow_ups
from services.reception.case import FollowUp
from services.reception.domain import State, decide, evolve
from services.reception.steps import next_step
from shared.decider import Refused, fold
from tests.reception.office import Office
from tests.reception.test_casework import ACTIVITY, assigned
from tests.reception.test_casework_pages import send
from tests.reception.test_casework_rules import ARRIVE, CLOSE, END, PLAN, PLANS, TODAY, case_after
from tests.reception.test_pages import page

FOLLOW = c.FollowUpPlan(PLANS[0], date(2018, 6, 1), "on-track", date(2018, 9, 10), TODAY)
AGAIN = c.FollowUpPlan(PLANS[0], date(2018, 8, 1), "behind", date(2018, 12, 1), TODAY)
RIGHT = c.CorrectFollowUp(PLANS[0], date(2018, 5, 20), "behind", date(2018, 9, 20), False, None, TODAY)


@pytest.mark.parametrize(
    ("before", "changed", "code"),
    [
        ((), {}, "plan-not-followed-up"),
        ((FOLLOW,), {"plan": PLANS[1]}, "unknown-plan"),
        ((FOLLOW,), {"followed_up_on": date(2018, 4, 9)}, "before-last-follow-up"),
        ((FOLLOW,), {"before": FollowUp(date(2018, 5, 21), "on-track")}, "before-last-follow-up"),
        ((FOLLOW,), {"followed_up_on": TODAY + timedelta(1)}, "day-in-future"),
        ((FOLLOW,), {"next_follow_up_on": date(2018, 5, 20)}, "not-after"),
        ((FOLLOW,), {"withdrawn": True, "next_follow_up_on": date(2018, 4, 10)}, "not-after"),
        ((FOLLOW, END), {"followed_up_on": date(2018, 8, 2)}, "after-next-follow-up"),
    ],
)
def test_a_follow_up_is_corrected_within_what_is_known(
    before: tuple[Any, ...], changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused, match=f"^{code}$"):
        decide(replace(RIGHT, **changed), case_after(ARRIVE, PLAN, *before))


def test_a_corrected_follow_up_says_what_it_is_and_a_withdrawn_one_leaves_the_one_before() -> None:
    def stands(*asked: Any) -> tuple[Any, ...]:
        [plan] = case_after(ARRIVE, PLAN, *asked).plans
        return plan.followed_up_on, plan.progress, plan.follow_up_on

    assert stands(FOLLOW, RIGHT) == (date(2018, 5, 20), "behind", date(2018, 9, 20))
    assert decide(RIGHT, case_after(ARRIVE, PLAN, FOLLOW, RIGHT)) == []
    none = replace(RIGHT, withdrawn=True)
    assert stands(FOLLOW, none) == (None, None, date(2018, 9, 20))
    first = FollowUp(FOLLOW.followed_up_on, FOLLOW.progress)
    assert stands(FOLLOW, AGAIN, replace(none, before=first)) == (first.followed_up_on, "on-track", date(2018, 9, 20))


def test_the_follow_ups_that_stand_are_read_from_the_history() -> None:
    state: State = case_after(ARRIVE, PLAN)
    history: list[Any] = []
    first, second = FollowUp(date(2018, 6, 1), "on-track"), FollowUp(date(2018, 8, 1), "behind")
    mended = FollowUp(date(2018, 8, 2), "behind")
    for asked, standing in (
        (FOLLOW, [first]),
        (AGAIN, [first, second]),
        (replace(RIGHT, followed_up_on=mended.followed_up_on, before=first), [first, mended]),
        (replace(RIGHT, withdrawn=True, before=first), [first]),
        (replace(RIGHT, withdrawn=True), []),
        (FOLLOW, [first]),
    ):
        events = decide(asked, state)
        history += ((UUID(int=500 + len(history)), event) for event in events)
        state = fold(evolve, events, state)
        assert [*follow_ups.standing(follow_ups.told(PLANS[0], history)).values()] == standing
    assert follow_ups.told(PLANS[1], history) == {}


def test_the_last_follow_up_of_a_plan_that_has_ended_is_corrected_and_the_plan_stays_ended() -> None:
    [before], after = case_after(ARRIVE, PLAN, FOLLOW, END, CLOSE).plans, case_after(
        ARRIVE, PLAN, FOLLOW, END, CLOSE, replace(RIGHT, next_follow_up_on=date(2019, 1, 1))
    )  # fmt: skip
    assert after.plans == (replace(before, followed_up_on=RIGHT.followed_up_on, progress="behind"),)
    assert after.closed is not None and next_step(after) is None


EARLIER = c.CorrectEarlierFollowUp(
    PLANS[0], UUID(int=500), date(2018, 6, 2), "behind", False, FollowUp(FOLLOW.followed_up_on, FOLLOW.progress), None,
    FollowUp(AGAIN.followed_up_on, AGAIN.progress), TODAY,
)  # fmt: skip


@pytest.mark.parametrize("ended", [(), (END,), (END, CLOSE)])
def test_an_earlier_follow_up_is_corrected_taken_out_and_brought_back_and_the_plan_stays_as_it_is(ended: Any) -> None:
    before = case_after(ARRIVE, PLAN, FOLLOW, AGAIN, *ended)
    first, second = UUID(int=500), UUID(int=501)
    history: list[Any] = [
        (id, event) for id, ask in ((first, FOLLOW), (second, AGAIN)) for event in decide(ask, case_after(ARRIVE, PLAN))
    ]
    state: State = before
    mended = replace(EARLIER, stands=FollowUp(date(2018, 6, 2), "behind"))
    gone = replace(mended, stands=replace(mended.stands, withdrawn=True))
    for asked, stands in (
        (EARLIER, [(date(2018, 6, 2), "behind"), (AGAIN.followed_up_on, "behind")]),
        (replace(mended, withdrawn=True), [(AGAIN.followed_up_on, "behind")]),
        (replace(gone, progress="on-track"), [(date(2018, 6, 2), "on-track"), (AGAIN.followed_up_on, "behind")]),
    ):
        [event] = decide(asked, state)
        history.append((UUID(int=600 + len(history)), event))
        state = fold(evolve, [event], state)
        found = follow_ups.standing(follow_ups.told(PLANS[0], history))
        assert [(one.followed_up_on, one.progress) for one in found.values()] == stands
    assert state == before
    assert decide(mended, state) == [] == decide(replace(gone, withdrawn=True), state)
    # each correction strikes what it corrects, and the last follow-up is still the one that is corrected as such
    told = [(id, sequence, event) for sequence, (id, event) in enumerate(history, start=1)]
    assert follow_ups.struck(told) == {1, 3, 4}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"followed_up_on": AGAIN.followed_up_on + timedelta(1)}, "after-next-follow-up"),
        ({"followed_up_on": PLAN.created_on - timedelta(1)}, "before-last-follow-up"),
        ({"before": FollowUp(date(2018, 6, 3), "on-track")}, "before-last-follow-up"),
        ({"plan": PLANS[1]}, "unknown-plan"),
    ],
)
def test_an_earlier_follow_up_stays_between_its_neighbours(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=f"^{code}$"):
        decide(replace(EARLIER, **changed), case_after(ARRIVE, PLAN, FOLLOW, AGAIN))


async def test_any_follow_up_is_corrected_from_the_cases_page_also_when_the_plan_has_ended(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "created_on": "2018-06-02", "goal": "work", "follow_up_on": "2018-06-20"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    for on, following in ("2018-06-05", "2018-06-10"), ("2018-06-12", "2018-09-01"):
        said = {"followed_up_on": on, "progress": "on-track", "next_follow_up_on": following}
        await case.do(f"plans/{made}/follow-up", said)
    await case.do(f"plans/{made}/end", {"ended_on": "2018-06-14", "outcome": "work"})

    async def told() -> list[tuple[str, str, bool]]:
        [kept] = (await case.seen())["plans"]
        return [(one["followed_up_on"], one["progress"], one["withdrawn"]) for one in kept["follow_ups"]]

    [kept] = (await case.seen())["plans"]
    first, last = (one["follow_up"] for one in kept["follow_ups"])
    whole = await page(reception, f"/reception/cases/{case.id}", "caseworker")
    for one in (first, last):
        assert f"/do/follow-up-change/{made}/{one}" in whole
    form = await page(reception, f"/reception/cases/{case.id}/do/follow-up-change/{made}/{first}", "caseworker")
    assert 'value="2018-06-05"' in form and 'name="next_follow_up_on"' not in form
    change = f"do/follow-up-change/{case.id}/{made}/{first}"
    typed = {"followed_up_on": "2018-06-13", "progress": "behind", "sequence": str(case.version)}
    wrong = await send(reception, change, typed)
    assert wrong.status_code == 422 and "följdes upp på nytt eller avslutades 12 juni 2018" in wrong.text
    saved = await send(reception, change, typed | {"followed_up_on": "2018-06-06"})
    assert saved.status_code == 303 and await told() == [
        ("2018-06-06", "behind", False), ("2018-06-12", "on-track", False)
    ]  # fmt: skip
    seen = await page(reception, saved.headers["location"], "caseworker")
    assert "Uppföljningen är rättad." in seen and f'/do/follow-up-change/{made}/{first}">Ångra eller rätta' in seen
    case.version += 1
    gone = typed | {"followed_up_on": "2018-06-06", "withdrawn": "true", "sequence": str(case.version)}
    saved = await send(reception, change, gone)
    seen = await page(reception, saved.headers["location"], "caseworker")
    assert "Uppföljningen är borttagen" in seen and f'/do/follow-up-change/{made}/{first}">Ångra eller rätta' in seen
    form = await page(reception, f"/reception/cases/{case.id}/do/follow-up-change/{made}/{first}", "caseworker")
    assert 'value="2018-06-06"' in form and "checked" not in form.partition('name="withdrawn"')[2][:60]
    case.version += 1
    path = f"plans/{made}/follow-ups"
    await case.do(f"{path}/{last}/correction", {"followed_up_on": "2018-06-11", "progress": "on-track"})
    assert await told() == [("2018-06-06", "behind", True), ("2018-06-11", "on-track", False)]
    ending = {"followed_up_on": "2018-06-11", "progress": "on-track"}
    await case.do(f"{path}/{last}/correction", ending | {"withdrawn": True})
    await case.do(f"{path}/{last}/correction", ending, expect="follow-up-was-last")
    await case.do(f"{path}/{uuid4()}/correction", ending, expect="unknown-follow-up")
    [kept] = (await case.seen())["plans"]
    assert (kept["followed_up_on"], kept["ended_on"], kept["follow_up_on"]) == (None, "2018-06-14", "2018-09-01")


async def test_what_was_added_to_a_plan_is_undone_from_the_notice_and_what_was_taken_out_is_brought_back(
    reception: Office,
) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "created_on": "2018-06-02", "goal": "work", "follow_up_on": "2018-06-20"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    key = {"key": str(uuid4()), "sequence": str(case.version)}
    for _ in range(2):  # a double click
        saved = await send(reception, f"do/activity/{case.id}/{made}", ACTIVITY | key)
    [kept] = (await case.seen())["plans"]
    [activity] = kept["activities"]
    undo = f"do/activity-change/{made}/{activity['activity']}"
    notice = await page(reception, saved.headers["location"], "caseworker")
    assert "Aktiviteten är tillagd." in notice and f'/{undo}">Ångra eller rätta' in notice
    case.version += 1
    sent = ACTIVITY | {"withdrawn": "true", "sequence": str(case.version)}
    saved = await send(reception, f"do/activity-change/{case.id}/{made}/{activity['activity']}", sent)
    notice = await page(reception, saved.headers["location"], "caseworker")
    assert "Aktiviteten är borttagen." in notice and f'/do/activity/{made}">Var det fel?' in notice
    case.version += 1
    met = {"kind": "home", "outcome": "reached", "contacted_on": "2018-06-12"}
    contact = (await case.do("contacts", met, expect=201))["contact"]
    form = f"do/contact-correct/{case.id}/{contact}"
    saved = await send(reception, form, met | {"withdrawn": "true", "sequence": str(case.version)})
    notice = await page(reception, saved.headers["location"], "caseworker")
    assert "Kontakten är borttagen" in notice and f'/do/contact-correct/{contact}">Ångra eller rätta' in notice
    again = await page(reception, f"/reception/cases/{case.id}/do/contact-correct/{contact}", "caseworker")
    assert "checked" not in again.partition('name="withdrawn"')[2][:60]  # saving it as it stands brings it back
    back = await send(reception, form, met | {"sequence": str(case.version + 1)})
    assert back.status_code == 303 and [one["withdrawn"] for one in (await case.seen())["contacts"]] == [False]


async def test_what_takes_back_a_removed_follow_up_works_or_is_not_offered(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "created_on": "2018-06-02", "goal": "work", "follow_up_on": "2018-06-20"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    said = {"followed_up_on": "2018-06-05", "progress": "on-track", "next_follow_up_on": "2018-06-10"}
    later = {"followed_up_on": "2018-06-12", "progress": "behind", "next_follow_up_on": "2018-09-01"}
    for one in (said, later):
        await case.do(f"plans/{made}/follow-up", one)

    async def removed(form: str, typed: dict[str, str]) -> str:
        saved = await send(reception, form, typed | {"withdrawn": "true", "sequence": str(case.version)})
        assert saved.status_code == 303, saved.text
        case.version += 1
        notice = await page(reception, saved.headers["location"], "caseworker")
        assert "Uppföljningen är borttagen" in notice
        return notice.partition("Uppföljningen är borttagen")[2].partition("</p>")[0]

    [kept] = (await case.seen())["plans"]
    first, last = (one["follow_up"] for one in kept["follow_ups"])
    again = f'/do/follow-up/{made}">Var det fel? Registrera den på nytt'
    # of a plan that goes on it is recorded anew, by whichever form it was taken out
    assert again in await removed(f"do/follow-up-change/{case.id}/{made}/{last}", later)
    await case.do(f"plans/{made}/follow-up", later)
    assert again in await removed(f"do/follow-up-correct/{case.id}/{made}", later)
    await case.do(f"plans/{made}/follow-up", later)
    await case.do(f"plans/{made}/end", {"ended_on": "2018-06-14", "outcome": "work"})
    [kept] = (await case.seen())["plans"]
    last = kept["follow_ups"][-1]["follow_up"]
    # of one that has ended an earlier one is brought back where it was; nothing takes the place of the last
    undo = f'/do/follow-up-change/{made}/{first}">Ångra eller rätta'
    assert undo in await removed(f"do/follow-up-change/{case.id}/{made}/{first}", said)
    assert (
        await send(reception, f"do/follow-up-change/{case.id}/{made}/{first}", said | {"sequence": str(case.version)})
    ).status_code == 303
    case.version += 1
    assert "href" not in await removed(f"do/follow-up-change/{case.id}/{made}/{last}", later)
    assert "href" not in await removed(f"do/follow-up-correct/{case.id}/{made}", said)
