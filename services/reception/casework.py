"""Commands of those who work with a case, from its assignment to its close: load, decide, save, announce."""

import re
from dataclasses import replace
from uuid import UUID

from services.reception import commands, follow_ups, store_casework
from services.reception.bodies import (
    AssignmentBody,
    ClosingBody,
    ContactBody,
    ContactCorrectionBody,
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
from services.reception.case import FollowUp, Plan
from services.reception.handlers import Doing, case_answer, change, decide, load
from shared import journal
from shared.contracts.casework import Activity, AssignmentReason
from shared.decider import Refused
from shared.journal import uuid7
from shared.web.commands import Answer


def _made(answer: Answer, **ids: UUID) -> Answer:
    return Answer(201, {**answer.data, **ids}, location=answer.location, etag=answer.etag)


async def assign(doing: Doing, case_id: UUID, body: AssignmentBody, expected: int) -> Answer:
    loaded = await load(doing, case_id, expected)
    if not await store_casework.may_have_cases(doing.tx, body.caseworker):
        raise Refused("unknown-colleague", field="caseworker")
    command = commands.AssignCase(body.caseworker, body.unit, body.reason)
    return case_answer(200, case_id, await decide(doing, loaded, command))


async def give(doing: Doing, case_id: UUID, caseworker: str, reason: AssignmentReason, expected: int) -> Answer:
    """To a colleague, who has it for their own unit."""
    body = AssignmentBody(caseworker=caseworker, unit=await unit_of(doing, caseworker), reason=reason)
    return await assign(doing, case_id, body, expected)


async def unit_of(doing: Doing, sub: str) -> str:
    """The unit of a colleague; who has none works for the one of whoever gives the case out."""
    unit = await store_casework.unit_of(doing.tx, sub) or doing.actor.unit or ""
    if not re.fullmatch(r"[a-z0-9-]{1,40}", unit):
        raise Refused("unknown-colleague", field="caseworker")
    return unit


async def plan_of(doing: Doing, case_id: UUID, plan: UUID, expected: int) -> Plan:
    """The plan in the version that the client saw."""
    loaded = await load(doing, case_id, expected)
    found = next((one for one in loaded.case.plans if one.plan == plan), None) if loaded.case else None
    if found is None:
        raise Refused("unknown-plan")
    return found


async def secure_housing(doing: Doing, case_id: UUID, body: HousingBody, expected: int) -> Answer:
    housing = uuid7()
    command = commands.SecureHousing(
        housing, body.kind, body.secured_on, body.available_from, body.contract_until, doing.today
    )
    answer = await change(doing, case_id, expected, command)
    await doing.desk.keep_address(doing.tx, housing, case_id, body.address)
    return _made(answer, housing=housing)


async def correct_housing(
    doing: Doing, case_id: UUID, housing: UUID, body: HousingCorrectionBody, expected: int
) -> Answer:
    command = commands.CorrectHousing(
        housing, body.kind, body.secured_on, body.available_from, body.contract_until, body.withdrawn, doing.today
    )
    answer = await change(doing, case_id, expected, command)
    if "address" in body.model_fields_set:
        await doing.desk.keep_address(doing.tx, housing, case_id, body.address)
    return answer


def _activities(body: PlanBody) -> tuple[Activity, ...]:
    return tuple(
        Activity(
            activity=one.activity or uuid7(),
            kind=one.kind,
            provider=one.provider,
            starts_on=one.starts_on,
            ends_on=one.ends_on,
        )
        for one in body.activities
    )


async def create_plan(doing: Doing, case_id: UUID, body: PlanBody, expected: int) -> Answer:
    if any(one.activity is not None for one in body.activities):
        raise Refused("activity-not-known", field="activities")
    plan = uuid7()
    command = commands.CreatePlan(
        plan, body.person, body.created_on, body.goal, _activities(body), body.follow_up_on, doing.today
    )
    return _made(await change(doing, case_id, expected, command), plan=plan)


async def correct_plan(doing: Doing, case_id: UUID, plan: UUID, body: PlanBody, expected: int) -> Answer:
    loaded = await load(doing, case_id, expected)
    known = {a.activity for p in loaded.case.plans if p.plan == plan for a in p.activities} if loaded.case else set()
    if any(one.activity is not None and one.activity not in known for one in body.activities):
        raise Refused("activity-not-known", field="activities")
    activities = _activities(body)
    command = commands.CorrectPlan(
        plan, body.person, body.created_on, body.goal, activities, body.follow_up_on, doing.today
    )
    answer = case_answer(200, case_id, await decide(doing, loaded, command))
    return replace(answer, data={**answer.data, "activities": [one.activity for one in activities]})


async def follow_up_plan(doing: Doing, case_id: UUID, plan: UUID, body: FollowUpBody, expected: int) -> Answer:
    command = commands.FollowUpPlan(plan, body.followed_up_on, body.progress, body.next_follow_up_on, doing.today)
    return await change(doing, case_id, expected, command)


async def correct_follow_up(
    doing: Doing, case_id: UUID, plan: UUID, body: FollowUpCorrectionBody, expected: int
) -> Answer:
    loaded = await load(doing, case_id, expected)
    standing = [*follow_ups.standing(await _told(doing, case_id, plan)).values()]
    before = standing[-2] if len(standing) > 1 else None
    command = commands.CorrectFollowUp(
        plan, body.followed_up_on, body.progress, body.next_follow_up_on, body.withdrawn, before, doing.today
    )
    return case_answer(200, case_id, await decide(doing, loaded, command))


async def _told(doing: Doing, case_id: UUID, plan: UUID) -> dict[UUID, FollowUp]:
    entries = await journal.history(doing.tx, "reception", case_id)
    return follow_ups.told(plan, ((entry.recorded.id, entry.recorded.event()) for entry in entries))


async def correct_any_follow_up(
    doing: Doing, case_id: UUID, plan: UUID, follow_up: UUID, body: FollowUpChangeBody, expected: int
) -> Answer:
    """Any of the plan's follow-ups; the day of the next one stays."""
    loaded = await load(doing, case_id, expected)
    found = next((one for one in loaded.case.plans if one.plan == plan), None)
    if found is None:
        raise Refused("unknown-plan")
    told = await _told(doing, case_id, plan)
    if follow_up not in told:
        raise Refused("unknown-follow-up")
    order = [*told]
    place = order.index(follow_up)
    before = [told[id] for id in order[:place] if not told[id].withdrawn]
    later = [told[id] for id in order[place + 1 :] if not told[id].withdrawn]
    said, earlier = (body.followed_up_on, body.progress), before[-1] if before else None
    command: commands.Command
    if later:
        command = commands.CorrectEarlierFollowUp(
            plan, follow_up, *said, body.withdrawn, told[follow_up], earlier, later[0], doing.today
        )
    elif told[follow_up].withdrawn:
        raise Refused("follow-up-was-last")
    else:
        command = commands.CorrectFollowUp(plan, *said, found.follow_up_on, body.withdrawn, earlier, doing.today)
    return case_answer(200, case_id, await decide(doing, loaded, command))


async def end_plan(doing: Doing, case_id: UUID, plan: UUID, body: PlanEndBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.EndPlan(plan, body.ended_on, body.outcome, doing.today))


async def reopen_plan(doing: Doing, case_id: UUID, plan: UUID, body: PlanReopeningBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.ReopenPlan(plan, body.follow_up_on, doing.today))


async def record_contact(doing: Doing, case_id: UUID, body: ContactBody, expected: int) -> Answer:
    contact = uuid7()
    command = commands.RecordContact(
        contact, body.kind, body.outcome, body.contacted_on, body.next_contact_on, doing.today
    )
    return _made(await change(doing, case_id, expected, command), contact=contact)


async def correct_contact(
    doing: Doing, case_id: UUID, contact: UUID, body: ContactCorrectionBody, expected: int
) -> Answer:
    command = commands.CorrectContact(
        contact, body.kind, body.outcome, body.contacted_on, body.next_contact_on, body.withdrawn, doing.today
    )
    return await change(doing, case_id, expected, command)


async def close(doing: Doing, case_id: UUID, body: ClosingBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.CloseCase(body.closed_on, body.reason, doing.today))


async def reopen(doing: Doing, case_id: UUID, body: ReopeningBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.ReopenCase(body.reopened_on, body.reason, doing.today))
