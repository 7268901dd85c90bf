"""Which figures lead to the cases behind them: those that somebody acts on, by state, never by what a person is. Pure.

Source of the limit: SFS 2001:637, section 15. Who has how many cases leads nowhere either: that figure has no names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.reporting.board import Dashboard
from services.reporting.figures import LEFT_BUCKETS
from services.reporting.figures_casework import silent_days
from services.reporting.sections import Language
from services.reporting.suppression import Count

Figure = Literal["open-cases", "received", "quota", "plans-in-time", "silent", "caseload"]
THEME_OF: dict[Figure, str] = {
    "open-cases": "reception",
    "received": "reception",
    "quota": "reception",
    "plans-in-time": "establishment",
    "silent": "contacts",
    "caseload": "contacts",
}
YEARLY: frozenset[Figure] = frozenset({"received", "quota", "plans-in-time"})
OF_PERSONS: frozenset[Figure] = frozenset({"received", "quota", "plans-in-time"})
ALL = "all"
MONTHS = tuple(f"{month:02}" for month in range(1, 13))
PLANS = ("overdue", "waiting")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One number. `year` counts for those of a year only; `first` and `last` are its days, where it has some."""

    figure: Figure
    part: str
    year: int
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A number that leads to its cases."""

    wanted: Wanted
    count: Count

    @property
    def address(self) -> str:
        """In reception, where names are and where it is decided who sees which case."""
        year = f"?year={self.wanted.year}" if self.wanted.figure in YEARLY else ""
        return f"/reception/figures/{self.wanted.figure}/{self.wanted.part}{year}"


def _silent_part(first: int, last: int | None) -> str:
    return f"{first}-{last if last is not None else ''}"


def wanted(figure: str, part: str, year: int, today: date) -> Wanted | None:
    """The number that an address names; None when there is none."""
    days: dict[str, tuple[int | None, int | None]] = {ALL: (None, None)}
    match figure:
        case "open-cases":
            days |= {key: (first, last) for key, first, last in LEFT_BUCKETS}
            return Wanted("open-cases", part, year, *days[part]) if part in days else None
        case "silent":
            days |= {_silent_part(first, last): (first, last) for first, last in silent_days(today)}
            return Wanted("silent", part, year, *days[part]) if part in days else None
        case "received":
            return Wanted("received", part, year) if part in {ALL, *MONTHS} else None
        case "quota":
            return Wanted("quota", part, year) if part == "waiting" else None
        case "plans-in-time":
            return Wanted("plans-in-time", part, year) if part in PLANS else None
        case "caseload":
            return Wanted("caseload", part, year) if part == "nobody" else None
        case _:
            return None


def days_of(found: Wanted) -> tuple[date, date]:
    """First and last day of arrival."""
    assert found.figure in YEARLY
    if found.part not in MONTHS:
        return date(found.year, 1, 1), date(found.year, 12, 31)
    first = date(found.year, int(found.part), 1)
    after = date(found.year + first.month // 12, first.month % 12 + 1, 1)
    return first, date.fromordinal(after.toordinal() - 1)


def links(board: Dashboard) -> dict[str, list[Link]]:
    """By figure, every number on the board that counts somebody, for readers who are shown all of them."""
    found: dict[str, list[Link]] = {}
    for figure, part, count in _counts(board):
        one = wanted(figure, part, board.year, board.open_cases.today)
        if one is not None and isinstance(count, int) and count:
            found.setdefault(figure, []).append(Link(one, count))
    return found


def _counts(board: Dashboard) -> Iterator[tuple[Figure, str, Count]]:
    yield "open-cases", ALL, board.open_cases.cases
    for bucket in board.open_cases.buckets:
        yield "open-cases", bucket.key, bucket.cases
    yield "received", ALL, board.received.persons
    for month in board.received.by_month:
        yield "received", month.month[5:], month.persons
    yield "quota", "waiting", board.quota.waiting
    work = board.casework
    if work is None:
        return
    for plans in work.plans:
        if plans.key in PLANS:
            yield "plans-in-time", plans.key, plans.count
    yield "silent", ALL, work.open
    for one in work.silent:
        yield "silent", _silent_part(one.first, one.last), one.cases
    for load in work.caseload or ():
        if load.caseworker is None:
            yield "caseload", "nobody", load.cases


def label(found: Wanted, language: Language) -> str:
    """What the number is called among its neighbours."""
    t = language.t
    if found.part == ALL:
        return t("cases.all")
    match found.figure:
        case "open-cases":
            return t(f"open.bucket.{found.part}")
        case "received":
            return language.month(date(found.year, int(found.part), 1))
        case "silent":
            if found.last is None:
                return t("silent.longer", days=(found.first or 0) - 1)
            return t("silent.days", first=found.first, last=found.last)
        case "quota":
            return t("quota-years.waiting")
        case _:
            return t(f"{found.figure}.{found.part}")


def title(found: Wanted, language: Language) -> str:
    """What the number is called on a page of its own."""
    t = language.t
    name = t(f"section.{found.figure}")
    if found.figure in YEARLY:
        name = t("cases.of-year", name=name, year=found.year)
    return name if found.part == ALL else t("cases.title", name=name, part=label(found, language))


def page(found: Wanted) -> str:
    """Where the number stands."""
    year = f"?year={found.year}" if found.figure in YEARLY else ""
    return f"/reporting/themes/{THEME_OF[found.figure]}{year}#part-{found.figure}"
