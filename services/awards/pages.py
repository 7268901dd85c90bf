"""Pages for everybody: the prize and its calendar, the form, its thanks, and the nominator's own nomination."""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import Field

from services.awards import handlers, rules, store, store_prizes, words
from services.awards.bodies import CorrectionBody, LinkBody, NominationBody
from services.awards.edition import SAID, Edition, current, day, just_closed, open_now
from services.awards.handlers import Doing
from services.awards.http import address_of, doing, editions, guard_of, run, submit
from services.awards.picture import picture
from shared.contracts.awards import reference
from shared.decider import Refused
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import public
from shared.web.charts import Figure
from shared.web.commands import Answer, etag, key_of, transaction
from shared.web.forms import Form
from shared.web.problems import Problem, explain, language, wants_page

router = APIRouter(prefix="/awards", tags=["pages"], include_in_schema=False)
KINDS = ("person", "group", "association", "organisation", "company")


def drawn(request: Request, edition: Edition) -> Figure:
    """The calendar as a picture, in the reader's language."""
    own, lang = runtime(request), language(request)
    title = own.pages.texts.get(lang, "calendar.title", year=edition.prize_year)
    return picture(edition, own.clock.now(), lang, lambda key: own.pages.texts.get(lang, key), title)


@router.get("/", dependencies=[public()], response_model=None)
async def prize(request: Request) -> Response:
    """The prize: when it opens and closes, and who has got it."""
    own = runtime(request)
    now = own.clock.now()
    async with transaction(own.database, scope=request.scope) as tx:
        every = await editions(tx)
        past = [e for e in every if e.published]
        named = await words.laureates(tx, own.vault, [id for e in past for id in e.named])
        kinds = {id: found.nominee_kind for e in past for id, found in (await store.some(tx, e.laureates)).items()}
    waiting = tuple(e for e in every if not e.published)
    meant = current(waiting, now)
    rounds = open_now(waiting, now) or ((meant,) if meant else ())
    shown = [
        {
            "edition": e,
            "laureates": [
                {"kind": kinds.get(id), "words": named.get(id) if id in e.named else None} for id in e.laureates
            ],
        }
        for e in past
    ]
    if not wants_page(request):
        return JSONResponse({"prizes": [_published(each) for each in shown]})
    return own.pages.render(
        request,
        "prize.html",
        rounds=[(e, e.phase(now), drawn(request, e)) for e in rounds],
        missed=_missed(waiting, meant, now),
        cancelled=_cancelled(every, now),
        past=shown,
        **SAID,
    )


def _published(shown: dict[str, Any]) -> dict[str, Any]:
    edition: Edition = shown["edition"]
    laureates = [
        {"kind": each["kind"], "name": said.name if said else None, "motivation": said.motivation if said else None}
        for each in shown["laureates"]
        for said in [each["words"]]
    ]
    return {"prize": edition.prize, "prize_year": edition.prize_year, "withheld": edition.withheld} | {
        "laureates": laureates
    }


def _cancelled(every: tuple[Edition, ...], now: datetime) -> list[Edition]:
    """Told of until the day that the ceremony would have been."""
    return [e for e in every if e.cancelled is not None and e.ceremony_on >= day(now)]


def _missed(every: tuple[Edition, ...], meant: Edition | None, now: datetime) -> Edition | None:
    """The edition that who comes too late may have wanted, when the page is about another one."""
    closed = just_closed(every, now)
    return closed if closed != meant else None


async def _form(
    request: Request, form: Form, opened: str, key: str | None = None, status: int = 200, year: int | None = None
) -> Response:
    """The form of `year`'s edition; without one, of the edition that is open now."""
    own = runtime(request)
    now = own.clock.now()
    async with own.database.reading() as conn:
        every = await editions(conn)
    edition = next((e for e in every if e.prize_year == year), None) or current(every, now)
    return own.pages.render(
        request,
        "nominate.html",
        status,
        form=form,
        opened=opened,
        key=key,
        edition=edition,
        is_open=edition is not None and edition.is_open(now),
        cancelled=[e for e in _cancelled(every, now) if e != edition],
        others=[e for e in open_now(every, now) if e != edition],
        missed=_missed(every, edition, now),
        phase=edition.phase(now) if edition else None,
        figure=drawn(request, edition) if edition else None,
        kinds=KINDS,
        shortest=rules.CITATION_SHORTEST,
        **SAID,
    )


class NominationForm(NominationBody):
    """As the page asks: always for the edition that the form was opened for."""

    prize_year: Annotated[int, Field(ge=2000, le=2100)]


@router.get("/nominate", dependencies=[public()], response_model=None)
async def nominate(request: Request, year: Annotated[int | None, Query(ge=2000, le=2100)] = None) -> Response:
    """The form, for everybody, while the prize is open; else when it opens or closed."""
    return await _form(request, Form(), guard_of(runtime(request)).opened(), year=year)


@router.post("/forms/nominate", dependencies=[public()], response_model=None)
async def submitted(request: Request) -> Response:
    """Takes the nomination, or shows the form again with everything that was typed and all that is wrong with it."""
    own = runtime(request)
    guard, texts, lang = guard_of(own), own.pages.texts, language(request)
    given = await request.form()
    opened = str(given.get("opened", ""))[:600]
    posted = forms.parse(_only_words(given), NominationForm, texts, lang)
    typed = posted.form.value("prize_year")
    year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else None
    address, age = address_of(request), guard.age(opened)
    doubt = rules.suspicion(rules.Sign(posted.bait, age, guard.recent(address)))
    if posted.value is None or doubt is not None:
        form = posted.form
        # Whoever has something to mend will not be too fast the next time.
        if doubt is not None and not (doubt == "too-fast" and posted.value is None):
            form = form.with_error(explain(texts, lang, f"nomination-{doubt}"))
        again = opened if age is not None else guard.opened()
        return await _form(request, form, again, posted.key or None, 429 if doubt == "too-many" else 422, year)
    try:
        answer = await submit(request, posted.value, key_of({}, {"key": posted.key}))
    except Refused as no:
        return await _form(request, posted.form.refused(request, texts, no), opened, posted.key, 422, year)
    except Problem as no:
        if no.code != "idempotency-key-reused":
            raise
        # The form was sent before with other words: whether that was meant is for the person to say.
        told = posted.form.refused(request, texts, Problem(422, "nomination-sent-before"))
        return await _form(request, told, opened, None, 422, year)
    if not answer.replayed:
        guard.count(address)
    receipt = "&receipt=true" if posted.value.email else ""
    return RedirectResponse(f"/awards/thanks/{answer.data['reference']}?year={posted.value.prize_year}{receipt}", 303)


def _only_words(given: Any) -> Any:
    """The form without its own hidden time, which is no part of a nomination."""
    return type(given)([(name, value) for name, value in given.multi_items() if name != "opened"])


@router.get("/thanks/{reference}", dependencies=[public()], response_model=None)
async def thanks(
    request: Request,
    reference: str,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    receipt: bool = False,
) -> Response:
    """What happens next. Says nothing of the nomination that the address does not say already."""
    if not re.fullmatch(r"[0-9a-f]{4}-[0-9a-f]{4}", reference):
        raise HTTPException(404)
    own = runtime(request)
    now = own.clock.now()
    async with own.database.reading() as conn:
        every = await editions(conn)
    edition = next((e for e in every if e.prize_year == year), None) or current(every, now)
    return own.pages.render(request, "thanks.html", reference=reference, receipt=receipt, edition=edition, now=now)


@router.get("/mine", dependencies=[public()], response_model=None)
async def mine(request: Request, link: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The nomination of who holds the link: to correct or to withdraw while the prize is open, to read afterwards.

    The link stands behind the question mark, because no log and no trace keeps that part of an address.
    """
    if not link:
        return runtime(request).pages.render(request, "mine_none.html")
    return await _mine(request, link)


async def _mine(request: Request, link: str, status: int = 200, form: Form | None = None, done: str = "") -> Response:
    own = runtime(request)
    async with transaction(own.database, scope=request.scope) as tx:
        work = doing(request, tx)
        found = await store.one(tx, await handlers.by_link(tx, link))
        said = (await words.of(tx, own.vault, [found.id])).get(found.id) if found else None
        if found is None or said is None:
            raise Problem(404, "unknown-link")
        stored = (await store_prizes.editions(tx)).get(found.prize_year)
        await work.looked("view", [found.id], [found.id])
    edition = stored.edition if stored else None
    if not wants_page(request):
        body = {
            "nomination": found.id,
            "reference": reference(found.id),
            "prize_year": found.prize_year,
            "nominee": said.nominee,
            "nominee_kind": found.nominee_kind,
            "citation": said.citation,
            "nominator": said.nominator,
            "withdrawn": found.state.withdrawn,
            "closes_at": edition.closes_at if edition else None,
        }
        return JSONResponse(jsonable_encoder(body), headers={"ETag": etag(found.sequence)})
    typed: dict[str, Any] = {"nominee": said.nominee, "nominee_kind": found.nominee_kind}
    typed |= {"citation": said.citation, "nominator": said.nominator}
    if form is None or not form.typed:
        form = Form(typed, form.errors if form else ())
    return own.pages.render(
        request,
        "mine.html",
        status,
        found=found,
        said=said,
        edition=edition,
        stale=status == 412,
        now=work.now,
        changeable=edition is not None and edition.is_open(work.now) and not found.state.withdrawn,
        form=form,
        link=link,
        done=done or request.query_params.get("done", ""),
        reference=reference(found.id),
        **SAID,
    )


async def _mine_form(request: Request, withdrawing: bool) -> Response:
    own = runtime(request)
    given = await request.form()
    link = str(given.get("link", ""))[:100]
    rest = type(given)([(name, value) for name, value in given.multi_items() if name not in {"link", "sure"}])
    posted: forms.Posted[Any]
    if withdrawing:
        posted = forms.parse(type(given)([*rest.multi_items(), ("link", link)]), LinkBody, own.pages.texts, "sv")
    else:
        posted = forms.parse(rest, CorrectionBody, own.pages.texts, language(request))
    if posted.value is None:
        if withdrawing:
            raise Problem(404, "unknown-link")
        return await _mine(request, link, 422, posted.form)
    if withdrawing and given.get("sure") != "true":
        unsure = Refused("withdrawal-unsure", field="sure")
        return await _mine(request, link, 422, Form().refused(request, own.pages.texts, unsure))
    if posted.sequence is None:
        raise Problem(428, "version-missing")
    seen, value = posted.sequence, posted.value

    async def work(doing: Doing) -> Answer:
        if withdrawing:
            return await handlers.withdraw(doing, link, seen)
        return await handlers.correct(doing, link, value, seen)

    body = {"link": link, "sequence": seen, **value.model_dump()}
    form = None if withdrawing else posted.form
    try:
        await run(request, body, work, key_of({"idempotency-key": posted.key}))
    except Refused as no:
        return await _mine(request, link, 422, (form or Form()).refused(request, own.pages.texts, no))
    except Problem as no:
        if no.status != 412:
            raise
        stale = Problem(412, "changed-meanwhile")
        return await _mine(request, link, 412, (form or Form()).refused(request, own.pages.texts, stale))
    return RedirectResponse(f"/awards/mine?link={link}&done={'withdrawn' if withdrawing else 'corrected'}", 303)


@router.post("/forms/correction", dependencies=[public()], response_model=None)
async def corrected(request: Request) -> Response:
    return await _mine_form(request, False)


@router.post("/forms/withdrawal", dependencies=[public()], response_model=None)
async def withdrawn(request: Request) -> Response:
    return await _mine_form(request, True)
