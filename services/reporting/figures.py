"""From counts to what the dashboard says: pure arithmetic, every breakdown adds up to its total."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any, get_args

from services.reporting.board import (
    ArrivalDays,
    CategoryCount,
    Dashboard,
    DaysBin,
    GroupCount,
    KindCount,
    LeftBucket,
    MonthCount,
    Nominations,
    NotificationCount,
    OpenCases,
    QuotaMonth,
    QuotaProgress,
    QuotaYear,
    Received,
    Target,
)
from services.reporting.rules import LAST_ORDINARY_MONTH, shown_year
from shared.contracts.awards import NomineeKind
from shared.contracts.reception import AgeBand, Category, Sex

CATEGORIES: tuple[str, ...] = get_args(get_args(Category)[0])
SEXES: tuple[str, ...] = get_args(get_args(Sex)[0])
AGE_BANDS: tuple[str, ...] = get_args(get_args(AgeBand)[0])
NOMINEE_KINDS: tuple[str, ...] = get_args(get_args(NomineeKind)[0])

# Days from decision to arrival: tens, and all that is ninety or longer. Days left: what a unit plans by.
DAY_BINS: tuple[tuple[int, int | None], ...] = (*((n, n + 9) for n in range(0, 90, 10)), (90, None))
LEFT_BUCKETS: tuple[tuple[str, int | None, int | None], ...] = (
    ("late", None, -1),
    ("0-7", 0, 7),
    ("8-14", 8, 14),
    ("15-30", 15, 30),
    ("31-60", 31, 60),
    ("61-", 61, None),
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the store counted, a tuple per group.

    received: year, month, category, persons, of which unaccompanied minors. people: year, sex, age band, persons.
    quota (allocated cases): quota year, year and month of arrival or None, cancelled, replacement, persons. targets, in
    order of decision: quota year, target, decided on. days (allocated cases): year of arrival, days, persons, within
    two months, within the decision's own date. waiting: days left, cases, persons. nominations: prize year, kind,
    number. notifications: rule, channel, all, sent, failed, acknowledged, handed over in time, acknowledged in time.
    """

    received: Sequence[Row] = ()
    people: Sequence[Row] = ()
    quota: Sequence[Row] = ()
    targets: Sequence[Row] = ()
    days: Sequence[Row] = ()
    waiting: Sequence[Row] = ()
    nominations: Sequence[Row] = ()
    notifications: Sequence[Row] = ()


def dashboard(counted: Counted, today: date, year: int | None = None) -> Dashboard:
    """The page of `year`, or of the one shown when none is chosen. A year without any figures is a page of zeros."""
    quota_years = {row[0] for row in counted.quota} | {row[0] for row in counted.targets}
    years = {row[0] for row in counted.received} | quota_years
    unasked = shown_year(years, today)
    chosen = unasked if year is None else year
    return Dashboard(
        year=chosen,
        unasked=unasked,
        years=tuple(sorted(years | {unasked}, reverse=True)),
        received=received(counted.received, chosen, counted.people),
        quota=quota(counted.quota, counted.targets, chosen, today),
        quota_years=tuple(quota_year(quota(counted.quota, counted.targets, one, today)) for one in sorted(quota_years)),
        arrival_days=arrival_days(counted.days, chosen),
        open_cases=open_cases(counted.waiting, today),
        nominations=nominations(counted.nominations, chosen),
        notifications=tuple(NotificationCount(*row) for row in sorted(counted.notifications)),
    )


def received(rows: Iterable[Row], year: int, people: Iterable[Row] = ()) -> Received:
    rows, groups = list(rows), [row for row in people if row[0] == year]
    mine = [row for row in rows if row[0] == year]
    before = [row[3] for row in rows if row[0] == year - 1]
    seen = set(CATEGORIES[:-1]) | {row[2] for row in mine}
    categories = [category for category in CATEGORIES if category in seen]
    by_month = []
    for month in range(1, 13):
        count = Counter({row[2]: row[3] for row in mine if row[1] == month})
        by_month.append(MonthCount(f"{year}-{month:02}", count.total(), {c: count[c] for c in categories}))
    return Received(
        year=year,
        persons=sum(row[3] for row in mine),
        unaccompanied_minors=sum(row[4] for row in mine),
        previous_year=sum(before) if before else None,
        by_category=tuple(
            CategoryCount(c, sum(r[3] for r in mine if r[2] == c), sum(r[4] for r in mine if r[2] == c))
            for c in categories
        ),
        by_month=tuple(by_month),
        by_sex=tuple(GroupCount(sex, sum(row[3] for row in groups if row[1] == sex)) for sex in SEXES),
        by_age=tuple(GroupCount(age, sum(row[3] for row in groups if row[2] == age)) for age in AGE_BANDS),
    )


def quota_year(one: QuotaProgress) -> QuotaYear:
    return QuotaYear(one.year, one.target, one.allocated, one.received, one.waiting, one.cancelled)


def _index(year: int, month: int) -> int:
    return year * 12 + month - 1


def _by_month(rows: Iterable[Row], year: int) -> Counter[int]:
    count: Counter[int] = Counter()
    for quota_year, arrived_year, arrived_month, _, _, persons in rows:
        if quota_year == year and arrived_year is not None:
            count[_index(arrived_year, arrived_month)] += persons
    return count


def quota(rows: Iterable[Row], targets: Iterable[Row], year: int, today: date) -> QuotaProgress:
    rows = list(rows)
    mine = [row for row in rows if row[0] == year]
    decisions = tuple(Target(target, decided_on) for quota_year, target, decided_on in targets if quota_year == year)
    arrived = sum(row[5] for row in mine if row[1] is not None)
    cancelled = sum(row[5] for row in mine if row[1] is None and row[3])
    waiting = sum(row[5] for row in mine if row[1] is None and not row[3])
    return QuotaProgress(
        year=year,
        target=decisions[-1].target if decisions else None,
        decisions=decisions,
        allocated=arrived + waiting,
        received=arrived,
        waiting=waiting,
        cancelled=cancelled,
        replacements=sum(row[5] for row in mine if row[4] and (row[1] is not None or not row[3])),
        by_month=_quota_months(_by_month(mine, year), _by_month(rows, year - 1), year, today),
    )


def _quota_months(mine: Counter[int], before: Counter[int], year: int, today: date) -> tuple[QuotaMonth, ...]:
    january, december = _index(year, 1), _index(year, 12)
    now = _index(today.year, today.month)
    last_arrival = max(mine, default=january)
    # The line goes on to the end of February while that is still ahead, and as far as anybody has arrived.
    ordinary_end = _index(year + 1, LAST_ORDINARY_MONTH)
    axis_end = max(december, last_arrival, ordinary_end if now > december and mine else december)
    known_to = max(last_arrival, now) if mine else now
    months = range(min([january, *mine]), axis_end + 1)
    sums = list(accumulate(mine[m] for m in months))
    earlier = list(accumulate(before[m - 12] for m in months))
    return tuple(
        QuotaMonth(f"{m // 12}-{m % 12 + 1:02}", mine[m], total if m <= known_to else None, past if before else None)
        for m, total, past in zip(months, sums, earlier, strict=True)
    )


def arrival_days(rows: Iterable[Row], year: int) -> ArrivalDays:
    mine = sorted((row for row in rows if row[0] == year), key=lambda row: row[1])
    persons = sum(row[2] for row in mine)
    in_time = sum(row[3] for row in mine)
    return ArrivalDays(
        year=year,
        persons=persons,
        median=_median([(row[1], row[2]) for row in mine]),
        within_two_months=in_time,
        within_own_date=sum(row[4] for row in mine),
        share_within_two_months=round(100 * in_time / persons, 1) if persons else None,
        bins=tuple(
            DaysBin(first, last, sum(r[2] for r in mine if _inside(max(r[1], 0), first, last)))
            for first, last in DAY_BINS
        ),
    )


def _inside(value: int, first: int | None, last: int | None) -> bool:
    return (first is None or value >= first) and (last is None or value <= last)


def _median(counts: Sequence[tuple[int, int]]) -> float | None:
    total = sum(n for _, n in counts)
    if not total:
        return None

    def at(rank: int) -> int:
        for value, n in counts:
            if rank < n:
                return value
            rank -= n
        raise AssertionError(rank)

    return (at((total - 1) // 2) + at(total // 2)) / 2


def open_cases(rows: Iterable[Row], today: date) -> OpenCases:
    rows = list(rows)
    return OpenCases(
        today=today,
        cases=sum(row[1] for row in rows),
        persons=sum(row[2] for row in rows),
        late_cases=sum(row[1] for row in rows if row[0] < 0),
        most_days_late=max((-row[0] for row in rows if row[0] < 0), default=0),
        buckets=tuple(
            LeftBucket(
                key,
                first,
                last,
                sum(row[1] for row in rows if _inside(row[0], first, last)),
                sum(row[2] for row in rows if _inside(row[0], first, last)),
            )
            for key, first, last in LEFT_BUCKETS
        ),
    )


def nominations(rows: Iterable[Row], year: int) -> Nominations:
    rows = list(rows)
    years = tuple(sorted({row[0] for row in rows}, reverse=True))
    shown = year if year in years else max(years, default=None)
    mine: dict[str, int] = {row[1]: row[2] for row in rows if row[0] == shown}
    kinds = [*NOMINEE_KINDS, *sorted(set(mine) - set(NOMINEE_KINDS))]
    return Nominations(shown, years, sum(mine.values()), tuple(KindCount(kind, mine.get(kind, 0)) for kind in kinds))
