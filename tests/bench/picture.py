"""docs/benchmarks.svg: per benchmark one row of bars, each variant as a ratio to the floor, with its own label."""

from collections.abc import Sequence
from html import escape

from tests.bench.harness import Line, Summary
from tests.bench.report import number

_COLOURS = {"ours": "#0b5c8a", "peer": "#8b949e", "floor": "#c9a227"}
_LEFT, _WIDTH, _BAR, _GAP, _HEAD, _EDGE = 330, 360, 16, 7, 34, 20
_TOTAL = 980


def _value(line: Line) -> float:
    return 1.0 if line.variant.kind == "floor" else (line.ratio or 0.0)


def drawing(summaries: Sequence[Summary]) -> str:
    """One SVG. Benchmarks without a floor are left out: they have no ratio."""
    shown = [s for s in summaries if any(line.ratio is not None for line in s.lines.values())]
    y, body = 34, []
    for summary in shown:
        lines = [line for line in summary.lines.values() if line.ratio is not None or line.variant.kind == "floor"]
        most = max([1.0, *(_value(line) for line in lines)])
        scale = _WIDTH / min(most, 4.0)
        y += _HEAD
        better = "longer is better" if summary.bench.better == "more" else "shorter is better"
        title = f"{summary.bench.id} {summary.bench.title}"
        body.append(f'<text x="{_EDGE}" y="{y - 10}" font-weight="600">{escape(title)} ({better})</text>')
        below = y + len(lines) * (_BAR + _GAP) - _GAP + 3
        body.append(
            f'<line x1="{_LEFT + scale:.1f}" x2="{_LEFT + scale:.1f}" y1="{y - 3}" y2="{below}" stroke="#c9a227"'
            ' stroke-dasharray="3 3"/>'
        )
        for line in lines:
            value = _value(line)
            length = max(1.5, min(value, 4.0) * scale)
            broken = " …" if value > 4.0 else ""
            label = f"{number(value)}{broken} ({number(line.median)} {line.unit})"
            weight = ' font-weight="600"' if line.variant.kind == "ours" else ""
            body.append(
                f'<text x="{_LEFT - 8}" y="{y + 12.5}" text-anchor="end"{weight}>{escape(line.variant.name)}</text>'
                f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"'
                f' fill="{_COLOURS[line.variant.kind]}"/>'
                f'<text x="{_LEFT + length + 6:.1f}" y="{y + 12.5}"{weight} stroke="#ffffff" stroke-width="4"'
                f' paint-order="stroke">{escape(label)}</text>'
            )
            y += _BAR + _GAP
    height = y + _EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_TOTAL} {height}" width="{_TOTAL}" height="{height}"'
        ' font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="13" fill="#1f2328" role="img">'
        "<title>Each variant as a ratio to the floor of its benchmark</title>"
        f'<rect width="{_TOTAL}" height="{height}" fill="#ffffff"/>'
        f'<text x="{_EDGE}" y="26" font-size="15" font-weight="600">Ratio to the floor'
        " (the same work with nothing in between; dashed line = 1)</text>" + "".join(body) + "</svg>\n"
    )
