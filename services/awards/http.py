"""The JSON API: a nomination by a program, and the address that a receipt goes to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.awards import handlers, rules
from services.awards.bodies import NominationBody
from services.awards.domain import SubmitNomination
from services.awards.guard import Guard
from services.awards.handlers import Words
from shared.access_log import AccessLog
from shared.database import Connection
from shared.identity import Actor
from shared.journal import uuid7
from shared.runtime import Runtime, runtime
from shared.web.access import actor_of, needs, public, route_of
from shared.web.commands import Answer, key_of, transaction
from shared.web.problems import Problem, language

router = APIRouter(prefix="/awards", tags=["awards"])
TRUSTED = frozenset({"secretary", "service"})


def guard_of(run: Runtime) -> Guard:
    guard: Guard = run.extras["guard"]
    return guard


def looks_of(run: Runtime) -> AccessLog:
    looks: AccessLog = run.extras["looks"]
    return looks


def address_of(request: Request) -> str:
    """The client's address as the server in front tells it."""
    return request.client.host if request.client else ""


async def submit(request: Request, body: NominationBody, key: UUID, route: str) -> Answer:
    """One nomination, by the form or by the API, once for each key."""
    run, actor = runtime(request), actor_of(request)
    now, years = run.clock.now(), rules.open_years(run.clock.today())
    year = body.prize_year if body.prize_year is not None else min(years)
    command = SubmitNomination(body.prize, year, body.nominee_kind, body.email is not None, years)
    said = body.language or ("en" if language(request) == "en" else "sv")
    words = Words(body.nominee, body.citation, body.nominator, body.email, said)
    nomination = uuid7()

    async def work(tx: Connection) -> Answer:
        sequence = await handlers.submit(tx, run.vault, nomination, command, words, actor, now)
        data = {"nomination": nomination, "reference": rules.reference(nomination)}
        return Answer(201, data, f"/awards/nominations/{nomination}", sequence)

    return await run.commands.run(actor, route, key, body, work, scope=request.scope)


@router.post("/nominations", response_model=None)
async def nominate(request: Request, body: NominationBody, actor: Annotated[Actor | None, public()]) -> Response:
    """A nomination as JSON. Whoever holds no token of ours is counted like a visitor of the form."""
    key, guard = key_of(request.headers), guard_of(runtime(request))
    counted = actor is None or actor.roles.isdisjoint(TRUSTED)
    if counted and guard.recent(address_of(request)) >= rules.MOST_PER_HOUR:
        raise Problem(429, "too-many-nominations", headers={"Retry-After": "3600"})
    answer = await submit(request, body, key, "POST /awards/nominations")
    if counted and not answer.replayed:
        guard.count(address_of(request))
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.get("/nominations/{nomination}/receipt", response_model=None)
async def receipt(request: Request, nomination: UUID, actor: Annotated[Actor, needs("service")]) -> Response:
    """The nominator's address, for the service that sends the receipt; each look is recorded."""
    run = runtime(request)
    async with transaction(run.database, scope=request.scope) as tx:
        found = await handlers.receipt(tx, run.vault, looks_of(run), nomination, actor, route_of(request))
    return JSONResponse(
        {
            "email": found.email,
            "language": found.language,
            "reference": found.reference,
            "prize_year": found.prize_year,
        }
    )
