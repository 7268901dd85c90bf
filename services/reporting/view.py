"""One consistent reading of everything that the dashboard shows, whoever asks and in whatever form."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pydantic_core import to_jsonable_python

from services.reporting import store_figures as store
from services.reporting.board import Dashboard
from services.reporting.consumers import SOURCES
from services.reporting.disclosure import Area, board
from services.reporting.freshness import Freshness, freshness
from services.reporting.readers import inside
from services.reporting.reconciliation import Badge
from services.reporting.store_figures_casework import worked
from shared.identity import Actor
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class View:
    """The figures, how fresh they are, and whether reception counts the same."""

    board: Dashboard
    freshness: Freshness
    badge: Badge
    inside: frozenset[Area]


async def view(runtime: Runtime, actor: Actor | None, year: int | None = None, *, casework: bool = False) -> View:
    """Read in one snapshot, so that no two figures on a page are of different moments; small numbers as `actor` may.

    `casework` counts plans, contacts and homes too.
    """
    today: date = runtime.clock.today()
    async with runtime.database.reading() as conn:
        generation = await store.live(conn)
        counted = await store.counted(conn, generation, today)
        work = await worked(conn, generation, today) if casework else None
        seen = await store.seen(conn, generation, SOURCES)
        badge = await store.badge(conn)
    silent_after = max(60.0, 6 * runtime.settings.watermark_seconds)
    fresh = freshness(seen, silent_after, source_ahead=badge.state == "catching-up" and not badge.strikes)
    areas = inside(actor, runtime.settings.units)
    return View(board(counted, today, year, areas, work), fresh, badge, areas)


def badge_document(badge: Badge, areas: frozenset[Area]) -> dict[str, Any]:
    """The badge for the API. Which figures differ is for everybody, by how much for those who see small numbers."""
    plain: dict[str, Any] = to_jsonable_python(badge)
    if "reception" not in areas:
        plain["differences"] = [{"figure": one.figure} for one in badge.differences]
    return {name: value for name, value in plain.items() if name != "strikes"}


def document(found: View, municipality: str) -> dict[str, Any]:
    """The dashboard for the API."""
    whole = {"municipality": municipality, **asdict(found.board), "as_of": asdict(found.freshness)}
    plain: dict[str, Any] = to_jsonable_python(whole)
    return {**plain, "reconciliation": badge_document(found.badge, found.inside)}
