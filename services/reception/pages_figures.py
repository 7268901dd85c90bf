"""From a number of the follow-up to its cases: those that the reader may see, and how many more there are."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reception import figures, handlers, store, store_casework, store_figures, views
from services.reception.http import Reader
from services.reception.pages_inbox import PAGE
from shared.runtime import runtime
from shared.web.problems import language

router = APIRouter(prefix="/reception")
# Figures by the days left until the household is to be received: their lists show this clock, others the next step's.
UNTIL_RECEIVED = frozenset({"open-cases", "quota"})


def _clock(figure: str, row: dict[str, Any]) -> date | None:
    until = row["receive_by"] if figure in UNTIL_RECEIVED else row["due_on"]
    return None if until == store.NEVER else until


@router.get("/figures/{figure}/{part}")
async def cases_of_figure(
    request: Request,
    actor: Reader,
    figure: str,
    part: str,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    after: str | None = None,
) -> Response:
    """Reporting says which cases; who may see them is decided here. A case that is not seen is counted, not named: by
    who has it, so that a reader knows whom to ask."""
    own = runtime(request)
    today, place = own.clock.today(), views.read_cursor(after)
    found = await figures.ask(own, actor, figure, part, year, language(request))
    cases = list(found.cases)
    async with own.database.reading() as conn:
        sight = await handlers.sight(conn, actor, today)
        rows = await store_figures.listed(conn, sight, cases, place, PAGE + 1)
        unseen = await store_figures.unseen(conn, sight, cases)
        names = await store_casework.colleagues(conn, {row["caseworker"] for row in rows if row["caseworker"]})
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return own.pages.render(
        request,
        "figure.html",
        headers={"Cache-Control": "no-store"},
        figure=found,
        rows=[row | {"clock": _clock(figure, row)} for row in rows[:PAGE]],
        unseen=unseen,
        names=names,
        after=views.cursor({"deadline": last["due_on"], "id": last["id"]}) if last else None,
        today_date=today,
    )
