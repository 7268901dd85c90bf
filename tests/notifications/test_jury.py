"""The jury and the secretary are told that the reading begins, and reminded of the proposal until there is one."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import handlers, mail, prizes, reminding, rules
from services.notifications.hours import Preference
from services.notifications.prizes import KnownPrize
from shared.contracts.awards import (
    LaureatesProposed,
    PrizeAnnounced,
    PrizeCalendarMoved,
    PrizeDecided,
    PrizeWithheld,
)
from shared.contracts.envelope import Fact
from shared.decider import Refused
from shared.identity import Actor
from tests.notifications.stories import reminded
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import NOW, Town, allocation, nomination

__all__ = ["site"]

EDITION, YEAR = UUID(int=2026), 2026
# midnight in Sweden between 30 September and 1 October
CLOSES = datetime(2026, 9, 30, 22, tzinfo=UTC)
READING, CEREMONY = date(2026, 10, 1), date(2026, 12, 10)


def announced(closes: datetime = CLOSES, ceremony: date = CEREMONY) -> Fact:
    event = PrizeAnnounced(prize="integration", prize_year=YEAR, opens_at=NOW, closes_at=closes, ceremony_on=ceremony)
    return Fact(uuid4(), "awards", EDITION, 1, 1, NOW, NOW, event)


def happened(event: Any, days: int = 1) -> Fact:
    at = NOW + timedelta(days=days)
    return Fact(uuid4(), "awards", EDITION, 1 + days, 1 + days, at, at, event)


def moved(closes: datetime, ceremony: date) -> PrizeCalendarMoved:
    return PrizeCalendarMoved(opens_at=NOW, closes_at=closes, ceremony_on=ceremony, reason="few-nominations")


async def asking(town: Town, channel: str = "inbox") -> list[tuple[str, str]]:
    return sorted((holder, day) for holder, day, asks in await reminded(town, channel) if asks)


async def test_every_juror_and_the_secretary_are_told_once_nominations_have_closed_and_reminded_until_a_proposal(
    town: Town,
) -> None:
    await town.sign_in("ada", "bo", role="jury")
    await town.sign_in("elsa")
    await town.react(announced(), nomination())
    everybody = [(who, CEREMONY.isoformat()) for who in ("person:ada", "person:bo", "role:secretary")]
    told: list[date] = []
    for day in range(240):
        today = NOW.date() + timedelta(days=day)
        if await town.remind(today):
            told.append(today)
            assert await asking(town) == everybody
    assert told == [READING, *(CEREMONY - timedelta(days=step) for step in (30, 14, 7, 1))]
    mailed = await town.rows(
        "select distinct holder from notification where deadline is not null and channel = 'email'"
    )
    assert {row["holder"] for row in mailed} == {"person:ada", "person:bo", "mailbox:secretary"}
    abouts = await town.rows("select distinct about, prize_year from notification where deadline is not null")
    assert abouts == [{"about": EDITION, "prize_year": YEAR}]  # never a nomination: one may be hidden from a juror


@pytest.mark.parametrize(
    "end",
    [
        LaureatesProposed(nominations=(), proposed_on=READING),
        PrizeDecided(laureates=(UUID(int=1),), decided_on=READING),
        PrizeWithheld(reason="criteria-not-met", decided_on=READING),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_a_proposal_takes_the_reminders_with_it(end: Any, town: Town) -> None:
    await town.sign_in("ada", role="jury")
    start = announced()
    await town.react(start)
    assert await town.remind(READING) == 2
    await town.react(happened(end))
    assert await asking(town) == await asking(town, "email") == []
    await town.react(start)  # told again, it takes nothing back
    assert await town.remind(CEREMONY) == 0
    assert await town.rows("select 1 from deadline") == []


async def test_a_moved_calendar_takes_its_reminders_with_it(town: Town) -> None:
    await town.sign_in("ada", role="jury")
    await town.react(announced())
    await town.remind(READING)
    later = CEREMONY + timedelta(days=40)
    await town.react(happened(moved(CLOSES, later)))
    assert await asking(town) == []
    assert await town.remind(READING + timedelta(days=1)) == 2  # where it stands now
    assert await asking(town) == [("person:ada", later.isoformat()), ("role:secretary", later.isoformat())]
    await town.react(happened(moved(CLOSES + timedelta(days=20), later), 2))  # nominations are open again
    assert await asking(town) == [] and await town.remind(READING + timedelta(days=19)) == 0
    assert await town.remind(READING + timedelta(days=20)) == 2


async def test_who_joins_the_jury_later_gets_what_stands_and_nothing_twice(town: Town) -> None:
    async def signs_in(sub: str) -> None:
        async with town.database.transaction() as tx:
            await reminding.welcome(tx, sub, NOW, NOW)

    await town.sign_in("ada", role="jury")
    await town.react(announced())
    await signs_in("ada")
    assert await asking(town) == []
    await town.remind(READING)
    await town.sign_in("bo", role="jury")
    for _ in range(2):
        await signs_in("ada")
        await signs_in("bo")
    day = CEREMONY.isoformat()
    assert await asking(town) == [("person:ada", day), ("person:bo", day), ("role:secretary", day)]
    await town.react(happened(LaureatesProposed(nominations=(), proposed_on=READING)))
    await town.sign_in("cia", role="jury")
    await signs_in("cia")
    assert await asking(town) == []


async def test_a_jurors_message_goes_to_no_stand_in_and_follows_the_jurors_choice_of_mail(town: Town) -> None:
    await town.sign_in("ada", "bo", role="jury")
    await town.sign_in("elsa")
    away = Preference(absent_from=date(2026, 1, 1), absent_to=date(2027, 1, 1), stand_in="elsa", reminders="never")
    async with town.database.transaction() as tx:
        await handlers.prefer(tx, Actor("ada", frozenset({"jury"})), away)
        with pytest.raises(Refused, match="unknown-colleague"):
            await handlers.prefer(tx, Actor("elsa", frozenset({"caseworker"})), Preference(stand_in="ada"))
    await town.react(announced())
    await town.remind(READING)
    rows = await town.rows(
        "select holder, channel, withheld_because as no from notification where why = 'jurors' order by holder, channel"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("person:ada", "email", "not-wanted"),
        ("person:ada", "inbox", None),
        ("person:bo", "email", None),
        ("person:bo", "inbox", None),
    ]


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_the_mails_lead_to_the_reading_list_and_to_the_round(language: str, town: Town) -> None:
    town.secretary = True
    await town.sign_in("ada", role="jury")
    await town.database.pool.execute("update mailbox set language = $1", language)
    await town.react(announced())
    await town.remind(READING)
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 2)
    texts = {m.to: m.message.get_content() for m in town.mail.received}
    url = town.settings.public_url
    assert f"  {url}/awards/jury?year={YEAR}" in texts["ada@kommunen.example"].splitlines()
    assert "10 december 2026" in texts["ada@kommunen.example"]
    assert f"  {url}/awards/prizes/{YEAR}" in texts["secretary@kommunen.example"].splitlines()
    assert ("10 december" if language == "sv" else "10 December") in texts["secretary@kommunen.example"]


async def test_one_juror_confirms_for_themselves_and_hands_nothing_over(site: Site) -> None:
    async with site.town.database.transaction() as tx:
        for sub, role, name in (
            ("ada", "jury", "Ada Alm"),
            ("bo", "jury", "Bo Berg"),
            ("elsa", "caseworker", "Tove Ek"),
        ):
            await handlers.enter_directory(tx, site.run.vault, Actor(sub, frozenset({role}), name=name), None, "sv")
    fact = allocation()
    await site.town.react(announced(), fact)
    await site.town.remind(READING)
    async with site.session("jury", sub="ada") as ada, site.session("jury", sub="bo") as bo:
        page = (await ada.get("/notifications/inbox")).text
        assert f"/awards/jury?year={YEAR}" in page and "Integrationspriset 2026" in page and "Du är med i juryn" in page
        assert "de andra i juryn har sina egna" in page and "kollegorna" not in page
        assert str(fact.subject) not in page and "/notifications/inbox" in (await ada.get("/")).text
        csrf, item = (re.search(f'name="{name}" value="([\\w-]+)"', page) for name in ("csrf", "notification"))
        assert csrf and item
        alone = (await ada.get(f"/notifications/inbox/{item[1]}")).text
        assert "Öppna läslistan" in alone and "hand-over" not in alone
        over = {"csrf": csrf[1], "to": "elsa"}
        refused = await ada.post(f"/notifications/forms/inbox/{item[1]}/hand-over", data=over)
        assert refused.status_code == 422 and "i ditt ställe" in refused.text
        chosen = (await ada.get("/notifications/preferences")).text
        assert 'name="reminders"' in chosen and 'name="stand_in"' not in chosen and "Tove" not in chosen
        done = await ada.post("/notifications/forms/acknowledge", data={"csrf": csrf[1], "notification": item[1]})
        assert done.status_code == 303
        assert "Att bekräfta (0)" in (await ada.get("/notifications/inbox")).text
        assert "Att bekräfta (1)" in (await bo.get("/notifications/inbox")).text
    async with site.session("caseworker", sub="elsa") as elsa:
        assert "Alm" not in (await elsa.get("/notifications/preferences")).text
    await site.town.check()


@given(
    st.integers(0, 300 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    st.integers(0, 120),
)
def test_nobody_is_reminded_while_nominations_are_open_whatever_the_calendar(closes: datetime, days: int) -> None:
    ceremony = (closes + timedelta(days=days)).date() + timedelta(days=1)
    prize = prizes.evolve(None, announced(closes, ceremony).event)  # type: ignore[arg-type]
    assert isinstance(prize, KnownPrize)
    for deadline in prizes.deadlines(EDITION, prize):
        steps = rules.steps_of(deadline)
        first = deadline.due_on - timedelta(days=max(steps))
        midnight = datetime(first.year, first.month, first.day, tzinfo=reminding.STOCKHOLM)
        assert closes <= midnight < closes + timedelta(days=1)
        assert set(steps) - {max(steps)} == {s for s in (30, 14, 7, 1) if s < max(steps)}
        ids = [n.id for step in steps for n in rules.reminders(deadline, step, NOW, ["ada", "bo"])]
        assert len(set(ids)) == len(ids) == len(steps) * (4 if deadline.kind == "reading" else 2)


def test_a_message_leads_where_its_reader_works() -> None:
    about = UUID(int=7)
    assert mail.link(mail.Told("jury-reading", about, "jurors", prize_year=YEAR)) == f"/awards/jury?year={YEAR}"
    assert mail.link(mail.Told("nomination-submitted", about, "secretaries")) == f"/awards/nominations/{about}"
    assert mail.link(mail.Told("case-left", about, "caseworker")) == f"/reception/cases/{about}"
