"""The secretary is told when a nomination is changed after it was assessed, and until it is assessed again."""

from typing import Any
from uuid import UUID, uuid4

from shared.contracts.awards import (
    NominationCorrected,
    NominationFoundEligible,
    NominationWithdrawn,
    PrizeCancelled,
    reference,
)
from shared.contracts.envelope import Fact
from tests.notifications.test_inbox import Site, site
from tests.notifications.town import NOW, Town, nomination

__all__ = ["site"]
RULE = "nomination-corrected"


def then(new: Fact, sequence: int, event: Any) -> Fact:
    return Fact(uuid4(), "awards", new.subject, sequence, sequence, NOW, NOW, event)


def corrected(new: Fact, sequence: int, assessed: bool = True) -> Fact:
    event = NominationCorrected(nominee_kind="group", assessed=assessed, prize_year=2026)
    return then(new, sequence, event)


async def open_rules(town: Town, about: UUID) -> list[str]:
    rows = await town.rows(
        "select rule from notification where about = $1 and channel = 'inbox' and settled_at is null order by rule",
        about,
    )
    return [row["rule"] for row in rows]


async def test_the_secretary_reads_that_it_was_changed_and_why_this_is_told(site: Site) -> None:
    new = nomination()
    await site.town.react(new)
    await site.town.react(then(new, 2, NominationFoundEligible()))
    fact = corrected(new, 3)
    await site.town.react(fact)
    await site.town.react(fact)
    assert await open_rules(site.town, new.subject) == ["nomination-corrected"]
    async with site.session("secretary") as browser:
        shown = (await browser.get("/notifications/inbox")).text
        assert f"Ändrad efter prövningen: nominering {reference(new.subject)}" in shown
        assert f"/awards/nominations/{new.subject}" in shown and "Integrationspriset 2026" in shown
        (row,) = await site.town.rows("select id from notification where rule = $1 and channel = 'inbox'", RULE)
        item = (await browser.get(f"/notifications/inbox/{row['id']}")).text
        assert "Prövningen och juryns poäng gällde den förra texten" in item and "Pröva nomineringen igen" in item
    await site.town.react(then(new, 4, NominationFoundEligible()))
    assert await open_rules(site.town, new.subject) == []
    await site.town.check()


async def test_what_nobody_has_assessed_yet_is_not_told_of_twice(town: Town) -> None:
    new = nomination()
    await town.react(new, corrected(new, 2, assessed=False))
    assert await open_rules(town, new.subject) == ["nomination-submitted"]


async def test_read_in_one_piece_after_an_outage_the_later_change_still_asks(town: Town) -> None:
    new, other, left = nomination(), nomination(), nomination()
    found = NominationFoundEligible()
    await town.react(
        *[new, then(new, 2, found), corrected(new, 3)],
        *[other, then(other, 2, found), corrected(other, 3), then(other, 4, NominationWithdrawn())],
        *[left, then(left, 2, found), corrected(left, 3)],
    )
    assert await open_rules(town, new.subject) == ["nomination-corrected"]
    assert await open_rules(town, other.subject) == []
    event = PrizeCancelled(reason="not-awarded", unassessed=(left.subject,))
    await town.react(Fact(uuid4(), "awards", UUID(int=2026), 2, 2, NOW, NOW, event))
    assert await open_rules(town, left.subject) == []
