"""How soon a message is handed over, and from when that is counted: real time, from when it was due."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications import store_mail
from services.notifications.collecting import BUSY_AFTER, COLLECT_WHEN_BUSY
from services.notifications.domain import EMPTY, About, MarkSent, decide
from services.notifications.hours import Preference
from services.notifications.sender import Pace
from services.notifications.store_people import prefer
from shared.contracts.casework import CaseAssigned
from shared.contracts.notifications import NotificationSent
from shared.contracts.routines import WEEKS_WITHOUT_CONTACT
from tests.notifications.stories import then
from tests.notifications.town import NOW, Town, allocation, moved, nomination

PROMISED_MS = 10_000


async def sent(town: Town) -> list[NotificationSent]:
    rows = await town.rows("select data::text from journal where type like 'notifications.notification-sent.%'")
    return [NotificationSent.model_validate_json(row["data"]) for row in rows]


def test_the_wait_is_counted_from_when_the_message_was_due_and_is_never_less_than_nothing() -> None:
    town_years_later = NOW + timedelta(weeks=WEEKS_WITHOUT_CONTACT)  # business time has no part in it
    about = About("case-assigned", "email", UUID(int=1), town_years_later, NOW)
    waits = []
    for seconds in (7.25, -3):
        [event] = decide(MarkSent(about, 1, NOW + timedelta(seconds=seconds)), EMPTY)
        assert isinstance(event, NotificationSent)
        waits.append(event.waited_ms)
    assert waits == [7250, 0]


async def test_what_happens_now_is_with_the_mail_server_within_ten_seconds_and_together(town: Town) -> None:
    await town.sign_in("elsa")
    assigned = CaseAssigned(caseworker="elsa", unit="reception", reason="first")

    async def half() -> None:
        """What happens, happens now, and not when the test began."""
        facts = [allocation(datetime.now(UTC)) for _ in range(15)]
        await town.react(*facts, *[replace(then(one, assigned), recorded_at=datetime.now(UTC)) for one in facts])

    async with town.sending(pace=Pace()):  # as in the product
        await half()
        prize = nomination(datetime.now(UTC))
        await town.react(prize, moved(prize.subject, at=datetime.now(UTC)))
        await half()
        await town.until_all("sent", 4, seconds=20)
    waited = [(one.channel, one.rule, one.waited_ms) for one in await sent(town)]
    assert len(waited) == 30 * 2 * 2 + 3  # and two to the nominator, one in the secretaries' inbox
    assert [one for one in waited if one[2] is None or one[2] >= PROMISED_MS] == []


async def test_a_digest_is_due_at_its_hour_and_the_inbox_at_once(town: Town) -> None:
    await town.sign_in("elsa")
    async with town.database.transaction() as tx:
        await prefer(tx, "elsa", Preference(cases="daily"))
    fact = allocation()
    await town.react(fact, then(fact, CaseAssigned(caseworker="elsa", unit="reception", reason="first"), 0))
    rows = await town.rows("select channel, due_at, mail_after from notification where holder = 'person:elsa'")
    due = {row["channel"]: row["due_at"] for row in rows}
    hour = next(row["mail_after"] for row in rows if row["channel"] == "email")
    assert due == {"email": hour, "inbox": NOW} and hour > NOW


async def test_what_is_put_off_because_there_are_so_many_is_due_when_the_rest_goes(town: Town) -> None:
    await town.database.pool.executemany(
        "insert into mail (id, rule, recipient, about, notifications, status)"
        " values ($1, 'allocation-received', 'mailbox:coordinator', $1, 0, 'sent')",
        [(UUID(int=n),) for n in range(BUSY_AFTER)],
    )
    await town.react(allocation(), allocation())
    await town.age(60)

    async def collected() -> int:
        async with town.database.transaction() as tx:
            return await store_mail.collect(tx)

    async def times() -> Any:
        return await town.rows("select due_at, mail_after from notification where channel = 'email'")

    assert await collected() == 0
    await town.age(COLLECT_WHEN_BUSY.total_seconds())
    assert await collected() == 1
    first = min(row["mail_after"] for row in await times())
    assert {row["due_at"] for row in await times()} == {first + COLLECT_WHEN_BUSY}
    await town.database.pool.execute("delete from mail where notifications = 0")
