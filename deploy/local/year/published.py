"""The published tables, read from the files themselves: what the year must add up to, whoever invented its people."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
MUNICIPALITY = "Kalmar"
YEAR = 2018
# the order of the table's column pairs: persons, and how many of them were unaccompanied minors
CATEGORIES = ("quota-refugee", "agency-accommodation", "self-settled", "other", "family-member")
_FIRST_COLUMN = 3


@dataclass(frozen=True, slots=True)
class Count:
    persons: int
    minors: int


@dataclass(frozen=True, slots=True)
class Published:
    """`received` by category and `total`: all of 2018. `target`, `quota_received`: the quota of 2018."""

    received: Mapping[str, Count]
    total: Count
    target: int
    quota_received: int
    next_target: int


def published() -> Published:
    """Raises ValueError when a row is missing or does not add up to its own total."""
    cells = _row("migrationsverket_kommunmottagna_2018_kalmar_lan.csv", ";", 2)[_FIRST_COLUMN:]
    numbers = [int(cell or 0) for cell in cells[: 2 * len(CATEGORIES) + 2]]
    *parts, total = [Count(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
    added = Count(sum(part.persons for part in parts), sum(part.minors for part in parts))
    if added != total:
        raise ValueError(f"the published row adds up to {added}, not to {total}")
    quota = _row("migrationsverket_kommuntal_2018_kalmar_lan.csv", ",", 1)
    return Published(
        received=dict(zip(CATEGORIES, parts, strict=True)),
        total=total,
        target=int(quota[4]),
        quota_received=int(quota[5]),
        next_target=int(_row("kalmar_2019.csv", ",", 0)[1]),
    )


def _row(file: str, delimiter: str, column: int) -> list[str]:
    with (DATA / file).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.reader(lines, delimiter=delimiter):
            if len(row) > column and row[column].casefold() == MUNICIPALITY.casefold():
                return row
    raise ValueError(f"{file} has no row for {MUNICIPALITY}")
