"""The JSON API: nominations, their assessment, the jury's points, the prize's calendar and decision."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.awards import deciding, handlers, judging, rules, store_prizes
from services.awards.bodies import (
    AnnouncementBody,
    AssessmentBody,
    CancellationBody,
    DecisionBody,
    LiftBody,
    LinkBody,
    LinkedCorrectionBody,
    MoveBody,
    NominationBody,
    ProposalBody,
    PublicationBody,
    RecusalBody,
    ReinstatementBody,
    SameBody,
    ScoreBody,
)
from services.awards.commands import SubmitNomination
from services.awards.edition import Edition, current
from services.awards.guard import Guard
from services.awards.handlers import Doing
from services.awards.words import Words
from shared.access_log import AccessLog
from shared.database import Connection
from shared.identity import Actor
from shared.journal import uuid7
from shared.runtime import Runtime, runtime
from shared.web.access import actor_of, needs, public, route_of
from shared.web.commands import Answer, expected_version, key_of, transaction
from shared.web.problems import Problem, language, wants_page

router = APIRouter(prefix="/awards", tags=["awards"])
TRUSTED = frozenset({"secretary", "service"})
Secretary = Annotated[Actor, needs("secretary")]
Juror = Annotated[Actor, needs("jury")]
Anybody = Annotated[Actor | None, public()]
Year = Annotated[int, Path(ge=2000, le=2100)]


def guard_of(run: Runtime) -> Guard:
    guard: Guard = run.extras["guard"]
    return guard


def looks_of(run: Runtime) -> AccessLog:
    looks: AccessLog = run.extras["looks"]
    return looks


def address_of(request: Request) -> str:
    """The client's address as the server in front tells it."""
    return request.client.host if request.client else ""


def doing(request: Request, tx: Connection) -> Doing:
    own = runtime(request)
    return Doing(tx, actor_of(request), own.clock.now(), route_of(request), own.vault, looks_of(own))


async def run(
    request: Request, body: object, work: Callable[[Doing], Awaitable[Answer]], key: UUID | None = None
) -> Answer:
    """One command, once. The time it came is the time before it waits for anything."""
    own, route = runtime(request), route_of(request)
    now, looks = own.clock.now(), looks_of(own)
    actor = actor_of(request)

    async def in_transaction(tx: Connection) -> Answer:
        return await work(Doing(tx, actor, now, route, own.vault, looks))

    scoped = (dict(request.path_params), body)
    return await own.commands.run(
        actor, route, key or key_of(request.headers), scoped, in_transaction, scope=request.scope
    )


async def respond(request: Request, body: object, work: Callable[[Doing], Awaitable[Answer]]) -> Response:
    answer = await run(request, body, work)
    return JSONResponse(answer.data, answer.status, answer.headers())


async def editions(tx: Connection) -> tuple[Edition, ...]:
    """Every edition that has a calendar."""
    return tuple(s.edition for s in (await store_prizes.editions(tx)).values() if s.edition is not None)


async def submit(request: Request, body: NominationBody, key: UUID) -> Answer:
    """One nomination, by the form or by the API, once for each key. Without a year it is for the one that is open."""
    own = runtime(request)
    now, language_ = own.clock.now(), "en" if language(request) == "en" else "sv"
    said = Words(body.nominee, body.citation, body.nominator, body.email, body.language or language_)
    nomination = uuid7()

    async def work(doing: Doing) -> Answer:
        year = body.prize_year
        if year is None:
            meant = current(await editions(doing.tx), now)
            year = meant.prize_year if meant else doing.today.year
        wanted = body.email is not None
        command = SubmitNomination(body.prize, year, body.nominee_kind, wanted, None, now)
        return await handlers.submit(doing, nomination, command, said)

    return await run(request, body, work, key)


@router.post("/nominations", response_model=None)
async def nominate(request: Request, body: NominationBody, actor: Anybody) -> Response:
    """A nomination as JSON. Whoever holds no token of ours is counted like a visitor of the form."""
    key, guard = key_of(request.headers), guard_of(runtime(request))
    counted = actor is None or actor.roles.isdisjoint(TRUSTED)
    if counted and guard.recent(address_of(request)) >= rules.MOST_PER_HOUR:
        raise Problem(429, "too-many-nominations", headers={"Retry-After": "3600"})
    answer = await submit(request, body, key)
    if counted and not answer.replayed:
        guard.count(address_of(request))
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.get("/nominations/{nomination}/receipt", response_model=None)
async def receipt(request: Request, nomination: UUID, actor: Annotated[Actor, needs("service")]) -> Response:
    """The nominator's address, a link and the calendar, for the service that sends mails; each look is recorded."""
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        found = await handlers.receipt(doing(request, tx), nomination)
    link = f"{own.settings.public_url}/awards/mine?link={found.link}" if found.link else None
    edition = found.edition
    return JSONResponse(
        {
            "email": found.email,
            "language": found.language,
            "reference": found.reference,
            "prize_year": found.prize_year,
            "link": link,
            "opens_at": edition.opens_at.isoformat() if edition else None,
            "closes_at": edition.closes_at.isoformat() if edition else None,
            "ceremony_on": edition.ceremony_on.isoformat() if edition else None,
        }
    )


@router.post("/mine/correction", response_model=None)
async def correct(request: Request, body: LinkedCorrectionBody, actor: Anybody) -> Response:
    """The nominator, who is known by the link in the receipt, writes the nomination anew."""
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: handlers.correct(d, body.link, body, expected))


@router.post("/mine/withdrawal", response_model=None)
async def withdraw(request: Request, body: LinkBody, actor: Anybody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: handlers.withdraw(d, body.link, expected))


@router.post("/nominations/{nomination}/assessment", response_model=None)
async def assess(request: Request, nomination: UUID, body: AssessmentBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: handlers.assess(d, nomination, body, expected))


@router.post("/nominations/{nomination}/same", response_model=None)
async def mark_same(request: Request, nomination: UUID, body: SameBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: handlers.mark_same(d, nomination, body, expected))


@router.post("/nominations/{nomination}/score", response_model=None)
async def score(request: Request, nomination: UUID, body: ScoreBody, actor: Juror) -> Response:
    """The version is that of the juror's own review: 0 before the first points."""
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: judging.score(d, nomination, body, expected))


@router.post("/nominations/{nomination}/recusal", response_model=None)
async def recuse(request: Request, nomination: UUID, body: RecusalBody, actor: Juror) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: judging.recuse(d, nomination, body, expected))


@router.post("/nominations/{nomination}/recusals/{juror}/lifting", response_model=None)
async def lift(request: Request, nomination: UUID, juror: UUID, body: LiftBody, actor: Secretary) -> Response:
    """The version is that of the juror's review, as the nomination's `recusals` tell it."""
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: judging.lift(d, nomination, juror, body, expected))


@router.get("/prizes", response_model=None)
async def prizes(request: Request, actor: Anybody) -> Response:
    """The calendars, which are public, and how far each prize has come."""
    if wants_page(request):
        works_here = actor is not None and "secretary" in actor.roles
        return RedirectResponse("/awards/round" if works_here else "/awards/", 303)
    own = runtime(request)
    now = own.clock.now()
    async with own.database.reading() as conn:
        found = await editions(conn)
    shown = [
        {
            "prize": each.prize,
            "prize_year": each.prize_year,
            "opens_at": each.opens_at,
            "closes_at": each.closes_at,
            "ceremony_on": each.ceremony_on,
            "open": each.is_open(now),
            "published": each.published,
            "cancelled": each.cancelled is not None,
        }
        for each in found
    ]
    return JSONResponse(jsonable_encoder({"prizes": shown}))


@router.post("/prizes", response_model=None)
async def announce(request: Request, body: AnnouncementBody, actor: Secretary) -> Response:
    return await respond(request, body, lambda d: deciding.announce(d, body))


@router.post("/prizes/{year}/calendar", response_model=None)
async def move(request: Request, year: Year, body: MoveBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.move(d, year, body, expected))


@router.post("/prizes/{year}/cancellation", response_model=None)
async def cancel(request: Request, year: Year, body: CancellationBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.cancel(d, year, body, expected))


@router.post("/prizes/{year}/reinstatement", response_model=None)
async def reinstate(request: Request, year: Year, body: ReinstatementBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.reinstate(d, year, expected))


@router.post("/prizes/{year}/proposal", response_model=None)
async def propose(request: Request, year: Year, body: ProposalBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.propose(d, year, body, expected))


@router.post("/prizes/{year}/decision", response_model=None)
async def decide(request: Request, year: Year, body: DecisionBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.decide(d, year, body, expected))


@router.post("/prizes/{year}/publication", response_model=None)
async def publish(request: Request, year: Year, body: PublicationBody, actor: Secretary) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, body, lambda d: deciding.publish(d, year, body, expected))
