"""By when a prize's jury must have read and proposed: folded from the edition's events. It knows no nomination."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID, uuid5

from services.notifications.deadlines import Deadline, Kind
from shared.clock import STOCKHOLM
from shared.contracts.awards import (
    EditionEvent,
    LaureatesProposed,
    PrizeAnnounced,
    PrizeCalendarMoved,
    PrizeCancelled,
    PrizeDecided,
    PrizePublished,
    PrizeReinstated,
    PrizeWithheld,
)


@dataclass(frozen=True, slots=True)
class KnownPrize:
    """What reminders may know of a prize's edition. `proposed`: the jury has, so its work is done.

    `unassessed`: nominations that a cancellation made needless to assess. `reinstated`: how often one was taken back.
    `followed`: its nominations are known here from the first.
    """

    prize_year: int
    closes_at: datetime
    ceremony_on: date
    proposed: bool = False
    cancelled: bool = False
    unassessed: tuple[UUID, ...] = ()
    reinstated: int = 0
    followed: bool = False

    @property
    def closed_from(self) -> date:
        """The first day on which nobody can nominate any more."""
        last = (self.closes_at - timedelta(microseconds=1)).astimezone(STOCKHOLM).date()
        return last + timedelta(days=1)


def evolve(prize: KnownPrize | None, event: EditionEvent) -> KnownPrize | None:
    """The edition after `event`. None when it began before there were these reminders.

    A beginning that is told again, past the gate, takes nothing back.
    """
    if isinstance(event, PrizeAnnounced):
        return prize or KnownPrize(event.prize_year, event.closes_at, event.ceremony_on, followed=True)
    if prize is None:
        return None
    match event:
        case PrizeCalendarMoved():
            return replace(prize, closes_at=event.closes_at, ceremony_on=event.ceremony_on)
        case PrizeCancelled():
            return replace(prize, cancelled=True, unassessed=(*prize.unassessed, *event.unassessed))
        case PrizeReinstated():
            return replace(prize, cancelled=False, reinstated=prize.reinstated + 1) if prize.cancelled else prize
        case LaureatesProposed() | PrizeDecided() | PrizeWithheld() | PrizePublished():
            return replace(prize, proposed=True)
        case _:
            assert_never(event)


def deadlines(id: UUID, prize: KnownPrize | None) -> list[Deadline]:
    """What runs for the edition `id`: the jury's reading and the secretary's proposal, until there is one."""
    if prize is None or prize.proposed or prize.cancelled:
        return []

    def deadline(kind: Kind) -> Deadline:
        # what was reminded of before it was cancelled is settled: the deadline that comes back is a new one
        return Deadline(
            uuid5(id, f"{kind}{prize.reinstated or ''}"),
            id,
            kind,
            prize.ceremony_on,
            begins_on=prize.closed_from,
            prize_year=prize.prize_year,
        )

    return [deadline("reading"), deadline("proposal")]
