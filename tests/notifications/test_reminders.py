"""Reminders: by example over a real database, and for every history of dates and facts that hypothesis finds."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import mail, rules
from services.notifications.deadlines import Progress, due, next_on
from shared.contracts.casework import CaseAssigned, ContactRecorded
from shared.contracts.envelope import Fact
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReinstated,
    ArrivalCorrected,
    PersonFacts,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)
from shared.web.texts import Texts
from tests.notifications.stories import LAST, arrival, reminded, then
from tests.notifications.town import NOW, Town, allocation

STEPS = (14, 7, 1, 0, -1)


async def test_each_step_is_raised_once_on_its_day_and_takes_the_place_of_the_one_before(town: Town) -> None:
    await town.react(allocation())
    told: list[date] = []
    for day in range(60):
        today = NOW.date() + timedelta(days=day)
        told += [today] * await town.remind(today)
        assert await town.remind(today) == 0
    assert told == [LAST - timedelta(days=step) for step in STEPS]
    day = LAST.isoformat()
    assert await reminded(town) == [
        *[("role:coordinator", day, False)] * 4,
        ("role:coordinator", day, True),
        ("role:manager", day, True),
    ]


async def test_a_jump_over_several_steps_gives_the_newest_only(town: Town) -> None:
    await town.react(allocation())
    assert await town.remind(LAST) == 1
    assert await town.remind(LAST + timedelta(days=400)) == 1
    assert await town.remind(LAST - timedelta(days=7)) == 0
    assert [holder for holder, _, asks in await reminded(town) if asks] == ["role:coordinator", "role:manager"]
    assert len(await reminded(town)) == 3


@pytest.mark.parametrize("end", ["arrival", "cancelled"])
async def test_what_is_met_or_gone_takes_its_reminders_with_it(end: str, town: Town) -> None:
    fact = allocation()
    await town.react(fact)
    await town.remind(LAST)
    event = arrival(fact) if end == "arrival" else AllocationCancelled(reason="declined")
    await town.react(then(fact, event))
    assert [asks for _, _, asks in await reminded(town)] == [False]
    assert await town.rows("select 1 from deadline") == []
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 1)
        await asyncio.sleep(0.2)
    assert "anvisning" in str(town.mail.received[0].message["Subject"])
    assert await town.remind(LAST + timedelta(days=30)) == 0
    settled = await town.rows("select count(*)::int as n from journal where type like '%settled%'")
    assert settled == [{"n": 2}]


async def test_an_arrival_that_did_not_happen_brings_the_deadline_back(town: Town) -> None:
    fact = allocation()
    persons = tuple(p.person for p in fact.event.persons)
    await town.react(fact, then(fact, arrival(fact)))
    assert await town.remind(LAST) == 0
    wrong = ArrivalCorrected(arrived_on=None, reason="did-not-arrive", persons=persons)
    await town.react(then(fact, wrong))
    assert await town.remind(LAST) == 1


async def test_a_cancellation_that_is_taken_back_brings_the_deadline_and_its_reminders_back(town: Town) -> None:
    fact = allocation()
    cancelled = AllocationCancelled(reason="declined")
    again = AllocationReinstated(reinstated_on=LAST, reason="cancelled-in-error")
    await town.react(fact, then(fact, CaseAssigned(caseworker="maja", unit="reception", reason="first")))
    assert await town.remind(LAST - timedelta(days=7)) == 1
    for times in (1, 2):  # by mistake, more than once: each time it is told anew where it stands
        await town.react(then(fact, cancelled))
        assert [asks for _, _, asks in await reminded(town)] == [False] * times
        assert await town.remind(LAST - timedelta(days=6)) == 0
        await town.react(then(fact, again))
        assert await town.remind(LAST - timedelta(days=6)) == 1
        day = LAST.isoformat()
        assert await reminded(town) == [*[("person:maja", day, False)] * times, ("person:maja", day, True)]
    assert await town.remind(LAST - timedelta(days=6)) == 0
    assert await town.remind(LAST - timedelta(days=1)) == 1
    [kept] = await town.rows("select cancelled from known_case")
    assert not kept["cancelled"]


async def test_a_notice_that_is_withdrawn_is_followed_no_longer(town: Town) -> None:
    persons = (PersonFacts(person=uuid4(), sex="female", age_band="20-64", unaccompanied_minor=False),)
    fact = Fact(uuid4(), "reception", uuid4(), 1, 1, NOW, NOW, SettlementNotified(
        category="self-settled", notified_on=NOW.date(), persons=persons))  # fmt: skip
    met = ContactRecorded(contact=uuid4(), kind="visit", outcome="reached", contacted_on=NOW.date())
    await town.react(
        fact, then(fact, CaseAssigned(caseworker="maja", unit="reception", reason="first")), then(fact, met)
    )
    assert len(await town.rows("select 1 from deadline")) == 1
    await town.react(then(fact, SettlementNoticeWithdrawn(reason="registered-in-error")))
    assert await town.rows("select 1 from deadline") == []


async def test_a_moved_deadline_settles_what_was_shown_and_reminds_of_the_new_day(town: Town) -> None:
    fact = allocation()
    await town.react(fact)
    await town.remind(LAST - timedelta(days=7))
    facts = fact.event.model_dump() | {"receive_by": date(2026, 8, 1)}
    await town.react(then(fact, AllocationCorrected(**facts)))
    assert [asks for _, _, asks in await reminded(town)] == [False]
    assert await town.remind(LAST) == 0
    assert await town.remind(date(2026, 7, 20)) == 1
    assert [(day, asks) for _, day, asks in await reminded(town)] == [("2026-07-01", False), ("2026-08-01", True)]


async def test_facts_told_again_and_a_second_replica_remind_nobody_twice(town: Town) -> None:
    facts = [allocation() for _ in range(5)]
    await town.react(*facts)
    for _ in range(2):
        await asyncio.gather(*[town.remind(LAST) for _ in range(4)])
        await town.react(*facts)
        await town.database.pool.execute("update deadline set raised = null, next_on = $1", LAST)
    assert len(await reminded(town)) == len(await reminded(town, "email")) == 5


async def test_thousands_due_at_once_all_go_out_in_few_mails(town: Town) -> None:
    for _ in range(2):
        await town.react(*[allocation() for _ in range(1000)])
    await town.database.pool.execute("update notification set withheld = true where channel = 'email'")
    assert await town.remind(LAST + timedelta(days=3)) == 2000
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 8, seconds=100)
    sent = await town.rows("select count(distinct id)::int as n from notification where state->>'ending' = 'sent'"
                           " and channel = 'email'")  # fmt: skip
    assert sent == [{"n": 4000}]
    assert len({mail.id for mail in town.mail.received}) == len(town.mail.received) == 8


async def test_nobody_is_reminded_while_history_is_being_read(town: Town) -> None:
    await town.react(allocation(NOW - timedelta(hours=2)))
    assert await town.remind(LAST) == 0
    await town.database.pool.execute("update catching_up set until = clock_timestamp()")
    assert await town.remind(LAST) == 1


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_a_digest_of_reminders_says_the_day_the_case_and_why(language: str, town: Town) -> None:
    fact = allocation()
    await town.database.pool.execute("update mailbox set language = $1", language)
    await town.react(fact)
    await town.remind(LAST + timedelta(days=1))
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 3)
    text = next(m for m in town.mail.received if m.to == "manager@kommunen.example").message.get_content()
    # nobody has the case, so its page is for coordinators alone
    assert f"/reception/cases/{fact.subject}" not in text and "/notifications/inbox" in text
    assert ("1 juli 2026" if language == "sv" else "1 July 2026") in text
    assert ("Samordnarna" if language == "sv" else "coordinators") in text
    others = [m.message.get_content() for m in town.mail.received if m.to != "manager@kommunen.example"]
    assert others and all(f"/reception/cases/{fact.subject}" in text for text in others)


def walk(today: int, jumps: list[int]) -> Iterator[date]:
    day = LAST - timedelta(days=today)
    for jump in jumps:
        day += timedelta(days=jump)
        yield day


@given(st.integers(-3, 40), st.lists(st.integers(0, 20), max_size=30))
def test_however_the_date_jumps_a_step_comes_once_in_order_and_never_early(before: int, jumps: list[int]) -> None:
    """After the last look, the newest step that has come was the last to be raised."""
    begun = LAST - timedelta(days=before)
    progress, raised, today = Progress(LAST, told_on=begun), list[int](), begun
    for today in walk(before, jumps):
        upcoming = next_on(STEPS, progress)
        step = due(STEPS, progress, today)
        assert (step is not None) == (upcoming is not None and upcoming <= today)
        if step is not None:
            assert today >= LAST - timedelta(days=step)
            raised.append(step)
            progress = replace(progress, raised=step)
    assert raised == sorted(set(raised), reverse=True)
    come = [s for s in STEPS if LAST - timedelta(days=s) <= today and (s < 0 or LAST - timedelta(days=s) > begun)]
    assert not jumps or not come or raised[-1] == come[-1]


def test_every_rule_is_in_force_in_its_dates_only() -> None:
    fact = allocation()
    dated = (replace(rules.EVENT_RULES[0], since=NOW.date() + timedelta(days=1)),)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "EVENT_RULES", dated)
        assert rules.notices(fact, NOW) == []
        patch.setattr(rules, "EVENT_RULES", (replace(dated[0], since=NOW.date()),))
        assert len(rules.notices(fact, NOW)) == 2
        patch.setattr(rules, "EVENT_RULES", (replace(dated[0], since=date.min, until=NOW.date()),))
        assert rules.notices(fact, NOW) == []


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_rule_has_its_words(language: str) -> None:
    texts = Texts("notifications")
    by_mail_only = {rule.name for rule in rules.EVENT_RULES if rule.who == ("nominator",)}
    said = [(rule.name, who) for rule in rules.EVENT_RULES for who in rule.who]
    said += [(rule.name, who) for rule in rules.DEADLINE_RULES for who in rule.who]
    for who in ("no-caseworker", rules.UNGIVEN):
        said += [(rule.name, who) for rule in rules.DEADLINE_RULES if rule.on in {"reception", "follow-up"}]
    said.append(("no-contact", rules.UNGIVEN))  # it has a caseworker, perhaps of no unit

    def words(rule: str) -> dict[str, object]:
        return mail.words(mail.Told(rule, UUID(int=3), "somebody", LAST, 2026))

    for name, who in said:
        assert texts.get(language, f"why.{name}.{who}")
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,59}", name)
        if name not in by_mail_only:
            assert texts.get(language, f"inbox.item.{name}", **words(name))
        assert texts.has(f"deliveries.rule.{name}")
    for item in {name for name, _ in said} - by_mail_only - {"allocation-received"}:
        assert texts.get(language, f"mail.item.{item}", **words(item))


def test_the_same_reminder_of_the_same_day_has_one_id_and_another_day_another() -> None:
    from services.notifications.deadlines import Deadline

    deadline = Deadline(UUID(int=1), UUID(int=2), "reception", LAST, "elsa", "reception")
    ids = {n.id for n in rules.reminders(deadline, -1, NOW)}
    assert len(ids) == 4
    assert ids == {n.id for n in rules.reminders(deadline, -1, NOW + timedelta(hours=3))}
    assert ids.isdisjoint(n.id for n in rules.reminders(replace(deadline, due_on=date(2026, 7, 2)), -1, NOW))
