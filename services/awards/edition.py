"""A prize's edition of one year: its calendar, and how far it has come. Pure.

Opening and closing are times in the calendar, compared with the clock when somebody comes: no process has to be awake
at midnight for a prize to close.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.awards import CancelReason, WithholdReason
from shared.decider import Refused

STOCKHOLM = ZoneInfo("Europe/Stockholm")
Phase: TypeAlias = Literal["coming", "open", "closed", "proposed", "decided", "withheld", "published", "cancelled"]


@dataclass(frozen=True, slots=True)
class Edition:
    """Open when `opens_at` <= now < `closes_at`. `proposed` None: the jury has proposed nothing yet.

    `cancelled`: why it is not held; then nothing is taken and nothing changes until it is held after all.
    """

    prize: str
    prize_year: int
    opens_at: datetime
    closes_at: datetime
    ceremony_on: date
    proposed: tuple[UUID, ...] | None = None
    outcome: Literal["decided", "withheld"] | None = None
    withheld: WithholdReason | None = None
    laureates: tuple[UUID, ...] = ()
    named: tuple[UUID, ...] = ()
    published: bool = False
    decided_on: date | None = None
    cancelled: CancelReason | None = None

    @property
    def judging(self) -> bool:
        """Whether nominations can be assessed and given points."""
        return self.proposed is None and self.cancelled is None

    @property
    def undecided(self) -> bool:
        return self.outcome is None and self.cancelled is None

    def is_open(self, now: datetime) -> bool:
        return self.cancelled is None and self.opens_at <= now < self.closes_at

    def phase(self, now: datetime) -> Phase:
        if self.cancelled is not None:
            return "cancelled"
        if self.published:
            return "published"
        if self.outcome is not None:
            return self.outcome
        if self.proposed is not None:
            return "proposed"
        if now < self.opens_at:
            return "coming"
        return "open" if now < self.closes_at else "closed"


Side: TypeAlias = Literal["opens_at", "closes_at"]


def instant(given: datetime, side: Side) -> datetime:
    """The UTC moment of a Swedish wall-clock time (or of one with an offset, as it is), to the second.

    The hour that is there twice in autumn is read in favour of who nominates: opening means the first time, closing the
    second. Refused: `time-does-not-exist` for the hour that spring leaves out.
    """
    if given.tzinfo is not None:
        return given.astimezone(UTC).replace(microsecond=0)
    local = given.replace(microsecond=0, fold=1 if side == "closes_at" else 0)
    moment = local.replace(tzinfo=STOCKHOLM).astimezone(UTC)
    if moment.astimezone(STOCKHOLM).replace(tzinfo=None) != local.replace(fold=0):
        raise Refused("time-does-not-exist", field=side, clock=clock(local))
    return moment


def clock(moment: datetime) -> str:
    """`09:00`, with seconds where there are some: what stands beside a date."""
    local = moment.astimezone(STOCKHOLM) if moment.tzinfo else moment
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def day(moment: datetime) -> date:
    """The Swedish date of `moment`."""
    return moment.astimezone(STOCKHOLM).date()


def ends_on(moment: datetime) -> date:
    """The Swedish date that a closing belongs to: who reads "1 April 00:00" thinks that there is all of 1 April."""
    return day(moment - timedelta(microseconds=1))


def ends_at(moment: datetime) -> str:
    """The time that stands beside `ends_on`: midnight is 24:00 of the day that ends."""
    return "24:00" if ends_on(moment) != day(moment) else clock(moment)


# What templates say moments with.
SAID: Mapping[str, Any] = MappingProxyType({"clock": clock, "local": day, "ends_on": ends_on, "ends_at": ends_at})


def year_fits(prize_year: int, ceremony_on: date) -> bool:
    """Whether the ceremony is in the prize's year or the next one; another year is mistyped, or meant."""
    return ceremony_on.year - prize_year in (0, 1)


def check_held(edition: Edition) -> None:
    """Refused when the round is cancelled."""
    if edition.cancelled is not None:
        raise Refused("prize-cancelled", year=edition.prize_year)


def check_open(edition: Edition | None, year: int, now: datetime) -> None:
    """Refused unless nominations are taken at `now`, with when they are."""
    if edition is None:
        raise Refused("prize-unannounced", year=year)
    check_held(edition)
    if now < edition.opens_at:
        raise Refused("prize-not-yet-open", year=year, day=day(edition.opens_at), clock=clock(edition.opens_at))
    if now >= edition.closes_at:
        raise Refused("prize-closed", year=year, day=ends_on(edition.closes_at), clock=ends_at(edition.closes_at))


def open_now(editions: tuple[Edition, ...], now: datetime) -> tuple[Edition, ...]:
    """Every edition that takes nominations, the one that closes first before the others."""
    return tuple(sorted((e for e in editions if e.is_open(now)), key=lambda e: (e.closes_at, e.prize_year)))


def just_closed(editions: tuple[Edition, ...], now: datetime) -> Edition | None:
    """What who is late had wanted: the one that closed last, until it is published. None while there is an open one."""
    closed = [e for e in editions if e.closes_at <= now and not e.published and e.cancelled is None]
    return None if open_now(editions, now) else max(closed, key=lambda e: e.closes_at, default=None)


def current(editions: tuple[Edition, ...], now: datetime) -> Edition | None:
    """The edition that the public form is for: the open one that closes first, the next to open, the last closed."""
    held = [e for e in editions if e.cancelled is None]
    coming = sorted((e for e in held if e.closes_at > now), key=lambda e: (e.opens_at > now, e.closes_at, e.prize_year))
    return coming[0] if coming else max(held, key=lambda e: e.closes_at, default=None)


def at_work(editions: tuple[Edition, ...], now: datetime) -> Edition | None:
    """The edition that jury and secretary work on: the earliest that is not decided yet, else the form's."""
    waiting = [e for e in editions if e.undecided and e.opens_at <= now]
    return min(waiting, key=lambda e: (e.closes_at, e.prize_year), default=None) or current(editions, now)
