"""The JSON API of reception. Every route says who may use it; every command is one transaction, done once."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.encoders import jsonable_encoder
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from services.reception import allocations, handlers, store_casework, store_figures, views
from services.reception.bodies import (
    AllocationBody,
    ArrivalBody,
    ArrivalCorrectionBody,
    CancellationBody,
    DecisionBody,
    NoticeBody,
    QuotaBody,
    ReinstatementBody,
    WithdrawalBody,
)
from services.reception.handlers import Doing
from services.reception.imports import files
from services.reception.imports import store as imports
from services.reception.imports import views as import_views
from services.reception.imports.tables import FileRefused, Format, sniff
from shared.database import Connection
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import needs, route_of
from shared.web.commands import Answer, expected_version, key_of
from shared.web.problems import Problem, language

LARGEST_FILE = 10 * 1024 * 1024
router = APIRouter(prefix="/reception")

Coordinator = Annotated[Actor, needs("coordinator")]
Worker = Annotated[Actor, needs("coordinator", "caseworker", "manager")]
Reader = Annotated[Actor, needs("coordinator", "caseworker", "manager")]
ImportReader = Coordinator


def doing(request: Request, tx: Connection, actor: Actor, route: str | None = None) -> Doing:
    own = runtime(request)
    desk = own.extras["desk"]
    return Doing(tx, actor, own.clock.now(), own.clock.today(), route or route_of(request), desk)


async def run(
    request: Request,
    actor: Actor,
    body: object,
    work: Callable[[Doing], Awaitable[Answer]],
    *,
    key: UUID | None = None,
    route: str | None = None,
) -> Answer:
    """One command, once. A form gives the key of its hidden field, and may name the API's route as its own."""
    named, own = route or route_of(request), runtime(request)
    # Those whose names this process has stored: each is written once, not with each command.
    colleagues: set[tuple[str, str]] = own.extras["colleagues"]
    who = (actor.sub, actor.name or "")

    async def in_transaction(tx: Connection) -> Answer:
        answer = await work(doing(request, tx, actor, named))
        if actor.name and who not in colleagues:
            await store_casework.name_colleague(tx, *who)
        return answer

    scoped = (dict(request.path_params), body)
    answer = await own.commands.run(
        actor, named, key or key_of(request.headers), scoped, in_transaction, tells="cases", scope=request.scope
    )
    if not answer.replayed:
        colleagues.add(who)
    return answer


async def respond(request: Request, actor: Actor, body: object, work: Callable[[Doing], Awaitable[Answer]]) -> Response:
    answer = await run(request, actor, body, work)
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.post("/quotas")
async def set_quota(request: Request, actor: Coordinator, body: QuotaBody) -> Response:
    expected = expected_version(request.headers) if "if-match" in request.headers else None
    return await respond(request, actor, body, lambda d: handlers.set_quota(d, body, expected))


@router.post("/allocations")
async def receive(request: Request, actor: Coordinator, body: AllocationBody) -> Response:
    return await respond(request, actor, body, lambda d: allocations.receive_one(d, body))


@router.post("/allocations/{case}/cancellation")
async def cancel(request: Request, actor: Coordinator, case: UUID, body: CancellationBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: handlers.cancel(d, case, body, expected))


@router.post("/allocations/{case}/reinstatement")
async def reinstate(request: Request, actor: Coordinator, case: UUID, body: ReinstatementBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: handlers.reinstate(d, case, body, expected))


@router.post("/settlement-notices")
async def notify_settlement(request: Request, actor: Coordinator, body: NoticeBody) -> Response:
    return await respond(request, actor, body, lambda d: handlers.notify_settlement(d, body))


@router.post("/settlement-notices/{case}/withdrawal")
async def withdraw(request: Request, actor: Coordinator, case: UUID, body: WithdrawalBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: handlers.withdraw(d, case, body, expected))


@router.post("/cases/{case}/arrivals")
async def register_arrival(request: Request, actor: Worker, case: UUID, body: ArrivalBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: handlers.register_arrival(d, case, body, expected))


@router.post("/cases/{case}/arrival-corrections")
async def correct_arrival(request: Request, actor: Worker, case: UUID, body: ArrivalCorrectionBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: handlers.correct_arrival(d, case, body, expected))


async def uploaded(upload: object) -> tuple[bytes, Format]:
    """The file that was sent, with what it is by its content. What cannot be a table is refused at once."""
    if not isinstance(upload, UploadFile):
        raise Problem(422, "file-missing", field="file")
    content = await upload.read()
    if len(content) > LARGEST_FILE:
        raise Problem(413, "file-too-large", field="file", n=LARGEST_FILE // 1024 // 1024)
    try:
        return content, sniff(content)
    except FileRefused as refused:
        raise Problem(422, refused.code, field="file") from None


async def take_in(
    request: Request, actor: Actor, content: bytes, format: Format, *, key: UUID | None = None, route: str | None = None
) -> Answer:
    """Takes the file in and wakes the importer."""
    body = hashlib.sha256(content).hexdigest()
    answer = await run(request, actor, body, lambda d: files.take_in(d, content, format), key=key, route=route)
    runtime(request).extras["importer"].wake.set()
    return answer


_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/AllocationBody"}}},
        },
    }
}


@router.post("/imports", openapi_extra=_FILE)
async def upload(request: Request, actor: Coordinator) -> Response:
    """A file as multipart field `file`, or a JSON array of households."""
    content, format = await _sent(request)
    answer = await take_in(request, actor, content, format)
    return JSONResponse(answer.data, answer.status, answer.headers())


async def _sent(request: Request) -> tuple[bytes, Format]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=10) as form:
            return await uploaded(form.get("file"))
    if kind != "application/json":
        raise Problem(415, "file-or-json", field="Content-Type")
    content = await request.body()
    try:
        sent = json.loads(content)
    except (ValueError, RecursionError):
        raise Problem(400, "malformed-json") from None
    if not isinstance(sent, list):
        raise Problem(422, "file-not-a-list")
    return content, "json"


@router.get("/imports/{import_id}/rows")
async def import_rows(
    request: Request,
    actor: ImportReader,
    import_id: UUID,
    outcome: Literal["accepted", "known", "changed", "refused"] | None = None,
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        texts, lang = own.pages.texts, language(request)
        found = await import_views.import_rows(conn, import_id, outcome, after, limit, texts, lang)
    return JSONResponse(jsonable_encoder(found))


@router.get("/imports/{import_id}/conflicts")
async def import_conflicts(request: Request, actor: Coordinator, import_id: UUID) -> Response:
    async with runtime(request).database.reading() as conn:
        if await imports.progress(conn, import_id) is None:
            raise Problem(404, "unknown-import")
        return JSONResponse(jsonable_encoder({"conflicts": await imports.conflicts(conn, import_id=import_id)}))


@router.post("/conflicts/{conflict}/decision")
async def decide_conflict(request: Request, actor: Coordinator, conflict: UUID, body: DecisionBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: files.decide_conflict(d, conflict, body.decision, expected))


@router.get("/cases")
async def cases(
    request: Request,
    actor: Reader,
    status: Literal["open", "arrived", "cancelled", "all"] = "open",
    kind: Literal["allocated", "settled"] | None = None,
    sort: Literal["deadline"] = "deadline",
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    own = runtime(request)
    async with own.database.reading() as conn:
        today = own.clock.today()
        sight = await handlers.sight(conn, actor, today)
        found = await views.case_list(conn, sight, today, status, kind, after, limit)
    return JSONResponse(jsonable_encoder(found))


@router.get("/cases/{case}/persons")
async def persons(request: Request, actor: Worker, case: UUID) -> Response:
    async with runtime(request).database.transaction() as tx:
        found = await views.persons_view(doing(request, tx, actor), case)
    return JSONResponse(jsonable_encoder(found))


@router.post("/cases/{case}/persons/protected")
async def protected_persons(
    request: Request, actor: Annotated[Actor, needs("caseworker", "manager")], case: UUID
) -> Response:
    """A look at those who live under a protected identity, too: asked for, and recorded as such."""
    async with runtime(request).database.transaction() as tx:
        found = await views.persons_view(doing(request, tx, actor), case, protected=True)
    return JSONResponse(jsonable_encoder(found), headers={"Cache-Control": "no-store"})


@router.get("/figures")
async def figures(request: Request, actor: Annotated[Actor, needs("service", "auditor")]) -> Response:
    async with runtime(request).database.reading() as conn:
        found: dict[str, Any] = await store_figures.figures(conn)
    return JSONResponse(found)
