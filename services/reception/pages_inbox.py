"""Where the day begins: the list of allocations and notices."""

from datetime import timedelta
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.reception import handlers, store, store_quotas, views
from services.reception.http import Reader
from services.reception.imports import store as imports
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import needs

router = APIRouter(prefix="/reception")

SOON_DAYS = 7
PAGE = 50
Show = Literal["allocations", "notices", "arrived", "cancelled"]
SHOWN: dict[Show, tuple[str, str | None]] = {
    "allocations": ("open", "allocated"),
    "notices": ("open", "settled"),
    "arrived": ("arrived", None),
}


@router.get("/")
async def start(actor: Annotated[Actor, needs("coordinator", "caseworker", "manager", "auditor")]) -> Response:
    """Where the day begins: with allocations, with one's own cases, or with the access log."""
    if "coordinator" in actor.roles:
        return RedirectResponse("/reception/inbox", 303)
    return RedirectResponse("/reception/work" if actor.roles & {"caseworker", "manager"} else "/reception/looks", 303)


@router.get("/inbox")
async def inbox(request: Request, actor: Reader, show: Show = "allocations", after: str | None = None) -> Response:
    """What has to be done, the shortest time first; or what was cancelled last."""
    own = runtime(request)
    today = own.clock.today()
    async with own.database.reading() as conn:
        sight = await handlers.sight(conn, actor, today)
        if show == "cancelled":
            found = await views.cancelled_list(conn, sight, today, after, PAGE)
        else:
            found = await views.case_list(conn, sight, today, *SHOWN[show], after, PAGE)
        counts = await store.count_open(conn, sight, today, today + timedelta(days=SOON_DAYS))
        years = await store_quotas.quotas(conn)
        waiting = await imports.conflicts(conn, undecided=True) if "coordinator" in actor.roles else []
    quota = next((q for q in years if q["quota_year"] == today.year), {"quota_year": today.year})
    return own.pages.render(
        request,
        "inbox.html",
        show=show,
        shown=get_args(Show),
        cases=found["cases"],
        after=found["next"],
        counts=counts,
        quota=quota,
        conflicts=len(waiting),
        soon=SOON_DAYS,
    )


@router.get("/events")
async def events(request: Request, actor: Reader) -> Response:
    return runtime(request).hub.stream(request, {"cases", "imports"})
