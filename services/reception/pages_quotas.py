"""The page of the quotas: what is decided for each year, how far it has come, and a form to decide it."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BeforeValidator
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.reception import handlers, store_quotas
from services.reception.bodies import QuotaBody
from services.reception.http import Coordinator, run
from shared.contracts.event import Year
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import key_of
from shared.web.forms import Form
from shared.web.problems import Problem, wants_page

router = APIRouter(prefix="/reception")
Reader = Annotated[Actor, needs("coordinator", "caseworker", "manager", "auditor", "service")]


def _number(given: object) -> object:
    """A form's digits, also in groups, as the number that the command wants."""
    digits = "".join(given.split()) if isinstance(given, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else given


class QuotaForm(QuotaBody):
    """What the page's form says: digits come as text."""

    quota_year: Annotated[Year, BeforeValidator(_number)]
    target: Annotated[int, BeforeValidator(_number), *QuotaBody.model_fields["target"].metadata]


def _lines(known: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    """Every year that has a quota, and this year and the next if they have none yet; the newest first."""
    years = {quota["quota_year"]: quota for quota in known}
    wanted = years.keys() | {today.year, today.year + 1}
    return [years.get(year, {"quota_year": year, "version": 0}) for year in sorted(wanted, reverse=True)]


@router.get("/quotas")
async def quotas(request: Request, actor: Reader, year: Year | None = None, done: bool = False) -> Response:
    """Each year's quota with its persons. `year`: which one the form is about."""
    if wants_page(request):
        return await _page(request, actor, year, done=done)
    async with runtime(request).database.reading() as conn:
        return JSONResponse(jsonable_encoder({"quotas": await store_quotas.quotas(conn)}))


async def _page(
    request: Request, actor: Actor, year: int | None, status: int = 200, form: Form | None = None, *, done: bool = False
) -> Response:
    own = runtime(request)
    today = own.clock.today()
    async with own.database.reading() as conn:
        lines = _lines(await store_quotas.quotas(conn), today)
    chosen = next((line for line in lines if line["quota_year"] == (year or today.year)), None)
    if chosen is None:
        raise Problem(404, "unknown-quota")
    facts = {"target": chosen.get("target"), "decided_on": chosen.get("decided_on")}
    return own.pages.render(
        request,
        "quotas.html",
        status,
        headers={"Cache-Control": "no-store"},
        lines=lines,
        chosen=chosen,
        decides="coordinator" in actor.roles,
        form=form or Form({name: str(value) for name, value in facts.items() if value is not None}),
        done=done,
    )


@router.post("/forms/quota")
async def decide(request: Request, actor: Coordinator) -> Response:
    """Sets or changes a year's quota, from the version that the form was filled in for."""
    texts = runtime(request).pages.texts
    sent = await forms.read(request, QuotaForm, texts)
    said = str(sent.form.value("quota_year"))
    year = int(said) if said.isascii() and said.isdigit() and len(said) == 4 else None
    body, seen = sent.value, sent.sequence
    if body is None:
        return await _page(request, actor, year, 422, sent.form)
    try:
        await run(
            request,
            actor,
            {"sequence": seen, **body.model_dump(mode="json")},
            lambda d: handlers.set_quota(d, body, seen),
            key=key_of({"idempotency-key": sent.key}),
        )
    except Refused as no:
        return await _page(request, actor, year, 422, sent.form.refused(request, texts, no))
    except Problem as no:
        if no.status != 412:
            raise
        return await _page(request, actor, year, 412, sent.form.refused(request, texts, Problem(412, "quota-changed")))
    return RedirectResponse(f"/reception/quotas?year={body.quota_year}&done=true", 303)
