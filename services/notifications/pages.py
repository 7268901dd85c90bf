"""Pages for people, and the same lists as JSON: the landing page, the inbox, the deliveries, the mailboxes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from services.notifications import handlers, mail, rules, store, store_mail, store_people
from services.notifications.home import tasks
from services.notifications.http import KEEPERS, MENDERS, READERS, WATCHERS, MailboxBody, Office
from services.notifications.store import Item
from services.notifications.store_mail import Delivery
from services.notifications.store_people import Mailbox
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import actor_of, needs, public
from shared.web.commands import transaction
from shared.web.paging import read_cursor
from shared.web.problems import Problem, wants_page

router = APIRouter(tags=["pages"], include_in_schema=False)
Status = Literal["waiting", "sent", "failed", "withheld"]
DONE = 25


def _next(items: Sequence[Any], limit: int, moment: str) -> str | None:
    if len(items) < limit:
        return None
    return f"{getattr(items[-1], moment).isoformat()}~{items[-1].id}"


@router.get("/", dependencies=[public()], response_model=None)
async def home(request: Request) -> Response:
    """What this is, for nobody; what waits, for somebody."""
    run, actor = runtime(request), actor_of(request)
    if actor is None:
        return run.pages.render(request, "welcome.html")
    async with run.database.reading() as conn:
        unread = await store.unread(conn, handlers.inboxes(actor))
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


@router.get("/notifications/inbox", response_model=None)
async def inbox(
    request: Request,
    actor: Annotated[Actor, needs(*READERS)],
    show: Literal["open", "done"] = "open",
    after: Annotated[str | None, Query(max_length=90)] = None,
) -> Response:
    """The page shows the unread ones and, below, those that somebody has confirmed; JSON gives one of the two."""
    run, mine, cursor = runtime(request), handlers.inboxes(actor), read_cursor(after)
    async with run.database.reading() as conn:
        count = await store.unread(conn, mine)
        if not wants_page(request):
            items = await store.inbox(conn, mine, unread=show == "open", after=cursor)
            found = [_item(item) for item in items]
            return JSONResponse({"open": count, "items": found, "next": _next(items, store.PAGE, "created_at")})
        unread = await store.inbox(conn, mine, unread=True)
        done = await store.inbox(conn, mine, unread=False, after=cursor, limit=DONE)
        names = await handlers.names(conn, run.vault, {item.read_by for item in done if item.read_by})
    return run.pages.render(
        request,
        "inbox.html",
        count=count,
        unread=unread,
        done=done,
        names=names,
        after=_next(done, DONE, "created_at"),
        link_of=mail.link,
        day=run.clock.today(),
    )


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "rule": item.rule,
        "about": str(item.about),
        "why": item.why,
        "link": mail.link(item.rule, item.about),
        "caused_at": item.caused_at.isoformat(),
        "created_at": item.created_at.isoformat(),
        "persons": item.persons,
        "receive_by": item.receive_by.isoformat() if item.receive_by else None,
        "cancelled": item.cancelled,
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "settled_at": item.settled_at.isoformat() if item.settled_at else None,
        "acknowledged_by": item.acknowledged_by,
        "acknowledged_at": item.acknowledged_at.isoformat() if item.acknowledged_at else None,
    }


class Acknowledging(BaseModel):
    """A row's button, or the one for all that were shown."""

    notification: UUID | None = None
    until: UUID | None = None


@router.post("/notifications/forms/acknowledge", response_model=None)
async def acknowledge(request: Request, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    """Confirming twice is confirming once, so the form needs no key."""
    run = runtime(request)
    wanted = (await forms.read(request, Acknowledging, run.pages.texts)).value
    if wanted is None or (wanted.notification is None and wanted.until is None):
        raise Problem(404, "unknown-notification")
    async with transaction(run.database, scope=request.scope) as tx:
        if wanted.notification is not None:
            await handlers.acknowledge(tx, wanted.notification, actor, run.clock.now())
        else:
            await handlers.acknowledge_up_to(tx, wanted.until, actor, run.clock.now())
    return RedirectResponse("/notifications/inbox", 303)


@router.get("/notifications/deliveries", response_model=None)
async def deliveries(
    request: Request,
    actor: Annotated[Actor, needs(*WATCHERS)],
    status: Status | None = None,
    after: Annotated[str | None, Query(max_length=90)] = None,
) -> Response:
    """Every mail with its state; `withheld` shows what was too old to mail, which has no mail."""
    run = runtime(request)
    async with run.database.reading() as conn:
        counts = await store.counts(conn)
        withheld = await store_mail.withheld(conn) if status == "withheld" else []
        found = [] if status == "withheld" else await store_mail.deliveries(conn, status, read_cursor(after))
    further = _next(found, store_mail.PAGE, "composed_at")
    if not wants_page(request):
        items = [_delivery(item, run.settings.public_url) for item in found]
        items += [
            {k: v.isoformat() if isinstance(v, datetime) else v for k, v in dict(row).items()} for row in withheld
        ]
        return JSONResponse({"counts": counts, "items": items, "next": further})
    return run.pages.render(
        request,
        "deliveries.html",
        counts=counts,
        found=found,
        withheld=withheld,
        chosen=status,
        after=further,
        mends=not actor.roles.isdisjoint(MENDERS),
        too_old=rules.TOO_OLD_TO_MAIL.days,
        explain=explain,
    )


def explain(reason: str | None) -> tuple[str, str]:
    """A stored reason as the key of its text and the server's reply code: `deferred-451` → `deferred`, `451`."""
    if reason is None:
        return "none", ""
    name, _, code = reason.rpartition("-")
    return (name, code) if code.isdigit() else (reason, "")


def _delivery(item: Delivery, public_url: str) -> dict[str, Any]:
    return {
        "mail": str(item.id),
        "message_id": mail.message_id(item.id, public_url),
        "rule": item.rule,
        "recipient": item.recipient,
        "status": item.status,
        "notifications": item.notifications,
        "attempts": item.attempts,
        "next_try": item.next_try.isoformat() if item.status == "waiting" else None,
        "reason": item.reason,
        "composed_at": item.composed_at.isoformat(),
        "ended_at": item.ended_at.isoformat() if item.ended_at else None,
    }


class Retrying(BaseModel):
    """A failed mail's button."""

    mail: UUID


@router.post("/notifications/forms/retry", response_model=None, dependencies=[needs(*MENDERS)])
async def retry(request: Request) -> Response:
    run = runtime(request)
    wanted = (await forms.read(request, Retrying, run.pages.texts)).value
    if wanted is None:
        raise Problem(404, "unknown-mail")
    async with transaction(run.database, scope=request.scope) as tx:
        await handlers.try_again(tx, wanted.mail)
    return RedirectResponse("/notifications/deliveries", 303)


@router.get("/notifications/mailboxes", response_model=None, dependencies=[needs(*KEEPERS)])
async def mailboxes(request: Request, saved: bool = False, role: Office = "coordinator") -> Response:
    run = runtime(request)
    async with run.database.reading() as conn:
        boxes = await store_people.mailboxes(conn)
    if not wants_page(request):
        return JSONResponse(
            {"items": [{"role": b.role, "address": b.address, "language": b.language} for b in boxes.values()]}
        )
    box = boxes.get(role)
    form = forms.Form({"address": box.address, "language": box.language} if box else {"language": "sv"})
    return _mailboxes(request, boxes, role, form, saved=saved)


def _mailboxes(
    request: Request, boxes: Mapping[str, Mailbox], role: str, form: forms.Form, *, status: int = 200, saved: bool
) -> Response:
    return runtime(request).pages.render(
        request, "mailboxes.html", status, form=form, saved=saved, boxes=boxes, roles=get_args(Office), chosen=role
    )


@router.post("/notifications/forms/mailbox", response_model=None)
async def set_mailbox(request: Request, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, MailboxBody, run.pages.texts)
    if posted.value is None:
        async with run.database.reading() as conn:
            boxes = await store_people.mailboxes(conn)
        typed = posted.form.value("role")
        role = typed if typed in get_args(Office) else "coordinator"
        return _mailboxes(request, boxes, role, posted.form, status=422, saved=False)
    async with transaction(run.database, scope=request.scope) as tx:
        await store_people.set_mailbox(tx, posted.value.mailbox(), actor.sub)
    return RedirectResponse(f"/notifications/mailboxes?saved=true&role={posted.value.role}", 303)
