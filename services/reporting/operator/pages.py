"""Operations: one page over all services. What must be done now stands first; what is known, below."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic_core import to_jsonable_python
from starlette.responses import JSONResponse, Response

from services.reporting import store_figures as store
from services.reporting.operator.alarms import alarms, flows
from services.reporting.operator.asking import ask_all
from services.reporting.pages import clock_time
from shared.database import Connection
from shared.operations.commands import Command
from shared.operations.state import LATELY
from shared.runtime import runtime
from shared.settings import ServiceName
from shared.web.access import needs
from shared.web.problems import language, wants_page
from shared.web.texts import TOWN

router = APIRouter(prefix="/reporting", tags=["reporting"])


async def own(connection: Connection) -> dict[str, Any]:
    """What operators see of reporting beside the flow of events."""
    badge = await store.badge(connection)
    return {"reconciliation": badge.state, "checked_at": badge.checked_at, "agreed_at": badge.agreed_at}


@router.get("/services", dependencies=[needs("operator")], response_model=None)
async def services(
    request: Request,
    done: Command | None = None,
    by: ServiceName | None = None,
    part: Annotated[Literal["live"] | None, Query()] = None,
) -> Response:
    """The page (only its live part for `part`); for programs, the alarms and what each service said."""
    heard = await ask_all(request.app.state.parts)
    wrong = alarms(heard)
    if not wants_page(request):
        return JSONResponse(to_jsonable_python({"alarms": wrong, "services": heard}))
    tell = clock_time(language(request))

    def when(value: Any) -> str:
        return tell(datetime.fromisoformat(value) if isinstance(value, str) else value) if value else "–"

    lately = [(one.service, row) for one in heard for row in (one.said or {}).get("lately", ())]
    return runtime(request).pages.render(
        request,
        "services_live.html" if part else "services.html",
        heard=heard,
        alarms=wrong,
        flows=flows(heard),
        done=done,
        by=by,
        when=when,
        told=lambda facts: {name: when(fact) if name == "at" else fact for name, fact in facts.items()},
        lately=sorted(lately, key=lambda pair: str(pair[1]["at"]), reverse=True)[:LATELY],
        read=datetime.now(TOWN).strftime("%H:%M:%S"),
    )
