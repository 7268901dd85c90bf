"""The dashboard as JSON and CSV, the reconciliation and the live stream."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting import store
from services.reporting.store_figures import STATUS_TOPIC
from services.reporting.tables import TABLES
from services.reporting.view import badge_document, document, view
from services.reporting.watch import compare
from shared.runtime import runtime
from shared.web import csvfile
from shared.web.access import needs
from shared.web.problems import Problem

READERS = ("council", "manager", "coordinator", "auditor", "operator", "secretary", "caseworker")
Year = Annotated[int | None, Query(ge=2000, le=2100)]

router = APIRouter(prefix="/reporting", tags=["reporting"])


@router.get("/dashboard.json", dependencies=[needs(*READERS)])
async def dashboard_json(request: Request, year: Year = None) -> dict[str, Any]:
    """Every figure of the dashboard for `year` (the latest with arrivals unless told), counted in one snapshot."""
    own = runtime(request)
    return document(await view(own, year), own.settings.municipality)


@router.get("/tables/{table}.csv", dependencies=[needs(*READERS)])
async def table_csv(
    request: Request, table: str, year: Year = None, separator: Literal["comma", "semicolon"] = "comma"
) -> Response:
    """One part of the dashboard as CSV. Unknown names are 404."""
    if table not in TABLES:
        raise Problem(404, "unknown-table", tables=", ".join(TABLES))
    own = runtime(request)
    head, rows = TABLES[table]((await view(own, year)).board)
    name = csvfile.file_name("reporting", table, own.clock.today())
    return csvfile.response(name, head, rows, semicolon=separator == "semicolon")


@router.get("/reconciliation", dependencies=[needs(*READERS)])
async def reconciliation(request: Request) -> dict[str, Any]:
    """Compares with reception now (at most twice a second) and answers the verdict."""
    return badge_document(await compare(runtime(request)))


@router.get("/events", dependencies=[needs(*READERS)])
async def events(request: Request) -> Response:
    """Says when figures or their verdict have changed; holds no figures itself."""
    return runtime(request).hub.stream(request, [store.TOPIC, STATUS_TOPIC])
