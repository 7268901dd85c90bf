"""Pages for people: the public form and its thanks, and what the secretary reads."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.awards import handlers, rules, store
from services.awards.bodies import NominationBody
from services.awards.handlers import Words
from services.awards.http import address_of, guard_of, looks_of, submit
from services.awards.store import Listed
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs, public, route_of
from shared.web.commands import key_of, transaction
from shared.web.forms import Form
from shared.web.paging import read_cursor
from shared.web.problems import Problem, explain, language, wants_page

router = APIRouter(prefix="/awards", tags=["pages"], include_in_schema=False)
KINDS = ("person", "group", "association", "organisation", "company")


@router.get("/", dependencies=[public()], response_model=None)
async def root() -> Response:
    return RedirectResponse("/awards/nominate", 303)


def _form(request: Request, form: Form, opened: str, key: str | None = None, status: int = 200) -> Response:
    run = runtime(request)
    return run.pages.render(
        request,
        "nominate.html",
        status,
        form=form,
        opened=opened,
        key=key,
        year=min(rules.open_years(run.clock.today())),
        kinds=KINDS,
        shortest=rules.CITATION_SHORTEST,
        longest=rules.CITATION_LONGEST,
    )


@router.get("/nominate", dependencies=[public()], response_model=None)
async def nominate(request: Request) -> Response:
    """The form, for everybody."""
    return _form(request, Form(), guard_of(runtime(request)).opened())


@router.post("/forms/nominate", dependencies=[public()], response_model=None)
async def submitted(request: Request) -> Response:
    """Takes the nomination, or shows the form again with everything that was typed and all that is wrong with it."""
    run = runtime(request)
    guard, texts, lang = guard_of(run), run.pages.texts, language(request)
    given = await request.form()
    opened = str(given.get("opened", ""))[:600]
    posted = forms.parse(_only_words(given), NominationBody, texts, lang)
    address, age = address_of(request), guard.age(opened)
    doubt = rules.suspicion(rules.Sign(posted.bait, age, guard.recent(address)))
    if posted.value is None or doubt is not None:
        form = posted.form
        if doubt is not None:
            form = form.with_error(explain(texts, lang, f"nomination-{doubt}"))
        again = opened if age is not None else guard.opened()
        return _form(request, form, again, posted.key or None, 429 if doubt == "too-many" else 422)
    try:
        key = key_of({}, {"key": posted.key})
        answer = await submit(request, posted.value, key, "POST /awards/forms/nominate")
    except Refused as no:
        return _form(request, posted.form.refused(request, texts, no), opened, posted.key, 422)
    except Problem as no:
        if no.code != "idempotency-key-reused":
            raise
        # The form was sent before with other words: whether that was meant is for the person to say.
        told = posted.form.refused(request, texts, Problem(422, "nomination-sent-before"))
        return _form(request, told, opened, None, 422)
    if not answer.replayed:
        guard.count(address)
    receipt = "?receipt=true" if posted.value.email else ""
    return RedirectResponse(f"/awards/thanks/{answer.data['reference']}{receipt}", 303)


def _only_words(given: Any) -> Any:
    """The form without its own hidden time, which is no part of a nomination."""
    return type(given)([(name, value) for name, value in given.multi_items() if name != "opened"])


@router.get("/thanks/{reference}", dependencies=[public()], response_model=None)
async def thanks(
    request: Request, reference: Annotated[str, Path(pattern=r"^[0-9a-f]{4}-[0-9a-f]{4}$")], receipt: bool = False
) -> Response:
    """What happens next. Says nothing that the address does not say already."""
    return runtime(request).pages.render(request, "thanks.html", reference=reference, receipt=receipt)


def _item(found: Listed, words: Words | None) -> dict[str, Any]:
    return {
        "nomination": str(found.id),
        "reference": rules.reference(found.id),
        "prize": found.prize,
        "prize_year": found.prize_year,
        "nominee": words.nominee if words else None,
        "nominee_kind": found.nominee_kind,
        "submitted_on": found.submitted_on.isoformat(),
    }


@router.get("/nominations", response_model=None)
async def nominations(
    request: Request,
    actor: Annotated[Actor, needs("secretary")],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    after: Annotated[str | None, Query(max_length=90)] = None,
) -> Response:
    """The nominations of a year, with the nominees' names: the look is recorded."""
    run = runtime(request)
    cursor = read_cursor(after)
    async with transaction(run.database, scope=request.scope) as tx:
        years = await store.years(tx)
        current = max(rules.open_years(run.clock.today()))
        chosen = year or (current if current in years else max(years, default=current))
        found = await store.listed(tx, chosen, cursor)
        words = await handlers.read(tx, run.vault, looks_of(run), found, actor, "list", route_of(request))
    further = f"{found[-1].created_at.isoformat()}~{found[-1].id}" if len(found) == store.PAGE else None
    if not wants_page(request):
        items = [_item(each, words.get(each.id)) for each in found]
        return JSONResponse({"year": chosen, "items": items, "next": further})
    years.setdefault(chosen, len(found))
    return run.pages.render(
        request,
        "nominations.html",
        found=found,
        words=words,
        years=dict(sorted(years.items(), reverse=True)),
        year=chosen,
        after=further,
        reference=rules.reference,
    )


@router.get("/nominations/{nomination}", response_model=None)
async def nomination(request: Request, nomination: UUID, actor: Annotated[Actor, needs("secretary")]) -> Response:
    """One nomination, whole: the look is recorded."""
    run = runtime(request)
    async with transaction(run.database, scope=request.scope) as tx:
        found = await store.one(tx, nomination)
        if found is None:
            raise Problem(404, "unknown-nomination")
        words = (await handlers.read(tx, run.vault, looks_of(run), [found], actor, "view", route_of(request))).get(
            nomination
        )
    if not wants_page(request):
        whole = {"citation": words.citation, "nominator": words.nominator, "email": words.email} if words else {}
        return JSONResponse(_item(found, words) | whole)
    return run.pages.render(request, "nomination.html", found=found, words=words, reference=rules.reference(found.id))
