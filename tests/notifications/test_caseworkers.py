"""Whoever has a case is told of it and reminded: of its last day, of silence, of plans that want following up."""

import re
from datetime import date, timedelta
from email import message_from_string
from email.policy import default
from typing import Literal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import deadlines
from shared.case_number import case_number
from shared.contracts.casework import (
    CaseAssigned,
    CaseClosed,
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanCreated,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
)
from shared.contracts.routines import CONTACT_WITHIN, WEEKS_WITHOUT_CONTACT, LocalRule
from tests.notifications.stories import LAST, arrival, reminded, then
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import Town, allocation

__all__ = ["site"]


async def test_a_new_caseworker_takes_over_the_reminder_and_both_are_told(town: Town) -> None:
    fact = allocation()
    first = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    second = then(first, CaseAssigned(caseworker="tomas", previous="elsa", unit="minors", reason="workload"), 2)
    await town.react(fact)
    await town.remind(LAST - timedelta(days=14))
    await town.react(first)
    await town.remind(LAST - timedelta(days=14))
    await town.react(second)
    await town.remind(LAST - timedelta(days=13))
    assert [(holder, asks) for holder, _, asks in await reminded(town)] == [
        ("role:coordinator", False),
        ("person:elsa", False),
        ("person:tomas", True),
    ]
    told = await town.rows(
        "select rule, holder from notification where rule like 'case-%' and channel = 'inbox' order by created_at, rule"
    )
    assert [(row["rule"], row["holder"]) for row in told] == [
        ("case-assigned", "person:elsa"),
        ("case-assigned", "person:tomas"),
        ("case-left", "person:elsa"),
    ]
    await town.remind(LAST + timedelta(days=1))
    assert [h for h, _, asks in await reminded(town) if asks] == ["person:tomas", "role:manager/minors"]


async def test_silence_for_six_weeks_is_told_to_the_caseworker_once_and_ends_with_a_contact(town: Town) -> None:
    fact = allocation()
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    arrived = then(assigned, arrival(fact), 58)
    tried = ContactRecorded(contact=uuid4(), kind="phone", outcome="not-reached", contacted_on=date(2026, 8, 1))
    await town.react(fact, assigned, arrived, then(arrived, tried, 90))
    assert await town.remind(date(2026, 8, 11)) == 0
    assert await town.remind(date(2026, 8, 12)) == 1
    assert await town.remind(date(2026, 8, 25)) == 0
    assert await reminded(town) == [("person:elsa", "2026-08-12", True)]
    assert await town.remind(date(2026, 8, 26)) == 1  # two weeks later the unit's managers are told, too
    assert await town.remind(date(2026, 9, 30)) == 0
    met = ContactRecorded(contact=uuid4(), kind="home", outcome="reached", contacted_on=date(2026, 8, 20))
    after = then(arrived, met, 110)
    await town.react(after)
    told = [(holder, asks) for holder, _, asks in await reminded(town)]
    assert sorted(told) == [("person:elsa", False), ("person:elsa", False), ("role:manager/reception", False)]
    assert await town.remind(date(2026, 9, 30)) == 0
    facts = met.model_dump() | {"withdrawn": True}
    await town.react(then(after, ContactCorrected(**facts), 111))
    assert await town.remind(date(2026, 10, 1)) == 1
    assert [(holder, asks) for holder, _, asks in await reminded(town)] == told


@given(st.dates(date(2018, 1, 1), date(2026, 12, 31)), st.integers(1, 12), st.integers(1, 12))
def test_the_weeks_of_silence_are_those_of_the_rule_that_held_and_never_more(last: date, before: int, now: int) -> None:
    """The municipality changes its routine on the first of June 2024; nobody was reached since `last`."""
    change = date(2024, 6, 1)
    old = LocalRule(7 * before, date(2018, 1, 1), change - timedelta(days=1), "old routine")
    new = LocalRule(7 * now, change, None, "new routine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "CONTACT_WITHIN", (old, new))
        rule = new if last >= change else old
        said = deadlines.silent_weeks(rule.due(last))
    assert said <= rule.days // 7
    if not -100 < (last - change).days < 100:
        assert said == rule.days // 7


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("sv", "Ärende {case}: ingen kontakt på minst {n} veckor"),
        ("en", "Case {case}: no contact for at least {n} weeks"),
    ],
)
async def test_silence_is_told_with_the_weeks_of_the_municipalitys_rule(lang: str, said: str, site: Site) -> None:
    town, fact = site.town, allocation()
    await town.sign_in("elsa")
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    await town.react(fact, assigned, then(assigned, arrival(fact), 58))
    await town.database.pool.execute("update notification set withheld = true where channel = 'email'")
    await town.remind(date(2026, 8, 12))
    told = said.format(n=WEEKS_WITHOUT_CONTACT, case=case_number(fact.subject))
    [row] = await town.rows("select id from notification where rule = 'no-contact' and channel = 'inbox'")
    async with site.session("caseworker", sub="elsa") as browser:
        for path in ("/notifications/inbox", f"/notifications/inbox/{row['id']}"):
            assert told in (await browser.get(path, params={"lang": lang})).text
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 1)
    [mail] = await town.rows("select id, text from mail")
    # Swedish is the language of every colleague's mail here.
    swedish = f"Ärende {case_number(fact.subject)}: ingen kontakt på minst {WEEKS_WITHOUT_CONTACT} veckor"
    sent = message_from_string(mail["text"], policy=default)
    assert swedish in sent.get_content() and sent["Subject"] == f"Ett meddelande om ärende {case_number(fact.subject)}"
    async with site.session("operator") as browser:
        assert told in (await browser.get(f"/notifications/deliveries/{mail['id']}", params={"lang": lang})).text


async def test_a_case_that_was_given_counts_the_days_of_what_comes_next_in_it(site: Site) -> None:
    town, fact = site.town, allocation()
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    arrived = then(assigned, arrival(fact), 58)
    closed = then(arrived, CaseClosed(reason="ordinary-services", closed_on=LAST))
    [rule] = [one for one in CONTACT_WITHIN if one.valid_to is None]

    async def next_step() -> tuple[str, str] | None:
        """What the message says comes next, the same on the list, by itself and for programs."""
        async with site.session("caseworker", sub="elsa") as browser:
            said = (await browser.get("/notifications/inbox", headers={"Accept": "application/json"})).json()
            [item] = said["items"]
            words = None
            for path in ("/notifications/inbox", f"/notifications/inbox/{item['id']}"):
                page = (await browser.get(path)).text
                words = re.search(r'class="clock[^>]*>[^<]+</span> <span[^>]*>\((\w+)\)', page)
                assert (words is None) == ('class="clock' not in page)
        return (words[1], item["next_on"]) if words else None

    await town.react(fact, assigned)
    assert await next_step() == ("mottagande", "2026-07-01")
    await town.react(arrived)
    assert await next_step() == ("kontakt", rule.due(LAST).isoformat())
    await town.react(closed)
    assert await next_step() is None


async def test_plans_of_one_household_for_one_day_are_one_message_until_the_last_of_them_is_dealt_with(
    town: Town,
) -> None:
    fact = allocation()
    person = fact.event.persons[0].person
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    sequence = then(assigned, arrival(fact))
    await town.react(fact, assigned, sequence)
    plans = sorted(uuid4() for _ in range(2))
    for plan in plans:  # of one person or of two: nobody here asks
        made = EstablishmentPlanCreated(
            plan=plan, person=person, created_on=LAST, goal="work", activities=(), follow_up_on=LAST
        )
        sequence = then(sequence, made)
        await town.react(sequence)
    await town.remind(LAST)
    assert [(day, asks) for _, day, asks in await reminded(town)] == [(LAST.isoformat(), True)]
    for plan, left in zip(plans, (1, 0), strict=True):
        sequence = then(sequence, EstablishmentPlanEnded(plan=plan, ended_on=LAST, outcome="work"))
        await town.react(sequence)
        await town.remind(LAST)
        assert sum(asks for _, _, asks in await reminded(town)) == left


async def test_a_day_agreed_with_the_household_is_no_silence_until_it_has_passed(town: Town) -> None:
    fact, contact = allocation(), uuid4()
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    arrived = then(assigned, arrival(fact), 58)
    far, soon = LAST + timedelta(weeks=WEEKS_WITHOUT_CONTACT, days=30), LAST + timedelta(days=7)

    def met(agreed: date | None, outcome: Literal["reached", "not-reached"] = "reached") -> ContactCorrected:
        return ContactCorrected(
            contact=contact, kind="visit", outcome=outcome, contacted_on=LAST, next_contact_on=agreed
        )

    await town.react(fact, assigned, arrived)
    sequence, due = arrived, []
    routine = LAST + timedelta(weeks=WEEKS_WITHOUT_CONTACT)
    for event, day in (
        (met(far), far),
        (met(soon), routine),  # sooner than the routine asks for: the list of cases tells of it, no reminder
        (met(far), far),
        (met(far, "not-reached"), routine),  # nobody agreed to anything
        (met(None), routine),
    ):
        sequence = then(sequence, event, 59)
        await town.react(sequence)
        [row] = await town.rows("select due_on from deadline where kind = 'contact'")
        due.append((row["due_on"], day))
    assert [told for told, _ in due] == [day for _, day in due]


async def test_a_plan_is_followed_up_or_its_caseworker_and_then_the_manager_are_told(town: Town) -> None:
    fact, plan = allocation(), uuid4()
    assigned = then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"))
    person = fact.event.persons[0].person
    created = EstablishmentPlanCreated(
        plan=plan, person=person, created_on=date(2026, 5, 5), goal="work", activities=(), follow_up_on=LAST
    )
    begun = then(assigned, created, 2)
    await town.react(fact, assigned, then(fact, arrival(fact)), begun)
    for days, holders in ((-7, ["person:elsa"]), (1, ["person:elsa"]), (7, ["person:elsa", "role:manager/reception"])):
        await town.remind(LAST + timedelta(days=days))
        rows = await town.rows(
            "select holder from notification where rule = 'plan-follow-up' and channel = 'inbox'"
            " and settled_at is null order by holder"
        )
        assert [row["holder"] for row in rows] == holders, days
    followed = EstablishmentPlanFollowedUp(
        plan=plan, followed_up_on=LAST, progress="on-track", next_follow_up_on=date(2026, 12, 1)
    )
    await town.react(then(begun, followed, 70))
    assert (
        await town.rows(
            "select 1 from notification where rule = 'plan-follow-up' and settled_at is null and channel = 'inbox'"
        )
        == []
    )
    due = await town.rows("select due_on from deadline where kind = 'follow-up'")
    assert due == [{"due_on": date(2026, 12, 1)}]
    await town.react(then(begun, EstablishmentPlanEnded(plan=plan, ended_on=LAST, outcome="work"), 71))
    # what is corrected afterwards is no reason to follow up a plan that has ended
    mended = EstablishmentPlanFollowUpCorrected(
        plan=plan, followed_up_on=LAST, progress="behind", next_follow_up_on=date(2026, 12, 1)
    )
    await town.react(then(begun, mended, 72))
    assert await town.rows("select 1 from deadline where kind = 'follow-up'") == []
    await town.react(then(begun, CaseClosed(closed_on=LAST, reason="plan-ended"), 73))
    assert await town.rows("select 1 from deadline") == []
