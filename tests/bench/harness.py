"""The measuring of one thing against its peers and its floor, on one machine, in one run.

Promise: variants of a benchmark run interleaved, their order turned by one each round; every run asserts its own result
or raises; a ratio to the floor is made within a round, and only then the median of the rounds is taken.
"""

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from tests.bench.stand import Stand

Kind = Literal["ours", "peer", "floor"]


@dataclass(frozen=True)
class Measured:
    """One run's figure. `extra`: other figures of the same run, shown as medians below the table."""

    value: float
    unit: str
    extra: dict[str, float] = field(default_factory=dict)


# run(stand, n): does the work n times over, asserts that it was done, and says how fast.
Run = Callable[[Stand, int], Awaitable[Measured]]


@dataclass(frozen=True)
class Variant:
    """`n`: its own size when it is too slow for the benchmark's; `rounds`: in how many of the rounds it takes part."""

    name: str
    kind: Kind
    run: Run
    n: int | None = None
    rounds: int = 5
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """What is promised: `words` for people; `met` asks the summary: (whether, figure), or None when not measured."""

    words: str
    met: Callable[["Summary"], tuple[bool, str] | None]


@dataclass(frozen=True)
class Bench:
    """`better`: whether more or less is better. `setup(stand, n)` runs before the first round and may be slow."""

    id: str
    title: str
    work: str
    n: int
    quick_n: int
    variants: Sequence[Variant]
    goals: Sequence[Goal] = ()
    better: Literal["more", "less"] = "more"
    rounds: int = 5
    notes: Sequence[str] = ()
    setup: Callable[[Stand, int], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Result:
    """One run, as it stands in the results file."""

    bench: str
    round: int
    variant: str
    n: int
    value: float
    unit: str
    extra: dict[str, float]
    quick: bool
    revision: str


@dataclass
class Line:
    """One variant over all rounds; `ratio` is to the floor, None without one."""

    variant: Variant
    n: int
    unit: str
    values: list[float]
    ratios: list[float]
    extra: dict[str, list[float]]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None


@dataclass
class Summary:
    """A benchmark's lines in the order of its variants; those not measured are missing."""

    bench: Bench
    lines: dict[str, Line]
    rounds: dict[int, dict[str, Result]]

    def ratio(self, of: str, to: str) -> float | None:
        """The median of (of / to) over the rounds that measured both."""
        found = [done[of].value / done[to].value for done in self.rounds.values() if of in done and to in done]
        return statistics.median(found) if found else None

    def extra(self, variant: str, name: str) -> float | None:
        """The median of another figure of `variant`."""
        line = self.lines.get(variant)
        return statistics.median(line.extra[name]) if line and line.extra.get(name) else None


def at_least(of: str, to: str, factor: float) -> Goal:
    """`of` reaches `factor` times `to`."""

    def met(summary: Summary) -> tuple[bool, str] | None:
        found = summary.ratio(of, to)
        return None if found is None else (found >= factor, f"{found:.3g}")

    return Goal(f"{of} ≥ {factor:g} × {to}", met)


def at_most(of: str, limit: float, unit: str, *, extra: str | None = None) -> Goal:
    """The figure of `of` (or its `extra` figure) is at most `limit`."""

    def met(summary: Summary) -> tuple[bool, str] | None:
        if of not in summary.lines:
            return None
        found = summary.lines[of].median if extra is None else summary.extra(of, extra)
        return None if found is None else (found <= limit, f"{found:.3g} {unit}")

    return Goal(f"{of}{'' if extra is None else ', ' + extra} ≤ {limit:g} {unit}", met)


class Results:
    """The results file: one JSON object a line, appended as soon as a run has ended."""

    def __init__(self, path: Path, revision: str, *, quick: bool) -> None:
        self.path, self.revision, self.quick = path, revision, quick

    def read(self) -> list[Result]:
        if not self.path.exists():
            return []
        found = [Result(**json.loads(line)) for line in self.path.read_text().splitlines() if line.strip()]
        return [result for result in found if result.quick == self.quick]

    def add(self, result: Result) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def summary(bench: Bench, results: Sequence[Result]) -> Summary:
    """What the rounds say together."""
    rounds: dict[int, dict[str, Result]] = {}
    for result in results:
        if result.bench == bench.id:
            rounds.setdefault(result.round, {})[result.variant] = result
    floors = [variant.name for variant in bench.variants if variant.kind == "floor"]
    lines: dict[str, Line] = {}
    for variant in bench.variants:
        mine = [done[variant.name] for _, done in sorted(rounds.items()) if variant.name in done]
        if not mine:
            continue
        extra: dict[str, list[float]] = {}
        for one in mine:
            for name, value in one.extra.items():
                extra.setdefault(name, []).append(value)
        ratios = [
            done[variant.name].value / done[floors[0]].value
            for done in rounds.values()
            if floors and variant.name in done and floors[0] in done
        ]
        lines[variant.name] = Line(variant, mine[0].n, mine[0].unit, [one.value for one in mine], ratios, extra)
    return Summary(bench, lines, rounds)


async def run(bench: Bench, stand: Stand, results: Results, say: Callable[[str], None]) -> None:
    """Runs what is missing of `bench`. A round that was broken off is done again as a whole, for its ratios."""
    full = bench.quick_n if results.quick else bench.n
    known = summary(bench, results.read())
    prepared = False
    for number in range(1 if results.quick else bench.rounds):
        wanted = [v for v in bench.variants if results.quick or number < v.rounds]
        if {v.name for v in wanted} <= set(known.rounds.get(number, {})):
            continue
        if bench.setup is not None and not prepared:
            say(f"{bench.id} preparing")
            await bench.setup(stand, full)
            prepared = True
        turn = number % len(wanted)
        for variant in wanted[turn:] + wanted[:turn]:
            n = full if variant.n is None else min(full, variant.n)
            gc.collect()
            begun = time.monotonic()
            async with AsyncExitStack() as own:
                measured = await variant.run(stand.for_one_run(own), n)
            more = "".join(f"  {name} {value:.4g}" for name, value in measured.extra.items())
            say(
                f"{bench.id} round {number + 1}  {variant.name}: {measured.value:,.4g} {measured.unit}{more}"
                f"  (n={n:,}, {time.monotonic() - begun:.1f} s)"
            )
            results.add(
                Result(
                    bench.id, number, variant.name, n, measured.value, measured.unit, measured.extra,
                    results.quick, results.revision,
                )
            )  # fmt: skip
            await asyncio.sleep(0.2)  # lets what the run has closed end
