"""Pages of those who work with cases: what must be done first, the forms of a case, and who stands in for whom."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.reception import handlers, store, store_casework, views
from services.reception.bodies import CoverBody
from services.reception.colleagues import learn_colleagues
from services.reception.handlers import Doing
from services.reception.http import Reader, doing
from services.reception.pages import case_page, command
from services.reception.pages_inbox import PAGE, SOON_DAYS
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

Show = Literal["open", "closed", "unassigned"]


@router.get("/work")
async def work(
    request: Request,
    actor: Reader,
    show: Show | None = None,
    after: str | None = None,
    whose: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The cases that one works with, for a manager also those of one caseworker (`whose`); for whoever gives them out,
    those that nobody has."""
    own = runtime(request)
    today = own.clock.today()
    shows = ["open", "closed"] if actor.roles & {"caseworker", "manager"} else []
    shows += ["unassigned"] if "coordinator" in actor.roles else []
    chosen = show or shows[0]
    if chosen not in shows:
        raise Problem(403, "not-allowed")
    async with own.database.transaction() as tx:
        done = doing(request, tx, actor)
        if not await store_casework.is_entered(tx, actor):
            await store_casework.enter_colleague(tx, actor)
        sight = await done.sight()
        whose = whose if sight.unit else None
        rows = await store_casework.work(tx, sight, chosen, views.read_cursor(after), PAGE + 1, whose)
        soon = today + timedelta(days=SOON_DAYS)
        counts = await store_casework.count_work(tx, sight, today, soon)
        away = await store_casework.away(tx, today) if sight.unit else {}
        loads = await store_casework.caseload(tx, sight.unit, today, soon) if sight.unit and chosen == "open" else []
        shown = {row["caseworker"] for row in [*rows, *loads] if row["caseworker"]} | ({whose} if whose else set())
        named = await store_casework.colleagues(tx, shown | sight.subs)
        heads = {}
        if chosen != "unassigned" and rows:
            heads = await done.desk.heads(tx, [row["id"] for row in rows[:PAGE]])
            await done.looked("list", list(heads), [person for person, _ in heads.values()])
    following = (
        views.cursor({"deadline": rows[PAGE - 1]["due_on"], "id": rows[PAGE - 1]["id"]}) if len(rows) > PAGE else None
    )
    return own.pages.render(
        request,
        "work.html",
        headers={"Cache-Control": "no-store"},
        rows=[
            row | {"head": heads.get(row["id"], (None, None))[1], "days": _days(row["due_on"], today)}
            for row in rows[:PAGE]
        ],
        names=named,
        counts=counts,
        loads=loads,
        away=away,
        whose=whose,
        show=chosen,
        shows=shows,
        soon=SOON_DAYS,
        after=following,
        today_date=today,
        covered=sorted(named.get(sub, "") for sub in sight.subs - {actor.sub} if sub in named),
    )


def _days(due: date, today: date) -> int | None:
    return None if due == store.NEVER else (due - today).days


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
        colleagues = await store_casework.caseworkers(conn) if task.name == "assign" else []
        away = await store_casework.away(conn, today) if colleagues else {}
    colleagues.sort(key=lambda one: one["unit"] != actor.unit)  # one's own unit first
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
