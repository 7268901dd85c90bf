"""What each part of the dashboard says and draws: a sentence and a chart from its figures, in the reader's language."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from services.reporting.board import (
    ArrivalDays,
    Dashboard,
    Nominations,
    OpenCases,
    QuotaProgress,
    Received,
)
from services.reporting.suppression import HIDDEN, Count
from shared.web import charts
from shared.web.charts import Bar, Figure, Series, Target, Words

Text = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Section:
    """`figure` is None where there is nothing to draw: `says` then says what will come or, `told`, all there is."""

    key: str
    says: str
    figure: Figure | None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """How this reader reads: `t(key, **fields)`, `words(head)` for charts, `month(first day)` as a short name.

    `rule(name)` names a rule of notifications: one that came after this release by its code.
    """

    t: Text
    words: Callable[[str], Words]
    month: Callable[[date], str]
    rule: Callable[[str], str]


def sections(board: Dashboard, language: Language) -> list[Section]:
    """The dashboard's parts, in reading order."""
    return [
        quota(board.quota, language),
        received(board.received, language),
        open_cases(board.open_cases, language),
        arrival_days(board.arrival_days, language),
        nominations(board.nominations, language),
    ]


def drawn(key: str, says: str, total: Count, counts: Iterable[Count], figure: Figure, t: Text) -> Section:
    """The section with its chart, or its sentence alone when there is no part left to draw."""
    if any(isinstance(count, int) and count for count in counts):
        return Section(key, says, figure)
    return Section(key, says, None) if total == HIDDEN else Section(key, f"{says} {t('hidden.parts')}", None, told=True)


def largest(parts: Iterable[tuple[Count, str]], total: Count) -> tuple[int, str] | None:
    """The greatest of `parts` with its name, where none that is hidden can be greater."""
    counts = list(parts)
    shown = [(count, name) for count, name in counts if count != HIDDEN and count]
    if not shown or total == HIDDEN:
        return None
    most = max(shown)
    rest = total - sum(count for count, _ in shown)
    return most if len(shown) == sum(count != 0 for count, _ in counts) or most[0] > rest else None


def quota(found: QuotaProgress, language: Language) -> Section:
    t = language.t
    if found.target is None and not found.allocated and not found.cancelled:
        return Section("quota", t("quota.empty", year=found.year), None)
    if found.received == HIDDEN:
        says = t("hidden.says")
    elif found.target is None:
        says = t("quota.says.no-target", n=found.received, year=found.year)
    else:
        says = t("quota.says.received", n=found.received, target=found.target, year=found.year)
        left = found.target - found.received
        says += " " + (
            t("quota.says.reached")
            if left == 0
            else t("quota.says.over", n=-left)
            if left < 0
            else _left(found, left, t)
        )
    if HIDDEN in [m.cumulative for m in found.by_month]:
        says += " " + t("quota.says.dotted")
    months = [date.fromisoformat(f"{m.month}-01") for m in found.by_month]
    labels = [language.month(m) + ("" if m.year == found.year else f" {m.year}") for m in months]
    earlier = [m.previous for m in found.by_month]
    figure = charts.cumulative(
        "quota",
        t("quota.title", year=found.year),
        labels,
        Series(t("quota.line"), [m.cumulative for m in found.by_month]),
        target=None if found.target is None else Target(t("quota.target"), found.target),
        last_year=None if None in earlier else Series(t("quota.line.before", year=found.year - 1), earlier),
        words=replace(language.words(t("chart.month")), unit=t("unit.persons")),
    )
    return Section("quota", says, figure)


def _left(found: QuotaProgress, left: int, t: Text) -> str:
    says = t("quota.says.left", n=left)
    if found.waiting == HIDDEN:
        return says
    return says + " " + (t("quota.says.waiting", n=found.waiting) if found.waiting else t("quota.says.none-waiting"))


def received(found: Received, language: Language) -> Section:
    t = language.t
    if not found.persons:
        return Section("received", t("received.empty", year=found.year), None)
    labels = [language.month(date.fromisoformat(f"{m.month}-01")) for m in found.by_month]
    says = t("hidden.says")
    if found.persons != HIDDEN:
        says = t("received.says.total", n=found.persons, year=found.year)
        if most := largest([(c.persons, c.category) for c in found.by_category], found.persons):
            says += " " + t("received.says.largest", category=t(f"received.group.{most[1]}"), number=most[0])
    if any(m.by_category for m in found.by_month):
        series = [
            Series(t(f"category.{c.category}"), [m.by_category[c.category] for m in found.by_month])
            for c in found.by_category
        ]
    else:
        series = [Series(t("received.line"), [m.persons for m in found.by_month], found.persons)]
    figure = charts.stacked(
        "received",
        t("received.title", year=found.year),
        labels,
        series,
        words=replace(language.words(t("chart.month")), unit=t("unit.persons")),
    )
    return drawn("received", says, found.persons, [m.persons for m in found.by_month], figure, t)


def arrival_days(found: ArrivalDays, language: Language) -> Section:
    t = language.t
    if not found.persons:
        return Section("arrival-days", t("days.empty", year=found.year), None)
    people = "" if found.persons == HIDDEN else t("days.says.people", n=found.persons)
    if found.share_within_two_months is not None:
        share = round(found.share_within_two_months)
        says = t("days.says", n=found.within_two_months, people=people, share=share)
    else:
        says = t("days.says.few", people=people) if people else t("hidden.says")
    if found.median is not None:
        says += " " + t("days.says.half", n=round(found.median))
    bars = [
        Bar(f"{b.first}–{b.last}" if b.last is not None else t("days.or-more", number=b.first), b.persons)
        for b in found.bins
    ]
    figure = charts.histogram(
        "arrival-days",
        t("days.title", year=found.year),
        bars,
        axis=t("days.axis"),
        words=replace(language.words(t("days.head")), unit=t("unit.persons")),
        total=found.persons,
    )
    return drawn("arrival-days", says, found.persons, [b.persons for b in found.bins], figure, t)


def open_cases(found: OpenCases, language: Language) -> Section:
    t = language.t
    if not found.cases:
        return Section("open-cases", t("open.empty"), None)
    if found.cases == HIDDEN:
        says = t("hidden.says")
    elif found.persons == HIDDEN:
        says = t("open.says.cases", n=found.cases)
    else:
        says = t("open.says.total", n=found.cases, people=t("open.says.people", n=found.persons))
    if found.late_cases == HIDDEN:
        says += " " + t("open.says.late.hidden")
    elif found.late_cases:
        days = t("open.says.late.days", n=found.most_days_late)
        says += " " + t("open.says.late", n=found.late_cases, days=days)
    else:
        says += " " + t("open.says.none-late")
    bars = [Bar(t(f"open.bucket.{b.key}"), b.cases, late=b.key == "late") for b in found.buckets]
    words = language.words(t("open.head"))
    figure = charts.horizontal("open-cases", t("open.title"), bars, words=words, total=found.cases)
    return drawn("open-cases", says, found.cases, [b.cases for b in found.buckets], figure, t)


def nominations(found: Nominations, language: Language) -> Section:
    t = language.t
    if not found.nominations:
        return Section("nominations", t("nominations.empty"), None)
    bars = [Bar(t(f"kind.{k.kind}"), k.nominations) for k in found.by_kind]
    title = t("nominations.title", year=found.prize_year)
    words = language.words(t("nominations.head"))
    figure = charts.horizontal("nominations", title, bars, words=words, total=found.nominations)
    hidden = found.nominations == HIDDEN
    says = t("hidden.says") if hidden else t("nominations.says", n=found.nominations, year=found.prize_year)
    return drawn("nominations", says, found.nominations, [k.nominations for k in found.by_kind], figure, t)
