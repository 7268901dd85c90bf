"""Each part of the dashboard as a table with plain, stable column names: what the CSV files hold."""

from collections.abc import Callable, Sequence

from services.reporting.board import Dashboard
from shared.web.csvfile import Cell

Table = tuple[Sequence[str], list[Sequence[Cell]]]


def received(board: Dashboard) -> Table:
    found = board.received
    categories = [c.category for c in found.by_category]
    head = ["month", *categories, "total"]
    rows: list[Sequence[Cell]] = [[m.month, *(m.by_category[c] for c in categories), m.persons] for m in found.by_month]
    rows.append(["total", *(c.persons for c in found.by_category), found.persons])
    rows.append(
        ["of which unaccompanied minors", *(c.unaccompanied_minors for c in found.by_category),
         found.unaccompanied_minors]
    )  # fmt: skip
    return head, rows


def quota(board: Dashboard) -> Table:
    found = board.quota
    head = ["quota_year", "month", "received", "cumulative", "target", "previous_year_cumulative"]
    return head, [[found.year, m.month, m.received, m.cumulative, found.target, m.previous] for m in found.by_month]


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
    head = ["rule", "channel", "notifications", "sent", "failed", "acknowledged"]
    return head, [[n.rule, n.channel, n.notifications, n.sent, n.failed, n.acknowledged] for n in board.notifications]


TABLES: dict[str, Callable[[Dashboard], Table]] = {
    "received": received,
    "quota": quota,
    "open-cases": open_cases,
    "arrival-days": arrival_days,
    "nominations": nominations,
    "notifications": notifications,
}
