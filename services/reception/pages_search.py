"""The page on which people are searched for: what was searched for is never in an address, and is not kept."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.reception import store, store_casework
from services.reception.http import Reader, doing
from services.reception.search import By, SearchBody, find
from shared.runtime import runtime
from shared.web import forms
from shared.web.forms import Form
from shared.web.problems import Problem

router = APIRouter(prefix="/reception")


class SearchForm(BaseModel):
    by: By
    term: str


@router.get("/search")
async def page(request: Request, actor: Reader) -> Response:
    return runtime(request).pages.render(request, "search.html", form=Form({"by": "name"}), rows=None, more=False)


@router.post("/forms/search")
async def search(request: Request, actor: Reader) -> Response:
    """What was found, on the page itself: the term stays in the form, and nowhere else."""
    own = runtime(request)
    sent = await forms.read(request, SearchForm, own.pages.texts)
    if sent.value is None:
        return own.pages.render(request, "search.html", 422, form=sent.form, rows=None, more=False)
    try:
        body = SearchBody(by=sent.value.by, term=sent.value.term[:200])
        async with own.database.transaction() as tx:
            rows, more = await find(doing(request, tx, actor), body)
            names = await store_casework.colleagues(tx, {row["caseworker"] for row in rows if row["caseworker"]})
    except (Problem, ValueError) as no:
        told = no if isinstance(no, Problem) else Problem(422, "nothing-to-search", field="term")
        form = sent.form.refused(request, own.pages.texts, told)
        return own.pages.render(request, "search.html", 422, form=form, rows=None, more=False)
    return own.pages.render(
        request,
        "search.html",
        headers={"Cache-Control": "no-store"},
        form=sent.form,
        rows=rows,
        more=more,
        names=names,
        today_date=own.clock.today(),
        never=store.NEVER,
    )
