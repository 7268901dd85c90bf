"""What the dashboard says: one year's figures, in the shape that pages, JSON and CSV share."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CategoryCount:
    category: str
    persons: int
    unaccompanied_minors: int


@dataclass(frozen=True, slots=True)
class MonthCount:
    month: str
    persons: int
    by_category: dict[str, int]


@dataclass(frozen=True, slots=True)
class Received:
    """Everybody received in one calendar year, whatever quota year they belong to."""

    year: int
    persons: int
    unaccompanied_minors: int
    previous_year: int | None
    by_category: tuple[CategoryCount, ...]
    by_month: tuple[MonthCount, ...]


@dataclass(frozen=True, slots=True)
class Target:
    target: int
    decided_on: date


@dataclass(frozen=True, slots=True)
class QuotaMonth:
    """`cumulative` is null for months to come; `previous` is the quota year before, 12 months earlier."""

    month: str
    received: int
    cumulative: int | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class QuotaProgress:
    """One quota year's allocated persons: five different numbers. `allocated` leaves out those cancelled."""

    year: int
    target: int | None
    decisions: tuple[Target, ...]
    allocated: int
    received: int
    waiting: int
    cancelled: int
    replacements: int
    by_month: tuple[QuotaMonth, ...]


@dataclass(frozen=True, slots=True)
class DaysBin:
    first: int
    last: int | None
    persons: int


@dataclass(frozen=True, slots=True)
class ArrivalDays:
    """Days from the allocation decision to the arrival, of persons who arrived in one year."""

    year: int
    persons: int
    median: float | None
    within_two_months: int
    within_own_date: int
    share_within_two_months: float | None
    bins: tuple[DaysBin, ...]


@dataclass(frozen=True, slots=True)
class LeftBucket:
    key: str
    first: int | None
    last: int | None
    cases: int
    persons: int


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Allocated, not cancelled, and not everybody has arrived. `persons` are those still awaited."""

    today: date
    cases: int
    persons: int
    late_cases: int
    most_days_late: int
    buckets: tuple[LeftBucket, ...]


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    nominations: int


@dataclass(frozen=True, slots=True)
class Nominations:
    prize_year: int | None
    prize_years: tuple[int, ...]
    nominations: int
    by_kind: tuple[KindCount, ...]


@dataclass(frozen=True, slots=True)
class NotificationCount:
    rule: str
    channel: str
    notifications: int
    sent: int
    failed: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One year's page. `years` may be chosen; `latest` is the year that is shown when none is."""

    year: int
    latest: int
    years: tuple[int, ...]
    received: Received
    quota: QuotaProgress
    arrival_days: ArrivalDays
    open_cases: OpenCases
    nominations: Nominations
    notifications: tuple[NotificationCount, ...]
