"""The deliveries: every mail's state, its life from the first notification in it to its end, and a new start."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from services.notifications import handlers, mail, rules, store, store_life, store_mail
from services.notifications.http import MENDERS, WATCHERS
from services.notifications.store_life import Life, ResendReason
from services.notifications.store_mail import Delivery
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import transaction
from shared.web.paging import next_page, read_cursor
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/notifications", tags=["pages"], include_in_schema=False)
Status = Literal["waiting", "sent", "failed", "withheld"]

# Who may open what a mail tells of: for the others it is words without a link.
_CASES = frozenset({"coordinator", "caseworker", "manager"})
_OPENED_BY = {
    "nomination-submitted": frozenset({"secretary"}),
    "nomination-corrected": frozenset({"secretary"}),
    "jury-reading": frozenset({"jury"}),
    "jury-proposal": frozenset({"secretary"}),
}


@router.get("/deliveries", response_model=None)
async def deliveries(
    request: Request,
    actor: Annotated[Actor, needs(*WATCHERS)],
    status: Status | None = None,
    after: Annotated[str | None, Query(max_length=90)] = None,
) -> Response:
    """Every mail with its state; `withheld` shows what was not mailed, which has no mail."""
    run = runtime(request)
    async with run.database.reading() as conn:
        counts = await store.counts(conn)
        withheld = await store_mail.withheld(conn) if status == "withheld" else []
        found = [] if status == "withheld" else await store_mail.deliveries(conn, status, read_cursor(after))
    further = next_page(found, store_mail.PAGE, "composed_at")
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
        too_old=rules.TOO_OLD_TO_MAIL.days,
        most=store_mail.PAGE,
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
        "recipient": item.recipient.partition(":")[0] if item.recipient.startswith(rules.PERSON) else item.recipient,
        "status": item.status,
        "notifications": item.notifications,
        "attempts": item.attempts,
        "next_try": item.next_try.isoformat() if item.status == "waiting" else None,
        "reason": item.reason,
        "composed_at": item.composed_at.isoformat(),
        "ended_at": item.ended_at.isoformat() if item.ended_at else None,
    }


@router.get("/deliveries/{id}", response_model=None)
async def delivery(request: Request, id: UUID, actor: Annotated[Actor, needs(*WATCHERS)]) -> Response:
    """One mail's life."""
    return await _life(request, id, actor, forms.Form())


async def _life(request: Request, id: UUID, actor: Actor, form: forms.Form, status: int = 200) -> Response:
    run = runtime(request)
    async with run.database.reading() as conn:
        found = await store_life.life(conn, id)
    if found is None:
        raise Problem(404, "unknown-mail")
    if not wants_page(request):
        return JSONResponse(_told(found, run.settings.public_url), status)
    return run.pages.render(
        request,
        "delivery.html",
        status,
        life=found,
        message_id=mail.message_id(id, run.settings.public_url),
        form=form,
        reasons=get_args(ResendReason),
        mends=not actor.roles.isdisjoint(MENDERS),
        link_of=mail.link,
        words_of=mail.words,
        opens=lambda rule: not actor.roles.isdisjoint(_OPENED_BY.get(rule, _CASES)),
        explain=explain,
    )


def _told(life: Life, public_url: str) -> dict[str, Any]:
    return _delivery(life.mail, public_url) | {
        "carries": [
            {"rule": one.rule, "about": str(one.about), "made_at": one.created_at.isoformat()} for one in life.carried
        ],
        "life": [{"at": one.at.isoformat(), "attempt": one.number, "result": one.word} for one in life.steps],
    }


class Retrying(BaseModel):
    """A failed mail's form. The reason is one of a few: a free text could say something about somebody."""

    reason: ResendReason


@router.post("/forms/deliveries/{id}/retry", response_model=None)
async def retry(request: Request, id: UUID, actor: Annotated[Actor, needs(*MENDERS)]) -> Response:
    run = runtime(request)
    posted = await forms.read(request, Retrying, run.pages.texts)
    if posted.value is None:
        return await _life(request, id, actor, posted.form, 422)
    async with transaction(run.database, scope=request.scope) as tx:
        await handlers.try_again(tx, id, actor, posted.value.reason)
    return RedirectResponse(f"/notifications/deliveries/{id}", 303)
