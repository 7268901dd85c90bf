"""A cancelled round reminds nobody and asks for nothing; its nominators are told, unless it is taken back at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.notifications.dealing import in_turns
from shared.contracts.awards import NominationFoundEligible, PrizeCancelled, PrizeReinstated
from shared.contracts.envelope import Fact
from tests.notifications.test_jury import CEREMONY, EDITION, READING, announced, asking
from tests.notifications.town import NOW, Town, nomination


def happened(sequence: int, event: Any, subject: UUID = EDITION) -> Fact:
    at = NOW + timedelta(minutes=sequence)
    return Fact(uuid4(), "awards", subject, sequence, sequence, at, at, event)


def cancelled(*tell: UUID, left: tuple[UUID, ...] = (), sequence: int = 2) -> Fact:
    return happened(sequence, PrizeCancelled(reason="announced-in-error", tell=tell, unassessed=left))


def reinstated(*tell: UUID, sequence: int = 3) -> Fact:
    return happened(sequence, PrizeReinstated(tell=tell))


async def mails(town: Town, rule: str) -> list[UUID]:
    """Whom a mail still goes to."""
    rows = await town.rows("select about from notification where rule = $1 and not withheld order by about", rule)
    return [row["about"] for row in rows]


async def test_reminders_are_taken_away_and_come_back_anew(town: Town) -> None:
    await town.sign_in("ada", role="jury")
    await town.react(announced())
    assert await town.remind(READING) == 2
    both = [("person:ada", CEREMONY.isoformat()), ("role:secretary", CEREMONY.isoformat())]
    assert await asking(town) == both
    await town.react(cancelled())
    assert await asking(town) == []
    assert await town.remind(CEREMONY - timedelta(days=30)) == 0
    await town.react(reinstated())
    # it was reminded of before, and that was settled: it is told again
    assert await town.remind(READING) == 2
    assert await asking(town) == both
    await town.check()


async def test_what_waits_to_be_assessed_waits_no_more_whichever_is_heard_first(town: Town) -> None:
    town.secretary = True
    before, after, other = nomination(), nomination(), nomination()
    await town.react(announced(), before, other)
    await town.react(cancelled(left=(before.subject, after.subject)))
    await town.react(after)
    open_ = "select about from notification where channel = 'inbox' and rule = 'nomination-submitted'"
    rows = await town.rows(f"{open_} and settled_at is null")
    assert [row["about"] for row in rows] == [other.subject]


async def test_nominators_are_told_of_a_cancellation_and_that_the_round_stands_again(town: Town) -> None:
    one, two = uuid4(), uuid4()
    told = cancelled(one, two)
    for fact in (announced(), told, told):
        await town.react(fact)
    await town.age(61)
    async with town.sending():
        await town.until_all("sent", 2)
    await town.react(reinstated(one, two))
    await town.age(61)
    async with town.sending():
        await town.until_all("sent", 4)
    said = [(m.to, m.message["Subject"], m.message.get_content()) for m in town.mail.received]
    first, second = said[:2], said[2:]
    assert sorted(to for to, _, _ in first) == sorted(to for to, _, _ in second)
    assert {subject for _, subject, _ in first} == {"Integrationspriset är inställt"}
    assert {subject for _, subject, _ in second} == {"Integrationspriset är inte inställt"}
    assert all("uppge referensen abcd-1234" in text and "kontaktcenter" in text for _, _, text in first)
    assert all("till 15 november 2026 klockan 12:00" in text for _, _, text in second)
    await town.check()


async def test_who_cancels_by_mistake_and_takes_it_back_at_once_tells_nobody_that_it_is_cancelled(town: Town) -> None:
    one = uuid4()
    await town.react(announced(), cancelled(one), reinstated(one))
    assert (await mails(town, "prize-cancelled"), await mails(town, "prize-reinstated")) == ([], [one])
    # heard in one piece, after Kafka was away: the last one is what holds
    await town.react(cancelled(one, sequence=4), reinstated(one, sequence=5), cancelled(one, sequence=6))
    assert (await mails(town, "prize-cancelled"), await mails(town, "prize-reinstated")) == ([one], [])


def test_facts_stay_in_one_piece_unless_something_is_asked_for_anew() -> None:
    new = nomination()
    found = happened(2, NominationFoundEligible(), new.subject)
    assert [len(facts) for facts, _ in in_turns([new, found, nomination()], NOW)] == [3]
    one = uuid4()
    pieces = [announced(), cancelled(one), reinstated(one), cancelled(one, sequence=4)]
    assert [len(facts) for facts, _ in in_turns(pieces, NOW)] == [2, 1, 1]
    assert [notice.rule for _, made in in_turns(pieces, NOW) for notice in made] == [
        "prize-cancelled",
        "prize-reinstated",
        "prize-cancelled",
    ]
