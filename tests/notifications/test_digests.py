"""A person's mail: as chosen, in digests that neither lose nor repeat an item, in an absence to the stand-in."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from services.notifications import store_mail, store_people
from services.notifications.collecting import MOST_A_DAY
from services.notifications.hours import Preference
from shared.contracts.casework import CaseAssigned
from shared.contracts.envelope import Fact
from tests.notifications.stories import LAST, reminded, then
from tests.notifications.town import CORPORATE, NOW, Town, allocation, nomination

ELSA, TOMAS = "elsa@kommunen.example", "tomas@kommunen.example"


def assigned(fact: Fact, caseworker: str = "elsa") -> Fact:
    return then(fact, CaseAssigned(caseworker=caseworker, unit="reception", reason="first"))


async def choose(town: Town, sub: str, **wanted: Any) -> None:
    async with town.database.transaction() as tx:
        await store_people.prefer(tx, sub, Preference(**wanted))


async def come(town: Town) -> None:
    """The moment of every digest has come."""
    await town.database.pool.execute("update notification set mail_after = clock_timestamp() - interval '1 minute'")


async def test_a_daily_digest_has_every_item_once_whatever_is_told_again(town: Town) -> None:
    await town.sign_in("elsa")
    await choose(town, "elsa", cases="daily", reminders="daily")
    facts = [allocation() for _ in range(30)]
    await town.react(*facts, *[assigned(fact) for fact in facts])
    await town.remind(LAST)
    planned = await town.rows("select distinct mail_after from notification where holder = 'person:elsa'"
                              " and channel = 'email' and rule = 'case-assigned'")  # fmt: skip
    assert planned == [{"mail_after": datetime(2026, 5, 5, 5, tzinfo=UTC)}]
    await town.database.pool.execute(
        "update notification set mail_after = clock_timestamp() + interval '1 hour' where holder = 'person:elsa'"
    )
    await town.age(60)
    async with town.sending(senders=3):
        await town.until_all("sent", 1)
        await town.react(*facts)
        assert [mail.to for mail in town.mail.received] == [CORPORATE]
        await come(town)
        await town.until_all("sent", 2)
        await town.react(*facts)
        await town.remind(LAST)
        await asyncio.sleep(0.2)
    (digest,) = [mail for mail in town.mail.received if mail.to == ELSA]
    assert digest.message["Subject"] == "60 meddelanden till dig"
    carried = await town.rows("select count(distinct id)::int as n from notification where mail is not null"
                              " and holder = 'person:elsa'")  # fmt: skip
    assert carried == [{"n": 60}]
    assert len(town.mail.received) == 2


async def test_what_becomes_due_at_different_times_goes_in_different_mails_and_nothing_twice(town: Town) -> None:
    await town.sign_in("elsa")
    await choose(town, "elsa", cases="now", reminders="daily")
    fact = allocation()
    await town.react(fact, assigned(fact))
    await town.remind(LAST)
    await town.database.pool.execute(
        "update notification set mail_after = clock_timestamp() + interval '1 hour'"
        " where holder = 'person:elsa' and deadline is not null"
    )
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 2)
        await come(town)
        await town.until_all("sent", 3)
    assert Counter(mail.to for mail in town.mail.received)[ELSA] == 2


async def test_during_an_absence_the_stand_in_gets_inbox_and_mail_and_the_reason(town: Town) -> None:
    await town.sign_in("elsa", "tomas")
    await choose(town, "elsa", absent_from=NOW.date(), absent_to=date(2026, 5, 31), stand_in="tomas")
    fact = allocation()
    await town.react(fact, assigned(fact))
    await town.remind(date(2026, 6, 20))
    rows = await town.rows(
        "select rule, recipient, holder from notification where channel = 'inbox' and recipient like 'person:%'"
        " order by rule"
    )
    assert [(row["rule"], row["holder"]) for row in rows] == [
        ("case-assigned", "person:tomas"),
        ("reception-deadline", "person:elsa"),
    ]
    assert {row["recipient"] for row in rows} == {"person:elsa"}
    await town.age(60)
    async with town.sending():
        await town.until_all("sent", 3)
    assert {mail.to for mail in town.mail.received} == {ELSA, TOMAS, CORPORATE}


async def test_a_reminder_that_is_settled_before_its_digest_is_not_in_it(town: Town) -> None:
    await town.sign_in("elsa")
    await choose(town, "elsa", cases="never", reminders="daily")
    facts = [allocation(), allocation()]
    given = [assigned(fact) for fact in facts]
    await town.react(*facts, *given)
    await town.remind(LAST)
    await town.react(then(given[0], CaseAssigned(caseworker="tomas", previous="elsa", unit="x", reason="other"), 2))
    await come(town)
    await town.age(60)
    async with town.sending():
        await town.until(
            "the digest", lambda: town.rows("select 1 from mail where status = 'sent' having count(*) = 2")
        )
    (digest,) = [mail for mail in town.mail.received if mail.to == ELSA]
    text = digest.message.get_content()
    assert str(facts[1].subject) in text and str(facts[0].subject) not in text
    assert [asks for holder, _, asks in await reminded(town) if holder == "person:elsa"].count(True) == 1


async def test_a_stranger_has_the_inbox_and_no_mail_until_the_first_login(town: Town) -> None:
    fact = allocation()
    await town.react(fact, assigned(fact))
    rows = await town.rows("select channel, withheld_because from notification where holder = 'person:elsa' order by 1")
    assert [tuple(row.values()) for row in rows] == [("email", "never-signed-in"), ("inbox", None)]


async def test_after_a_dozen_mails_in_a_day_the_rest_waits_for_the_next_morning(town: Town) -> None:
    await town.sign_in("elsa")
    await town.database.pool.executemany(
        "insert into mail (id, rule, recipient, about, notifications, status)"
        " values ($1, 'digest', 'person:elsa', $1, 0, 'sent')",
        [(UUID(int=n),) for n in range(MOST_A_DAY)],
    )
    fact = allocation()
    await town.react(fact, assigned(fact))
    await town.database.pool.execute("update notification set withheld = true where bundle <> 'digest'")
    await town.age(60)

    async def collected() -> int:
        async with town.database.transaction() as tx:
            return await store_mail.collect(tx)

    assert await collected() == 0
    await town.age(25 * 60 * 60)
    assert await collected() == 1
    await town.database.pool.execute("update mail set status = 'failed', reason = 'gave-up' where status = 'waiting'")
    await town.database.pool.execute("delete from mail where notifications = 0")


async def test_quiet_hours_hold_for_the_person_and_not_for_the_office(town: Town) -> None:
    await town.sign_in("elsa")
    await choose(town, "elsa", quiet_from=time(9), quiet_to=time(15))
    fact = allocation()
    await town.react(fact, assigned(fact))
    rows = await town.rows("select mail_after from notification where channel = 'email' and holder = 'person:elsa'")
    assert [row["mail_after"] for row in rows] == [datetime(2026, 5, 4, 13, tzinfo=UTC)]
    office = await town.rows("select 1 from notification where bundle = 'allocation-received' and channel = 'email'"
                             " and mail_after <= clock_timestamp()")  # fmt: skip
    assert len(office) == 1


async def test_a_digest_of_many_replicas_at_once_is_one(town: Town) -> None:
    await town.sign_in("elsa")
    facts = [allocation() for _ in range(20)]
    await town.react(*facts, *[assigned(fact) for fact in facts])
    await town.age(60)

    async def collect() -> int:
        async with town.database.transaction() as tx:
            return await store_mail.collect(tx)

    assert sum(await asyncio.gather(*[collect() for _ in range(5)])) == 2
    assert await collect() == 0


async def test_a_nomination_reaches_the_secretarys_mailbox_with_its_link_and_reason(town: Town) -> None:
    town.secretary = True
    fact = nomination(receipt=False)
    await town.react(fact)
    await town.age()
    async with town.sending():
        await town.until_all("sent", 1)
    (mail,) = town.mail.received
    text = mail.message.get_content()
    assert mail.to == "secretary@kommunen.example"
    assert f"/awards/nominations/{fact.subject}" in text and "sekreterare" in text
