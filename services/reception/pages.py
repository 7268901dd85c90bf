"""Pages of cases for the people who work with them: the case, and its forms."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.reception import handlers, views
from services.reception.bodies import ArrivalBody, ArrivalCorrectionBody, CancellationBody
from services.reception.handlers import Doing
from services.reception.http import Coordinator, Reader, Worker, doing, run
from services.reception.imports import store as imports
from services.reception.tasks import PARTS, REMOVED, SAVED, undoing
from shared.contracts.reception import CancelReason, CorrectionReason
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer, etag, key_of
from shared.web.forms import Form
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/reception")

# What was just done with a letter that was typed in.
Done = Literal["allocation", "notice", "known", "corrected"]


class ArrivalForm(BaseModel):
    arrived_on: date
    persons: list[UUID]


class CorrectionForm(BaseModel):
    """In the order of the page, in which also what is wrong is told."""

    persons: list[UUID]
    reason: CorrectionReason
    arrived_on: date | None = None


class CancellationForm(BaseModel):
    reason: CancelReason


@router.get("/cases/{case}")
async def case(
    request: Request,
    actor: Reader,
    case: UUID,
    done: Done | None = None,
    saved: str | None = None,
    housing: UUID | None = None,
    plan: UUID | None = None,
    contact: UUID | None = None,
    activity: UUID | None = None,
    follow_up: UUID | None = None,
) -> Response:
    """The case: as a page for a browser, with the names of those whom the reader may see; else as JSON without them.

    `saved` is the form that was just sent, and what follows the part of the case that it was about.
    """
    if not wants_page(request):
        own = runtime(request)
        async with own.database.reading() as conn:
            today = own.clock.today()
            found = await views.case_view(conn, await handlers.sight(conn, actor, today), today, case)
        return JSONResponse(jsonable_encoder(found), headers={"ETag": etag(found["version"])})
    named = zip(PARTS, (housing, plan, contact, activity, follow_up), strict=True)
    known = saved if saved in SAVED else None
    parts = {name: id for name, id in named if id is not None}
    return await case_page(request, actor, case, "case.html", done=done, saved=known, parts=parts)


async def case_page(
    request: Request,
    actor: Actor,
    case: UUID,
    template: str,
    status: int = 200,
    form: Form | None = None,
    *,
    protected: bool = False,
    done: Done | None = None,
    saved: str | None = None,
    parts: Mapping[str, UUID] = {},
    **more: Any,
) -> Response:
    """A page of one case. Who is on it is a look, and recorded; `protected` is one that was asked for."""
    own = runtime(request)
    today = own.clock.today()
    async with own.database.transaction() as tx:
        sight = await handlers.sight(tx, actor, today)
        found = await views.case_view(tx, sight, today, case)
        conflicts = await imports.conflicts(tx, case_id=case, undecided=True) if sight.every else []
        seen = await views.persons_view(doing(request, tx, actor), case, protected=protected)
        _, state = await views.seen_case(tx, sight, case)
    people = {person["person"]: person for person in seen["persons"]}
    members = [
        member | {"who": people.get(member["person"]), "number": number}
        for number, member in enumerate(found["persons"], start=1)
    ]
    return own.pages.render(
        request,
        template,
        status,
        headers={"ETag": etag(found["version"]), "Cache-Control": "no-store"},
        case=found,
        members=members,
        names={m["person"]: m for m in members},
        addresses=seen["addresses"],
        secret=seen["protected"],
        revealed=protected,
        may_reveal=sight.protected(state) and seen["protected"] and not protected,
        works=sight.works_with(state),
        named=sight.names(state, bool(conflicts)),
        waiting=[m for m in members if m["arrived_on"] is None],
        arrived=[m for m in members if m["arrived_on"] is not None],
        conflicts=conflicts,
        may_decide="coordinator" in actor.roles,
        may_assign=bool(actor.roles & {"coordinator", "manager"}),
        form=form or Form(),
        preset=form or Form({"persons": [str(m["person"]) for m in members if m["arrived_on"] is None]}),
        today_iso=today.isoformat(),
        today_date=today,
        done=done,
        saved=saved,
        undo=undoing(saved, parts, found["plans"]) if saved else None,
        demo=own.settings.demo,
        **more,
    )


@router.get("/cases/{case}/print")
async def printed(request: Request, actor: Reader, case: UUID) -> Response:
    return await case_page(request, actor, case, "print.html")


@router.post("/forms/protected/{case}")
async def protected_form(
    request: Request, actor: Annotated[Actor, needs("caseworker", "manager")], case: UUID
) -> Response:
    """The case with its protected identities, shown once: the next page hides them again."""
    return await case_page(request, actor, case, "case.html", protected=True)


@router.get("/cases/{case}/arrive")
async def arrive(request: Request, actor: Worker, case: UUID) -> Response:
    return await case_page(request, actor, case, "arrive.html")


@router.get("/cases/{case}/correct")
async def correct(request: Request, actor: Worker, case: UUID) -> Response:
    return await case_page(request, actor, case, "correct.html")


@router.get("/cases/{case}/cancel")
async def cancel(request: Request, actor: Coordinator, case: UUID) -> Response:
    return await case_page(request, actor, case, "cancel.html")


async def command(
    request: Request,
    actor: Actor,
    posted: forms.Posted[Any],
    work: Callable[[Doing, int], Awaitable[Answer]],
    again: Callable[[int, Form], Awaitable[Response]],
    version: int | None = None,
    saved: str | None = None,
    parts: Mapping[str, UUID] = {},
) -> Response:
    """Does what the form says and goes on to the case, or shows the form again with everything that was typed.

    `version` is for what has none of its own. `saved` names the form and `parts` what it was about, for
    the case's page to say what was done."""
    if posted.value is None:
        return await again(422, posted.form)
    seen = posted.sequence if version is None else version
    if seen is None:
        raise Problem(428, "version-missing")
    key = key_of({"idempotency-key": posted.key})
    body = {"sequence": seen, **posted.value.model_dump()}
    try:
        answer = await run(request, actor, body, lambda d: work(d, seen), key=key)
    except Refused as no:
        fields = type(posted.value).model_fields
        return await again(422, posted.form.refused(request, runtime(request).pages.texts, no, fields))
    except Problem as no:
        if no.status != 412:
            raise
        # The form that is shown now knows the case as it is, so it can be sent again: "reload" would be wrong.
        stale = Problem(412, "changed-meanwhile")
        return await again(412, posted.form.refused(request, runtime(request).pages.texts, stale))
    about = {**parts, **answer.data}
    if saved and getattr(posted.value, "withdrawn", False):
        saved = REMOVED.get(saved, saved)
    said = {"saved": saved} | {name: about[name] for name in PARTS if name in about} if saved else {}
    query = f"?{urlencode(said)}" if said else ""
    return RedirectResponse((answer.location or "/reception/inbox") + query, 303)


@router.post("/forms/arrival/{case}")
async def arrival_form(request: Request, actor: Worker, case: UUID) -> Response:
    posted = await forms.read(request, ArrivalForm, runtime(request).pages.texts)

    async def work(doing: Doing, seen: int) -> Answer:
        assert posted.value is not None
        body = ArrivalBody(arrived_on=posted.value.arrived_on, persons=tuple(posted.value.persons))
        return await handlers.register_arrival(doing, case, body, seen)

    again = partial(case_page, request, actor, case, "arrive.html")
    return await command(request, actor, posted, work, again, saved="arrival")


@router.post("/forms/correction/{case}")
async def correction_form(request: Request, actor: Worker, case: UUID) -> Response:
    posted = await forms.read(request, CorrectionForm, runtime(request).pages.texts)

    async def work(doing: Doing, seen: int) -> Answer:
        value = posted.value
        assert value is not None
        # A day that was typed before the reason was changed is not meant.
        arrived_on = value.arrived_on if value.reason == "wrong-date" else None
        body = ArrivalCorrectionBody(arrived_on=arrived_on, reason=value.reason, persons=tuple(value.persons))
        return await handlers.correct_arrival(doing, case, body, seen)

    return await command(
        request,
        actor,
        posted,
        work,
        lambda status, form: case_page(request, actor, case, "correct.html", status, form),
        saved="correction",
    )


@router.post("/forms/cancellation/{case}")
async def cancellation_form(request: Request, actor: Annotated[Actor, needs("coordinator")], case: UUID) -> Response:
    posted = await forms.read(request, CancellationForm, runtime(request).pages.texts)

    async def work(doing: Doing, seen: int) -> Answer:
        assert posted.value is not None
        return await handlers.cancel(doing, case, CancellationBody(reason=posted.value.reason), seen)

    again = partial(case_page, request, actor, case, "cancel.html")
    return await command(request, actor, posted, work, again, saved="cancellation")
