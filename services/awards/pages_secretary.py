"""Pages for the secretary: the round with its calendar, the nominations, and the forms of each step."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from services.awards import deciding, views, words
from services.awards.bodies import (
    AnnouncementBody,
    CancellationBody,
    Citation,
    DecisionBody,
    LaureateBody,
    Line,
    MoveBody,
    ProposalBody,
    PublicationBody,
    ReinstatementBody,
)
from services.awards.edition import SAID, STOCKHOLM, Edition, at_work, year_fits
from services.awards.handlers import Doing
from services.awards.http import Secretary, Year, doing, editions
from services.awards.pages import drawn
from services.awards.posting import command
from shared.contracts.awards import reference
from shared.decider import Refused
from shared.runtime import runtime
from shared.web.commands import Answer, etag, transaction
from shared.web.forms import Form
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/awards", tags=["pages"], include_in_schema=False)
MOVES = ("few-nominations", "technical-fault", "council-meeting-moved", "set-in-error")
CANCELS = ("announced-in-error", "not-awarded", "other-round-instead")
WITHHOLDS = ("no-eligible-nominee", "criteria-not-met", "other-use-of-means")
STEPS = ("calendar", "proposal", "decision", "publication", "cancellation")
MOST = 5


class AnnouncementForm(AnnouncementBody):
    """As the page asks. `sure`: that the year is meant, though the ceremony is in another one."""

    sure: bool = False


class MoveForm(MoveBody):
    sure: bool = False


def _check_meant(form: AnnouncementForm | MoveForm, year: int) -> None:
    """Refused: `year-unlikely`. Only a person who types is asked: the API says what it means."""
    if not form.sure and not year_fits(year, form.ceremony_on):
        raise Refused("year-unlikely", field="sure", year=year, ceremony=form.ceremony_on)


class PublicationForm(BaseModel):
    """As the page asks: for each laureate whether they agree, and then their words. `laureate_1` … are in order."""

    model_config = ConfigDict(hide_input_in_errors=True)

    agreed_1: bool = False
    agreed_2: bool = False
    agreed_3: bool = False
    agreed_4: bool = False
    agreed_5: bool = False
    laureate_1: UUID | None = None
    laureate_2: UUID | None = None
    laureate_3: UUID | None = None
    laureate_4: UUID | None = None
    laureate_5: UUID | None = None
    name_1: Line | None = None
    name_2: Line | None = None
    name_3: Line | None = None
    name_4: Line | None = None
    name_5: Line | None = None
    motivation_1: Citation | None = None
    motivation_2: Citation | None = None
    motivation_3: Citation | None = None
    motivation_4: Citation | None = None
    motivation_5: Citation | None = None

    def publication(self) -> PublicationBody:
        """The command's body. Refused: `laureate-needs-words` at the field that is empty."""
        found = []
        for n in range(1, MOST + 1):
            id = getattr(self, f"laureate_{n}")
            if id is None or not getattr(self, f"agreed_{n}"):
                continue
            for name in ("name", "motivation"):
                if not getattr(self, f"{name}_{n}"):
                    raise Refused("laureate-needs-words", field=f"{name}_{n}")
            said = {name: getattr(self, f"{name}_{n}") for name in ("name", "motivation")}
            found.append(LaureateBody(nomination=id, **said))
        return PublicationBody(laureates=tuple(found))


@router.get("/round", response_model=None)
async def current_round(request: Request, actor: Secretary) -> Response:
    """The prize that there is something to do with; without any, the form that announces one."""
    own = runtime(request)
    async with own.database.reading() as conn:
        meant = at_work(await editions(conn), own.clock.now())
    return RedirectResponse(f"/awards/prizes/{meant.prize_year}" if meant else "/awards/announce", 303)


@router.get("/prizes/{year}", response_model=None)
async def one_round(request: Request, actor: Secretary, year: Year) -> Response:
    """The whole round; the look at the names is recorded."""
    return await _round(request, year, "round.html")


async def _round(request: Request, year: int, template: str, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        past = await views.history(work, deciding.edition_id(year))
        years = sorted((e.prize_year for e in await editions(tx)), reverse=True)
        found = await views.round_of(work, year)
        public = await words.laureates(tx, own.vault, found.edition.named)
    if not wants_page(request):
        tag = {"ETag": etag(found.sequence)}
        return JSONResponse(jsonable_encoder(views.round_json(found, work)), headers=tag)
    edition = found.edition
    typed: dict[str, str | list[str]] = {}
    if template == "step_calendar.html":
        typed = {name: _local(getattr(edition, name)) for name in ("opens_at", "closes_at")}
        typed["ceremony_on"] = edition.ceremony_on.isoformat()
    elif template == "step_decision.html":
        decided = edition.laureates if edition.outcome else edition.proposed or ()
        typed = {"laureates": [str(id) for id in decided], "withheld": edition.withheld or ""}
        typed["decided_on"] = (edition.decided_on or work.today).isoformat()
    elif template == "step_proposal.html":
        typed = {"nominations": [str(id) for id in edition.proposed or ()]}
        typed["withhold"] = "true" if edition.proposed == () else ""
    elif template == "step_publication.html":
        for n, id in enumerate(edition.laureates, 1):
            if id in public:
                typed |= {f"agreed_{n}": "true", f"name_{n}": public[id].name, f"motivation_{n}": public[id].motivation}
    return own.pages.render(
        request,
        template,
        status,
        headers={"ETag": etag(found.sequence)},
        found=found,
        edition=edition,
        phase=edition.phase(work.now),
        figure=drawn(request, edition),
        past=past,
        years=years,
        form=form or Form(typed),
        done=request.query_params.get("done", ""),
        names={id: said.nominee for id, said in found.words.items()},
        citations={id: said.citation for id, said in found.words.items()},
        reference=reference,
        reasons={"move": MOVES, "cancel": CANCELS, "withhold": WITHHOLDS},
        today=own.clock.today(),
        **SAID,
    )


def _local(moment: datetime) -> str:
    """As an input of the browser wants it: Swedish time, with seconds."""
    return str(moment.astimezone(STOCKHOLM).replace(tzinfo=None).isoformat(timespec="seconds"))


@router.get("/announce", response_model=None)
async def announcement(request: Request, actor: Secretary) -> Response:
    return await _announcement(request, 200, None)


async def _announcement(request: Request, status: int, form: Form | None) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        every = await editions(conn)
    usual = Form(_usual(every, own.clock.today()))
    return own.pages.render(request, "announce.html", status, form=form or usual)


def _usual(every: tuple[Edition, ...], today: date) -> dict[str, str]:
    """The calendar of an ordinary year: of the next one whose nominations have not closed and that nobody announced."""
    known = {e.prize_year for e in every}
    first = today.year if today < date(today.year, 11, 1) else today.year + 1
    year = next(y for y in range(first, first + len(known) + 1) if y not in known)
    return {
        "prize_year": str(year),
        "opens_at": f"{year}-10-01T00:00:00",
        "closes_at": f"{year}-11-01T00:00:00",
        "ceremony_on": date(year + 1, 1, 31).isoformat(),
    }


@router.get("/prizes/{year}/{step}", response_model=None)
async def step(request: Request, actor: Secretary, year: Year, step: str) -> Response:
    """The form of one step; it says what is missing when it is too early or too late for it."""
    if step not in STEPS:
        raise Problem(404, "not-found")
    return await _round(request, year, f"step_{step}.html")


@router.post("/forms/announcement", response_model=None)
async def announce_form(request: Request, actor: Secretary) -> Response:
    async def announce(d: Doing, form: AnnouncementForm, _seen: int) -> Answer:
        _check_meant(form, form.prize_year)
        made = await deciding.announce(d, form)
        return replace(made, location=f"{made.location}?done=announced")

    return await command(
        request,
        AnnouncementForm,
        announce,
        lambda status, form: _announcement(request, status, form),
        None,
        new=True,
    )


@router.post("/forms/calendar/{year}", response_model=None)
async def calendar_form(request: Request, actor: Secretary, year: Year) -> Response:
    async def move(d: Doing, form: MoveForm, seen: int) -> Answer:
        _check_meant(form, year)
        return await deciding.move(d, year, form, seen)

    return await command(
        request,
        MoveForm,
        move,
        lambda status, form: _round(request, year, "step_calendar.html", status, form),
        f"/awards/prizes/{year}?done=moved",
    )


@router.post("/forms/cancellation/{year}", response_model=None)
async def cancellation_form(request: Request, actor: Secretary, year: Year) -> Response:
    return await command(
        request,
        CancellationBody,
        lambda d, body, seen: deciding.cancel(d, year, body, seen),
        lambda status, form: _round(request, year, "step_cancellation.html", status, form),
        f"/awards/prizes/{year}?done=cancelled",
    )


@router.post("/forms/reinstatement/{year}", response_model=None)
async def reinstatement_form(request: Request, actor: Secretary, year: Year) -> Response:
    return await command(
        request,
        ReinstatementBody,
        lambda d, _body, seen: deciding.reinstate(d, year, seen),
        lambda status, form: _round(request, year, "step_cancellation.html", status, form),
        f"/awards/prizes/{year}?done=reinstated",
    )


@router.post("/forms/proposal/{year}", response_model=None)
async def proposal_form(request: Request, actor: Secretary, year: Year) -> Response:
    return await command(
        request,
        ProposalBody,
        lambda d, body, seen: deciding.propose(d, year, body, seen),
        lambda status, form: _round(request, year, "step_proposal.html", status, form),
        f"/awards/prizes/{year}?done=proposed",
    )


@router.post("/forms/decision/{year}", response_model=None)
async def decision_form(request: Request, actor: Secretary, year: Year) -> Response:
    return await command(
        request,
        DecisionBody,
        lambda d, body, seen: deciding.decide(d, year, body, seen),
        lambda status, form: _round(request, year, "step_decision.html", status, form),
        f"/awards/prizes/{year}?done=decided",
    )


@router.post("/forms/publication/{year}", response_model=None)
async def publication_form(request: Request, actor: Secretary, year: Year) -> Response:
    return await command(
        request,
        PublicationForm,
        lambda d, body, seen: deciding.publish(d, year, body.publication(), seen),
        lambda status, form: _round(request, year, "step_publication.html", status, form),
        f"/awards/prizes/{year}?done=published",
    )
