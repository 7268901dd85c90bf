"""What a chart is drawn of, and where things go: rectangles, lines, labels, an axis from zero."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Final, Literal

WIDE, NARROW = 720.0, 320.0
GAP = 18.0
LETTER = 7.0
TONES = 6

# a number that this reader is not shown: nothing is drawn of it, and its place says so
HIDDEN: Final = ".."
Value = float | Literal[".."] | None

Point = tuple[float, float]


def known(value: Value) -> float:
    """What is drawn of a value: nothing where there is none or it is hidden."""
    return 0 if value is None or value == HIDDEN else value


def added(values: Sequence[Value]) -> Value:
    """The sum, which nobody is told who is not told a part of it."""
    return HIDDEN if HIDDEN in values else sum(known(value) for value in values)


@dataclass(frozen=True)
class Words:
    """What a chart says beside its data, in the reader's language; `number` writes a figure.

    `unit`: what an axis counts, written on top of it.
    """

    head: str
    total: str
    number: Callable[[float], str]
    unit: str = ""

    @property
    def above(self) -> float:
        """Room for the unit."""
        return 16.0 if self.unit else 0.0

    def say(self, value: Value) -> str:
        return "–" if value is None else HIDDEN if value == HIDDEN else self.number(value)


@dataclass(frozen=True)
class Series:
    """One value for each label; None where there is none yet. `whole` is the sum where the parts do not tell it."""

    name: str
    values: Sequence[Value]
    whole: Value = None

    @property
    def total(self) -> Value:
        return added(self.values) if self.whole is None else self.whole


@dataclass(frozen=True)
class Target:
    name: str
    value: float


@dataclass(frozen=True)
class Bar:
    label: str
    value: Value
    late: bool = False


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    tone: str
    says: str = ""


@dataclass(frozen=True)
class Line:
    """`kind`: grid, zero, target, past (last year), now, or unsaid (between two numbers, where none is shown)."""

    points: tuple[Point, ...]
    kind: str


@dataclass(frozen=True)
class Label:
    """`kind`: words of the style sheet: soft, strong, late, halo."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = ""


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """A chart and its twin: `head` and `rows` hold every number that the drawings show."""

    id: str
    title: str
    wide: Drawing
    narrow: Drawing
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Box:
    """Where the data is drawn, and up to which value."""

    left: float
    top: float
    right: float
    bottom: float
    most: float

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most

    def slot(self, index: int, count: int) -> tuple[float, float]:
        """Left edge and width of a label's share of the axis."""
        width = (self.right - self.left) / max(count, 1)
        return self.left + index * width, width


def ticks(most: float, about: int = 4) -> list[float]:
    """Round values from zero to the first one that is not below `most`; whole numbers only."""
    rough = max(most, 1) / about
    power = 10.0 ** floor(log10(rough))
    step = max(1.0, next(unit * power for unit in (1, 2, 5, 10) if unit * power >= rough * 0.999999))
    return [step * index for index in range(ceil(max(most, 1) / step - 1e-9) + 1)]


def spread(wanted: Sequence[float], top: float, bottom: float, gap: float = GAP) -> list[float]:
    """Places as near to the wanted ones as can be, `gap` apart and between top and bottom; order is kept."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, (bottom - top) / max(len(wanted) - 1, 1))
    placed = [0.0] * len(wanted)
    floor_, ceiling = top, bottom - gap * (len(wanted) - 1)
    for index in order:
        placed[index] = max(floor_, min(wanted[index], ceiling))
        floor_, ceiling = placed[index] + gap, ceiling + gap
    return placed


def axes(drawing: Drawing, box: Box, steps: Sequence[float], labels: Sequence[str], words: Words) -> None:
    if words.unit:
        drawing.labels.append(Label(0, box.top - 16, words.unit, "start", "soft"))
    for value in steps:
        y = box.y(value)
        drawing.lines.append(Line(((box.left, y), (box.right, y)), "grid" if value else "zero"))
        drawing.labels.append(Label(box.left - 6, y + 4, words.number(value), "end", "soft"))
    _, width = box.slot(0, len(labels))
    longest = max((len(label) for label in labels), default=0) * LETTER
    short = width < longest + 5 and len(labels) == 12
    every = 1 if short else max(1, ceil((longest + 5) / width))
    for index, label in enumerate(labels):
        if index % every == 0:
            x, width = box.slot(index, len(labels))
            drawing.labels.append(
                Label(x + width / 2, box.bottom + 18, label[:1].upper() if short else label, "middle", "soft")
            )


def path_of(box: Box, series: Series) -> list[Point]:
    count = len(series.values)
    return [
        (box.slot(index, count)[0] + box.slot(index, count)[1] / 2, box.y(known(value)))
        for index, value in enumerate(series.values)
        if value is not None and value != HIDDEN
    ]


def pieces_of(box: Box, series: Series) -> list[tuple[list[Point], bool]]:
    """The line in pieces, each with whether it is known: between two points with a hidden one in between it is not."""
    path = path_of(box, series)
    places = [index for index, value in enumerate(series.values) if value is not None and value != HIDDEN]
    found: list[tuple[list[Point], bool]] = [(path[:1], True)]
    for index in range(1, len(path)):
        is_known = HIDDEN not in series.values[places[index - 1] : places[index]]
        if is_known == found[-1][1]:
            found[-1][0].append(path[index])
        else:
            found.append(([path[index - 1], path[index]], is_known))
    return [piece for piece in found if len(piece[0]) > 1] or found[:1]


def target_line(drawing: Drawing, box: Box, target: Target, words: Words) -> None:
    y = box.y(target.value)
    drawing.lines.append(Line(((box.left, y), (box.right, y)), "target"))
    drawing.labels.append(Label(box.left + 4, y - 6, f"{target.name} {words.number(target.value)}", "start", "halo"))
