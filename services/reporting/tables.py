"""Each part of the dashboard as a table with plain, stable column names: what the CSV files hold."""

from collections.abc import Callable, Sequence

from services.reporting.board import Dashboard
from services.reporting.figures_casework import Casework
from services.reporting.suppression import HIDDEN
from shared.web.csvfile import Cell

Table = tuple[Sequence[str], list[Sequence[Cell]]]


def received(board: Dashboard) -> Table:
    """By month, and by category where the reader sees that cross; then the categories of the whole year."""
    found = board.received
    categories = [c.category for c in found.by_category]
    crossed = any(m.by_category for m in found.by_month)
    head = ["month", *categories, "total"]
    rows: list[Sequence[Cell]] = [
        [m.month, *(m.by_category[c] if crossed else HIDDEN for c in categories), m.persons] for m in found.by_month
    ]
    rows.append(["total", *(c.persons for c in found.by_category), found.persons])
    rows.append(
        ["of which unaccompanied minors", *(c.unaccompanied_minors for c in found.by_category),
         found.unaccompanied_minors]
    )  # fmt: skip
    return head, rows


def people(board: Dashboard) -> Table:
    found = board.received
    rows: list[Sequence[Cell]] = [[found.year, "sex", g.group, g.persons] for g in found.by_sex]
    rows += [[found.year, "age", g.group, g.persons] for g in found.by_age]
    return ["year", "breakdown", "group", "persons"], rows


def quota(board: Dashboard) -> Table:
    found = board.quota
    head = ["quota_year", "month", "received", "cumulative", "target", "previous_year_cumulative"]
    return head, [[found.year, m.month, m.received, m.cumulative, found.target, m.previous] for m in found.by_month]


def quota_years(board: Dashboard) -> Table:
    head = ["quota_year", "target", "allocated", "received", "waiting", "cancelled"]
    return head, [[y.year, y.target, y.allocated, y.received, y.waiting, y.cancelled] for y in board.quota_years]


def arrival_days(board: Dashboard) -> Table:
    found = board.arrival_days
    return ["year", "days_from", "days_to", "persons"], [[found.year, b.first, b.last, b.persons] for b in found.bins]


def open_cases(board: Dashboard) -> Table:
    found = board.open_cases
    rows: list[Sequence[Cell]] = [[found.today, b.key, b.first, b.last, b.cases, b.persons] for b in found.buckets]
    return ["as_of", "bucket", "days_left_from", "days_left_to", "cases", "persons_awaited"], rows


def nominations(board: Dashboard) -> Table:
    found = board.nominations
    return ["prize_year", "kind", "nominations"], [[found.prize_year, k.kind, k.nominations] for k in found.by_kind]


def notifications(board: Dashboard) -> Table:
    names = ["notifications", "sent", "failed", "acknowledged", "in_time", "read_in_time"]
    return ["rule", "channel", *names], [
        [n.rule, n.channel, *(getattr(n, name) for name in names)] for n in board.notifications
    ]


def _work(board: Dashboard) -> Casework:
    assert board.casework is not None
    return board.casework


def plans(board: Dashboard) -> Table:
    found = _work(board)
    rows: list[Sequence[Cell]] = [[found.year, part.key, part.count] for part in found.plans]
    return ["year", "state", "persons"], [*rows, [found.year, "total", found.persons]]


def outcomes(board: Dashboard) -> Table:
    found = _work(board)
    rows: list[Sequence[Cell]] = [[found.year, part.key, part.count] for part in found.outcomes]
    return ["year", "outcome", "plans"], [*rows, [found.year, "total", found.ended]]


def contacts(board: Dashboard) -> Table:
    """By month, and by outcome where the reader sees that cross; then the outcomes of the whole year."""
    found = _work(board)
    keys = [part.key for part in found.contact_outcomes]
    rows: list[Sequence[Cell]] = [
        [one.month, *(one.by_outcome.get(key) for key in keys), one.contacts] for one in found.contact_months
    ]
    return ["month", *keys, "contacts"], [
        *rows,
        ["total", *(part.count for part in found.contact_outcomes), found.contacts],
    ]


def silent(board: Dashboard) -> Table:
    found = _work(board)
    rows: list[Sequence[Cell]] = [[one.first, one.last, one.cases] for one in found.silent]
    return ["days_from", "days_to", "cases"], [*rows, [None, None, found.open]]


def homes(board: Dashboard) -> Table:
    found = _work(board)
    rows: list[Sequence[Cell]] = [[found.year, part.key, part.count] for part in found.homes]
    return ["year", "kind", "homes"], [*rows, [found.year, "total", found.secured]]


WORK: dict[str, Callable[[Dashboard], Table]] = {
    "plans-in-time": plans,
    "plan-outcomes": outcomes,
    "homes": homes,
    "contacts": contacts,
    "silent": silent,
}
TABLES: dict[str, Callable[[Dashboard], Table]] = {
    "received": received,
    "people": people,
    "quota": quota,
    "quota-years": quota_years,
    "open-cases": open_cases,
    "arrival-days": arrival_days,
    "nominations": nominations,
    "notifications": notifications,
    **WORK,
}
