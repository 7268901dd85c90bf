"""What is done in a case by form: which fields each form has, what stands in them at first, and what it asks for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel

from services.reception import casework, handlers
from services.reception.bodies import (
    ActivityBody,
    AssignmentBody,
    ClosingBody,
    ContactBody,
    ContactCorrectionBody,
    FollowUpBody,
    HousingBody,
    HousingCorrectionBody,
    PlanBody,
    PlanEndBody,
    PlanReopeningBody,
    ReinstatementBody,
    ReopeningBody,
    WithdrawalBody,
)
from services.reception.handlers import Doing
from shared.contracts import casework as said
from shared.contracts.reception import ReinstateReason, WithdrawReason
from shared.web.commands import Answer

Type = Literal["date", "text", "choices", "select", "checkbox"]


@dataclass(frozen=True)
class Ask:
    """One field. `codes` has a text for each code under `<texts>.<code>`; `open` offers what the case holds."""

    name: str
    type: Type = "date"
    texts: str = ""
    codes: tuple[str, ...] = ()
    required: bool = True
    today: bool = False
    open: str = ""


@dataclass(frozen=True)
class Task:
    """One form. `parts` names the parts of the case in its path; the last one's facts stand in it at first."""

    name: str
    model: type[BaseModel]
    asks: tuple[Ask, ...]
    work: Callable[[Doing, UUID, Mapping[str, UUID], Any, int], Awaitable[Answer]]
    roles: tuple[str, ...] = ("caseworker", "manager")
    parts: tuple[str, ...] = ()


def _codes(literal: Any) -> tuple[str, ...]:
    return get_args(get_args(literal)[0])


class AssignForm(BaseModel):
    caseworker: str
    reason: Literal["first", "workload", "absence", "competence", "conflict-of-interest", "moved-unit", "other"]


class HomeForm(HousingBody):
    pass


class HomeCorrectionForm(HousingBody):
    withdrawn: bool = False


class PlanForm(BaseModel):
    person: UUID
    goal: said.Goal
    created_on: date
    follow_up_on: date


class PlanChangeForm(BaseModel):
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


class ContactChangeForm(ContactBody):
    withdrawn: bool = False


async def _assign(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: AssignForm, seen: int) -> Answer:
    unit = await casework.unit_of(doing, value.caseworker)
    body = AssignmentBody(caseworker=value.caseworker, unit=unit, reason=value.reason)
    return await casework.assign(doing, case, body, seen)


async def _reinstate(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ReinstatementBody, seen: int
) -> Answer:
    return await handlers.reinstate(doing, case, value, seen)


async def _withdraw(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: WithdrawalBody, seen: int) -> Answer:
    return await handlers.withdraw(doing, case, value, seen)


async def _home(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: HomeForm, seen: int) -> Answer:
    return await casework.secure_housing(doing, case, HousingBody(**value.model_dump()), seen)


async def _home_again(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: HomeCorrectionForm, seen: int
) -> Answer:
    # An address that is not typed stays: it is not shown in the form either.
    sent = value.model_dump(exclude={"address"} if value.address is None else None)
    return await casework.correct_housing(doing, case, parts["housing"], HousingCorrectionBody(**sent), seen)


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


async def _plan_again(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanChangeForm, seen: int) -> Answer:
    return await _changed_plan(doing, case, parts, seen, value.model_dump(), lambda known: known)


async def _activity(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ActivityForm, seen: int) -> Answer:
    new = ActivityBody(**value.model_dump())
    return await _changed_plan(doing, case, parts, seen, {}, lambda known: [*known, new])


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


async def _end(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanEndBody, seen: int) -> Answer:
    return await casework.end_plan(doing, case, parts["plan"], value, seen)


async def _plan_open(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: PlanReopeningBody, seen: int
) -> Answer:
    return await casework.reopen_plan(doing, case, parts["plan"], value, seen)


async def _contact(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ContactBody, seen: int) -> Answer:
    return await casework.record_contact(doing, case, value, seen)


async def _contact_again(
    doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ContactChangeForm, seen: int
) -> Answer:
    body = ContactCorrectionBody(**value.model_dump())
    return await casework.correct_contact(doing, case, parts["contact"], body, seen)


async def _close(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ClosingBody, seen: int) -> Answer:
    return await casework.close(doing, case, value, seen)


async def _reopen(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: ReopeningBody, seen: int) -> Answer:
    return await casework.reopen(doing, case, value, seen)


_WITHDRAWN = Ask("withdrawn", "checkbox", required=False)
_HOME = (
    Ask("kind", "choices", "home-kind", _codes(said.HousingKind)),
    Ask("secured_on", today=True),
    Ask("available_from"),
    Ask("contract_until", required=False),
    Ask("address", "text", required=False),
)
_PLAN = (Ask("goal", "choices", "goal", _codes(said.Goal)), Ask("created_on", today=True), Ask("follow_up_on"))
_ACTIVITY = (
    Ask("kind", "select", "activity-kind", _codes(said.ActivityKind)),
    Ask("provider", "select", "provider", _codes(said.Provider)),
    Ask("starts_on"),
    Ask("ends_on", required=False),
)
_CONTACT = (
    Ask("kind", "choices", "contact-kind", _codes(said.ContactKind)),
    Ask("outcome", "choices", "contact-outcome", _codes(said.ContactOutcome)),
    Ask("contacted_on", today=True),
    Ask("next_contact_on", required=False),
)
_HOUSED = ("coordinator", "caseworker", "manager")
_REASONS = Ask("reason", "choices", "assignment-reason", _codes(said.AssignmentReason))

TASKS: tuple[Task, ...] = (
    Task("assign", AssignForm, (Ask("caseworker", "select", open="colleagues"), _REASONS), _assign,
         ("coordinator", "manager")),
    Task("reinstate", ReinstatementBody, (
        Ask("reinstated_on", today=True), Ask("reason", "choices", "reinstate-reason", _codes(ReinstateReason))),
        _reinstate, ("coordinator",)),
    Task("withdraw", WithdrawalBody, (
        Ask("reason", "choices", "withdraw-reason", _codes(WithdrawReason)),), _withdraw, ("coordinator",)),
    Task("home", HomeForm, _HOME, _home, _HOUSED),
    Task("home-correct", HomeCorrectionForm, (*_HOME, _WITHDRAWN), _home_again, _HOUSED, ("housing",)),
    Task("plan", PlanForm, (Ask("person", "choices", open="planless"), *_PLAN), _plan),
    Task("plan-change", PlanChangeForm, _PLAN, _plan_again, parts=("plan",)),
    Task("activity", ActivityForm, _ACTIVITY, _activity, parts=("plan",)),
    Task("activity-change", ActivityChangeForm, (*_ACTIVITY, _WITHDRAWN), _activity_again, parts=("plan", "activity")),
    Task("follow-up", FollowUpBody, (
        Ask("followed_up_on", today=True), Ask("progress", "choices", "progress", _codes(said.Progress)),
        Ask("next_follow_up_on")), _follow_up, parts=("plan",)),
    Task("plan-end", PlanEndBody, (
        Ask("ended_on", today=True), Ask("outcome", "choices", "plan-outcome", _codes(said.PlanOutcome))), _end,
        parts=("plan",)),
    Task("plan-reopen", PlanReopeningBody, (Ask("follow_up_on"),), _plan_open, parts=("plan",)),
    Task("contact", ContactBody, _CONTACT, _contact),
    Task("contact-correct", ContactChangeForm, (*_CONTACT, _WITHDRAWN), _contact_again, parts=("contact",)),
    Task("close", ClosingBody, (
        Ask("closed_on", today=True), Ask("reason", "choices", "close-reason", _codes(said.CloseReason))), _close),
    Task("reopen", ReopeningBody, (
        Ask("reopened_on", today=True), Ask("reason", "choices", "reopen-reason", _codes(said.ReopenReason))), _reopen),
)  # fmt: skip

# Which form takes back, or mends, what a form has saved; the name of the part that it needs. An activity is corrected
# in its row: the answer does not name it.
UNDO: Mapping[str, tuple[str, str | None]] = {
    "assign": ("assign", None),
    "home": ("home-correct", "housing"),
    "home-correct": ("home-correct", "housing"),
    "plan": ("plan-change", "plan"),
    "plan-change": ("plan-change", "plan"),
    "follow-up": ("plan-change", "plan"),
    "plan-end": ("plan-reopen", "plan"),
    "plan-reopen": ("plan-end", "plan"),
    "contact": ("contact-correct", "contact"),
    "contact-correct": ("contact-correct", "contact"),
    "close": ("reopen", None),
    "cancellation": ("reinstate", None),
    "reopen": ("close", None),
}
# the same, where it is a page of its own
OTHERWISE: Mapping[str, str] = {"arrival": "correct", "correction": "correct", "reinstate": "cancel"}
SAVED = frozenset(task.name for task in TASKS) | {"arrival", "correction", "cancellation"}
# Parts of a case that a form's answer names.
PARTS = ("housing", "plan", "contact")


def undoing(saved: str, parts: Mapping[str, Any]) -> str | None:
    """The end of the address of the form that takes back what was saved; None where there is none. `parts`: by name."""
    if saved in OTHERWISE:
        return OTHERWISE[saved]
    task, part = UNDO.get(saved, ("", None))
    if not task or (part and part not in parts):
        return None
    return f"do/{task}" + (f"/{parts[part]}" if part else "")
