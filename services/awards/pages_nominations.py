"""Pages for the secretary: the nominations, and one of them with what is found of it."""

from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from services.awards import handlers, store, views
from services.awards.bodies import AssessmentBody, SameBody
from services.awards.deciding import judged
from services.awards.edition import SAID, at_work
from services.awards.http import Secretary, doing, editions
from services.awards.nomination import candidates
from services.awards.posting import command
from services.awards.words import read
from shared.contracts.awards import reference
from shared.runtime import runtime
from shared.web.commands import etag, transaction
from shared.web.forms import Form
from shared.web.paging import read_cursor
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/awards", tags=["pages"], include_in_schema=False)
INELIGIBLE = ("outside-municipality", "not-about-integration", "nominated-themselves", "laureate-before", "unserious")
REASSESS = ("new-information", "assessed-in-error", "nominator-asked")


@router.get("/nominations", response_model=None)
async def nominations(
    request: Request,
    actor: Secretary,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    after: Annotated[str | None, Query(max_length=90)] = None,
) -> Response:
    """The nominations of a year, with the nominees' names: the look is recorded."""
    own = runtime(request)
    cursor = read_cursor(after)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        years = await store.years(tx)
        every = await editions(tx)
        meant = at_work(every, work.now)
        usual = meant.prize_year if meant else work.today.year
        chosen = year or (usual if usual in years or not years else max(years))
        found = await store.listed(tx, chosen, cursor)
        leads = {id: first for first, ids in candidates(judged(await store.of_year(tx, chosen))).items() for id in ids}
        said = await read(tx, own.vault, work.looks, [each.id for each in found], actor, "list", work.route)
    further = f"{found[-1].created_at.isoformat()}~{found[-1].id}" if len(found) == store.PAGE else None
    if not wants_page(request):
        items = [views.item(each, said.get(each.id)) for each in found]
        return JSONResponse({"year": chosen, "items": items, "next": further})
    years.setdefault(chosen, len(found))
    return own.pages.render(
        request,
        "nominations.html",
        found=found,
        words=said,
        leads=leads,
        years=dict(sorted(years.items(), reverse=True)),
        year=chosen,
        over=any(e.prize_year == chosen and e.proposed is not None for e in every),
        announced=any(e.prize_year == chosen for e in every),
        cancelled=any(e.prize_year == chosen and e.cancelled is not None for e in every),
        after=further,
        reference=reference,
    )


@router.get("/nominations/{nomination}", response_model=None)
async def nomination(request: Request, nomination: UUID, actor: Secretary) -> Response:
    """One nomination, whole: the look is recorded."""
    return await _nomination(request, nomination)


async def _nomination(request: Request, nomination: UUID, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        found = await store.one(tx, nomination)
        if found is None:
            raise Problem(404, "unknown-nomination")
        every = await store.of_year(tx, found.prize_year)
        others = {id: each for id, each in every.items() if id != nomination}
        edition = next((e for e in await editions(tx) if e.prize_year == found.prize_year), None)
        past = await views.nomination_history(work, nomination, found.prize_year)
        recusals = await views.recusals(work, nomination, every)
        page = wants_page(request)
        judging = edition is not None and edition.judging and not found.state.withdrawn
        # Names are opened for who can be chosen or is joined already, and for nobody else.
        joined = [id for id, e in others.items() if e.state.same_as == nomination or id == found.state.same_as]
        wanted = [nomination, *(others if judging else joined)] if page else [nomination]
        said = await read(tx, own.vault, work.looks, wanted, work.actor, "view", work.route)
    words = said.get(nomination)
    tag = {"ETag": etag(found.sequence)}
    if not page:
        whole = {"citation": words.citation, "nominator": words.nominator, "email": words.email} if words else {}
        shown = views.item(found, words) | whole | {"recusals": [asdict(each) for each in recusals]}
        return JSONResponse(jsonable_encoder(shown), headers=tag)
    # One that is withdrawn is judged with nobody: it stands there only where it was chosen before.
    free = {id for id, e in others.items() if e.state.same_as is None and not e.state.withdrawn}
    open_to_join = [(id, said[id].nominee) for id in others if id in said and (id in free or id == found.state.same_as)]
    return own.pages.render(
        request,
        "nomination.html",
        status,
        headers=tag,
        found=found,
        words=words,
        reference=reference(nomination),
        past=past,
        judging=judging,
        over=edition is not None and edition.proposed is not None,
        cancelled=edition is not None and edition.cancelled is not None,
        following=next((id for id, each in others.items() if each.state.standing == "new"), None) if judging else None,
        done=request.query_params.get("done", ""),
        recusals=recusals,
        undecided=edition is not None and edition.undecided,
        led=[(id, said[id].nominee) for id, e in others.items() if e.state.same_as == nomination and id in said],
        same=said.get(found.state.same_as) if found.state.same_as else None,
        joinable=sorted(open_to_join, key=lambda pair: pair[1].casefold()),
        form=form or Form({"same_as": str(found.state.same_as or "")}),
        ineligible=INELIGIBLE,
        reassess=REASSESS,
        **SAID,
    )


class AssessmentForm(BaseModel):
    """As the page asks: an outcome, `eligible` or a reason why not."""

    outcome: Literal[
        "eligible",
        "outside-municipality",
        "not-about-integration",
        "nominated-themselves",
        "laureate-before",
        "unserious",
    ]
    changed: Literal["new-information", "assessed-in-error", "nominator-asked"] | None = None


class SameForm(BaseModel):
    """As the page asks: empty is none."""

    same_as: UUID | None = None


@router.post("/forms/assessment/{nomination}", response_model=None)
async def assessment_form(request: Request, nomination: UUID, actor: Secretary) -> Response:
    def body(form: AssessmentForm) -> AssessmentBody:
        return AssessmentBody(reason=None if form.outcome == "eligible" else form.outcome, changed=form.changed)

    return await command(
        request,
        AssessmentForm,
        lambda d, form, seen: handlers.assess(d, nomination, body(form), seen),
        lambda status, form: _nomination(request, nomination, status, form),
        f"/awards/nominations/{nomination}?done=assessed",
    )


@router.post("/forms/same/{nomination}", response_model=None)
async def same_form(request: Request, nomination: UUID, actor: Secretary) -> Response:
    return await command(
        request,
        SameForm,
        lambda d, form, seen: handlers.mark_same(d, nomination, SameBody(same_as=form.same_as), seen),
        lambda status, form: _nomination(request, nomination, status, form),
        f"/awards/nominations/{nomination}?done=same",
    )
