"""The geometry of the charts: facts in, two drawings and a table out; zero is the baseline, nothing leaves its box."""

from collections.abc import Sequence

from shared.web.drawing import (
    HIDDEN,
    LETTER,
    NARROW,
    TONES,
    WIDE,
    Bar,
    Box,
    Drawing,
    Figure,
    Label,
    Line,
    Rect,
    Series,
    Target,
    Value,
    Words,
    added,
    axes,
    known,
    path_of,
    pieces_of,
    spread,
    target_line,
    ticks,
)

__all__ = [
    "HIDDEN",
    "Bar",
    "Figure",
    "Series",
    "Target",
    "Value",
    "Words",
    "cumulative",
    "histogram",
    "horizontal",
    "stacked",
]


def _check(*series: Series, count: int) -> None:
    for one in series:
        if len(one.values) != count:
            raise ValueError("a series wants one value for each label")
        if any(known(value) < 0 for value in one.values):
            raise ValueError("these charts begin at zero and show no negative values")


def _stacked(
    wide: bool,
    labels: Sequence[str],
    series: Sequence[Series],
    target: Target | None,
    past: Series | None,
    marks: Series | None,
    words: Words,
) -> Drawing:
    sums = [added([one.values[index] for one in series]) for index in range(len(labels))]
    heights = [sum(known(one.values[index]) for one in series) for index in range(len(labels))]
    beside = [known(value) for one in (past, marks) if one for value in one.values]
    highest = max([*heights, target.value if target else 0, *beside])
    steps = ticks(highest)
    names = [f"{one.name} {words.say(one.total)}" for one in series]
    names += [f"{past.name} {words.say(past.total)}"] if past else []
    names += [f"{target.name} {words.number(target.value)}"] if target else []
    names += [marks.name] if marks else []
    side = min(250.0, max(len(name) for name in names) * LETTER + 46) if wide else 8.0
    below = 0.0 if wide else 20.0 * len(names) + 8
    drawing = Drawing(WIDE if wide else NARROW, 340.0 if wide else 250.0 + below)
    gutter = max(len(words.number(steps[-1])) * LETTER + 10, 24)
    box = Box(gutter, 24 + words.above, drawing.width - side, drawing.height - below - 30, steps[-1])
    axes(drawing, box, steps, labels, words)
    for index, label in enumerate(labels):
        x, width = box.slot(index, len(labels))
        inner, at = width * 0.68, 0.0
        for number, one in enumerate(series):
            value = known(one.values[index])
            if value:
                top, bottom = box.y(at + value), box.y(at)
                seam = min(1.0, (bottom - top) / 4) if at else 0.0
                says = f"{label}, {one.name}: {words.number(value)}"
                drawing.rects.append(
                    Rect(x + (width - inner) / 2, top, inner, bottom - top - seam, f"tone-{number + 1}", says)
                )
            at += value
    if past:
        drawing.lines.append(Line(tuple(path_of(box, past)), "past"))
    if target:
        y = box.y(target.value)
        drawing.lines.append(Line(((box.left, y), (box.right, y)), "target"))
    for index, mark in enumerate(marks.values if marks else ()):
        if mark is not None:
            (x, width), y = box.slot(index, len(labels)), box.y(known(mark))
            drawing.lines.append(Line(((x + width * 0.08, y), (x + width * 0.92, y)), "target"))
    for index, total in enumerate(sums):
        x, width = box.slot(index, len(labels))
        if total:
            top = box.y(heights[index]) - 6
            drawing.labels.append(Label(x + width / 2, top, words.say(total), "middle", "strong halo"))
    # The names stand beside the columns in the order of the stack, top to bottom; below them on a narrow page.
    signs = [f"tone-{number + 1}" for number in range(len(series))]
    signs += (["past"] if past else []) + ["target"] * sum(one is not None for one in (target, marks))
    order = [*range(len(series) - 1, -1, -1), *range(len(series), len(names))]
    for place, index in enumerate(order):
        left = box.right + 14 if wide else 6.0
        y = box.top + 10 + 24 * place if wide else box.bottom + 46 + 20 * place
        if index < len(series):
            drawing.rects.append(Rect(left, y - 10, 11, 11, signs[index]))
        else:
            drawing.lines.append(Line(((left - 2, y - 4), (left + 13, y - 4)), signs[index]))
        drawing.labels.append(Label(left + 19, y, names[index], "start"))
    return drawing


def stacked(
    id: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    words: Words,
    target: Target | None = None,
    last_year: Series | None = None,
    marks: Series | None = None,
) -> Figure:
    """Columns by month, stacked by category (the first at the bottom), a target line and last year as a pale line.

    `marks`: a target of each column's own, which is not added up.
    """
    if not 1 <= len(series) <= TONES:
        raise ValueError(f"between one and {TONES} categories can be told apart")
    beside = [one for one in (last_year, marks) if one]
    _check(*series, *beside, count=len(labels))
    wide, narrow = (_stacked(way, labels, series, target, last_year, marks, words) for way in (True, False))
    head = [words.head, *(one.name for one in series), words.total, *(one.name for one in beside)]
    rows = []
    for index, label in enumerate(labels):
        values = [one.values[index] or 0 for one in series]
        past = [last_year.values[index] or 0] if last_year else []
        own = [marks.values[index]] if marks else []
        rows.append([label, *map(words.say, [*values, added(values), *past, *own])])
    totals = [one.total for one in series]
    ended = [last_year.total if one is last_year else None for one in beside]
    rows.append([words.total, *map(words.say, [*totals, added(totals), *ended])])
    return Figure(id, title, wide, narrow, head, rows)


def _cumulative(
    wide: bool, labels: Sequence[str], now: Series, target: Target | None, past: Series | None, words: Words
) -> Drawing:
    values = [known(value) for one in (now, past) if one for value in one.values]
    steps = ticks(max([*values, target.value if target else 0]))
    drawing = Drawing(WIDE if wide else NARROW, 320.0 if wide else 250.0)
    ends = [(now, "now", "strong halo"), *([(past, "past", "soft halo")] if past else [])]
    texts = []
    for one, _, _ in ends:
        last = next((value for value in reversed(one.values) if value is not None), None)
        texts.append(f"{words.say(last)} {one.name}")
    side = max(len(text) for text in texts) * LETTER + 14
    gutter = max(len(words.number(steps[-1])) * LETTER + 10, 24)
    box = Box(gutter, 20 + words.above, drawing.width - min(side, drawing.width * 0.34), drawing.height - 30, steps[-1])
    axes(drawing, box, steps, labels, words)
    if target:
        target_line(drawing, box, target, words)
    paths = [path_of(box, one) for one, _, _ in ends]
    for one, kind, _ in reversed(ends):
        for piece, is_known in pieces_of(box, one):
            drawing.lines.append(Line(tuple(piece), kind if is_known else "unsaid"))
    wanted = [path[-1][1] + 4 if path else box.bottom for path in paths]
    ys = spread(wanted, box.top, box.bottom)
    for path, y, text, (one, _, kind) in zip(paths, ys, texts, ends, strict=True):
        if path and len(path) < len(one.values) and path[-1][0] - len(text) * LETTER > box.left:
            # A line that ends in the middle of the year is named above its end, where a rising line leaves room.
            drawing.labels.append(Label(path[-1][0] + 2, max(path[-1][1] - 10, 12), text, "end", kind))
        else:
            drawing.labels.append(Label((path[-1][0] if path else box.left) + 8, y, text, "start", kind))
    return drawing


def cumulative(
    id: str,
    title: str,
    labels: Sequence[str],
    now: Series,
    *,
    words: Words,
    target: Target | None = None,
    last_year: Series | None = None,
) -> Figure:
    """Running totals as a line that ends where the year is now, against a target and last year's pale line."""
    _check(now, *([last_year] if last_year else []), count=len(labels))
    wide, narrow = (_cumulative(way, labels, now, target, last_year, words) for way in (True, False))
    both = [now, *([last_year] if last_year else [])]
    rows = []
    for index, label in enumerate(labels):
        rows.append([label, *(words.say(one.values[index]) for one in both)])
    return Figure(id, title, wide, narrow, [words.head, *(one.name for one in both)], rows)


def _horizontal(wide: bool, bars: Sequence[Bar], words: Words) -> Drawing:
    row = 34.0 if wide else 46.0
    drawing = Drawing(WIDE if wide else NARROW, row * len(bars) + 4)
    most = max([known(bar.value) for bar in bars] + [1])
    # a late one is bold, and wider
    longest = max((len(bar.label) * (1.12 if bar.late and bar.value else 1) for bar in bars), default=0)
    left = min(drawing.width * 0.58, longest * LETTER + 20) if wide else 2.0
    room = max((len(words.say(bar.value)) for bar in bars), default=1) * 8 + 14
    for index, bar in enumerate(bars):
        y, kind = index * row, "late" if bar.late and bar.value else ""
        width = (drawing.width - left - room) * known(bar.value) / most
        top = y + (6 if wide else 20)
        drawing.rects.append(Rect(left, top, width, 20, "tone-late" if bar.late else "tone-1", ""))
        drawing.labels.append(
            Label(left - 10, top + 15, bar.label, "end", kind)
            if wide
            else Label(left, y + 14, bar.label, "start", kind)
        )
        drawing.labels.append(
            Label(left + width + 7, top + 15, words.say(bar.value), "start", f"strong {kind}".strip())
        )
    if wide:
        drawing.lines.append(Line(((left, 0), (left, drawing.height)), "zero"))
    return drawing


def horizontal(id: str, title: str, bars: Sequence[Bar], *, words: Words, total: Value = None) -> Figure:
    """Bars by category, each with its label and value. A late one is red and must say so in its label.

    `total`: the sum, where hidden parts do not tell it.
    """
    _check(Series("", [bar.value for bar in bars]), count=len(bars))
    rows = [[bar.label, words.say(bar.value)] for bar in bars]
    rows.append([words.total, words.say(Series("", [bar.value for bar in bars], total).total)])
    wide, narrow = _horizontal(True, bars, words), _horizontal(False, bars, words)
    return Figure(id, title, wide, narrow, [words.head, words.total], rows)


def _histogram(wide: bool, bars: Sequence[Bar], words: Words, axis: str) -> Drawing:
    steps = ticks(max([known(bar.value) for bar in bars] + [1]))
    drawing = Drawing(WIDE if wide else NARROW, 300.0 if wide else 250.0)
    gutter = max(len(words.number(steps[-1])) * LETTER + 10, 24)
    box = Box(gutter, 20 + words.above, drawing.width - 8, drawing.height - 48, steps[-1])
    axes(drawing, box, steps, [bar.label for bar in bars], words)
    drawing.labels.append(Label(box.right, drawing.height - 8, axis, "end", "soft"))
    for index, bar in enumerate(bars):
        x, width = box.slot(index, len(bars))
        y, kind = box.y(known(bar.value)), "late" if bar.late else ""
        if bar.value:
            if bar.value != HIDDEN:
                tone = "tone-late" if bar.late else "tone-1"
                drawing.rects.append(Rect(x + 1, y, max(width - 2, 0.5), box.bottom - y, tone))
            says = words.say(bar.value)
            if len(says) * LETTER < width + 4:
                drawing.labels.append(Label(x + width / 2, y - 6, says, "middle", f"strong halo {kind}".strip()))
    return drawing


def histogram(id: str, title: str, bars: Sequence[Bar], *, words: Words, axis: str, total: Value = None) -> Figure:
    """How many fall in each class. `axis` names the unit under the classes; classes are equally wide or say so."""
    _check(Series("", [bar.value for bar in bars]), count=len(bars))
    rows = [[bar.label, words.say(bar.value)] for bar in bars]
    rows.append([words.total, words.say(Series("", [bar.value for bar in bars], total).total)])
    wide, narrow = (_histogram(way, bars, words, axis) for way in (True, False))
    return Figure(id, title, wide, narrow, [f"{words.head} ({axis})", words.total], rows)
