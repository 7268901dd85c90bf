"""Pages for people: the landing page, what every public page links to, and the mailboxes."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.notifications import handlers, store, store_inbox, store_people
from services.notifications.home import tasks
from services.notifications.http import KEEPERS, OFFICES, WATCHERS, MailboxBody, Office
from services.notifications.store_people import Mailbox
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import actor_of, needs, public
from shared.web.commands import transaction
from shared.web.problems import wants_page

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/", dependencies=[public()], response_model=None)
async def home(request: Request) -> Response:
    """What this is, for nobody; what waits, for somebody."""
    run, actor = runtime(request), actor_of(request)
    if actor is None:
        return run.pages.render(request, "welcome.html")
    async with run.database.reading() as conn:
        unread = await store_inbox.count(conn, handlers.reader(actor, run.clock.today()))
        counts = {} if actor.roles.isdisjoint(WATCHERS) else await store.counts(conn)
    mine = tasks(actor.roles, unread, counts.get("failed", 0))
    return run.pages.render(request, "home.html", tasks=mine, withheld=counts.get("withheld", 0))


@router.get("/notifications/", dependencies=[public()], response_model=None)
async def root() -> Response:
    return RedirectResponse("/notifications/inbox", 303)


@router.get("/notifications/accessibility", dependencies=[public()], response_model=None)
async def accessibility(request: Request) -> Response:
    return runtime(request).pages.render(request, "accessibility.html")


@router.get("/notifications/privacy", dependencies=[public()], response_model=None)
async def privacy(request: Request) -> Response:
    return runtime(request).pages.render(request, "privacy.html")


@router.get("/notifications/mailboxes", response_model=None, dependencies=[needs(*KEEPERS)])
async def mailboxes(request: Request, saved: bool = False, role: Office = "coordinator") -> Response:
    run = runtime(request)
    async with run.database.reading() as conn:
        boxes, units = await store_people.mailboxes(conn), await store_people.offices_of_units(conn)
    if not wants_page(request):
        return JSONResponse(
            {"items": [{"role": b.role, "address": b.address, "language": b.language} for b in boxes.values()]}
        )
    box = boxes.get(role)
    form = forms.Form({"address": box.address, "language": box.language} if box else {"language": "sv"})
    return _mailboxes(request, boxes, units, role, form, saved=saved)


def _mailboxes(
    request: Request,
    boxes: Mapping[str, Mailbox],
    units: Sequence[str],
    role: str,
    form: forms.Form,
    *,
    status: int = 200,
    saved: bool,
) -> Response:
    return runtime(request).pages.render(
        request, "mailboxes.html", status, form=form, saved=saved, boxes=boxes, roles=[*OFFICES, *units], chosen=role
    )


@router.post("/notifications/forms/mailbox", response_model=None)
async def set_mailbox(request: Request, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, MailboxBody, run.pages.texts)
    if posted.value is None:
        async with run.database.reading() as conn:
            boxes, units = await store_people.mailboxes(conn), await store_people.offices_of_units(conn)
        typed = posted.form.value("role")
        role = typed if typed in [*OFFICES, *units] else "coordinator"
        return _mailboxes(request, boxes, units, role, posted.form, status=422, saved=False)
    async with transaction(run.database, scope=request.scope) as tx:
        await store_people.set_mailbox(tx, posted.value.mailbox(), actor.sub)
    return RedirectResponse(f"/notifications/mailboxes?saved=true&role={quote(posted.value.role, safe='')}", 303)
