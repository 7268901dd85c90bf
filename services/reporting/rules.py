"""Dated rules of the follow-up: what counts towards the quota, how long two months are, which numbers are small."""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.contracts.routines import CONTACT_WITHIN, PLAN_WITHIN, in_force

# Holders of temporary protection are received under the settlement act, and so within the municipality's quota, since
# the ordinance's amendment in force on this day. Source: SFS 2016:39 as amended on 17 June 2024; the Migration Agency
# on additional allocations 2024. Before, they had an allocation key of their own (SFS 2022:1008).
TEMPORARY_PROTECTION_COUNTS_FROM = date(2024, 6, 17)

# Reception within two months of the decision. Source: ordinance SFS 2016:39, section 10.
MONTHS_TO_RECEIVE = 2

# A quota year's allocations may be received until the end of February of the following year; replacement allocations
# during all of it. Source: the Migration Agency's yearly cycle.
LAST_ORDINARY_MONTH = 2


# Until then the council has the year before in front of it: its annual report is handed over by 15 April.
# Source: the Local Government Act SFS 2017:725, chapter 11 section 20.
ANNUAL_REPORT_BY = (4, 15)


def shown_year(years: Collection[int], today: date) -> int:
    """The year of a page where none was chosen, of the `years` that have figures.

    By the calendar alone, so that no first arrival changes it: the year before through the day of its annual report,
    then the one that runs. Where that has no figures, the latest before it; where nothing is so old, the first.
    """
    reported = today.year - ((today.month, today.day) <= ANNUAL_REPORT_BY)
    return max((year for year in years if year <= reported), default=min(years, default=today.year))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is said of a year: it is `ahead`, `running`, or over and `reported` through `until`, or `over`.

    `beside` is the year that a reader may have meant instead, where it has figures.
    """

    state: Literal["ahead", "running", "reported", "over"]
    until: date
    beside: int | None


def standing(year: int, years: Collection[int], today: date) -> Standing:
    until = date(year + 1, *ANNUAL_REPORT_BY)
    if year > today.year:
        return Standing("ahead", until, None)
    if year == today.year:
        return Standing("running", until, year - 1 if year - 1 in years else None)
    if today <= until:
        return Standing("reported", until, year + 1 if year + 1 in years else None)
    return Standing("over", until, None)


def months_after(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class SmallNumbers:
    """From which number on a count may be seen outside the unit, and when a share may. In force from `valid_from`."""

    valid_from: date
    smallest_shown: int
    share_of_more_than: int
    share_when_more_than: int
    source: str


# Counts of 1 to 4 are hidden, as Serviceanalys does; shares only where more than 20 persons are asked about and more
# than 5 have the property, as Statistics Sweden's integration statistics do. The municipality's own choice: no law
# names a number. (Statistics Sweden adds noise to its population statistics since 2025, which this does not.)
SMALL_NUMBERS: tuple[SmallNumbers, ...] = (
    SmallNumbers(
        date(2010, 12, 1), 5, 20, 5, "Statistics Sweden, integration statistics: shares; Serviceanalys: counts of 1-4"
    ),
)


def small_numbers(day: date) -> SmallNumbers:
    """The rule in force on `day`; the first one before there was any."""
    return next((rule for rule in reversed(SMALL_NUMBERS) if rule.valid_from <= day), SMALL_NUMBERS[0])


# A notification is to be handed over within so many seconds of what caused it, and acknowledged within so many hours
# of being handed over. Source: the municipality's own promise.
HANDED_OVER_SECONDS = 10
ACKNOWLEDGED_HOURS = 24


def plan_days(day: date) -> int:
    """Within how many days of an arrival on `day` the first plan is to be made."""
    return (in_force(PLAN_WITHIN, day) or PLAN_WITHIN[0]).days


def silent_days(day: date) -> int:
    """After how many days without contact a case has waited too long, on `day`."""
    return (in_force(CONTACT_WITHIN, day) or CONTACT_WITHIN[0]).days


def numbers(day: date) -> dict[str, int | date]:
    """Every number of these rules that a sentence says, as it is on `day`."""
    return {
        "plan_days": plan_days(day),
        "silent_days": silent_days(day),
        "seconds": HANDED_OVER_SECONDS,
        "hours": ACKNOWLEDGED_HOURS,
        "protected_from": TEMPORARY_PROTECTION_COUNTS_FROM,
    }
