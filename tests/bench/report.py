"""docs/benchmarks.md from the results: what was measured, against what, on what, and what was promised."""

import re
import statistics
from collections.abc import Mapping, Sequence

from tests.bench.harness import Goal, Line, Summary

_ID = re.compile(r"B\d+[a-z]? ")

_HEAD = """# Benchmarks

Made by `make bench`; do not edit. A figure is worth something only beside its floor (the same work with nothing in
between) and its peers (what one would pick instead), measured in the same run on the same machine. Variants run
interleaved, their order turned by one each round; the table shows the median and the range of the rounds, and the
median of the ratios within a round. Every run asserts its own result: counts, order, sums. A variant that loses or
doubles something fails instead of getting a figure.

![Ratios to the floor](benchmarks.svg)
"""
_TAIL = """## Again

`make bench` (everything, resumable: what is in the results file is kept), `make bench ARGS="B1 B3"` (some),
`make bench ARGS=--fresh` (from nothing), `make bench-smoke` (a minute: whether they run and are right).
`LANDA_BENCH` names another results file than `.landa/bench/results.jsonl`. What that file does not hold stays on this
page as it was measured before. Nothing else should run meanwhile.
"""


def number(value: float) -> str:
    """Three significant digits, thousands apart."""
    if value >= 1000:
        digits = len(str(int(value)))
        return f"{round(value, 3 - digits):,.0f}"
    return f"{value:.3g}"


def _row(line: Line) -> str:
    low, high = min(line.values), max(line.values)
    span = f"{number(low)} to {number(high)}" if len(line.values) > 1 else "one run"
    ratio = "" if line.ratio is None or line.variant.kind == "floor" else number(line.ratio)
    name = f"**{line.variant.name}**" if line.variant.kind == "ours" else line.variant.name
    kind = {"ours": "", "peer": "peer", "floor": "floor"}[line.variant.kind]
    return (
        f"| {name} | {kind} | {number(line.median)} {line.unit} | {span} | {ratio} | {len(line.values)} × {line.n:,} |"
    )


def _goal(goal: Goal, summary: Summary) -> str:
    found = goal.met(summary)
    if found is None:
        return f"| {goal.words} | not measured | |"
    return f"| {goal.words} | {found[1]} | {'yes' if found[0] else '**no**'} |"


def sections(text: str) -> dict[str, str]:
    """The benchmarks' sections of a document, by the benchmark's id."""
    found = (part.partition("\n## ")[0].strip() + "\n" for part in f"\n{text}".split("\n## ")[1:])
    return {part.partition(" ")[0]: f"## {part}" for part in found if _ID.match(part)}


def _section(summary: Summary, before: Mapping[str, str]) -> str:
    bench = summary.bench
    if not summary.lines and bench.id in before:
        return before[bench.id]
    better = "more is better" if bench.better == "more" else "less is better"
    parts = [f"## {bench.id} {bench.title}", f"{bench.work} ({better})"]
    if not summary.lines:
        return "\n\n".join([*parts, "Not measured."]) + "\n"
    table = ["| variant | | median | range | ratio to the floor | rounds × n |", "|---|---|---|---|---|---|"]
    parts.append("\n".join([*table, *(_row(line) for line in summary.lines.values())]))
    extras = [
        f"- {name}: " + ", ".join(f"{what} {number(statistics.median(v))}" for what, v in line.extra.items())
        for name, line in summary.lines.items()
        if line.extra
    ]
    if extras:
        parts.append("Also measured (medians):\n\n" + "\n".join(extras))
    if bench.goals:
        rows = [_goal(goal, summary) for goal in bench.goals]
        parts.append("\n".join(["| goal | measured | met |", "|---|---|---|", *rows]))
    notes = [*bench.notes, *(f"{v.name}: {v.note}" for v in bench.variants if v.note)]
    missing = [v.name for v in bench.variants if v.name not in summary.lines]
    if missing:
        notes.append(f"Not measured: {', '.join(missing)}.")
    revisions = sorted({result.revision for done in summary.rounds.values() for result in done.values()})
    notes.append(f"Measured at {', '.join(revisions)}.")
    parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def document(summaries: Sequence[Summary], machine: Mapping[str, str], before: str) -> str:
    """The whole page. What has no results here stays as `before`, the page until now, has it."""
    known = sections(before)
    about = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())]
    parts = [
        _HEAD,
        *(_section(summary, known) for summary in summaries),
        "## The machine\n\n" + "\n".join(about) + "\n",
        _TAIL,
    ]
    return "\n".join(parts)


def faults(text: str, drawing: str, summaries: Sequence[Summary]) -> list[str]:
    """What a document of a whole run lacks: a section, a variant, a goal that was not asked."""
    found = []
    for summary in summaries:
        if f"## {summary.bench.id} " not in text:
            found.append(f"{summary.bench.id} has no section")
        for variant in summary.bench.variants:
            if variant.name not in summary.lines:
                found.append(f"{summary.bench.id}: {variant.name} has no figure")
            elif not summary.lines[variant.name].median > 0:
                found.append(f"{summary.bench.id}: {variant.name} has no positive figure")
        for goal in summary.bench.goals:
            if goal.met(summary) is None:
                found.append(f"{summary.bench.id}: the goal {goal.words!r} could not be asked")
    if not drawing.startswith("<svg") or not drawing.rstrip().endswith("</svg>"):
        found.append("the picture is no SVG")
    return found
