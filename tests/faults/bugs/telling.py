"""Bugs between a fact and the mail about it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from pytest import MonkeyPatch

from services.notifications import handlers, mail, rules
from services.notifications.retrying import Schedule
from tests.faults.bugs.seeded import Bug
from tests.faults.ground import Ground
from tests.notifications.town import PACE, allocation, nomination


async def reset_after_250(ground: Ground) -> list[str]:
    """The mail server takes the mail and hangs up before it says so."""
    async with ground.post() as town:
        town.mail.at_data = lambda _to, attempt: "reset" if attempt == 1 else "250 OK"
        await town.react(nomination())
        async with town.sending():
            await town.until_all("sent", 1)
        ids = {received.id for received in town.mail.received}
        return [] if len(ids) == 1 else [f"I3 once: one mail went out under {len(ids)} Message-IDs"]


async def away_too_long(ground: Ground) -> list[str]:
    """The mail server is away until there is no more trying (a day, here a second)."""
    async with ground.post() as town:
        await town.mail.stop()
        await town.react(nomination(), nomination())
        schedule = Schedule(timedelta(seconds=0.05), timedelta(seconds=0.1), timedelta(seconds=1))

        async def ended() -> bool:
            return not await town.rows("select from mail where status = 'waiting'")

        async with town.sending(pace=replace(PACE, schedule=schedule)):
            await town.until("mails", lambda: town.rows("select from mail where attempts > 0"))
            await town.until("their end", ended)
        gone = 2 - len(await town.rows("select from mail where status = 'failed'"))
        return [f"I1 loss: {gone} mails are gone without a word"] if gone else []


async def told_again(ground: Ground) -> list[str]:
    """The same facts reach the reactor past its gate, as after a restored journal."""
    async with ground.post() as town:
        facts = [allocation() for _ in range(3)]
        for _ in range(3):
            await town.react(*facts)
        made = (await town.rows("select count(*) as n from notification"))[0]["n"]
        return [] if made == 6 else [f"I3 once: {made} notifications of 6"]


def fresh_message_id(patch: MonkeyPatch) -> None:
    addressed = mail.addressed

    def fresh(text: str, recipient: str, link: str = "") -> bytes:
        lines = text.split("\r\n")
        own = next(n for n, line in enumerate(lines) if line.startswith("Message-ID: "))
        lines[own] = f"Message-ID: <{uuid4()}@landa.example>"
        return addressed("\r\n".join(lines), recipient, link)

    patch.setattr(mail, "addressed", fresh)


def mail_deleted(patch: MonkeyPatch) -> None:
    async def forget(tx: Any, key: Any, *_: Any) -> None:
        await tx.execute("delete from notification where mail = $1", key)
        await tx.execute("delete from mail where id = $1", key)

    async def forget_overdue(tx: Any, schedule: Schedule, now: Any) -> int:
        for row in await tx.fetch(
            "select id from mail where status = 'waiting' and started_at < clock_timestamp() - $1::interval",
            schedule.give_up,
        ):
            await forget(tx, row["id"])
        return 0

    patch.setattr(handlers, "failed", forget)
    patch.setattr(handlers, "give_up_overdue", forget_overdue)


def ids_by_chance(patch: MonkeyPatch) -> None:
    patch.setattr(rules, "uuid5", lambda *_: uuid4())


BUGS = [
    Bug("new-message-id", "each attempt has a Message-ID of its own", fresh_message_id, reset_after_250, "I3"),
    Bug("mail-deleted", "a mail that was tried in vain is deleted", mail_deleted, away_too_long, "I1"),
    Bug("ids-by-chance", "a notification's id is drawn, not derived", ids_by_chance, told_again, "I3"),
]
