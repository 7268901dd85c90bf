"""The published tables: taking a file in, and our own figures beside them."""

import hashlib
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.reporting.http import Reader
from services.reporting.published import store
from services.reporting.published.compared import compared, own_row
from services.reporting.published.tables import DoesNotAddUp, Fault, Kind, Table, read
from services.reporting.rules import small_numbers
from services.reporting.view import view
from shared.database import Connection
from shared.identity import Actor
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import needs
from shared.web.commands import Answer, key_of
from shared.web.forms import Form
from shared.web.problems import Problem, explain, language, wants_page

router = APIRouter(prefix="/reporting", tags=["reporting"])

Importer = Annotated[Actor, needs("coordinator", "manager", "operator")]
IMPORTERS = frozenset({"coordinator", "manager", "operator"})
LARGEST = 512 * 1024
ROUTE = "POST /reporting/published"


class UploadForm(BaseModel):
    """What the file may not say itself."""

    year: Annotated[int, Field(ge=2010, le=2100)] | None = None
    published_on: date | None = None


def _problem(fault: Fault) -> Problem:
    facts: dict[str, Any] = {"line": fault.line, "column": fault.column, "said": fault.said, "made": fault.made}
    return Problem(422, f"published-{fault.code}", field="file", **facts)


async def _content(upload: object) -> bytes:
    if not isinstance(upload, UploadFile):
        raise Problem(422, "file-missing", field="file")
    content = await upload.read(LARGEST + 1)
    if not content and not upload.filename:
        raise Problem(422, "file-missing", field="file")
    if len(content) > LARGEST:
        raise Problem(413, "file-too-large", field="file", n=LARGEST // 1024)
    return content


class Unsaid(Exception):
    """Year or day of publication are missing, or are not what the file says. Holds every problem there is."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("what the file does not say is asked for")
        self.problems = problems


def _said(table: Table, given: UploadForm, today: date) -> tuple[int, date]:
    """Year and day of publication: the file's own where it has them, else what was filled in. Raises Unsaid."""
    wrong = []
    year, day = table.year or given.year, table.published_on or given.published_on
    if year is None:
        wrong.append(Problem(422, "published-year-missing", field="year"))
    elif given.year not in {None, year}:
        wrong.append(Problem(422, "published-other-year", field="year", year=year))
    if day is None:
        wrong.append(Problem(422, "published-day-missing", field="published_on"))
    elif given.published_on not in {None, day}:
        wrong.append(Problem(422, "published-other-day", field="published_on", day=day))
    elif day > today and table.published_on:
        wrong.append(Problem(422, "published-file-ahead", field="file", day=day, today=today))
    elif day > today:
        wrong.append(Problem(422, "published-day-ahead", field="published_on", today=today))
    if wrong or year is None or day is None:
        raise Unsaid(wrong)
    return year, day


async def take_in(request: Request, actor: Actor, content: bytes, given: UploadForm, key: UUID) -> Answer:
    """Raises DoesNotAddUp, or Unsaid for what the form says."""
    own, table = runtime(request), read(content)
    year, published_on = _said(table, given, own.clock.today())

    async def work(tx: Connection) -> Answer:
        made, new = await store.add(tx, table.kind, year, published_on, table.rows, actor.sub)
        return Answer(
            201 if new else 200,
            {"publication": made.id, "kind": made.kind, "year": made.year, "revision": made.revision},
            location=f"/reporting/published/{made.kind}/{made.year}",
        )

    body = [hashlib.sha256(content).hexdigest(), year, published_on]
    return await own.commands.run(actor, ROUTE, key, body, work, scope=request.scope)


_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "year": {"type": "integer"},
                        "published_on": {"type": "string", "format": "date"},
                    },
                }
            }
        },
    }
}


@router.post("/published", openapi_extra=_FILE)
async def upload(request: Request, actor: Importer) -> Response:
    """A published table as multipart field `file`. 201 for a new version, 200 when it is the newest one already."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise Problem(415, "file-missing", field="file")
    key, texts = key_of(request.headers), runtime(request).pages.texts
    posted = await forms.read(request, UploadForm, texts)
    content = await _content(posted.files.get("file"))
    if posted.value is None:
        raise Problem(422, "published-year-missing", field=posted.form.errors[0].where or "year")
    try:
        answer = await take_in(request, actor, content, posted.value, key)
    except DoesNotAddUp as refused:
        raise _problem(refused.faults[0]) from None
    except Unsaid as refused:
        raise refused.problems[0] from None
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.post("/forms/published")
async def upload_form(request: Request, actor: Importer) -> Response:
    own = runtime(request)
    texts, lang = own.pages.texts, language(request)
    posted = await forms.read(request, UploadForm, texts)
    form = posted.form
    if posted.value is None:
        return await _list(request, actor, 422, form)
    try:
        content = await _content(posted.files.get("file"))
        answer = await take_in(request, actor, content, posted.value, key_of({"idempotency-key": posted.key}))
    except DoesNotAddUp as refused:
        for problem in map(_problem, refused.faults):
            form = form.with_error(explain(texts, lang, problem.code, "file", problem.facts))
        return await _list(request, actor, 422, form)
    except Unsaid as refused:
        for problem in refused.problems:
            form = form.refused(request, texts, problem)
        return await _list(request, actor, 422, form)
    except Problem as no:
        if no.field != "file":
            raise
        return await _list(request, actor, no.status, form.refused(request, texts, no))
    return RedirectResponse(answer.location or "/reporting/published", 303)


@router.get("/published")
async def listed(request: Request, actor: Reader) -> Response:
    """Every version of every published table that has been imported."""
    return await _list(request, actor)


async def _list(request: Request, actor: Actor, status: int = 200, form: Form | None = None) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        found = await store.versions(conn)
    if not wants_page(request):
        return JSONResponse({"published": jsonable_encoder([asdict(one) for one in found])})
    newest = [
        one for n, one in enumerate(found) if n == 0 or (found[n - 1].kind, found[n - 1].year) != (one.kind, one.year)
    ]
    return own.pages.render(
        request,
        "published.html",
        status,
        versions=found,
        newest={one.id for one in newest},
        form=form or Form(),
        may_import=bool(actor.roles & IMPORTERS),
    )


@router.get("/published/{kind}/{year}")
async def one(
    request: Request,
    actor: Reader,
    kind: Kind,
    year: int,
    revision: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    municipality: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """One published table beside our own figures of the same year."""
    own = runtime(request)
    if not 2000 <= year <= 2100:
        raise Problem(404, "unknown-publication")
    async with own.database.reading() as conn:
        found = await store.rows(conn, kind, year, revision)
    if found is None:
        raise Problem(404, "unknown-publication")
    version, rows = found
    ours = await view(own, actor, year)
    row = own_row(rows, municipality, own.settings.municipality)
    lines = compared(kind, row, ours.board) if row else []
    if not wants_page(request):
        told = {
            **asdict(version),
            "municipality": row.name if row else None,
            "compared": [asdict(one) for one in lines],
        }
        return JSONResponse(jsonable_encoder(told))
    return own.pages.render(
        request,
        "published_table.html",
        version=version,
        row=row,
        lines=lines,
        other=row is not None and row != own_row(rows, None, own.settings.municipality),
        places=sorted(one.name for one in rows if one.level == "municipality"),
        differs=[line for line in lines if line.difference not in (0, "..")],
        hidden=any(line.difference == ".." for line in lines),
        inside="reception" in ours.inside,
        small=small_numbers(own.clock.today()),
        board=ours.board,
    )
