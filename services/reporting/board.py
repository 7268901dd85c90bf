"""What the dashboard says: one year's figures, in the shape that pages, JSON and CSV share.

A count is a number, or `..` where this reader is not shown it: whoever computes with one must say what happens then.
"""

from dataclasses import dataclass
from datetime import date

from services.reporting.figures_casework import Casework
from services.reporting.suppression import Count


@dataclass(frozen=True, slots=True)
class CategoryCount:
    category: str
    persons: Count
    unaccompanied_minors: Count


@dataclass(frozen=True, slots=True)
class GroupCount:
    group: str
    persons: Count


@dataclass(frozen=True, slots=True)
class MonthCount:
    """`by_category` is empty for readers outside the unit: the cross of two breakdowns is small numbers all over."""

    month: str
    persons: Count
    by_category: dict[str, Count]


@dataclass(frozen=True, slots=True)
class Received:
    """Everybody received in one calendar year, whatever quota year they belong to."""

    year: int
    persons: Count
    unaccompanied_minors: Count
    previous_year: Count | None
    by_category: tuple[CategoryCount, ...]
    by_month: tuple[MonthCount, ...]
    by_sex: tuple[GroupCount, ...]
    by_age: tuple[GroupCount, ...]


@dataclass(frozen=True, slots=True)
class Target:
    target: int
    decided_on: date


@dataclass(frozen=True, slots=True)
class QuotaMonth:
    """`cumulative` is null for months to come; `previous` is the quota year before, 12 months earlier."""

    month: str
    received: Count
    cumulative: Count | None
    previous: Count | None


@dataclass(frozen=True, slots=True)
class QuotaProgress:
    """One quota year's allocated persons: five different numbers. `allocated` leaves out those cancelled."""

    year: int
    target: int | None
    decisions: tuple[Target, ...]
    allocated: Count
    received: Count
    waiting: Count
    cancelled: Count
    replacements: Count
    by_month: tuple[QuotaMonth, ...]


@dataclass(frozen=True, slots=True)
class QuotaYear:
    """One line for each quota year, so that they can be compared."""

    year: int
    target: int | None
    allocated: Count
    received: Count
    waiting: Count
    cancelled: Count


@dataclass(frozen=True, slots=True)
class DaysBin:
    first: int
    last: int | None
    persons: Count


@dataclass(frozen=True, slots=True)
class ArrivalDays:
    """Days from the allocation decision to the arrival, of persons who arrived in one year."""

    year: int
    persons: Count
    median: float | None
    within_two_months: Count
    within_own_date: Count
    share_within_two_months: float | None
    bins: tuple[DaysBin, ...]


@dataclass(frozen=True, slots=True)
class LeftBucket:
    key: str
    first: int | None
    last: int | None
    cases: Count
    persons: Count


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Allocated, not cancelled, and not everybody has arrived. `persons` are those still awaited."""

    today: date
    cases: Count
    persons: Count
    late_cases: Count
    most_days_late: Count
    buckets: tuple[LeftBucket, ...]


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    nominations: Count


@dataclass(frozen=True, slots=True)
class Nominations:
    prize_year: int | None
    prize_years: tuple[int, ...]
    nominations: Count
    by_kind: tuple[KindCount, ...]


@dataclass(frozen=True, slots=True)
class NotificationCount:
    """`in_time`: handed over soon enough after what caused it; `read_in_time`: acknowledged soon enough after that."""

    rule: str
    channel: str
    notifications: Count
    sent: Count
    failed: Count
    acknowledged: Count
    in_time: Count
    read_in_time: Count


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One year's page. `years` may be chosen; `unasked` is shown when none is. `casework`: where a page asks for it."""

    year: int
    unasked: int
    years: tuple[int, ...]
    received: Received
    quota: QuotaProgress
    quota_years: tuple[QuotaYear, ...]
    arrival_days: ArrivalDays
    open_cases: OpenCases
    nominations: Nominations
    notifications: tuple[NotificationCount, ...]
    casework: Casework | None = None
