"""What casework comes to in one year: plans in time, how they end, contacts, silence, homes and who has how much. Pure.

`shown` is the same for readers outside the unit. Who of the staff has how many cases is for the unit alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from services.reporting import rules
from services.reporting.cells import Cells
from services.reporting.rules import SmallNumbers
from services.reporting.suppression import Count, exact
from shared.contracts.casework import ContactOutcome, HousingKind, PlanOutcome

# `overdue`: no plan, and the day has passed. `waiting`: no plan yet, and there is time.
PLAN_STATES = ("in-time", "late", "overdue", "waiting")
OUTCOMES: tuple[str, ...] = get_args(get_args(PlanOutcome)[0])
CONTACT_OUTCOMES: tuple[str, ...] = get_args(get_args(ContactOutcome)[0])
HOMES: tuple[str, ...] = get_args(get_args(HousingKind)[0])

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Part:
    key: str
    count: Count


@dataclass(frozen=True, slots=True)
class ContactMonth:
    """`by_outcome` is empty for readers outside the unit, as the cross of months and groups is."""

    month: str
    contacts: Count
    by_outcome: dict[str, Count]


@dataclass(frozen=True, slots=True)
class SilentDays:
    first: int
    last: int | None
    cases: Count


@dataclass(frozen=True, slots=True)
class Load:
    """`caseworker` is the sign-in's opaque subject; None: nobody has got these cases yet."""

    caseworker: str | None
    cases: Count


@dataclass(frozen=True, slots=True)
class Casework:
    """`persons`: of working age and arrived in `year`. `due`: those of them who were to have a plan by now."""

    year: int
    persons: Count
    due: Count
    plans: tuple[Part, ...]
    share_in_time: float | None
    ended: Count
    outcomes: tuple[Part, ...]
    contacts: Count
    contact_outcomes: tuple[Part, ...]
    contact_months: tuple[ContactMonth, ...]
    open: Count
    silent: tuple[SilentDays, ...]
    caseload: tuple[Load, ...] | None
    secured: Count
    homes: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """What the store counted, a tuple per group.

    plans: year of arrival, state, persons. outcomes: year, outcome, plans. contacts: year, month, outcome, number.
    silent: days since the last contact (or the arrival), open cases. caseload: caseworker or None, cases. homes: year,
    kind, number.
    """

    plans: Sequence[Row] = ()
    outcomes: Sequence[Row] = ()
    contacts: Sequence[Row] = ()
    silent: Sequence[Row] = ()
    caseload: Sequence[Row] = ()
    homes: Sequence[Row] = ()


def _parts(keys: Iterable[str], rows: Iterable[tuple[str, int]]) -> tuple[Part, ...]:
    count: Counter[str] = Counter()
    for key, n in rows:
        count[key] += n
    return tuple(Part(key, count[key]) for key in keys)


def silent_days(today: date) -> tuple[tuple[int, int | None], ...]:
    """Two weeks, four, what the local routine allows, and what it does not."""
    longest = rules.silent_days(today)
    return (0, 14), (15, 28), (29, longest), (longest + 1, None)


def of_year(found: Worked, year: int, today: date) -> Casework:
    plans = _parts(PLAN_STATES, ((row[1], row[2]) for row in found.plans if row[0] == year))
    persons = sum(exact(part.count) for part in plans)
    due = sum(exact(part.count) for part in plans if part.key != "waiting")
    outcomes = _parts(OUTCOMES, ((row[1], row[2]) for row in found.outcomes if row[0] == year))
    contacts = [row for row in found.contacts if row[0] == year]
    homes = _parts(HOMES, ((row[1], row[2]) for row in found.homes if row[0] == year))
    months = []
    for month in range(1, 13):
        mine = _parts(CONTACT_OUTCOMES, ((row[2], row[3]) for row in contacts if row[1] == month))
        by_outcome = {part.key: part.count for part in mine}
        months.append(ContactMonth(f"{year}-{month:02}", sum(map(exact, by_outcome.values())), by_outcome))
    loads = sorted(found.caseload, key=lambda row: (row[0] is None, -row[1], str(row[0])))
    return Casework(
        year=year,
        persons=persons,
        due=due,
        plans=plans,
        share_in_time=round(100 * exact(plans[0].count) / due, 1) if due else None,
        ended=sum(exact(part.count) for part in outcomes),
        outcomes=outcomes,
        contacts=sum(row[3] for row in contacts),
        contact_outcomes=_parts(CONTACT_OUTCOMES, ((row[2], row[3]) for row in contacts)),
        contact_months=tuple(months),
        open=sum(row[1] for row in found.silent),
        silent=tuple(
            SilentDays(
                first, last, sum(n for days, n in found.silent if max(days, 0) >= first and days <= (last or days))
            )
            for first, last in silent_days(today)
        ),
        caseload=tuple(Load(*row) for row in loads),
        secured=sum(exact(part.count) for part in homes),
        homes=homes,
    )


def shown(found: Casework, rule: SmallNumbers, planned: bool = True) -> Casework:
    """For a reader outside the unit. `planned`: whether it may be told how many are of an age to have a plan."""
    cells = Cells(rule.smallest_shown)
    tables: tuple[tuple[str, Count, Sequence[tuple[object, Count]]], ...] = (
        ("ended", found.ended, [(part.key, part.count) for part in found.outcomes]),
        ("contacts", found.contacts, [(one.month, one.contacts) for one in found.contact_months]),
        ("open", found.open, [(one.first, one.cases) for one in found.silent]),
        ("secured", found.secured, [(part.key, part.count) for part in found.homes]),
        ("due", found.due, [(part.key, part.count) for part in found.plans if part.key != "waiting"]),
    )
    for total, count, parts in tables:
        cells.put(total, count)
        for key, one in parts:
            cells.put((total, key), one)
        cells.add_up(total, [(total, key) for key, _ in parts])
    for part in found.contact_outcomes:
        cells.put(("outcome", part.key), part.count)
    cells.add_up("contacts", [("outcome", part.key) for part in found.contact_outcomes])
    cells.put("persons", found.persons)
    cells.split("persons", "due", "waiting")
    cells.close(() if planned else ("persons", "due"))
    in_time = exact(found.plans[0].count)
    enough = exact(found.due) > rule.share_of_more_than and in_time > rule.share_when_more_than
    known = not {"due", ("due", "in-time")} & cells.gone

    def of(total: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(replace(part, count=cells.shown((total, part.key))) for part in parts)

    return replace(
        found,
        persons=cells.shown("persons"),
        due=cells.shown("due"),
        plans=(*of("due", found.plans[:-1]), replace(found.plans[-1], count=cells.shown("waiting"))),
        share_in_time=found.share_in_time if known and enough else None,
        ended=cells.shown("ended"),
        outcomes=of("ended", found.outcomes),
        contacts=cells.shown("contacts"),
        contact_outcomes=of("outcome", found.contact_outcomes),
        contact_months=tuple(
            replace(one, contacts=cells.shown(("contacts", one.month)), by_outcome={}) for one in found.contact_months
        ),
        open=cells.shown("open"),
        silent=tuple(replace(one, cases=cells.shown(("open", one.first))) for one in found.silent),
        caseload=None,
        secured=cells.shown("secured"),
        homes=of("secured", found.homes),
    )
