"""Dated rules of reception: deadlines, the quota, what is plausible. Each says its source and since when it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from shared.contracts.reception import AgeBand, Category

ALLOCATED_CATEGORIES: frozenset[Category] = frozenset(
    {"quota-refugee", "agency-accommodation", "family-member", "temporary-protection"}
)
# Unaccompanied minors of these categories come under a rule of their own, never as households.
MINORS_ONLY_IN_NOTICES: frozenset[Category] = frozenset({"quota-refugee", "agency-accommodation"})

OLDEST_YEARS = 115
LONGEST_RESPITE_MONTHS = 12
LATE_NOTICE_MONTHS = 12


@dataclass(frozen=True, slots=True)
class ReceptionPeriod:
    """Within how many months of the decision a household is to be received, when the decision gives no date itself."""

    categories: frozenset[Category]
    months: int
    valid_from: date
    valid_to: date | None
    source: str


ACT_IN_FORCE = date(2016, 3, 1)

RECEPTION_PERIODS: tuple[ReceptionPeriod, ...] = (
    ReceptionPeriod(
        ALLOCATED_CATEGORIES - {"temporary-protection"},
        2,
        ACT_IN_FORCE,
        None,
        "SFS 2016:39 10 § (the agency may give quota refugees longer: then the decision's own date holds)",
    ),
    # A municipality states it as 28 days; the agency says one month, and the agency decides.
    ReceptionPeriod(
        frozenset({"temporary-protection"}),
        1,
        date(2022, 7, 1),
        None,
        "Migration Agency, allocation under the Temporary Protection Directive; SFS 2022:1008",
    ),
)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year >= date.max.year:
        return date.max
    first_after = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (first_after - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def reception_period(category: Category, decided_on: date) -> ReceptionPeriod | None:
    """The rule in force for `category` on the day of the decision; None where the act had none."""
    for rule in RECEPTION_PERIODS:
        if category in rule.categories and rule.valid_from <= decided_on <= (rule.valid_to or date.max):
            return rule
    return None


def latest_reception(category: Category, decided_on: date, stated: date | None) -> date | None:
    """The decision's own latest reception date, else the rule's; None when neither exists."""
    if stated is not None:
        return stated
    rule = reception_period(category, decided_on)
    return add_months(decided_on, rule.months) if rule else None


def age_on(day: date, born: date) -> int:
    """Whole years on `day`; negative before birth. Born on 29 February: a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def age_band(day: date, born: date | None) -> AgeBand:
    """The Migration Agency's published band on `day`; a child born after it is in the youngest."""
    if born is None:
        return "unknown"
    match age_on(day, born):
        case age if age < 18:
            return "0-17"
        case age if age < 20:
            return "18-19"
        case age if age < 65:
            return "20-64"
        case _:
            return "65+"


class Countable(Protocol):
    @property
    def arrived_on(self) -> date | None: ...


def counts_towards_quota(kind: str, category: Category) -> bool:
    """Whether a reception fills the municipal quota (kommuntal): allocated under the act, not temporary protection.

    Source: the agency's annual cycle; SFS 2016:39 5 §. Temporary protection has a number of its own (fördelningstal).
    A family member allocated in the same household counts like any other allocated person: that the 110th person of
    Kalmar 2018 was one (34 + 87 - 12 = 109 are published) is OUR assumption, no source says it.
    """
    return kind == "allocated" and category != "temporary-protection"


def fills_quota(kind: str, category: Category, persons: Sequence[Countable]) -> int:
    """How many of the quota a case fills: persons received, not persons allocated."""
    if not counts_towards_quota(kind, category):
        return 0
    return sum(person.arrived_on is not None for person in persons)
