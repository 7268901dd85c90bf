"""Pages for people: the landing page, what every public page links to, and the mailboxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.notifications import handlers, rules, store, store_inbox, store_people
from services.notifications.home import tasks
from services.notifications.http import KEEPERS, OFFICES, WATCHERS, MailboxBody, Office, RemovedMailbox
from services.notifications.store_people import Mailbox, MailboxChange
from shared.identity import Actor
from shared.runtime import Runtime, runtime
from shared.web import forms
from shared.web.access import actor_of, needs, public
from shared.web.commands import transaction
from shared.web.problems import wants_page

router = APIRouter(tags=["pages"], include_in_schema=False)
CHANGES = 20


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
    return run.pages.render(request, "home.html", tasks=mine, counts=counts, too_old=rules.TOO_OLD_TO_MAIL.days)


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
async def mailboxes(
    request: Request,
    done: Literal["saved", "removed"] | None = None,
    role: Office | None = None,
    remove: bool = False,
) -> Response:
    """The list; with a `role` that somebody chose, the form to change its mailbox, or what to `remove` it would do."""
    run = runtime(request)
    if not wants_page(request):
        async with run.database.reading() as conn:
            kept = await store_people.mailboxes(conn)
        return JSONResponse(
            {"items": [{"role": b.role, "address": b.address, "language": b.language} for b in kept.values()]}
        )
    known = await _offices(run)
    box = known.boxes.get(role) if role else None
    form = forms.Form({"address": box.address, "language": box.language} if box else {"language": "sv"})
    removing = remove and box is not None and "/" in box.role
    return _mailboxes(request, known, role, form, done=done, removing=removing)


@dataclass(frozen=True, slots=True)
class _Offices:
    """The mailboxes by role, the offices of units, and who set or removed which mailbox last, with the names known."""

    boxes: Mapping[str, Mailbox]
    units: Sequence[str]
    changes: Sequence[MailboxChange]
    names: Mapping[UUID, str]


async def _offices(run: Runtime) -> _Offices:
    async with run.database.reading() as conn:
        boxes, units = await store_people.mailboxes(conn), await store_people.offices_of_units(conn)
        changes = await store_people.mailbox_changes(conn, CHANGES)
        names = await handlers.names(conn, run.vault, [one.key for one in changes if one.key is not None])
    return _Offices(boxes, units, changes, names)


def _mailboxes(
    request: Request,
    known: _Offices,
    role: str | None,
    form: forms.Form,
    *,
    status: int = 200,
    done: str | None = None,
    removing: bool = False,
) -> Response:
    return runtime(request).pages.render(
        request,
        "mailboxes.html",
        status,
        form=form,
        done=done,
        boxes=known.boxes,
        roles=[*OFFICES, *known.units],
        changes=known.changes,
        names=known.names,
        chosen=role,
        removing=removing,
    )


@router.post("/notifications/forms/mailbox", response_model=None)
async def set_mailbox(request: Request, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, MailboxBody, run.pages.texts)
    if posted.value is None:
        return await _refused(request, posted.form)
    async with transaction(run.database, scope=request.scope) as tx:
        await store_people.set_mailbox(tx, posted.value.mailbox(), actor.sub)
    return _done("saved")


@router.post("/notifications/forms/mailbox-remove", response_model=None)
async def remove_mailbox(request: Request, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    """Twice is once: the form needs no key."""
    run = runtime(request)
    posted = await forms.read(request, RemovedMailbox, run.pages.texts)
    if posted.value is None:
        return await _refused(request, posted.form)
    async with transaction(run.database, scope=request.scope) as tx:
        await store_people.remove_mailbox(tx, posted.value.role, actor.sub)
    return _done("removed")


async def _refused(request: Request, form: forms.Form) -> Response:
    known, typed = await _offices(runtime(request)), form.value("role")
    role = typed if typed in [*OFFICES, *known.units] else "coordinator"
    return _mailboxes(request, known, role, form, status=422)


def _done(what: Literal["saved", "removed"]) -> Response:
    return RedirectResponse(f"/notifications/mailboxes?done={what}", 303)
