"""No small number is shown, and none can be computed from what is: by example, by search, and on published tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import pairwise, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.year.published import DATA
from deploy.verify.figures import rows
from deploy.verify.recount import recount
from deploy.verify.recount_casework import recount_casework
from services.reporting.disclosure import AREAS, board, stretch
from services.reporting.figures import dashboard
from services.reporting.suppression import HIDDEN, Count, Sum, hidden
from shared.contracts.envelope import Fact
from tests.reporting.histories import histories

SMALL = 5


def row(*parts: int) -> tuple[dict[str, int], list[Sum]]:
    cells = {f"p{n}": value for n, value in enumerate(parts)} | {"total": sum(parts)}
    return cells, [Sum("total", tuple(f"p{n}" for n in range(len(parts))))]


def unsaid(*parts: int) -> set[str]:
    return set(hidden(*row(*parts), SMALL))


def test_a_small_number_takes_the_second_smallest_with_it() -> None:
    assert unsaid(34, 87, 40, 16, 103) == set()
    assert unsaid(3, 9, 14, 40) == {"p0", "p1"}
    assert unsaid(0, 0, 0, 12) == set()
    assert unsaid(0, 3, 20, 7) == {"p1", "p3"}
    assert unsaid(0, 0, 3) == {"p2", "total"}


def test_two_small_numbers_whose_sum_tells_them_take_a_third() -> None:
    assert unsaid(1, 1, 30, 8) == {"p0", "p1", "p3"}  # their sum is 2 and none of them is 0
    assert unsaid(1, 2, 30, 8) == {"p0", "p1", "p3"}
    assert unsaid(3, 4, 30, 8) == {"p0", "p1"}
    assert unsaid(3, 12, 0) == {"p0", "p1"}  # the total alone remains: 15


def possible(cells: Mapping[str, int], sums: Sequence[Sum], gone: frozenset[str], most: int) -> dict[str, set[int]]:
    """Every value that each hidden cell can have: by trying all. A hidden total has no bound and is taken up last."""
    free = [key for key in cells if key in gone and not any(key == one.total for one in sums)]
    found: dict[str, set[int]] = {key: set() for key in gone}
    for values in product(range(1, most + 1), repeat=len(free)):
        guess = {**cells, **dict(zip(free, values, strict=True))}
        for one in sums:
            if one.total in gone:
                guess[one.total] = sum(guess[key] for key in one.parts)
        if all(guess[one.total] == sum(guess[key] for key in one.parts) for one in sums) and all(
            guess[key] >= 1 for key in gone
        ):
            for key in gone:
                found[key].add(guess[key])
    return found


VALUE = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 9])


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUE, min_size=1, max_size=3))
def test_no_hidden_cell_of_a_row_can_be_computed(parts: list[int]) -> None:
    cells, sums = row(*parts)
    gone = hidden(cells, sums, SMALL)
    assert all(key in gone for key, value in cells.items() if 0 < value < SMALL)
    assert not any(key in gone for key, value in cells.items() if value == 0)
    for key, values in possible(cells, sums, gone, sum(parts) + 5).items():
        assert len(values) >= SMALL - 1, (parts, key, values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(VALUE, min_size=2, max_size=2), min_size=2, max_size=2))
def test_no_hidden_cell_of_a_table_with_both_totals_can_be_computed(table: list[list[int]]) -> None:
    high, wide = len(table), len(table[0])
    cells = {f"{r},{c}": table[r][c] for r in range(high) for c in range(wide)}
    cells |= {f"row {r}": sum(table[r]) for r in range(high)}
    cells |= {f"column {c}": sum(line[c] for line in table) for c in range(wide)} | {"all": sum(map(sum, table))}
    sums = [Sum(f"row {r}", tuple(f"{r},{c}" for c in range(wide))) for r in range(high)]
    sums += [Sum(f"column {c}", tuple(f"{r},{c}" for r in range(high))) for c in range(wide)]
    sums += [Sum("all", tuple(f"row {r}" for r in range(high))), Sum("all", tuple(f"column {c}" for c in range(wide)))]
    gone = hidden(cells, sums, SMALL)
    assert all(key in gone for key, value in cells.items() if 0 < value < SMALL)
    for key, values in possible(cells, sums, gone, 10).items():
        assert len(values) > 1, (table, key, values)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUE, min_size=1, max_size=4))
def test_no_hidden_month_under_a_running_line_can_be_computed(months: list[int]) -> None:
    cells = {f"m{n}": value for n, value in enumerate(months)} | {"year": sum(months)}
    sums = [Sum("year", tuple(f"m{n}" for n in range(len(months))))]
    for n in range(len(months)):
        cells[f"l{n}"] = sum(months[: n + 1])
        sums.append(Sum(f"l{n}", (f"l{n - 1}", f"m{n}") if n else ("m0",)))
    sums.append(Sum("year", (f"l{len(months) - 1}",)))
    gone_months, points = stretch(months, SMALL)
    chosen = [*(f"m{n}" for n in gone_months), *(f"l{n}" for n in points)]
    gone = hidden(cells, sums, SMALL, chosen=chosen)
    assert all(key in gone for key, value in cells.items() if 0 < value < SMALL)
    for key, values in possible(cells, sums, gone, 10).items():
        assert len(values) > 1, (months, key, values)


def test_a_running_line_is_seen_but_between_its_small_months() -> None:
    assert stretch([8, 11, 9, 4, 8, 4, 21], SMALL) == ({3, 5}, range(3, 5))
    assert stretch([8, 11, 9, 4, 0, 12, 21], SMALL) == ({2, 3}, range(2, 3))  # one alone takes its neighbour
    assert stretch([8, 1, 1, 30], SMALL) == ({0, 1, 2}, range(0, 2))  # a sum of 2 would tell both
    assert stretch([0, 3], SMALL) == ({1}, range(1, 1)) and stretch([6, 0], SMALL) == (set(), range(0))


def test_a_bridge_between_two_closed_squares_is_found_by_adding_whole_rows() -> None:
    # Every row and column hides two or three cells, and yet one cell is rows 1 and 2 less columns 1 and 2.
    table = [[3, 9, 9, 20], [9, 9, 8, 20], [20, 20, 9, 3], [20, 20, 3, 9]]
    cells = {(r, c): table[r][c] for r in range(4) for c in range(4)}
    cells |= {("row", r): sum(table[r]) for r in range(4)} | {("column", c): sum(t[c] for t in table) for c in range(4)}
    sums = [Sum(("row", r), tuple((r, c) for c in range(4))) for r in range(4)]
    sums += [Sum(("column", c), tuple((r, c) for r in range(4))) for c in range(4)]
    told = {(0, 0): 3, (0, 1): 3, (1, 0): 3, (1, 1): 3, (1, 2): 3, (2, 2): 3, (2, 3): 3, (3, 2): 3, (3, 3): 3}
    small = cells | told
    for one in sums:
        small[one.total] = sum(small[key] for key in one.parts)
    assert hidden(small, sums, SMALL) > set(told)


def county() -> tuple[dict[tuple[str, str], int], list[Sum]]:
    """The agency's table of 2018: municipality by category, with the unaccompanied minors, both ways of adding."""
    names = ("quota", "abo", "ebo", "other", "family", "total")
    cells: dict[tuple[str, str], int] = {}
    with (DATA / "migrationsverket_kommunmottagna_2018_kalmar_lan.csv").open(encoding="utf-8-sig", newline="") as lines:
        for line in csv.reader(lines, delimiter=";"):
            if len(line) > 14 and line[2] and line[3] + line[5] and line[2][0].isupper() and line[14].isdigit():
                for n, name in enumerate(names):
                    cells[line[2], name] = int(line[3 + 2 * n].replace(" ", "") or 0)
    towns = [town for town, name in cells if name == "total" and town != "Delsumma"]
    sums = [Sum((town, "total"), tuple((town, name) for name in names[:-1])) for town in [*towns, "Delsumma"]]
    sums += [Sum(("Delsumma", name), tuple((town, name) for town in towns)) for name in names]
    return cells, sums


def test_the_published_county_table_hides_eleven_small_cells_and_nothing_can_be_won_back() -> None:
    cells, sums = county()
    assert all(cells[one.total] == sum(cells[key] for key in one.parts) for one in sums)
    small = {key for key, value in cells.items() if 0 < value < SMALL and key[1] != "total"}
    assert len(small) == 11
    gone = hidden(cells, sums, SMALL)
    assert small < gone
    assert ("KALMAR", "total") not in gone and ("Delsumma", "total") not in gone
    for one in sums:
        left = [key for key in one.members if key in gone]
        assert len(left) != 1, one.total
    # the rows that the total would give back: each has a second hidden cell now
    for town in ("EMMABODA", "MÖNSTERÅS", "NYBRO"):
        assert sum(key[0] == town for key in gone) >= 2


def counts(found: Any, name: str = "") -> Iterator[tuple[str, Count]]:
    """Every count of a board. Years, targets and days are no counts of people."""
    if isinstance(found, tuple):
        for one in found:
            yield from counts(one, name)
    elif is_dataclass(found):
        for part in fields(found):
            if part.name not in {"year", "unasked", "years", "target", "prize_year", "prize_years", "first", "last"}:
                yield from counts(getattr(found, part.name), part.name)
    elif isinstance(found, int | str) and name not in {"median", "month", "key", "kind", "category", "rule", "channel"}:
        yield name, found


@settings(max_examples=60, deadline=None)
@given(histories(), st.dates(date(2018, 1, 1), date(2019, 12, 31)))
def test_a_small_towns_board_tells_nothing_small_and_no_row_gives_its_only_hidden_cell_back(
    facts: list[Fact], today: date
) -> None:
    counted, work = recount(facts, today), recount_casework(facts, today)
    pages = {year: board(counted, today, year, frozenset(), work) for year in (2017, 2018, 2019)}
    for page in pages.values():
        done = page.casework
        assert done is not None and done.caseload is None
        for total, parts in (
            (done.ended, [part.count for part in done.outcomes]),
            (done.secured, [part.count for part in done.homes]),
            (done.contacts, [part.count for part in done.contact_outcomes]),
            (done.contacts, [one.contacts for one in done.contact_months]),
            (done.open, [one.cases for one in done.silent]),
            (done.persons, [part.count for part in done.plans]),
            (done.due, [part.count for part in done.plans[:-1]]),
            (done.persons, [done.due, done.plans[-1].count]),
        ):
            assert sum(one == HIDDEN for one in (total, *parts)) != 1
        assert not [one for one in counts(page) if one[1] in (1, 2, 3, 4) and one[0] != "most_days_late"]
        for what, total, parts in rows(page):
            if parts:  # the cross of months and categories is not there
                assert sum(one == HIDDEN for one in (total, *parts)) != 1, what
                assert HIDDEN in (total, *parts) or total == sum(parts), what
        line = [month for month in page.quota.by_month if month.cumulative is not None]
        for before, now in pairwise(line):
            assert sum(one == HIDDEN for one in (before.cumulative, now.received, now.cumulative)) != 1
    for year in (2018, 2019):
        own = {m.month[5:]: m.cumulative for m in pages[year - 1].quota.by_month if m.month[:4] == str(year - 1)}
        for month in pages[year].quota.by_month[:12]:
            if month.previous is not None and month.month[:4] == str(year) and own[month.month[5:]] is not None:
                assert month.previous == own[month.month[5:]], "last year's line shows what its own page hides"
        shown = {one.year: one.received for one in pages[year].quota_years}
        assert shown.get(year, pages[year].quota.received) == pages[year].quota.received
    assert board(counted, today, 2018, AREAS) == dashboard(counted, today, 2018)
