"""Pages for the jury: what to read, one nominee with points and comments, stepping aside."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response

from services.awards import judging, views, words
from services.awards.bodies import RecusalBody, ScoreBody
from services.awards.edition import SAID, at_work
from services.awards.http import Juror, doing, editions
from services.awards.posting import command
from shared.runtime import runtime
from shared.web.commands import etag, transaction
from shared.web.forms import Form
from shared.web.problems import wants_page

router = APIRouter(prefix="/awards", tags=["jury"])
GROUNDS = ("own-interest", "close-person", "own-organisation", "nominated-it", "other-circumstance")


@router.get("/jury", response_model=None)
async def jury(request: Request, actor: Juror, year: Annotated[int | None, Query(ge=2000, le=2100)] = None) -> Response:
    """What the juror judges, what is unread first. The look is recorded."""
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        every = await editions(tx)
        meant = at_work(every, work.now)
        chosen = year or (meant.prize_year if meant else None)
        if chosen is None:
            if not wants_page(request):
                return JSONResponse({"prize_year": None, "items": []})
            return own.pages.render(request, "jury.html", edition=None, items=[], years=[])
        found = await judging.desk(work, chosen)
        said = await judging.read(work, found, "list")
    lines = [views.candidate_json(found, each, said) for each in found.candidates.values()]
    lines.sort(key=lambda line: not line["unread"])
    if not wants_page(request):
        return JSONResponse(jsonable_encoder({"prize_year": chosen, "items": lines}))
    return own.pages.render(
        request,
        "jury.html",
        edition=found.edition,
        done=request.query_params.get("done", ""),
        phase=found.edition.phase(work.now),
        items=lines,
        unread=sum(line["unread"] for line in lines),
        years=sorted((e.prize_year for e in every if e.opens_at <= work.now), reverse=True),
        **SAID,
    )


@router.get("/jury/{nomination}", response_model=None)
async def reading(request: Request, actor: Juror, nomination: UUID) -> Response:
    """One nominee. The look is recorded; one that the juror has stepped aside from is not there."""
    return await _reading(request, nomination, "reading.html")


@router.get("/jury/{nomination}/recusal", response_model=None, include_in_schema=False)
async def recusal(request: Request, actor: Juror, nomination: UUID) -> Response:
    """What stepping aside means, before it is done."""
    return await _reading(request, nomination, "recusal.html")


async def _reading(
    request: Request, nomination: UUID, template: str, status: int = 200, form: Form | None = None
) -> Response:
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        found = await judging.one(work, nomination)
        candidate = found.candidates[nomination]
        said = await words.of(tx, own.vault, candidate.together)
        shown = await views.juror_json(work, found, candidate, said)
    if not wants_page(request):
        return JSONResponse(jsonable_encoder(shown), headers={"ETag": etag(shown["version"])})
    typed = {"score": str(shown["own_score"] or ""), "comment": shown["comment"] or ""}
    order = sorted(found.candidates.values(), key=lambda c: c.scored)
    following = next((c.nomination for c in order if c.nomination != nomination and not c.scored), None)
    return own.pages.render(
        request,
        template,
        status,
        it=shown,
        year=found.edition.prize_year,
        judging=found.edition.judging,
        undecided=found.edition.undecided,
        following=following,
        form=form or Form(typed if template == "reading.html" else {}),
        grounds=GROUNDS,
        done=request.query_params.get("done", ""),
    )


@router.post("/forms/score/{nomination}", response_model=None, include_in_schema=False)
async def score_form(request: Request, actor: Juror, nomination: UUID) -> Response:
    return await command(
        request,
        ScoreBody,
        lambda d, body, seen: judging.score(d, nomination, body, seen),
        lambda status, form: _reading(request, nomination, "reading.html", status, form),
        f"/awards/jury/{nomination}?done=scored",
    )


@router.post("/forms/recusal/{nomination}", response_model=None, include_in_schema=False)
async def recusal_form(request: Request, actor: Juror, nomination: UUID) -> Response:
    return await command(
        request,
        RecusalBody,
        lambda d, body, seen: judging.recuse(d, nomination, body, seen),
        lambda status, form: _reading(request, nomination, "recusal.html", status, form),
        "/awards/jury?done=recused",
    )
