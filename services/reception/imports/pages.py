"""Pages of imports: sending a file, watching it, its report, and deciding what it would change."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.reception import handlers, views
from services.reception.bodies import AllocationBody
from services.reception.http import Coordinator, ImportReader, doing, run, take_in, uploaded
from services.reception.imports import files, store
from services.reception.imports import views as import_views
from services.reception.imports.columns import SWEDISH
from services.reception.versions import side_by_side
from shared.decider import Refused
from shared.runtime import runtime
from shared.web import csvfile, forms
from shared.web.access import route_of
from shared.web.commands import key_of
from shared.web.forms import Form
from shared.web.problems import Problem, language, wants_page

router = APIRouter(prefix="/reception")

Which = Literal["refused", "changed", "accepted", "known"]
OUTCOMES: tuple[Which, ...] = get_args(Which)  # what must be looked at first, first
ROWS = 200


class UploadForm(BaseModel):
    pass


class DecisionForm(BaseModel):
    decision: Literal["keep", "take"]


@router.get("/imports")
async def imports(request: Request, actor: ImportReader) -> Response:
    return await _imports(request)


async def _imports(request: Request, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        latest = await store.latest(conn, 20)
        conflicts = await store.conflicts(conn, undecided=True)
    return own.pages.render(
        request,
        "imports.html",
        status,
        imports=latest,
        conflicts=conflicts,
        columns=SWEDISH,
        form=form or Form(),
        label=lambda name: import_views.label(name, own.pages.texts, language(request)),
    )


@router.post("/forms/import")
async def import_form(request: Request, actor: Coordinator) -> Response:
    texts = runtime(request).pages.texts
    posted = await forms.read(request, UploadForm, texts)
    try:
        content, format = await uploaded(posted.files.get("file"))
        answer = await take_in(request, actor, content, format, key=key_of({"idempotency-key": posted.key}))
    except Problem as no:
        if no.field != "file":
            raise
        return await _imports(request, no.status, posted.form.refused(request, texts, no))
    return RedirectResponse(answer.location or "/reception/imports", 303)


@router.get("/imports/template.csv")
async def template(request: Request, actor: ImportReader) -> Response:
    """An empty file with the columns that are read."""
    return csvfile.response(
        csvfile.file_name("reception", "import-template"), list(SWEDISH.values()), [], semicolon=True
    )


@router.get("/imports/{import_id}")
async def one(
    request: Request,
    actor: ImportReader,
    import_id: UUID,
    outcome: Which | None = None,
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
) -> Response:
    own = runtime(request)
    texts, lang = own.pages.texts, language(request)
    async with own.database.reading() as conn:
        found = await store.progress(conn, import_id)
        if found is None:
            raise Problem(404, "unknown-import")
        if not wants_page(request):
            return JSONResponse(jsonable_encoder(import_views.import_view(found, texts, lang)))
        shown = outcome or next((one for one in OUTCOMES if found[one]), "accepted")
        report = await import_views.import_rows(conn, import_id, shown, after, ROWS, texts, lang)
        conflicts = await store.conflicts(conn, import_id=import_id)
        cancelled = await store.known_and_cancelled(conn, import_id)
    return own.pages.render(
        request,
        "import.html",
        found=import_views.import_view(found, texts, lang),
        shown=shown,
        rows=report["rows"],
        after=report["next"],
        conflicts=conflicts,
        cancelled=cancelled,
        may_decide="coordinator" in actor.roles,
        label=lambda name: import_views.label(name, texts, lang),
    )


@router.get("/imports/{import_id}/report.csv")
async def report(request: Request, actor: ImportReader, import_id: UUID) -> Response:
    """The whole row report as a file. It names lines, columns and allocation numbers, never a person."""
    own = runtime(request)
    texts, lang = own.pages.texts, language(request)
    heads = ("line", "cell", "column", "allocation_number", "outcome", "what", "mend")

    async def rows() -> AsyncIterator[list[csvfile.Cell]]:
        after: int | None = -1
        while after is not None:
            async with own.database.reading() as conn:
                page = await import_views.import_rows(conn, import_id, None, after, 500, texts, lang)
            for row in page["rows"]:
                yield [
                    row[head] if head != "outcome" else texts.get(lang, f"outcome-one.{row[head]}") for head in heads
                ]
            after = page["next"]

    async with own.database.reading() as conn:
        if await store.progress(conn, import_id) is None:
            raise Problem(404, "unknown-import")
    names = [texts.get(lang, f"report.{head}") for head in heads]
    return csvfile.response(csvfile.file_name("reception", "import-report"), names, rows(), semicolon=lang == "sv")


@router.get("/conflicts/{conflict}")
async def conflict(request: Request, actor: Coordinator, conflict: UUID) -> Response:
    return await _conflict(request, actor, conflict)


async def _conflict(
    request: Request, actor: Any, conflict: UUID, status: int = 200, form: Form | None = None
) -> Response:
    """Both versions side by side. Looking at them is a look at the household."""
    own = runtime(request)
    async with own.database.transaction() as tx:
        found = await store.conflict(tx, conflict)
        if found is None:
            raise Problem(404, "unknown-conflict")
        today = own.clock.today()
        case = await views.case_view(tx, await handlers.sight(tx, actor, today), today, found.case)
        versions = None
        if found.sealed is not None:
            desk = own.extras["desk"]
            theirs = AllocationBody.model_validate(await desk.open_file(tx, conflict, found.sealed))
            versions = await side_by_side(doing(request, tx, actor), case, theirs)
    return own.pages.render(
        request,
        "conflict.html",
        status,
        conflict=found,
        case=case,
        versions=versions,
        form=form or Form(),
    )


@router.post("/forms/decision/{conflict}")
async def decision_form(request: Request, actor: Coordinator, conflict: UUID) -> Response:
    texts = runtime(request).pages.texts
    posted = await forms.read(request, DecisionForm, texts)
    if posted.value is None or posted.sequence is None:
        return await _conflict(request, actor, conflict, 422, posted.form)
    decision, seen = posted.value.decision, posted.sequence
    key = key_of({"idempotency-key": posted.key})
    try:
        answer = await run(
            request,
            actor,
            {"decision": decision, "sequence": seen},
            lambda d: files.decide_conflict(d, conflict, decision, seen),
            key=key,
            route=route_of(request),
        )
    except (Refused, Problem) as no:
        if isinstance(no, Problem) and no.status != 412:
            raise
        told: Refused | Problem = Problem(412, "changed-meanwhile") if isinstance(no, Problem) else no
        status = no.status if isinstance(no, Problem) else 422
        return await _conflict(request, actor, conflict, status, posted.form.refused(request, texts, told))
    return RedirectResponse(f"{answer.location}?saved=decision-{decision}", 303)
