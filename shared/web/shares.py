"""The chart of shares: every bar is a whole, divided into what went well and what did not, with its numbers beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.drawing import (
    HIDDEN,
    LETTER,
    NARROW,
    WIDE,
    Drawing,
    Figure,
    Label,
    Line,
    Rect,
    Series,
    Value,
    Words,
    added,
    known,
)

ROW, UNDER = 34.0, 50.0
LEGEND = 30.0
SEAM = 1.5


@dataclass(frozen=True)
class Part:
    """One colour of every bar. `tone` is a word of the style sheet."""

    name: str
    tone: str


@dataclass(frozen=True)
class Share:
    """One bar: a value for each part, and what is written beside it."""

    label: str
    values: Sequence[Value]
    says: str
    whole: Value = None

    @property
    def total(self) -> Value:
        return added(self.values) if self.whole is None else self.whole


def _drawn(wide: bool, parts: Sequence[Part], rows: Sequence[Share], words: Words) -> Drawing:
    names = [len(part.name) * LETTER + 42 for part in parts]
    row = ROW if wide else UNDER
    below = LEGEND if wide or sum(names) < NARROW else 20.0 * len(parts) + 10
    drawing = Drawing(WIDE if wide else NARROW, below + row * len(rows) + 4)
    longest = max((len(one.label) for one in rows), default=0) * LETTER + 20
    left = min(drawing.width * 0.5, longest) if wide else 2.0
    room = max((len(one.says) for one in rows), default=1) * (LETTER + 1) + 14
    width = drawing.width - left - room
    x, y = left, 14.0
    for part, name in zip(parts, names, strict=True):
        drawing.rects.append(Rect(x, y - 10, 11, 11, part.tone))
        drawing.labels.append(Label(x + 17, y, part.name))
        x, y = (x + name, y) if below == LEGEND else (x, y + 20)
    for index, one in enumerate(rows):
        place = below + index * row
        top = place + (6 if wide else 22)
        drawing.labels.append(
            Label(left - 10, top + 15, one.label, "end") if wide else Label(left, place + 16, one.label)
        )
        drawing.labels.append(Label(left + width + 7, top + 15, one.says, "start", "strong"))
        if HIDDEN in one.values or not added(one.values):
            continue
        at = left
        for part, value in zip(parts, one.values, strict=True):
            size = width * known(value) / known(added(one.values))
            if size:
                says = f"{one.label}, {part.name}: {words.say(value)}"
                drawing.rects.append(Rect(at, top, max(size - SEAM, 0.5), 20, part.tone, says))
            at += size
    if wide:
        drawing.lines.append(Line(((left, below), (left, drawing.height)), "zero"))
    return drawing


def shares(id: str, title: str, parts: Sequence[Part], rows: Sequence[Share], *, words: Words) -> Figure:
    """Bars of one length, each divided by its parts. One with a hidden part is not drawn: its length would tell it."""
    for one in rows:
        if len(one.values) != len(parts):
            raise ValueError("a bar wants one value for each part")
        if any(known(value) < 0 for value in one.values):
            raise ValueError("a share of nothing less than zero can be drawn")
    table = [[one.label, *map(words.say, one.values), words.say(one.total)] for one in rows]
    ends = [Series("", [one.values[index] for one in rows]).total for index in range(len(parts))]
    table.append([words.total, *map(words.say, ends), words.say(added([one.total for one in rows]))])
    wide, narrow = (_drawn(way, parts, rows, words) for way in (True, False))
    return Figure(id, title, wide, narrow, [words.head, *(part.name for part in parts), words.total], table)
