"""The dashboard as JSON and CSV, the reconciliation and the live stream."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting import store
from services.reporting.readers import READERS, inside
from services.reporting.store_figures import STATUS_TOPIC
from services.reporting.tables import TABLES, WORK
from services.reporting.view import badge_document, document, view
from services.reporting.watch import compare
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import csvfile
from shared.web.access import needs
from shared.web.problems import Problem

Reader = Annotated[Actor, needs(*READERS)]
Year = Annotated[int | None, Query(ge=2000, le=2100)]

router = APIRouter(prefix="/reporting", tags=["reporting"])


@router.get("/dashboard.json")
async def dashboard_json(request: Request, actor: Reader, year: Year = None) -> dict[str, Any]:
    """Every figure of the dashboard for `year`, counted in one snapshot.

    Unless told it is the running year, and through 15 April the year before.
    A number that the reader is not shown is `".."`.
    """
    own = runtime(request)
    return document(await view(own, actor, year), own.settings.municipality)


@router.get("/tables/{table}.csv")
async def table_csv(
    request: Request, actor: Reader, table: str, year: Year = None, separator: Literal["comma", "semicolon"] = "comma"
) -> Response:
    """One part of the dashboard as CSV. Unknown names are 404."""
    if table not in TABLES:
        raise Problem(404, "unknown-table", tables=", ".join(TABLES))
    own = runtime(request)
    head, rows = TABLES[table]((await view(own, actor, year, casework=table in WORK)).board)
    name = csvfile.file_name("reporting", table, own.clock.today())
    return csvfile.response(name, head, rows, semicolon=separator == "semicolon")


@router.get("/reconciliation")
async def reconciliation(request: Request, actor: Reader) -> dict[str, Any]:
    """Compares with reception now (at most twice a second) and answers the verdict."""
    own = runtime(request)
    return badge_document(await compare(own), inside(actor, own.settings.units))


@router.get("/events", dependencies=[needs(*READERS)])
async def events(request: Request) -> Response:
    """Says when figures or their verdict have changed; holds no figures itself."""
    return runtime(request).hub.stream(request, [store.TOPIC, STATUS_TOPIC])
