"""Mail is handed over once, tried for a day when the server is in a mood, and never dropped silently."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.notifications import handlers, store_mail
from services.notifications.retrying import Schedule
from services.notifications.rules import TOO_OLD_TO_MAIL
from shared.case_number import case_number
from shared.identity import Actor
from tests.notifications.town import CORPORATE, HURRIED, NOW, PACE, Town, allocation, moved, nomination

NOBODY = UUID(int=1)


async def events(town: Town, kind: str) -> list[dict[str, Any]]:
    return await town.rows(
        "select j.subject, j.data::jsonb->>'reason' as reason, (j.data->>'attempts')::int as attempts, j.traceparent"
        " from journal j join notification n on n.id = j.subject"
        " where n.channel = 'email' and j.type = $1",
        f"notifications.notification-{kind}.v2",
    )


async def test_an_import_of_sixty_allocations_is_sixty_inbox_items_and_one_mail(town: Town) -> None:
    facts = [allocation() for _ in range(60)]
    await town.react(*facts[:30])
    await town.react(*facts[20:])
    await town.age()
    async with town.sending():
        await town.until_all("sent", 1)
        await town.react(*facts)
        await asyncio.sleep(0.2)
    (mail,) = town.mail.received
    assert mail.to == CORPORATE
    assert mail.message["Subject"] == "60 nya anvisningar har kommit in"
    text = mail.message.get_content()
    assert text.count("/reception/cases/") == 50
    assert "… och 10 till" in text
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["From"] == "landa@kommunen.example"
    assert not any(word in mail.message.as_string() for word in ("quota", "female", "20-64"))
    sent = await events(town, "sent")
    assert len(sent) == len({row["subject"] for row in sent}) == 60
    assert {row["traceparent"] for row in sent} == {facts[0].traceparent}
    inbox = await town.rows("select id from notification where channel = 'inbox' and state->>'ending' = 'sent'")
    assert len(inbox) == 60


async def test_what_comes_while_a_mail_waits_goes_into_the_next_one(town: Town) -> None:
    town.mail.at_data = lambda _to, attempt: "451 later" if attempt == 1 else "250 OK"
    await town.react(allocation(), allocation())
    await town.age()
    async with town.sending():
        await town.until_all("waiting", 1)
        await town.react(later := allocation())
        await town.age()
        await town.until_all("sent", 2)
    subjects = {str(mail.message["Subject"]) for mail in town.mail.received}
    assert subjects == {
        "2 nya anvisningar har kommit in",
        f"En ny anvisning har kommit in: ärende {case_number(later.subject)}",
    }


async def test_greylisting_is_waited_out_with_one_message_id(town: Town) -> None:
    town.mail.at_rcpt = lambda _to, attempt: "451 4.7.1 greylisted" if attempt < 4 else "250 OK"
    await town.react(nomination())
    async with town.sending():
        await town.until_all("sent", 1)
    (mail,) = town.mail.received
    (sent,) = await events(town, "sent")
    assert sent["attempts"] == 4
    assert "abcd-1234" in mail.message.get_content()
    assert mail.id == f"<{(await town.rows('select id from mail'))[0]['id']}@landa.example>"


async def test_a_permanent_no_is_final_at_once_and_a_person_can_start_it_again(town: Town) -> None:
    town.mail.at_rcpt = lambda _to, _attempt: "550 5.1.1 no such user"
    await town.react(nomination(), nomination())
    async with town.sending():
        await town.until_all("failed", 2)
        failed = await events(town, "failed")
        assert {(row["reason"], row["attempts"]) for row in failed} == {("refused-by-mail-server", 1)}
        assert {row["reason"] for row in await town.rows("select reason from mail")} == {"refused-550"}
        town.mail.at_rcpt = lambda _to, _attempt: "250 OK"
        for row in await town.rows("select id from mail"):
            async with town.database.transaction() as tx:
                await handlers.try_again(tx, row["id"], Actor("moa", frozenset({"operator"})), "server-mended")
        await town.until_all("sent", 2)
    assert len(await events(town, "sent")) == 2


async def test_a_server_that_hangs_does_not_hold_up_the_others(town: Town) -> None:
    slow = nomination()
    town.mail.at_rcpt = lambda to, attempt: "hang" if to.startswith(str(slow.subject)) and attempt < 3 else "250 OK"
    await town.react(slow, *[nomination() for _ in range(20)])
    async with town.sending(pace=HURRIED):
        await town.until_all("sent", 21)
    assert len({mail.to for mail in town.mail.received}) == len(town.mail.received) == 21


async def test_a_reset_after_250_sends_again_under_the_same_message_id(town: Town) -> None:
    town.mail.at_data = lambda _to, attempt: "reset" if attempt == 1 else "250 OK"
    await town.react(allocation())
    await town.age()
    async with town.sending():
        await town.until_all("sent", 1)
    first, second = town.mail.received
    assert first.id == second.id
    assert first.message.as_bytes() == second.message.as_bytes()
    assert len(await events(town, "sent")) == 1


async def test_a_server_that_is_away_is_asked_by_one_and_not_stormed(town: Town) -> None:
    await town.mail.stop()
    await town.react(*[nomination() for _ in range(50)])
    async with town.sending():
        await town.until("some attempts", lambda: town.rows("select 1 from mail where attempts > 0"))
        await asyncio.sleep(1.0)
        attempts = (await town.rows("select sum(attempts)::int as n from mail"))[0]["n"]
        assert attempts < 50 * 3, f"{attempts} attempts on a server that is away"
        await town.mail.start()
        await town.until_all("sent", 50)
    assert len(town.mail.received) == 50


async def test_after_a_day_without_a_server_it_has_failed_and_says_so(town: Town) -> None:
    await town.mail.stop()
    await town.react(nomination(), nomination())
    pace = replace(PACE, schedule=Schedule(timedelta(seconds=0.05), timedelta(seconds=0.1), timedelta(seconds=1)))
    async with town.sending(pace=pace):
        await town.until_all("failed", 2)
    assert {row["reason"] for row in await events(town, "failed")} == {"gave-up-after-24-hours"}


async def test_two_replicas_never_send_the_same(town: Town) -> None:
    await town.react(*[nomination() for _ in range(150)], *[allocation() for _ in range(10)])
    await town.age()
    async with town.sending(senders=3):
        await town.until_all("sent", 151)
    assert max(Counter(mail.id for mail in town.mail.received).values()) == 1
    assert len(town.mail.received) == 151
    assert len(await events(town, "sent")) == 160


async def test_five_hundred_due_at_once_all_go_out(town: Town) -> None:
    await town.react(*[nomination() for _ in range(500)])
    async with town.sending():
        await town.until_all("sent", 500, seconds=100)
    assert len({mail.id for mail in town.mail.received}) == len(town.mail.received) == 500


async def test_ten_thousand_notifications_due_at_once_all_go_out_in_twenty_mails(town: Town) -> None:
    for _ in range(10):
        await town.react(*[allocation() for _ in range(1000)])
    await town.age()
    async with town.sending():
        await town.until_all("sent", 20, seconds=100)
    sent = await events(town, "sent")
    assert len(sent) == len({row["subject"] for row in sent}) == 10_000
    assert len({mail.id for mail in town.mail.received}) == len(town.mail.received) == 20


async def test_a_lease_that_ran_out_is_taken_over(town: Town) -> None:
    await town.react(nomination())
    async with town.database.transaction() as tx:
        await store_mail.collect(tx)
        dead = await store_mail.lease(tx, NOBODY, 0.3, "another replica")
    assert dead is not None
    async with town.sending():
        await town.until_all("sent", 1)
    async with town.database.transaction() as tx:
        await handlers.sent(tx, dead.id, NOBODY, 1, NOW)
    assert len(await events(town, "sent")) == 1


async def test_a_replica_that_starts_again_frees_what_its_killed_predecessor_held(town: Town) -> None:
    await town.react(nomination())
    async with town.database.transaction() as tx:
        await store_mail.collect(tx)
        assert await store_mail.lease(tx, NOBODY, 3600, "0") is not None
    async with town.sending():
        await town.until_all("sent", 1)


async def test_what_is_too_old_is_in_the_inbox_only(town: Town) -> None:
    old = NOW - TOO_OLD_TO_MAIL - timedelta(seconds=1)
    await town.react(*[allocation(old) for _ in range(5)], nomination(old))
    await town.age()
    async with town.sending():
        await asyncio.sleep(0.3)
    assert town.mail.received == []
    assert await town.statuses() == []
    rows = await town.rows("select channel, withheld, count(*) as n from notification group by 1, 2 order by 1")
    assert rows == [
        {"channel": "email", "withheld": True, "n": 7},
        {"channel": "inbox", "withheld": False, "n": 6},
    ]


async def test_no_address_fails_and_an_address_that_cannot_be_asked_for_waits(town: Town) -> None:
    town.away = True
    await town.react(nomination())
    async with town.sending():
        await town.until("an attempt", lambda: town.rows("select 1 from mail where reason = 'address-service-away'"))
        assert await town.statuses() == ["waiting"]
        town.away, town.nominator = False, lambda _n: None
        await town.until_all("failed", 1)
    assert [row["reason"] for row in await events(town, "failed")] == ["no-address"]


async def test_nominators_are_told_once_of_a_moved_calendar_however_often_it_is_delivered(town: Town) -> None:
    one, two = uuid4(), uuid4()
    first, again = moved(one, two), moved(one)
    for fact in (first, first, again, first):
        await town.react(fact)
    await town.age()
    async with town.sending():
        await town.until_all("sent", 2)
        await town.react(first, again)
        await town.age()
        await asyncio.sleep(0.2)
    assert sorted(m.to for m in town.mail.received) == sorted([f"{one}@example.org", f"{two}@example.org"])
    for mail in town.mail.received:
        assert "till 15 november 2026 klockan 12:00" in mail.message.get_content()
    # the one who was meant twice within seconds is told once, with the dates that hold
    assert sorted(r["notifications"] for r in await town.rows("select notifications from mail")) == [1, 2]
    life = await town.rows("select distinct rule, why, bundle, channel from notification")
    assert life == [{"rule": "calendar-moved", "why": "nominator", "bundle": "calendar-moved", "channel": "email"}]


async def test_an_address_with_a_second_header_in_it_is_not_used(town: Town) -> None:
    async with town.database.transaction() as tx:
        await tx.execute("update mailbox set address = E'a@b.example\\r\\nBcc: x@y.example'")
    await town.react(allocation())
    await town.age()
    async with town.sending():
        await town.until_all("failed", 1)
    assert town.mail.received == []
