"""The inbox, as pages and for programs: what waits, and what a person does with it. Works without script."""

from datetime import date
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from services.notifications import handlers, mail, store_inbox
from services.notifications.dealing import TO_ASSESS
from services.notifications.handlers import READERS
from services.notifications.http import HandOver
from services.notifications.rules import UNGIVEN, Group
from services.notifications.store_inbox import Item, Show
from shared.case_number import case_number
from shared.contracts.awards import reference
from shared.database import Connection
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import Runtime, runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import transaction
from shared.web.paging import next_page, read_cursor
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/notifications", tags=["pages"], include_in_schema=False)
PAGE, DONE = 100, 25
# To whom messages of a kind are sent, so that nobody is offered a filter for what never comes.
SENT_TO: dict[Group, frozenset[str]] = {
    "cases": frozenset({"coordinator", "caseworker", "manager"}),
    "reminders": frozenset(READERS),
    "nominations": frozenset({"secretary"}),
}
# What was just done with a message.
Done = Literal["confirmed", "all-confirmed", "put-off", "woken", "handed-over"]


@router.get("/inbox", response_model=None)
async def inbox(
    request: Request,
    actor: Annotated[Actor, needs(*READERS)],
    show: Show = "open",
    group: Group | None = None,
    after: Annotated[str | None, Query(max_length=90)] = None,
    said: Annotated[Done | None, Query(alias="done")] = None,
) -> Response:
    """The page shows what is open and, below, what somebody has confirmed; JSON gives one list."""
    run, cursor = runtime(request), read_cursor(after)
    reader = handlers.reader(actor, run.clock.today())
    async with run.database.reading() as conn:
        count = await store_inbox.count(conn, reader)
        if not wants_page(request):
            items = await store_inbox.items(conn, reader, show, group=group, after=cursor)
            found = [_item(item) for item in items]
            return JSONResponse({"open": count, "items": found, "next": next_page(items, PAGE, "created_at")})
        asleep = await store_inbox.count(conn, reader, "snoozed")
        first = None if show == "open" else cursor  # the open list's pages are those of what is done, below it
        wanted = [] if show == "done" else await store_inbox.items(conn, reader, show, group=group, after=first)
        done: list[Item] = []
        if show != "snoozed":
            done = await store_inbox.items(conn, reader, "done", group=group, after=cursor, limit=DONE)
        names = await _names(run, conn, [*wanted, *done])
    return run.pages.render(
        request,
        "inbox.html",
        count=count,
        alone=handlers.judges_only(actor),
        asleep=asleep,
        show=show,
        group=group,
        groups=[None, *(name for name in get_args(Group) if name == group or actor.roles & SENT_TO[name])],
        said=said,
        wanted=wanted,
        done=done,
        names=names,
        after=next_page(wanted, PAGE, "created_at") if show == "snoozed" else next_page(done, DONE, "created_at"),
        link_of=_leads_to,
        words_of=mail.words,
        day=run.clock.today(),
    )


async def _names(run: Runtime, conn: Connection, items: list[Item]) -> dict[UUID, str]:
    keys = {item.read_by for item in items} | {item.handed_key for item in items}
    return await handlers.names(conn, run.vault, {key for key in keys if key is not None})


def _leads_to(item: Item) -> str:
    """What there is no page for has its own in the inbox."""
    return f"/notifications/inbox/{item.id}" if item.why == UNGIVEN else mail.link(item)


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "rule": item.rule,
        "group": item.grouping,
        "about": str(item.about),
        "case_number": case_number(item.about) if mail.of_case(item.rule) else None,
        "why": item.why,
        "link": _leads_to(item),
        "caused_at": item.caused_at.isoformat(),
        "created_at": item.created_at.isoformat(),
        "persons": item.persons,
        "prize_year": item.prize_year,
        "reference": reference(item.about) if item.rule in TO_ASSESS else None,
        "receive_by": item.receive_by.isoformat() if item.receive_by else None,
        "cancelled": item.cancelled,
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "next_kind": item.next_kind,
        "next_on": item.next_on.isoformat() if item.next_on else None,
        "settled_at": item.settled_at.isoformat() if item.settled_at else None,
        "snoozed_until": item.snoozed_until.isoformat() if item.snoozed_until else None,
        "handed_over": item.handed_by is not None,
        "acknowledged_by": item.acknowledged_by,
        "acknowledged_at": item.acknowledged_at.isoformat() if item.acknowledged_at else None,
    }


@router.get("/inbox/{notification}", response_model=None)
async def item(request: Request, notification: UUID, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    """One item with everything that can be done with it."""
    return await _one(request, notification, actor, forms.Form())


async def _one(request: Request, notification: UUID, actor: Actor, form: forms.Form, status: int = 200) -> Response:
    run = runtime(request)
    reader = handlers.reader(actor, run.clock.today())
    async with run.database.reading() as conn:
        found = await store_inbox.item(conn, reader, notification)
        if found is None:
            raise Problem(404, "unknown-notification")
        if not wants_page(request):
            return JSONResponse(_item(found), status)
        names = await _names(run, conn, [found])
        colleagues = await handlers.colleagues(conn, run.vault, actor)
    return run.pages.render(
        request,
        "item.html",
        status,
        item=found,
        names=names,
        colleagues=colleagues,
        form=form,
        link_of=mail.link,
        opens=found.why != UNGIVEN,
        words_of=mail.words,
        day=reader.today,
    )


def _back(done: Done, group: Group | None = None) -> Response:
    """The list, which says what was done: what was dealt with is no longer on it."""
    return RedirectResponse(f"/notifications/inbox?done={done}" + (f"&group={group}" if group else ""), 303)


class Acknowledging(BaseModel):
    """A row's button, or the one for all that were shown, of one group when a filter was set."""

    notification: UUID | None = None
    until: UUID | None = None
    group: Group | None = None


@router.post("/forms/acknowledge", response_model=None)
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
            await handlers.acknowledge_up_to(tx, wanted.until, wanted.group, actor, run.clock.now())
    return _back("confirmed" if wanted.notification is not None else "all-confirmed", wanted.group)


class Snoozing(BaseModel):
    """`back`: shown again now."""

    until: date | None = None
    back: Literal["true"] | None = None


@router.post("/forms/inbox/{notification}/snooze", response_model=None)
async def snooze(request: Request, notification: UUID, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, Snoozing, run.pages.texts)
    if posted.value is None:
        return await _one(request, notification, actor, posted.form, 422)
    try:
        if posted.value.until is None and posted.value.back is None:
            raise Refused("snooze-without-day", field="until")
        async with transaction(run.database, scope=request.scope) as tx:
            await handlers.snooze(tx, notification, actor, posted.value.until, run.clock.today())
    except Refused as no:
        return await _one(request, notification, actor, posted.form.refused(request, run.pages.texts, no), 422)
    return _back("woken" if posted.value.until is None else "put-off")


@router.post("/forms/inbox/{notification}/hand-over", response_model=None)
async def hand_over(request: Request, notification: UUID, actor: Annotated[Actor, needs(*READERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, HandOver, run.pages.texts)
    if posted.value is None:
        return await _one(request, notification, actor, posted.form, 422)
    try:
        async with transaction(run.database, scope=request.scope) as tx:
            await handlers.hand_over(tx, notification, actor, posted.value.to)
    except Refused as no:
        return await _one(request, notification, actor, posted.form.refused(request, run.pages.texts, no), 422)
    return _back("handed-over")
