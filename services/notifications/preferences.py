"""What a person chose about the messages, as a page and for programs: how soon, when not, and who stands in."""

from datetime import date, time
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.notifications import handlers, store_people
from services.notifications.handlers import READERS
from services.notifications.hours import Cadence, Preference
from services.notifications.http import Body
from shared.database import Connection
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer, key_of, transaction
from shared.web.problems import wants_page

router = APIRouter(prefix="/notifications", tags=["notifications"])


class Chosen(Body):
    """`stand_in` is a colleague's sign-in subject; `absent_to` is the last day away."""

    cases: Cadence = "now"
    reminders: Cadence = "now"
    quiet_from: time | None = None
    quiet_to: time | None = None
    absent_from: date | None = None
    absent_to: date | None = None
    stand_in: str | None = None

    def preference(self) -> Preference:
        """Clock times are the town's, to the minute, whatever zone a program wrote behind them."""
        found = self.model_dump()
        for name in ("quiet_from", "quiet_to"):
            if found[name] is not None:
                found[name] = found[name].replace(second=0, microsecond=0, tzinfo=None)
        return Preference(**found)


def _plain(wanted: Preference) -> dict[str, Any]:
    """As a form and as JSON have it."""
    found = {name: getattr(wanted, name) for name in Chosen.model_fields}
    found |= {name: found[name].strftime("%H:%M") for name in ("quiet_from", "quiet_to") if found[name]}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}


@router.get("/preferences", response_model=None)
async def preferences(request: Request, actor: Annotated[Actor, needs(*READERS)], saved: bool = False) -> Response:
    """What this person chose; the usual when nothing was."""
    async with runtime(request).database.reading() as conn:
        mine = await store_people.preference(conn, actor.sub)
    if not wants_page(request):
        return JSONResponse(_plain(mine))
    return await _page(request, actor, forms.Form(_plain(mine)), saved=saved)


async def _page(request: Request, actor: Actor, form: forms.Form, status: int = 200, *, saved: bool) -> Response:
    run = runtime(request)
    async with run.database.reading() as conn:
        colleagues = await handlers.colleagues(conn, run.vault, actor)
    return run.pages.render(
        request,
        "preferences.html",
        status,
        form=form,
        saved=saved,
        colleagues=colleagues,
        alone=handlers.judges_only(actor),
    )


@router.post("/preferences", response_model=None)
async def prefer(request: Request, body: Chosen, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    """Holds for messages from now on."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await handlers.prefer(tx, actor, body.preference())
        return Answer(200, {})

    key = key_of(request.headers)
    answer = await run.commands.run(actor, "POST /notifications/preferences", key, body, work, scope=request.scope)
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.post("/forms/preferences", response_model=None, include_in_schema=False)
async def prefer_by_form(request: Request, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, Chosen, run.pages.texts)
    if posted.value is None:
        return await _page(request, actor, posted.form, 422, saved=False)
    try:
        async with transaction(run.database, scope=request.scope) as tx:
            await handlers.prefer(tx, actor, posted.value.preference())
    except Refused as no:
        return await _page(request, actor, posted.form.refused(request, run.pages.texts, no), 422, saved=False)
    return RedirectResponse("/notifications/preferences?saved=true", 303)
