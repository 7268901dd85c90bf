"""The auditor's page: a monthly sample of who looked at whom, reviewed look by look. It names colleagues, no household.

Source: SoLPuL (SFS 2001:454) 10 §: accesses are checked systematically and recurringly.
"""

from datetime import date
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from services.reception import store_looks
from services.reception.handlers import Doing
from services.reception.http import run
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer, key_of
from shared.web.forms import Form
from shared.web.problems import Problem

router = APIRouter(prefix="/reception")
Auditor = Annotated[Actor, needs("auditor")]

Note = Literal[
    "own-case",
    "cover",
    "allocation",
    "unit-control",
    "correction",
    "no-visible-reason",
    "asked-colleague",
    "told-manager",
]


class ReviewForm(BaseModel):
    position: int
    outcome: Literal["ok", "explain"]
    note: Note


class DrawForm(BaseModel):
    month: date


def _month(text: str | None) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        raise Problem(404, "unknown-month") from None


@router.get("/looks")
async def looks(request: Request, actor: Auditor, month: str | None = None) -> Response:
    return await _looks(request, _month(month))


async def _looks(request: Request, month: date | None, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        months = await store_looks.months(conn)
        chosen = month or (months[0]["month"] if months else None)
        rows = await store_looks.sample(conn, chosen) if chosen else []
    return own.pages.render(
        request,
        "looks.html",
        status,
        months=months,
        chosen=next((m for m in months if m["month"] == chosen), None),
        rows=rows,
        notes=get_args(Note),
        form=form or Form(),
        failed=(form.value("position") if form else ""),
    )


@router.post("/forms/looks/draw")
async def draw(request: Request, actor: Auditor) -> Response:
    sent = await forms.read(request, DrawForm, runtime(request).pages.texts)
    if sent.value is None:
        return await _looks(request, None, 422, sent.form)
    month = sent.value.month.replace(day=1)

    async def work(doing: Doing) -> Answer:
        await store_looks.draw(doing.tx, month)
        await doing.looked("change", [], [], "looks-drawn")
        return Answer(200, {})

    await run(request, actor, {"month": month}, work, key=key_of({"idempotency-key": sent.key}))
    return RedirectResponse(f"/reception/looks?month={month:%Y-%m}", 303)


@router.post("/forms/looks/review")
async def review(request: Request, actor: Auditor) -> Response:
    """One look is found in order, or is to be explained. The review itself is in the access log, too."""
    sent = await forms.read(request, ReviewForm, runtime(request).pages.texts)
    month = _month((await request.form()).get("month"))  # type: ignore[arg-type]
    if sent.value is None:
        return await _looks(request, month, 422, sent.form)
    said = sent.value

    async def work(doing: Doing) -> Answer:
        if await store_looks.review(doing.tx, said.position, said.outcome, said.note, doing.actor.sub) is None:
            raise Problem(404, "unknown-look")
        await doing.looked("change", [], [], f"look-reviewed {said.position}")
        return Answer(200, {})

    await run(request, actor, said.model_dump(), work, key=key_of({"idempotency-key": sent.key}))
    back = f"?month={month:%Y-%m}" if month else ""
    return RedirectResponse(f"/reception/looks{back}#sample", 303)
