"""Pages of those who work with a case: its forms, and who stands in for whom."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.reception import handlers, store_casework, views
from services.reception.bodies import CoverBody
from services.reception.colleagues import learn_colleagues, takers
from services.reception.handlers import Doing
from services.reception.pages import case_page, command
from services.reception.task_form import Ask, Task
from services.reception.tasks import TASKS
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer
from shared.web.forms import Chosen, Form
from shared.web.problems import Problem

router = APIRouter(prefix="/reception")
Manager = Annotated[Actor, needs("manager")]


_LISTED = {
    "housing": "homes",
    "plan": "plans",
    "contact": "contacts",
    "activity": "activities",
    "follow_up": "follow_ups",
}


def _part(found: dict[str, Any], task: Task, parts: Mapping[str, UUID]) -> dict[str, Any]:
    """The facts that stand in the form at first: of the last part that the path names."""
    facts: dict[str, Any] = {}
    where: dict[str, Any] = {"homes": found["homes"], "plans": found["plans"], "contacts": found["contacts"]}
    for name in task.parts:
        known = next((one for one in where[_LISTED[name]] if str(one[name]) == str(parts[name])), None)
        if known is None:
            raise Problem(404, f"unknown-{'plan' if name == 'activity' else name.replace('_', '-')}")
        facts, where = known, known
    if facts.get("withdrawn"):
        facts = facts | {"withdrawn": False}  # whoever comes back to it brings it back
    if "plan" in task.parts:
        facts = facts | {"next_follow_up_on": facts.get("follow_up_on")}
    return facts


async def _task_page(
    request: Request,
    actor: Actor,
    case: UUID,
    task: Task,
    parts: Mapping[str, UUID],
    status: int = 200,
    form: Form | None = None,
) -> Response:
    own = runtime(request)
    today = own.clock.today()
    if task.name == "assign":
        await learn_colleagues(own)
    async with own.database.reading() as conn:
        sight = await handlers.sight(conn, actor, today)
        found = await views.case_view(conn, sight, today, case)
        colleagues, away = await takers(conn, actor, today) if task.name == "assign" else ([], {})
    facts = _part(found, task, parts)
    preset = {ask.name: _typed(ask, {} if task.anew else facts, today) for ask in task.asks}
    if task.name == "assign" and found["caseworker"] is None:
        preset["reason"] = "first"
    return await case_page(
        request,
        actor,
        case,
        "task.html",
        status,
        form or Form(preset),
        task=task,
        part="/".join(str(parts[name]) for name in task.parts),
        colleagues=colleagues,
        away=away,
        facts=facts,
        stale=status == 412,
    )


def _typed(ask: Ask, facts: Mapping[str, Any], today: date) -> str:
    value = facts.get(ask.name)
    if value is None:
        return today.isoformat() if ask.today else ""
    if isinstance(value, bool):
        return "true" if value else ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _parts(request: Request, task: Task) -> dict[str, UUID]:
    try:
        return {name: UUID(request.path_params[name]) for name in task.parts}
    except ValueError:
        raise Problem(404, "unknown-case") from None


def _add(task: Task) -> None:
    """The page and the form of one task, each route with its own roles."""
    tail = "".join(f"/{{{name}}}" for name in task.parts)
    allowed = needs(*task.roles)

    async def show(request: Request, actor: Annotated[Actor, allowed], case: UUID) -> Response:
        return await _task_page(request, actor, case, task, _parts(request, task))

    async def posted(request: Request, actor: Annotated[Actor, allowed], case: UUID) -> Response:
        sent = await forms.read(request, task.model, runtime(request).pages.texts)
        parts = _parts(request, task)

        async def done(doing: Doing, seen: int) -> Answer:
            return await task.work(doing, case, parts, sent.value, seen)

        async def again(status: int, form: Form) -> Response:
            return await _task_page(request, actor, case, task, parts, status, form)

        return await command(request, actor, sent, done, again, saved=task.name, parts=parts)

    router.add_api_route(f"/cases/{{case}}/do/{task.name}{tail}", show, methods=["GET"])
    router.add_api_route(f"/forms/do/{task.name}/{{case}}{tail}", posted, methods=["POST"])


for _task in TASKS:
    _add(_task)


class CoverForm(BaseModel):
    for_sub: Chosen
    sub: Chosen
    until: date


class CoverEndForm(BaseModel):
    sub: str
    for_sub: str


@router.get("/cover")
async def cover(request: Request, actor: Manager) -> Response:
    return await _cover(request, actor)


async def _cover(request: Request, actor: Actor, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    today = own.clock.today()
    await learn_colleagues(own)
    async with own.database.reading() as conn:
        people = await store_casework.caseworkers(conn, actor.unit)
        covers = await store_casework.covers(conn, actor.unit, today)
    return own.pages.render(request, "cover.html", status, people=people, covers=covers, form=form or Form())


@router.post("/forms/cover")
async def cover_form(request: Request, actor: Manager) -> Response:
    sent = await forms.read(request, CoverForm, runtime(request).pages.texts)

    async def done(doing: Doing, seen: int) -> Answer:
        assert sent.value is not None
        return await handlers.set_cover(doing, CoverBody(**sent.value.model_dump()))

    return await command(request, actor, sent, done, lambda status, form: _cover(request, actor, status, form), 0)


@router.post("/forms/cover-end")
async def cover_end_form(request: Request, actor: Manager) -> Response:
    sent = await forms.read(request, CoverEndForm, runtime(request).pages.texts)

    async def done(doing: Doing, seen: int) -> Answer:
        assert sent.value is not None
        return await handlers.end_cover(doing, sent.value.sub, sent.value.for_sub)

    return await command(request, actor, sent, done, lambda status, form: _cover(request, actor, status, form), 0)
