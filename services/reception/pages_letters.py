"""Pages for one letter in the hand: an allocation or a settlement notice is typed in, person by person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.reception import allocations, handlers, letters, store, views
from services.reception.bodies import AllocationBody, NoticeBody
from services.reception.handlers import Doing
from services.reception.http import Coordinator, doing, run
from services.reception.letters import LETTERS, Letter
from services.reception.versions import Versions, side_by_side
from shared.decider import Refused
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.commands import Answer, key_of
from shared.web.forms import Form
from shared.web.mistakes import Mistake
from shared.web.problems import Problem, explain, language
from shared.web.texts import LANGUAGES

router = APIRouter(prefix="/reception")


@dataclass(frozen=True)
class Known:
    """The case that has the allocation number already, as it is now, and what the letter says otherwise."""

    case: UUID
    version: int
    cancelled: bool
    versions: Versions | None = None


@dataclass(frozen=True)
class Correcting:
    """The case whose allocation is corrected, as it was seen; in a form `<case>.<version>`."""

    case: UUID
    version: int

    @classmethod
    def read(cls, word: str) -> "Correcting | None":
        case, _, version = word.partition(".")
        try:
            return cls(UUID(case), int(version)) if version.isascii() and len(version) < 10 else None
        except ValueError:
            return None


def _page(
    request: Request,
    letter: Letter,
    form: Form,
    persons: int = 1,
    status: int = 200,
    *,
    key: str | None = None,
    known: Known | None = None,
    correcting: Correcting | None = None,
) -> Response:
    """The form with so many persons."""
    pages, lang = runtime(request).pages, language(request)
    of = f"of={correcting.case}&" if correcting else ""
    labels = {
        f"persons-{at}-{name}": pages.texts.get(
            lang, "letter.of-person", n=at + 1, field=pages.texts.get(lang, f"field.{name}.label")
        )
        for at in range(persons)
        for name in letters.PERSON
    }
    return pages.render(
        request,
        "letter.html",
        status,
        headers={"Cache-Control": "no-store"},
        letter=letter,
        form=form,
        persons=persons,
        room=letters.room(range(persons)),
        key=key,
        known=known,
        correcting=correcting,
        labels=labels,
        languages={lang: f"/reception/new/{letter.name}?{of}lang={lang}" for lang in LANGUAGES},
    )


async def _send(request: Request, actor: Actor, letter: Letter, given: FormData) -> Response:
    """Adds or takes out a person, or does what the API does with the same body and goes on to the case."""
    texts, lang = runtime(request).pages.texts, language(request)
    household, persons = letters.typed(letter, given.multi_items())
    key = str(given.get("key", ""))[:64]
    correcting = Correcting.read(str(given.get("correcting", ""))) if letter.name == "allocation" else None
    taken_out = str(given.get("remove", ""))
    if taken_out.isascii() and taken_out.isdigit() and len(persons) > 1:
        persons = [person for at, person in enumerate(persons) if at != int(taken_out[:3])]
        form = Form(letters.shown(household, persons))
        return _page(request, letter, form, len(persons), key=key, correcting=correcting)
    if "add" in given:
        persons += [{}] * letters.room(persons)
        form = Form(letters.shown(household, persons))
        return _page(request, letter, form, len(persons), key=key, correcting=correcting)

    def again(mistakes: tuple[Mistake, ...], status: int = 422, **more: Any) -> Response:
        form = Form(letters.shown(household, persons), mistakes)
        return _page(request, letter, form, len(persons), status, **({"correcting": correcting} | more))

    body = letters.read(letter, household, persons, texts, lang, correcting is not None)
    if isinstance(body, tuple):
        return again(body)
    seen = str(given.get("take", ""))
    taking = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
    try:
        answer = await _run(request, actor, body, taking, correcting, key_of({"idempotency-key": key}))
    except Refused as no:
        return again(letters.refused(letter, body, persons, no, runtime(request).clock.today(), texts, lang))
    except Problem as no:
        match no.code:
            case "allocation-differs":
                known = await _known(request, actor, no.facts, body)
                return again((explain(texts, lang, "letter-differs", "allocation_number"),), 409, known=known)
            case "allocation-cancelled":
                known = await _known(request, actor, no.facts)
                return again((explain(texts, lang, no.code, "allocation_number"),), 409, known=known)
            case "stale-version" if correcting:
                known = await _known(request, actor, {"case": correcting.case}, body)
                fresh = Correcting(known.case, known.version)
                return again((explain(texts, lang, "changed-meanwhile"),), 412, known=known, correcting=fresh)
            case "stale-version":
                return again((explain(texts, lang, "changed-meanwhile"),), 412)
            case "idempotency-key-reused":
                # Sent before with other words: whether that was meant is for the person to say.
                return again((explain(texts, lang, "letter-sent-before"),))
            case _:
                raise
    done = "corrected" if taking is not None or correcting else "known" if answer.status == 200 else letter.name
    return RedirectResponse(f"{answer.location}?done={done}", 303)


async def _run(
    request: Request,
    actor: Actor,
    body: AllocationBody | NoticeBody,
    taking: int | None,
    correcting: Correcting | None,
    key: UUID,
) -> Answer:
    async def work(doing: Doing) -> Answer:
        if isinstance(body, NoticeBody):
            return await handlers.notify_settlement(doing, body)
        if correcting:
            loaded = await handlers.load(doing, correcting.case, correcting.version)
            return handlers.case_answer(200, correcting.case, await allocations.correct(doing, loaded, body))
        if taking is None:
            return await allocations.receive_one(doing, body)
        known = (await store.by_number(doing.tx, [body.allocation_number])).get(body.allocation_number)
        if known is None:
            raise Problem(404, "unknown-case")
        loaded = await handlers.load(doing, known.id, taking)
        return handlers.case_answer(200, known.id, await allocations.correct(doing, loaded, body))

    about = {"case": correcting.case, "take": correcting.version} if correcting else {"take": taking}
    return await run(request, actor, about | {"body": body}, work, key=key)


async def _known(
    request: Request, actor: Actor, told: Mapping[str, object], body: AllocationBody | NoticeBody | None = None
) -> Known:
    """The case that was `told` of; with `body`, what it says otherwise. That is a look, and recorded."""
    case_id, own = told["case"], runtime(request)
    assert isinstance(case_id, UUID)
    async with own.database.transaction() as tx:
        own_doing = doing(request, tx, actor)
        case = await views.case_view(tx, await own_doing.sight(), own_doing.today, case_id)
        versions = await side_by_side(own_doing, case, body) if isinstance(body, AllocationBody) else None
    return Known(case_id, case["version"], case["status"] == "cancelled", versions)


async def _as_it_stands(request: Request, actor: Actor, letter: Letter, case_id: UUID) -> Response:
    """The letter of a known case, to be corrected. It shows everybody in it, which is a look, and recorded."""
    own = runtime(request)
    async with own.database.transaction() as tx:
        own_doing = doing(request, tx, actor)
        case = await views.case_view(tx, await own_doing.sight(), own_doing.today, case_id)
        people = (await views.persons_view(own_doing, case_id))["persons"]
    if case["kind"] != "allocated":
        raise Problem(404, "unknown-case")
    if any(one["hidden"] for one in people):
        raise Problem(403, "not-allowed")
    household, persons = letters.of_case(case, people)
    form, correcting = Form(letters.shown(household, persons)), Correcting(case_id, case["version"])
    return _page(request, letter, form, len(persons), correcting=correcting)


def _add(letter: Letter) -> None:
    """The page and the form of one kind of letter."""

    async def show(request: Request, actor: Coordinator, of: UUID | None = None) -> Response:
        if of and letter.name == "allocation":
            return await _as_it_stands(request, actor, letter, of)
        return _page(request, letter, Form())

    async def posted(request: Request, actor: Coordinator) -> Response:
        return await _send(request, actor, letter, await request.form())

    router.add_api_route(f"/new/{letter.name}", show, methods=["GET"])
    router.add_api_route(f"/forms/new/{letter.name}", posted, methods=["POST"])


for _letter in LETTERS:
    _add(_letter)
