"""One consistent reading of everything that the dashboard shows, whoever asks and in whatever form."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pydantic_core import to_jsonable_python

from services.reporting import store_figures as store
from services.reporting.board import Dashboard
from services.reporting.consumers import SOURCES
from services.reporting.figures import dashboard
from services.reporting.freshness import Freshness, freshness
from services.reporting.reconciliation import Badge
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class View:
    """The figures, how fresh they are, and whether reception counts the same."""

    board: Dashboard
    freshness: Freshness
    badge: Badge


async def view(runtime: Runtime, year: int | None = None) -> View:
    """Read in one snapshot, so that no two figures on a page are of different moments."""
    today: date = runtime.clock.today()
    async with runtime.database.reading() as conn:
        generation = await store.live(conn)
        counted = await store.counted(conn, generation, today)
        seen = await store.seen(conn, generation, SOURCES)
        badge = await store.badge(conn)
    silent_after = max(60.0, 6 * runtime.settings.watermark_seconds)
    fresh = freshness(seen, silent_after, source_ahead=badge.state == "catching-up" and not badge.strikes)
    return View(dashboard(counted, today, year), fresh, badge)


def badge_document(badge: Badge) -> dict[str, Any]:
    """The badge for the API."""
    plain: dict[str, Any] = to_jsonable_python(badge)
    return {name: value for name, value in plain.items() if name != "strikes"}


def document(found: View, municipality: str) -> dict[str, Any]:
    """The dashboard for the API."""
    whole = {"municipality": municipality, **asdict(found.board), "as_of": asdict(found.freshness)}
    plain: dict[str, Any] = to_jsonable_python(whole)
    return {**plain, "reconciliation": badge_document(found.badge)}
