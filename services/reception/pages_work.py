"""The list of those who work with cases, what must be done first on top; several cases are given out in one go."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from services.reception import casework, handlers, store, store_casework, store_figures, views
from services.reception.colleagues import learn_colleagues, takers
from services.reception.handlers import Doing
from services.reception.http import Reader, doing, run
from services.reception.pages_inbox import PAGE, SOON_DAYS
from shared.contracts.casework import AssignmentReason
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer, key_of
from shared.web.forms import Chosen, Form
from shared.web.problems import Problem

router = APIRouter(prefix="/reception")
Assigner = Annotated[Actor, needs("coordinator", "manager")]

Show = Literal["open", "closed", "unassigned"]
# Why a case was left as it was, of all that may be said of it.
Left = Literal["changed", "over", "gone"]
LEFT_SAID = get_args(Left)
NOBODYS = {"cases": 0, "late": 0, "soon": 0}
LEFT: dict[str, Left] = {
    "case-closed": "over",
    "case-cancelled": "over",
    "notice-withdrawn": "over",
    "unknown-case": "gone",
}
Seen = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}\.[0-9]{1,9}$")]


class GivingForm(BaseModel):
    """Cases that nobody has, each in the version that was seen, and who gets them."""

    cases: Annotated[list[Seen], Field(max_length=PAGE)]
    caseworker: Chosen


class GivingOnForm(GivingForm):
    """The same for cases that somebody has."""

    reason: AssignmentReason


@router.get("/work")
async def work(
    request: Request,
    actor: Reader,
    show: Show | None = None,
    after: str | None = None,
    whose: Annotated[str | None, Query(max_length=200)] = None,
    ticked: Literal["all"] | None = None,
) -> Response:
    """The cases that one works with, for a manager also those of one caseworker (`whose`); for whoever gives them out,
    those that nobody has."""
    return await work_page(request, actor, show, after, whose, ticked=ticked)


async def work_page(
    request: Request,
    actor: Actor,
    show: Show | None,
    after: str | None,
    whose: str | None,
    status: int = 200,
    form: Form | None = None,
    ticked: str | None = None,
) -> Response:
    """The list, with the form that gives out several cases where `actor` may."""
    own = runtime(request)
    today = own.clock.today()
    shows = ["open", "closed"] if actor.roles & {"caseworker", "manager"} else []
    shows += ["unassigned"] if "coordinator" in actor.roles else []
    chosen = show or shows[0]
    if chosen not in shows:
        raise Problem(403, "not-allowed")
    gives = chosen == "unassigned" or (chosen == "open" and "manager" in actor.roles)
    if chosen == "unassigned":
        await learn_colleagues(own)
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
        if whose:
            counts = next((row for row in loads if row["caseworker"] == whose), NOBODYS)  # of those that are listed
        shown = {row["caseworker"] for row in [*rows, *loads] if row["caseworker"]} | ({whose} if whose else set())
        named = await store_casework.colleagues(tx, shown | sight.subs)
        colleagues, away = await takers(tx, actor, today) if gives and rows else ([], away)
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
        status,
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
        shown_after=after,
        form=form or _ticked(rows[:PAGE] if ticked else []),
        colleagues=colleagues,
        today_date=today,
        covered=sorted(named.get(sub, "") for sub in sight.subs - {actor.sub} if sub in named),
    )


def _days(due: date, today: date) -> int | None:
    return None if due == store.NEVER else (due - today).days


def _ticked(rows: Sequence[Mapping[str, Any]]) -> Form:
    """A form with these cases chosen."""
    return Form({"cases": [f"{row['id']}.{row['sequence']}" for row in rows]})


@router.post("/forms/assignments")
async def assignments_form(request: Request, actor: Assigner) -> Response:
    """Each case is a command of its own, done once: what cannot be given is told, and the others are given."""
    texts, typed = runtime(request).pages.texts, await request.form()
    listed: dict[str, Show] = {"unassigned": "unassigned", "open": "open"}
    show = listed.get(str(typed.get("show")))  # else the page of those that were given out
    model = GivingForm if show == "unassigned" else GivingOnForm
    posted = await forms.read(request, model, texts)

    async def again(status: int, form: Form) -> Response:
        if show:
            after, whose = str(typed.get("after", "")) or None, str(typed.get("whose", ""))[:200] or None
            return await work_page(request, actor, show, after, whose, status, form)
        return await _given(request, actor, _cases(typed.getlist("listed")), [], status, form)

    if posted.value is None:
        return await again(422, posted.form)
    key, value = key_of({"idempotency-key": posted.key}), posted.value
    reason: AssignmentReason = getattr(value, "reason", "first")
    done: list[UUID] = []
    left: list[str] = []
    for one in value.cases:
        case, _, version = one.partition(".")
        body = {"case": case, "version": version, "caseworker": value.caseworker, "reason": reason}

        async def work(doing: Doing, case: str = case, version: str = version) -> Answer:
            return await casework.give(doing, UUID(case), value.caseworker, reason, int(version))

        try:
            await run(request, actor, body, work, key=uuid5(key, case))
            done.append(UUID(case))
        except (Refused, Problem) as no:
            if no.field == "caseworker" or no.code == "idempotency-key-reused":
                return await again(422, posted.form.refused(request, texts, no))
            if isinstance(no, Problem) and no.status >= 500:
                raise
            left.append(f"{case}.{LEFT.get(no.code, 'changed')}")
    query = urlencode([*(("case", id) for id in done), *(("left", one) for one in left)])
    return RedirectResponse(f"/reception/given?{query}", 303)


def _cases(listed: Sequence[object]) -> list[UUID]:
    try:
        return [UUID(str(one)) for one in listed[:PAGE]]
    except ValueError:
        raise Problem(404, "unknown-case") from None


@router.get("/given")
async def given(
    request: Request,
    actor: Assigner,
    case: Annotated[tuple[UUID, ...], Query(max_length=PAGE)] = (),
    left: Annotated[tuple[str, ...], Query(max_length=PAGE)] = (),
    ticked: Literal["all"] | None = None,
) -> Response:
    """What became of the cases that were given out in one go, and the way to give them to somebody else."""
    why = [one.partition(".") for one in left]
    return await _given(request, actor, case, [(id, said) for id, _, said in why if said in LEFT_SAID], ticked=ticked)


async def _given(
    request: Request,
    actor: Actor,
    cases: Sequence[UUID],
    left: Sequence[tuple[str, str]],
    status: int = 200,
    form: Form | None = None,
    ticked: str | None = None,
) -> Response:
    own = runtime(request)
    today = own.clock.today()
    failed = dict(zip(_cases([id for id, _ in left]), (why for _, why in left), strict=True))
    await learn_colleagues(own)
    async with own.database.reading() as conn:
        sight = await handlers.sight(conn, actor, today)
        rows = await store_figures.listed(conn, sight, [*cases, *failed], None, 2 * PAGE)
        colleagues, away = await takers(conn, actor, today)
        names = await store_casework.colleagues(conn, {row["caseworker"] for row in rows if row["caseworker"]})
    return own.pages.render(
        request,
        "given.html",
        status,
        rows=[row for row in rows if row["id"] not in failed],
        left=[row | {"why": failed[row["id"]]} for row in rows if row["id"] in failed],
        unseen=len({*cases, *failed}) - len(rows),
        names=names,
        colleagues=colleagues,
        away=away,
        form=form or _ticked([row for row in rows if ticked and row["id"] not in failed]),
    )
