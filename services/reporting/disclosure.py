"""The dashboard as readers outside the unit see it: each table with the sums that hold in it, small numbers gone.

Pure. A figure stands on several pages (last year's line is this year's line of a year ago): what is hidden depends on
its own year only, so that no page shows what another hides.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from services.reporting import figures, figures_casework
from services.reporting.board import (
    ArrivalDays,
    Dashboard,
    GroupCount,
    Nominations,
    NotificationCount,
    OpenCases,
    QuotaProgress,
    Received,
)
from services.reporting.cells import Cells
from services.reporting.figures import Counted
from services.reporting.figures_casework import Worked
from services.reporting.rules import SmallNumbers, small_numbers
from services.reporting.suppression import HIDDEN, Count, exact
from shared.contracts.routines import PLAN_AGES

Area = Literal["reception", "awards"]
AREAS: frozenset[Area] = frozenset({"reception", "awards"})
PLANNED = "of an age to have a plan"


def board(
    counted: Counted, today: date, year: int | None, inside: frozenset[Area], worked: Worked | None = None
) -> Dashboard:
    """The dashboard for one who is inside these areas and outside the others."""
    full = figures.dashboard(counted, today, year)
    if worked is not None:
        full = replace(full, casework=figures_casework.of_year(worked, full.year, today))
    if inside >= AREAS:
        return full
    rule = small_numbers(today)
    if "awards" not in inside:
        full = replace(full, nominations=nominations(full.nominations, rule))
    if "reception" in inside:
        return full
    before = figures.dashboard(counted, today, full.year - 1)
    opened = open_cases(full.open_cases, rule)
    few = opened.persons == HIDDEN
    planned = PLANNED not in _received_cells(full.received, rule).gone
    quotas = {
        one.year: quota(figures.quota(counted.quota, counted.targets, one.year, today), rule, few)
        for one in full.quota_years
    }
    return replace(
        full,
        received=received(full.received, before.received, rule),
        quota=_with_last_year(quota(full.quota, rule, few), quota(before.quota, rule, few)),
        quota_years=tuple(figures.quota_year(one) for one in quotas.values()),
        arrival_days=arrival_days(full.arrival_days, rule),
        open_cases=opened,
        notifications=tuple(notification(one, rule) for one in full.notifications),
        casework=None if full.casework is None else figures_casework.shown(full.casework, rule, planned),
    )


def _received_cells(found: Received, rule: SmallNumbers) -> Cells:
    cells = Cells(rule.smallest_shown)
    for month in found.by_month:
        cells.put(month.month, month.persons)
    for sort, groups in (("sex", found.by_sex), ("age", found.by_age)):
        for group in groups:
            cells.put((sort, group.group), group.persons)
    for one in found.by_category:
        cells.put(("persons", one.category), one.persons)
        cells.put(("minors", one.category), one.unaccompanied_minors)
    cells.put("persons", found.persons)
    cells.put("minors", found.unaccompanied_minors)
    categories = [one.category for one in found.by_category]
    for category in categories:
        cells.split(("persons", category), ("minors", category), ("others", category))
    cells.split("persons", "minors", "others")
    for kind in ("minors", "others"):
        cells.add_up(kind, [(kind, category) for category in categories])
    cells.add_up("persons", [("persons", category) for category in categories])
    cells.add_up("persons", [month.month for month in found.by_month])
    sexes, ages = [("sex", one.group) for one in found.by_sex], [("age", one.group) for one in found.by_age]
    if sum(cells.values[key] for key in sexes) == cells.values["persons"]:
        cells.add_up("persons", sexes)
    if sum(cells.values[key] for key in ages) == cells.values["persons"]:
        # How many are of an age to have a plan is told where plans are counted: the others are told by subtraction.
        for side, mine in ((PLANNED, True), ("without", False)):
            cells.values[side] = sum(cells.values[key] for key in ages if (key[1] in PLAN_AGES) is mine)
            cells.add_up(side, [key for key in ages if (key[1] in PLAN_AGES) is mine])
        cells.add_up("persons", (PLANNED, "without"))
    cells.close()
    return cells


def received(found: Received, before: Received, rule: SmallNumbers) -> Received:
    """The cross of months and categories is left out: almost all of it would be hidden."""
    cells = _received_cells(found, rule)

    def groups(sort: str, mine: tuple[GroupCount, ...]) -> tuple[GroupCount, ...]:
        return tuple(replace(one, persons=cells.shown((sort, one.group))) for one in mine)

    return replace(
        found,
        persons=cells.shown("persons"),
        unaccompanied_minors=cells.shown("minors"),
        previous_year=None if found.previous_year is None else _received_cells(before, rule).shown("persons"),
        by_category=tuple(
            replace(
                one,
                persons=cells.shown(("persons", one.category)),
                unaccompanied_minors=cells.shown(("minors", one.category)),
            )
            for one in found.by_category
        ),
        by_month=tuple(replace(one, persons=cells.shown(one.month), by_category={}) for one in found.by_month),
        by_sex=groups("sex", found.by_sex),
        by_age=groups("age", found.by_age),
    )


def quota(found: QuotaProgress, rule: SmallNumbers, few: bool) -> QuotaProgress:
    """The line of the year and its months: a step of the line is what a month holds. `previous` is left as it was.

    `few`: the households that are awaited are hidden, and so are their persons, here too.
    """
    cells = Cells(rule.smallest_shown)
    if few:
        cells.put("households awaited", 1)
        # and with them what is allocated: the council's first figure is how many were received
        cells.follows = [("households awaited", "waiting"), ("households awaited", "allocated")]
    for name in ("allocated", "received", "waiting", "cancelled", "replacements"):
        cells.put(name, getattr(found, name))
    cells.split("allocated", "replacements", "ordinary")
    cells.add_up("allocated", ("received", "waiting"))
    line: Hashable = None
    for one in found.by_month:
        cells.put(("month", one.month), one.received)
        if one.cumulative is not None:
            cells.put(("line", one.month), one.cumulative)
            parts = [("month", one.month)] if line is None else [line, ("month", one.month)]
            line = ("line", one.month)
            cells.add_up(line, parts)
    if line is not None and cells.values[line] == found.received:
        cells.add_up("received", [line])
    cells.add_up("received", [("month", one.month) for one in found.by_month])
    months, points = stretch([exact(one.received) for one in found.by_month], rule.smallest_shown)
    cells.close(
        [("month", found.by_month[n].month) for n in months]
        + [("line", found.by_month[n].month) for n in points if found.by_month[n].cumulative is not None]
    )
    return replace(
        found,
        allocated=cells.shown("allocated"),
        received=cells.shown("received"),
        waiting=cells.shown("waiting"),
        cancelled=cells.shown("cancelled"),
        replacements=cells.shown("replacements"),
        by_month=tuple(
            replace(
                one,
                received=cells.shown(("month", one.month)),
                cumulative=None if one.cumulative is None else cells.shown(("line", one.month)),
            )
            for one in found.by_month
        ),
    )


def stretch(months: Sequence[int], smallest_shown: int) -> tuple[set[int], range]:
    """Which months are hidden, and which points of their running total, so that both ends of the line stay.

    Two hidden months keep each other's secret where the line is not seen from the first until before the last of
    them; the nearest months are added until their sum leaves each of them `smallest_shown - 1` values or more.
    """
    gone = {n for n, value in enumerate(months) if 0 < value < smallest_shown}
    while gone and (len(gone) < 2 or sum(months[n] for n in gone) - len(gone) + 1 < smallest_shown - 1):
        first, last = min(gone), max(gone)
        others = [n for n, value in enumerate(months) if value and n not in gone]
        if not others:
            break
        gone.add(min(others, key=lambda n: (max(first - n, n - last, 0), n)))
    return gone, range(min(gone), max(gone)) if gone else range(0)


def _with_last_year(found: QuotaProgress, before: QuotaProgress) -> QuotaProgress:
    """The pale line as last year's own page draws it; after its end it goes on level."""
    line: Mapping[str, Count] = {m.month: m.cumulative for m in before.by_month if m.cumulative is not None}
    months = []
    last: Count = 0
    for one in found.by_month:
        last = line.get(f"{int(one.month[:4]) - 1}{one.month[4:]}", last)
        months.append(replace(one, previous=None if one.previous is None else last))
    return replace(found, by_month=tuple(months))


def arrival_days(found: ArrivalDays, rule: SmallNumbers) -> ArrivalDays:
    """Two months end on day 59 to 62: the bins before and the two months together tell who came on those last days."""
    cells = Cells(rule.smallest_shown)
    for one in found.bins:
        cells.put(one.first, one.persons)
    for name in ("persons", "within_two_months", "within_own_date"):
        cells.put(name, getattr(found, name))
    cells.split("persons", "within_two_months", "after two months")
    cells.split("persons", "within_own_date", "after its own date")
    cells.add_up("persons", [one.first for one in found.bins])
    before = [one.first for one in found.bins if one.first < 60]
    inside = cells.values["within_two_months"] - sum(cells.values[first] for first in before)
    if 0 <= inside <= cells.values[60]:
        cells.values["day 60 in time"] = inside
        cells.split(60, "day 60 in time", "day 60 late")
        cells.add_up("within_two_months", [*before, "day 60 in time"])
    cells.close()
    share = found.share_within_two_months
    known = not {"persons", "within_two_months"} & cells.gone
    persons, in_time = cells.values["persons"], cells.values["within_two_months"]
    enough = persons > rule.share_of_more_than and in_time > rule.share_when_more_than
    return replace(
        found,
        persons=cells.shown("persons"),
        median=found.median if persons > rule.share_of_more_than else None,
        within_two_months=cells.shown("within_two_months"),
        within_own_date=cells.shown("within_own_date"),
        share_within_two_months=share if known and enough else None,
        bins=tuple(replace(one, persons=cells.shown(one.first)) for one in found.bins),
    )


def open_cases(found: OpenCases, rule: SmallNumbers) -> OpenCases:
    """Where the households are few, their persons are hidden too: six people may be one family."""
    cells = Cells(rule.smallest_shown)
    for kind in ("cases", "persons"):
        for one in found.buckets:
            cells.put((kind, one.key), getattr(one, kind))
        cells.put(kind, getattr(found, kind))
        cells.add_up(kind, [(kind, one.key) for one in found.buckets])
    cells.follows = [(("cases", one.key), ("persons", one.key)) for one in found.buckets] + [("cases", "persons")]
    cells.close()
    late = cells.shown(("cases", "late"))
    return replace(
        found,
        cases=cells.shown("cases"),
        persons=cells.shown("persons"),
        late_cases=late,
        most_days_late=HIDDEN if late == HIDDEN else found.most_days_late,
        buckets=tuple(
            replace(one, cases=cells.shown(("cases", one.key)), persons=cells.shown(("persons", one.key)))
            for one in found.buckets
        ),
    )


def nominations(found: Nominations, rule: SmallNumbers) -> Nominations:
    cells = Cells(rule.smallest_shown)
    for one in found.by_kind:
        cells.put(one.kind, one.nominations)
    cells.put("all", found.nominations)
    cells.add_up("all", [one.kind for one in found.by_kind])
    cells.close()
    return replace(
        found,
        nominations=cells.shown("all"),
        by_kind=tuple(replace(one, nominations=cells.shown(one.kind)) for one in found.by_kind),
    )


def notification(found: NotificationCount, rule: SmallNumbers) -> NotificationCount:
    """One rule and channel. What was not done is what everybody can subtract."""
    cells = Cells(rule.smallest_shown)
    names = ("notifications", "sent", "failed", "acknowledged", "in_time", "read_in_time")
    for name in names:
        cells.put(name, getattr(found, name))
    cells.values["unknown"] = cells.values["notifications"] - cells.values["sent"] - cells.values["failed"]
    cells.add_up("notifications", ("sent", "failed", "unknown"))
    cells.split("notifications", "acknowledged", "not acknowledged")
    cells.split("notifications", "in_time", "not in time")
    cells.split("acknowledged", "read_in_time", "read later")
    if cells.values["sent"] >= cells.values["in_time"]:
        cells.split("sent", "in_time", "sent later")
    cells.close()
    return NotificationCount(found.rule, found.channel, *(cells.shown(name) for name in names))
