"""A chart shows its numbers: nothing leaves the box, zero is the baseline, and the table sums to what was given."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.charts import HIDDEN, Bar, Figure, Series, Target, Words, cumulative, histogram, horizontal, stacked
from shared.web.drawing import LETTER, Drawing, spread, ticks
from shared.web.shares import Part, Share, shares

WORDS = Words("Month", "Total", lambda value: str(int(value)))
MONTHS = [f"m{n:02}" for n in range(1, 13)]
VALUE = st.integers(0, 20_000)
YEAR = st.lists(VALUE, min_size=12, max_size=12)
TOLD = 0.01


def drawings(figure: Figure) -> list[Drawing]:
    return [figure.wide, figure.narrow]


def within(drawing: Drawing) -> None:
    for rect in drawing.rects:
        assert rect.width >= 0 and rect.height >= 0
        assert rect.x >= -TOLD and rect.x + rect.width <= drawing.width + TOLD
        assert rect.y >= -TOLD and rect.y + rect.height <= drawing.height + TOLD
    for line in drawing.lines:
        assert all(-TOLD <= x <= drawing.width + TOLD and -TOLD <= y <= drawing.height + TOLD for x, y in line.points)
    for label in drawing.labels:
        assert 0 <= label.x <= drawing.width and 0 <= label.y <= drawing.height


def baseline(drawing: Drawing) -> float:
    return next(line.points[0][1] for line in drawing.lines if line.kind == "zero")


@given(st.lists(YEAR, min_size=1, max_size=6), st.none() | st.integers(0, 30_000), st.none() | YEAR)
def test_stacked_columns_stand_on_zero_and_are_as_high_as_their_sums(
    values: list[list[int]], target: int | None, past: list[int] | None
) -> None:
    figure = stacked(
        "f",
        "Title",
        MONTHS,
        [Series(f"c{n}", one) for n, one in enumerate(values)],
        words=WORDS,
        target=Target("target", target) if target is not None else None,
        last_year=Series("before", past) if past else None,
    )
    sums = [sum(one[month] for one in values) for month in range(12)]
    for drawing in drawings(figure):
        within(drawing)
        zero = baseline(drawing)
        columns: dict[float, list[float]] = {}
        for rect in drawing.rects:
            if rect.says:
                columns.setdefault(round(rect.x, 3), []).extend([rect.y, rect.y + rect.height])
        heights = [zero - min(edges) for _, edges in sorted(columns.items())]
        assert all(abs(max(edges) - zero) <= 1 for edges in columns.values())
        shown = [total for total in sums if total]
        if shown:
            scale = heights[shown.index(max(shown))] / max(shown)
            assert heights == pytest.approx([total * scale for total in shown], abs=0.01)
    body, last = figure.rows[:-1], figure.rows[-1]
    for column in range(1, len(figure.head)):
        assert sum(int(row[column]) for row in body) == int(last[column])
    assert [int(row[len(values) + 1]) for row in body] == sums


@given(YEAR, st.integers(0, 12), YEAR, st.none() | st.integers(1, 300_000))
def test_a_running_line_ends_where_the_year_is_now(
    now: list[int], months: int, past: list[int], target: int | None
) -> None:
    known = [*sorted(now)[:months], *[None] * (12 - months)]
    figure = cumulative(
        "f",
        "Title",
        MONTHS,
        Series("now", known),
        words=WORDS,
        target=Target("target", target) if target else None,
        last_year=Series("before", sorted(past)),
    )
    for drawing in drawings(figure):
        within(drawing)
        line = next(line for line in drawing.lines if line.kind == "now")
        assert len(line.points) == months
        ys = [y for _, y in line.points]
        assert ys == sorted(ys, reverse=True) and all(y <= baseline(drawing) + TOLD for y in ys)
    assert [row[1] for row in figure.rows] == [str(v) if v is not None else "–" for v in known]


@given(st.lists(st.sampled_from(["..", 5, 9]), min_size=1, max_size=12))
def test_a_line_is_dotted_where_months_are_hidden_and_whole_where_they_are_not(values: list[Any]) -> None:
    figure = cumulative("f", "Title", [str(n) for n in range(len(values))], Series("now", values), words=WORDS)
    shown = [n for n, value in enumerate(values) if value != ".."]
    for drawing in drawings(figure):
        joined = {kind: [a for line in drawing.lines if line.kind == kind for a in pairwise(line.points)]
                  for kind in ("now", "unsaid")}  # fmt: skip
        assert len(joined["now"]) == sum(b == a + 1 for a, b in pairwise(shown))
        assert len(joined["unsaid"]) == sum(b > a + 1 for a, b in pairwise(shown))


def test_each_column_has_its_own_target_and_targets_are_not_added_up() -> None:
    figure = stacked(
        "f", "Title", ["2018", "2019"], [Series("received", [110, 3])], words=WORDS, marks=Series("quota", [120, None])
    )
    assert [row[-1] for row in figure.rows] == ["120", "–", "–"]
    for drawing in drawings(figure):
        within(drawing)
        targets = [line for line in drawing.lines if line.kind == "target"]
        assert len(targets) == 2  # one column's, and the sign beside its name
        assert [label.text for label in drawing.labels if "quota" in label.text] == ["quota"]


def test_a_long_label_of_a_bar_is_not_cut_off() -> None:
    text = "Case that somebody else takes over, message: later"
    wide = horizontal("f", "Title", [Bar(text, 1), Bar("x", 9)], words=WORDS).wide
    (label,) = (label for label in wide.labels if label.text == text)
    assert label.x >= len(text) * LETTER
    assert max(rect.width for rect in wide.rects) > wide.width / 3


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), VALUE, st.booleans()), min_size=1, max_size=20))
def test_bars_are_as_long_as_their_values_and_only_late_ones_are_red(rows: list[tuple[str, int, bool]]) -> None:
    bars = [Bar(*row) for row in rows]
    for figure in (
        horizontal("f", "Title", bars, words=WORDS),
        histogram("g", "Title", bars, words=WORDS, axis="days"),
    ):
        for drawing in drawings(figure):
            within(drawing)
        assert int(figure.rows[-1][1]) == sum(bar.value for bar in bars)
    for drawing in drawings(horizontal("f", "Title", bars, words=WORDS)):
        longest = max(bars, key=lambda bar: bar.value).value or 1
        widest = max(rect.width for rect in drawing.rects) or 1
        for bar, rect in zip(bars, drawing.rects, strict=True):
            assert rect.width == pytest.approx(widest * bar.value / longest, abs=0.01)
            assert (rect.tone == "tone-late") == bar.late


@given(st.floats(0, 1e7))
def test_an_axis_begins_at_zero_and_reaches_the_highest(most: float) -> None:
    steps = ticks(most)
    assert steps[0] == 0 and steps[-1] >= most * 0.999 and 2 <= len(steps) <= 7
    assert all(step == int(step) for step in steps)


@given(st.lists(st.floats(0, 300), max_size=10))
def test_labels_keep_their_distance_and_their_order(wanted: list[float]) -> None:
    placed = spread(wanted, 0, 300)
    assert all(-TOLD <= y <= 300 + TOLD for y in placed)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    assert all(placed[b] - placed[a] >= 18 - TOLD for a, b in pairwise(order))


@given(YEAR)
def test_what_an_axis_counts_stands_on_top_of_it_and_in_nobodys_way(values: list[int]) -> None:
    words = replace(WORDS, unit="people")
    for figure in (
        stacked("s", "Title", MONTHS, [Series("all", values)], words=words),
        cumulative("c", "Title", MONTHS, Series("now", sorted(values)), words=words),
        histogram("h", "Title", [Bar(m, v) for m, v in zip(MONTHS, values, strict=True)], words=words, axis="days"),
    ):
        for drawing in drawings(figure):
            within(drawing)
            (unit,) = (label for label in drawing.labels if label.text == "people")
            others = [label for label in drawing.labels if label is not unit and label.x < len("people") * LETTER]
            assert all(label.y - unit.y >= 10 for label in others)


def test_no_chart_hides_a_negative_value() -> None:
    with pytest.raises(ValueError):
        horizontal("f", "Title", [Bar("x", -1)], words=WORDS)


def test_a_hidden_value_is_drawn_nowhere_and_said_to_be_hidden() -> None:
    bars = [Bar("a", 12), Bar("b", HIDDEN), Bar("c", 0)]
    for figure in (
        horizontal("f", "Title", bars, words=WORDS, total=15),
        histogram("g", "Title", bars, words=WORDS, axis="days", total=15),
    ):
        assert figure.rows == [["a", "12"], ["b", ".."], ["c", "0"], ["Total", "15"]]
        for drawing in drawings(figure):
            within(drawing)
            assert ".." in {label.text for label in drawing.labels}
            assert max(rect.width * rect.height for rect in drawing.rects) > 0
    assert horizontal("f", "Title", bars, words=WORDS).rows[-1] == ["Total", ".."], "a sum would tell its part"
    months = stacked("s", "Title", ["m1", "m2"], [Series("all", [7, HIDDEN], 9)], words=WORDS)
    assert months.rows == [["m1", "7", "7"], ["m2", "..", ".."], ["Total", "9", "9"]]
    assert len([rect for rect in months.wide.rects if rect.says]) == 1
    line = cumulative("c", "Title", ["m1", "m2", "m3"], Series("now", [7, HIDDEN, 12]), words=WORDS)
    assert [row[1] for row in line.rows] == ["7", "..", "12"]
    assert [len(one.points) for one in line.wide.lines if one.kind in {"now", "unsaid"}] == [2]


PARTS = [Part("in time", "tone-1"), Part("later", "tone-2"), Part("never", "tone-6")]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), VALUE, VALUE, VALUE), min_size=1, max_size=12))
def test_a_bar_of_shares_is_whole_and_divided_as_its_numbers_are(rows: list[tuple[str, int, int, int]]) -> None:
    bars = [Share(label, values, f"{values[0]} of {sum(values)}") for label, *values in rows]
    figure = shares("f", "Title", PARTS, bars, words=WORDS)
    assert [row[-1] for row in figure.rows] == [str(sum(bar.values)) for bar in bars] + [figure.rows[-1][-1]]
    assert [int(cell) for cell in figure.rows[-1][1:]] == [
        *(sum(bar.values[n] for bar in bars) for n in range(3)),
        sum(sum(bar.values) for bar in bars),
    ]
    for drawing in drawings(figure):
        within(drawing)
        said = [label.text for label in drawing.labels]
        assert all(text in said for text in ("in time", "later", "never", *(bar.says for bar in bars)))
        drawn = iter([rect for rect in drawing.rects if rect.says])
        for bar in bars:
            mine = [(value, next(drawn)) for value in bar.values if value]
            if len(mine) == 2 and min(value / sum(bar.values) for value, _ in mine) > 0.05:
                (one, first), (other, second) = mine
                assert (first.width + 1.5) / (second.width + 1.5) == pytest.approx(one / other, rel=0.01)
        assert next(drawn, None) is None


def test_a_bar_with_a_hidden_part_is_not_drawn_and_keeps_its_place() -> None:
    bars = [Share("a", [HIDDEN, HIDDEN, 0], ".. of 9", 9), Share("b", [6, 6, 0], "6 of 12")]
    figure = shares("f", "Title", PARTS, bars, words=WORDS)
    assert figure.rows == [
        ["a", "..", "..", "0", "9"],
        ["b", "6", "6", "0", "12"],
        ["Total", "..", "..", "0", "21"],
    ]
    for drawing in drawings(figure):
        assert {rect.says[0] for rect in drawing.rects if rect.says} == {"b"}
        assert ".. of 9" in {label.text for label in drawing.labels}
