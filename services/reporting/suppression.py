"""Which numbers stay unsaid: every small one, and as many more as it takes that no small one can be computed.

Pure. A cell from 1 to 4 is hidden; so is the second smallest of its row, and so on along every sum that the cell
stands in, until neither the sums taken together nor the fact that a hidden cell is at least 1 tell what it holds.
Zeros are shown. What this does not look at: other pages, other days, what the reader knows already.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Final, Literal

HIDDEN: Final = ".."
Count = int | Literal[".."]
Key = Hashable


def exact(count: Count) -> int:
    """The number of one who may see all of them."""
    assert count != HIDDEN, "a hidden number is not computed with"
    return count


@dataclass(frozen=True, slots=True)
class Sum:
    """`total` is the sum of `parts`: whoever reads all but one of them can compute that one."""

    total: Key
    parts: tuple[Key, ...]

    @property
    def members(self) -> tuple[Key, ...]:
        return (*self.parts, self.total)


def hidden(
    cells: Mapping[Key, int],
    sums: Sequence[Sum],
    smallest_shown: int,
    follows: Iterable[tuple[Key, Key]] = (),
    chosen: Iterable[Key] = (),
) -> frozenset[Key]:
    """The keys of `cells` that must not be shown where `sums` hold between them.

    A pair in `follows` says that the second is hidden where the first is. A cell that no page shows, but which a sum
    makes known, is a cell like the others. The order of `cells` decides between equals. `chosen` are hidden from the
    beginning, by who knows the table and how few it takes; what it takes beside them is found as always.
    """
    gone = {key for key, value in cells.items() if 0 < value < smallest_shown} | {key for key in chosen if cells[key]}
    totals, order = {one.total for one in sums}, {key: place for place, key in enumerate(cells)}
    pairs = list(follows)

    def smallest(members: Iterable[Key]) -> Key | None:
        left = {key for key in members if cells[key] and key not in gone}
        return min(left, key=lambda key: (key in totals, cells[key], order[key]), default=None)

    while True:
        gone |= {then for first, then in pairs if first in gone and cells[then]}
        more = next(
            (found for one in sums if _thin(one, cells, gone, smallest_shown) and (found := smallest(one.members))),
            None,
        )
        if more is None:
            weak = _told(cells, sums, gone, smallest_shown)
            if weak is None:
                return frozenset(gone)
            around = _around({weak}, sums)
            while (more := smallest(around)) is None:
                wider = _around(around, sums)
                if wider == around:
                    return frozenset(gone)
                around = wider
        gone.add(more)


def _around(keys: set[Key], sums: Sequence[Sum]) -> set[Key]:
    return keys.union(*(one.members for one in sums if keys & set(one.members)))


def _thin(one: Sum, cells: Mapping[Key, int], gone: set[Key], width: int) -> bool:
    """Whether a hidden cell of this row can be told from the row alone, or to fewer than `width - 1` values."""
    parts = [key for key in one.parts if key in gone]
    if one.total in gone:
        return not parts
    rest = sum(cells[key] for key in parts)
    return bool(parts) and rest - len(parts) + 1 < width - 1


def _told(cells: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key], width: int) -> Key | None:
    """A hidden cell that all sums together tell, or tell to fewer than `width - 1` values."""
    ranges = _ranges(cells, sums, gone)
    return next((key for key, (least, most) in ranges.items() if most - least + 1 < width - 1), None) or next(
        _determined(sums, gone), None
    )


def _ranges(cells: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key]) -> dict[Key, tuple[float, float]]:
    """What each hidden cell can be, knowing every shown one and that a hidden one is at least 1."""
    told: dict[Key, tuple[float, float]] = {key: (1, inf) for key in cells if key in gone}

    def known(key: Key) -> tuple[float, float]:
        return told.get(key) or (cells[key], cells[key])

    changed = True
    while changed:
        changed = False
        for one in sums:
            parts = [known(key) for key in one.parts]
            lows, highs = sum(low for low, _ in parts), sum(high for _, high in parts)
            low, high = known(one.total)
            new = {one.total: (max(low, lows), min(high, highs))}
            for key, (least, most) in zip(one.parts, parts, strict=True):
                others = sum(h for k, (_, h) in zip(one.parts, parts, strict=True) if k != key)
                new[key] = (max(least, low - others), min(most, high - (lows - least)))
            for key, value in new.items():
                if key in told and told[key] != value:
                    told[key], changed = value, True
    return told


def _determined(sums: Sequence[Sum], gone: set[Key]) -> Iterator[Key]:
    """Hidden cells that adding and subtracting whole rows gives: those alone in a row of the reduced system."""
    columns = {key: n for n, key in enumerate(dict.fromkeys(k for one in sums for k in one.members if k in gone))}
    names = list(columns)
    rows = []
    for one in sums:
        row = [Fraction(0)] * len(names)
        for key in one.parts:
            if key in columns:
                row[columns[key]] += 1
        if one.total in columns:
            row[columns[one.total]] -= 1
        if any(row):
            rows.append(row)
    done = 0
    for column in range(len(names)):
        pivot = next((n for n in range(done, len(rows)) if rows[n][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        lead = rows[done][column]
        rows[done] = [value / lead for value in rows[done]]
        for n, row in enumerate(rows):
            if n != done and row[column]:
                factor = row[column]
                rows[n] = [a - factor * b for a, b in zip(row, rows[done], strict=True)]
        done += 1
    for row in rows[:done]:
        alone = [n for n, value in enumerate(row) if value]
        if len(alone) == 1:
            yield names[alone[0]]
