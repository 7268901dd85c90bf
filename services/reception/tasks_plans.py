"""The forms of establishment plans and their activities: what stands in them at first, and what each does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.reception import casework
from services.reception.bodies import (
    ActivityBody,
    FollowUpBody,
    FollowUpChangeBody,
    FollowUpCorrectionBody,
    PlanBody,
    PlanEndBody,
    PlanReopeningBody,
)
from services.reception.handlers import Doing
from services.reception.task_form import WITHDRAWN, Ask, Task, codes
from shared.contracts import casework as said
from shared.web.commands import Answer


class PlanForm(BaseModel):
    person: UUID
    goal: said.Goal
    created_on: date
    follow_up_on: date


class ActivityForm(BaseModel):
    kind: said.ActivityKind
    provider: said.Provider
    starts_on: date
    ends_on: date | None = None


class ActivityChangeForm(ActivityForm):
    withdrawn: bool = False


class LastFollowUpForm(FollowUpBody):
    withdrawn: bool = False


class FollowUpChangeForm(BaseModel):
    followed_up_on: date
    progress: said.Progress
    withdrawn: bool = False


async def _plan(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanForm, seen: int) -> Answer:
    return await casework.create_plan(doing, case, PlanBody(**value.model_dump()), seen)


async def _changed_plan(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], seen: int, facts: dict[str, Any], change: Any
) -> Answer:
    """The plan as it stands with other facts, or other activities (`change` of the known ones)."""
    plan = await casework.plan_of(doing, case, parts["plan"], seen)
    known = [ActivityBody(**activity.model_dump()) for activity in plan.activities]
    body = {
        "person": plan.person,
        "goal": plan.goal,
        "created_on": plan.created_on,
        "follow_up_on": plan.follow_up_on,
        "activities": tuple(change(known)),
    }
    return await casework.correct_plan(doing, case, parts["plan"], PlanBody(**(body | facts)), seen)


async def _plan_again(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanForm, seen: int) -> Answer:
    return await _changed_plan(doing, case, parts, seen, value.model_dump(), lambda known: known)


async def _activity(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ActivityForm, seen: int) -> Answer:
    new = ActivityBody(**value.model_dump())
    answer = await _changed_plan(doing, case, parts, seen, {}, lambda known: [*known, new])
    return replace(answer, data={**answer.data, "activity": answer.data["activities"][-1]})


async def _activity_again(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ActivityChangeForm, seen: int
) -> Answer:
    new = ActivityBody(activity=parts["activity"], **value.model_dump(exclude={"withdrawn"}))

    def change(known: list[ActivityBody]) -> list[ActivityBody]:
        changed = [new if one.activity == new.activity else one for one in known]
        return [one for one in changed if not (value.withdrawn and one.activity == new.activity)]

    return await _changed_plan(doing, case, parts, seen, {}, change)


async def _follow_up(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: FollowUpBody, seen: int) -> Answer:
    return await casework.follow_up_plan(doing, case, parts["plan"], value, seen)


async def _follow_up_again(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: LastFollowUpForm, seen: int
) -> Answer:
    body = FollowUpCorrectionBody(**value.model_dump())
    return await casework.correct_follow_up(doing, case, parts["plan"], body, seen)


async def _follow_up_changed(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: FollowUpChangeForm, seen: int
) -> Answer:
    body = FollowUpChangeBody(**value.model_dump())
    return await casework.correct_any_follow_up(doing, case, parts["plan"], parts["follow_up"], body, seen)


async def _end(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanEndBody, seen: int) -> Answer:
    return await casework.end_plan(doing, case, parts["plan"], value, seen)


async def _plan_open(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanReopeningBody, seen: int
) -> Answer:
    return await casework.reopen_plan(doing, case, parts["plan"], value, seen)


_PERSON = Ask("person", "choices", open="planless")
_PLAN = (_PERSON, Ask("goal", "choices", "goal", codes(said.Goal)), Ask("created_on", today=True), Ask("follow_up_on"))
_ACTIVITY = (
    Ask("kind", "select", "activity-kind", codes(said.ActivityKind)),
    Ask("provider", "select", "provider", codes(said.Provider)),
    Ask("starts_on"),
    Ask("ends_on", required=False),
)
_FOLLOW_UP = (
    Ask("followed_up_on", today=True),
    Ask("progress", "choices", "progress", codes(said.Progress)),
    Ask("next_follow_up_on"),
)

PLAN_TASKS: tuple[Task, ...] = (
    Task("plan", PlanForm, _PLAN, _plan),
    Task("plan-change", PlanForm, _PLAN, _plan_again, parts=("plan",)),
    Task("activity", ActivityForm, _ACTIVITY, _activity, parts=("plan",)),
    Task("activity-change", ActivityChangeForm, (*_ACTIVITY, WITHDRAWN), _activity_again, parts=("plan", "activity")),
    Task("follow-up", FollowUpBody, _FOLLOW_UP, _follow_up, parts=("plan",), anew=True),
    Task("follow-up-correct", LastFollowUpForm, (*_FOLLOW_UP, WITHDRAWN), _follow_up_again, parts=("plan",)),
    Task("follow-up-change", FollowUpChangeForm, (*_FOLLOW_UP[:2], WITHDRAWN), _follow_up_changed,
        parts=("plan", "follow_up")),
    Task("plan-end", PlanEndBody, (
        Ask("ended_on", today=True), Ask("outcome", "choices", "plan-outcome", codes(said.PlanOutcome))), _end,
        parts=("plan",)),
    Task("plan-reopen", PlanReopeningBody, (Ask("follow_up_on"),), _plan_open, parts=("plan",)),
)  # fmt: skip
