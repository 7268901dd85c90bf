"""Pages for the secretary: lifting a recusal, with what that means before it is done."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.awards import judging, store, views
from services.awards.bodies import LiftBody
from services.awards.http import Secretary, doing, editions
from services.awards.posting import command
from services.awards.words import read
from shared.runtime import runtime
from shared.web.commands import transaction
from shared.web.forms import Form
from shared.web.problems import Problem

router = APIRouter(prefix="/awards", tags=["pages"], include_in_schema=False)
LIFTS = ("reported-in-error", "circumstance-ended", "found-impartial")


@router.get("/nominations/{nomination}/recusals/{juror}", response_model=None)
async def lifting(request: Request, nomination: UUID, juror: UUID, actor: Secretary) -> Response:
    """One juror's recusal from one nomination. The look at the nominee's name is recorded."""
    return await _lifting(request, nomination, juror)


async def _lifting(
    request: Request, nomination: UUID, juror: UUID, status: int = 200, form: Form | None = None
) -> Response:
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        known = await store.one(tx, nomination)
        if known is None:
            raise Problem(404, "unknown-nomination")
        every = await views.recusals(work, nomination, await store.of_year(tx, known.prize_year))
        found = next((each for each in every if (each.nomination, each.juror) == (nomination, juror)), None)
        if found is None:
            raise Problem(404, "unknown-recusal")
        edition = next((e for e in await editions(tx) if e.prize_year == known.prize_year), None)
        said = await read(tx, own.vault, work.looks, [nomination], work.actor, "view", work.route)
    return own.pages.render(
        request,
        "lifting.html",
        status,
        found=found,
        nominee=said[nomination].nominee if nomination in said else None,
        proposed=edition is not None and edition.proposed is not None,
        undecided=edition is not None and edition.undecided,
        form=form or Form({}),
        lifts=LIFTS,
    )


@router.post("/forms/lifting/{nomination}/{juror}", response_model=None)
async def lifting_form(request: Request, nomination: UUID, juror: UUID, actor: Secretary) -> Response:
    return await command(
        request,
        LiftBody,
        lambda d, body, seen: judging.lift(d, nomination, juror, body, seen),
        lambda status, form: _lifting(request, nomination, juror, status, form),
        f"/awards/nominations/{nomination}?done=lifted",
    )
