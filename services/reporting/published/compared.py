"""Our own figures beside the published ones, and the difference. Pure."""

from dataclasses import dataclass

from services.reporting.board import Dashboard
from services.reporting.published.tables import CATEGORIES, COLUMNS, Kind, Row
from services.reporting.suppression import HIDDEN, Count


@dataclass(frozen=True, slots=True)
class Compared:
    """`difference` is ours less theirs; hidden where ours is, for theirs is public and would give it back."""

    figure: str
    ours: Count
    published: int
    difference: Count


def compared(kind: Kind, row: Row, board: Dashboard) -> list[Compared]:
    """One line for each published column of this municipality's row, for the year of `board`."""
    mine: dict[str, Count]
    if kind == "quota":
        mine = {"target": board.quota.target or 0, "received": board.quota.received}
    else:
        groups = {one.category: one for one in board.received.by_category}
        mine = {"total": board.received.persons, "total.minors": board.received.unaccompanied_minors}
        for category in CATEGORIES:
            found = groups.get(category)
            mine[category] = found.persons if found else 0
            mine[f"{category}.minors"] = found.unaccompanied_minors if found else 0
    lines = []
    for figure, theirs in zip(COLUMNS[kind], row.numbers, strict=True):
        ours = mine[figure]
        lines.append(Compared(figure, ours, theirs, HIDDEN if ours == HIDDEN else ours - theirs))
    return lines


def plain(name: str) -> str:
    """A municipality's name as its own people and as the agency write it: `Kalmar kommun`, `KALMAR`."""
    words = name.casefold().removesuffix(" kommun").removesuffix(" stad").strip()
    return words


def own_row(rows: list[Row], wanted: str | None, municipality: str) -> Row | None:
    """The row that was asked for, or the municipality's own. None when the table has neither."""
    places = [row for row in rows if row.level == "municipality"]
    if wanted is None:
        own = plain(municipality)
        return next((row for row in places if plain(row.name) in {own, own.removesuffix("s")}), None)
    return next((row for row in places if row.name == wanted), None)
