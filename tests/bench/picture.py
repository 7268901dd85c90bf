"""docs/benchmarks.svg: per benchmark one row of bars, each variant as a ratio to the floor, with its own label."""

from dataclasses import dataclass
from html import escape

from tests.bench.report import sections

_COLOURS = {"ours": "#0b5c8a", "peer": "#8b949e", "floor": "#c9a227"}
_LEFT, _WIDTH, _BAR, _GAP, _HEAD, _EDGE = 330, 360, 16, 7, 34, 20
_TOTAL = 980


@dataclass(frozen=True)
class Bar:
    """A row of a section's table."""

    name: str
    kind: str
    median: str
    ratio: str

    @property
    def value(self) -> float:
        return float(self.ratio.replace(",", ""))


def bars(section: str) -> list[Bar]:
    """The rows that have a ratio, and the floor, which is one."""
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[5][:1].isdigit() and (cells[1] == "floor" or cells[4]):
            found.append(Bar(cells[0].strip("*"), cells[1] or "ours", cells[2], cells[4] or "1"))
    return found


def drawing(document: str) -> str:
    """One SVG of the page's tables. Benchmarks without a floor are left out: they have no ratio."""
    y, body = 34, []
    for section in sections(document).values():
        lines = bars(section)
        if all(line.kind == "floor" for line in lines):
            continue
        scale = _WIDTH / min(max(1.0, *(line.value for line in lines)), 4.0)
        y += _HEAD
        better = "longer is better" if "(more is better)" in section else "shorter is better"
        title = section.partition("\n")[0].removeprefix("## ")
        body.append(f'<text x="{_EDGE}" y="{y - 10}" font-weight="600">{escape(title)} ({better})</text>')
        below = y + len(lines) * (_BAR + _GAP) - _GAP + 3
        body.append(
            f'<line x1="{_LEFT + scale:.1f}" x2="{_LEFT + scale:.1f}" y1="{y - 3}" y2="{below}" stroke="#c9a227"'
            ' stroke-dasharray="3 3"/>'
        )
        for line in lines:
            length = max(1.5, min(line.value, 4.0) * scale)
            broken = " …" if line.value > 4.0 else ""
            label = f"{line.ratio}{broken} ({line.median})"
            weight = ' font-weight="600"' if line.kind == "ours" else ""
            body.append(
                f'<text x="{_LEFT - 8}" y="{y + 12.5}" text-anchor="end"{weight}>{escape(line.name)}</text>'
                f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"'
                f' fill="{_COLOURS[line.kind]}"/>'
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
