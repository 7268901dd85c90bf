"""The JSON API of those who work with a case: assignment, housing, plans, contacts, close."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from services.reception import casework, handlers, search
from services.reception.bodies import (
    AssignmentBody,
    ClosingBody,
    ContactBody,
    ContactCorrectionBody,
    CoverBody,
    FollowUpBody,
    FollowUpChangeBody,
    FollowUpCorrectionBody,
    HousingBody,
    HousingCorrectionBody,
    PlanBody,
    PlanEndBody,
    PlanReopeningBody,
    ReopeningBody,
)
from services.reception.http import Reader, doing, respond
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import needs
from shared.web.commands import expected_version

router = APIRouter(prefix="/reception")

Assigner = Annotated[Actor, needs("coordinator", "manager")]
Caseworker = Annotated[Actor, needs("caseworker", "manager")]
# A home is found before there is somebody to work with the case.
Housing = Annotated[Actor, needs("coordinator", "caseworker", "manager")]


@router.post("/cases/{case}/assignment")
async def assign(request: Request, actor: Assigner, case: UUID, body: AssignmentBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.assign(d, case, body, expected))


@router.post("/cases/{case}/housing")
async def secure_housing(request: Request, actor: Housing, case: UUID, body: HousingBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.secure_housing(d, case, body, expected))


@router.post("/cases/{case}/housing/{housing}/correction")
async def correct_housing(
    request: Request, actor: Housing, case: UUID, housing: UUID, body: HousingCorrectionBody
) -> Response:
    expected = expected_version(request.headers)
    # What was not sent stays: the two are different commands to the same key.
    sent = {"said": sorted(body.model_fields_set), "body": body}
    return await respond(request, actor, sent, lambda d: casework.correct_housing(d, case, housing, body, expected))


@router.post("/cases/{case}/plans")
async def create_plan(request: Request, actor: Caseworker, case: UUID, body: PlanBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.create_plan(d, case, body, expected))


@router.post("/cases/{case}/plans/{plan}/correction")
async def correct_plan(request: Request, actor: Caseworker, case: UUID, plan: UUID, body: PlanBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.correct_plan(d, case, plan, body, expected))


@router.post("/cases/{case}/plans/{plan}/follow-up")
async def follow_up_plan(request: Request, actor: Caseworker, case: UUID, plan: UUID, body: FollowUpBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.follow_up_plan(d, case, plan, body, expected))


@router.post("/cases/{case}/plans/{plan}/follow-up/correction")
async def correct_follow_up(
    request: Request, actor: Caseworker, case: UUID, plan: UUID, body: FollowUpCorrectionBody
) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.correct_follow_up(d, case, plan, body, expected))


@router.post("/cases/{case}/plans/{plan}/follow-ups/{follow_up}/correction")
async def correct_any_follow_up(
    request: Request, actor: Caseworker, case: UUID, plan: UUID, follow_up: UUID, body: FollowUpChangeBody
) -> Response:
    expected = expected_version(request.headers)
    return await respond(
        request, actor, body, lambda d: casework.correct_any_follow_up(d, case, plan, follow_up, body, expected)
    )


@router.post("/cases/{case}/plans/{plan}/end")
async def end_plan(request: Request, actor: Caseworker, case: UUID, plan: UUID, body: PlanEndBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.end_plan(d, case, plan, body, expected))


@router.post("/cases/{case}/plans/{plan}/reopening")
async def reopen_plan(request: Request, actor: Caseworker, case: UUID, plan: UUID, body: PlanReopeningBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.reopen_plan(d, case, plan, body, expected))


@router.post("/cases/{case}/contacts")
async def record_contact(request: Request, actor: Caseworker, case: UUID, body: ContactBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.record_contact(d, case, body, expected))


@router.post("/cases/{case}/contacts/{contact}/correction")
async def correct_contact(
    request: Request, actor: Caseworker, case: UUID, contact: UUID, body: ContactCorrectionBody
) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.correct_contact(d, case, contact, body, expected))


@router.post("/cases/{case}/closing")
async def close(request: Request, actor: Caseworker, case: UUID, body: ClosingBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.close(d, case, body, expected))


@router.post("/cases/{case}/reopening")
async def reopen(request: Request, actor: Caseworker, case: UUID, body: ReopeningBody) -> Response:
    expected = expected_version(request.headers)
    return await respond(request, actor, body, lambda d: casework.reopen(d, case, body, expected))


@router.post("/cover")
async def set_cover(request: Request, actor: Annotated[Actor, needs("manager")], body: CoverBody) -> Response:
    return await respond(request, actor, body, lambda d: handlers.set_cover(d, body))


@router.post("/search")
async def find(request: Request, actor: Reader, body: search.SearchBody) -> Response:
    """Cases by name, personal number or a number of a case: what the ordinance allows to search by."""
    async with runtime(request).database.transaction() as tx:
        rows, more = await search.find(doing(request, tx, actor), body)
    return JSONResponse(jsonable_encoder({"cases": rows, "more": more}), headers={"Cache-Control": "no-store"})
