"""What goes on in a case, for the tests of reminders."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from shared.contracts.envelope import Fact
from shared.contracts.reception import ArrivalRegistered
from tests.notifications.town import NOW, Town

LAST = date(2026, 7, 1)


def then(fact: Fact, event: Any, days: int = 1) -> Fact:
    """What happened next in the same case."""
    at = NOW + timedelta(days=days)
    return Fact(uuid4(), "reception", fact.subject, fact.sequence + 1, fact.position + 1, at, at, event, None)


def arrival(fact: Fact) -> ArrivalRegistered:
    return ArrivalRegistered(arrived_on=LAST, persons=tuple(p.person for p in fact.event.persons))


async def reminded(town: Town, channel: str = "inbox") -> list[tuple[str, str, bool]]:
    """Whom, of which day, and whether it still asks for something; in the order they were made."""
    rows = await town.rows(
        "select holder, due_on, settled_at is null as asks from notification"
        " where deadline is not null and channel = $1 order by created_at, holder",
        channel,
    )
    return [(row["holder"], row["due_on"].isoformat(), row["asks"]) for row in rows]
