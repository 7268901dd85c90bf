"""What is done in a case by form, and which form takes back what another one has saved."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from services.reception import casework, handlers
from services.reception.bodies import (
    ClosingBody,
    ContactBody,
    ContactCorrectionBody,
    HousingBody,
    HousingCorrectionBody,
    ReinstatementBody,
    ReopeningBody,
    WithdrawalBody,
)
from services.reception.handlers import Doing
from services.reception.task_form import WITHDRAWN, Ask, Task, codes
from services.reception.tasks_plans import PLAN_TASKS
from shared.contracts import casework as said
from shared.contracts.reception import ReinstateReason, WithdrawReason
from shared.web.commands import Answer
from shared.web.forms import Chosen


class AssignForm(BaseModel):
    caseworker: Chosen
    reason: Literal["first", "workload", "absence", "competence", "conflict-of-interest", "moved-unit", "other"]


class HomeForm(HousingBody):
    pass


class HomeCorrectionForm(HousingBody):
    withdrawn: bool = False


class ContactChangeForm(ContactBody):
    withdrawn: bool = False


async def _assign(doing: Doing, case: UUID, parts: Mapping[str, UUID], value: AssignForm, seen: int) -> Answer:
    return await casework.give(doing, case, value.caseworker, value.reason, seen)


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


_HOME = (
    Ask("kind", "choices", "home-kind", codes(said.HousingKind)),
    Ask("secured_on", today=True),
    Ask("available_from"),
    Ask("contract_until", required=False),
    Ask("address", "text", required=False),
)
_CONTACT = (
    Ask("kind", "choices", "contact-kind", codes(said.ContactKind)),
    Ask("outcome", "choices", "contact-outcome", codes(said.ContactOutcome)),
    Ask("contacted_on", today=True),
    Ask("next_contact_on", required=False),
)
_HOUSED = ("coordinator", "caseworker", "manager")
_REASONS = Ask("reason", "choices", "assignment-reason", codes(said.AssignmentReason))

TASKS: tuple[Task, ...] = (
    Task("assign", AssignForm, (Ask("caseworker", "select", open="colleagues"), _REASONS), _assign,
         ("coordinator", "manager")),
    Task("reinstate", ReinstatementBody, (
        Ask("reinstated_on", today=True), Ask("reason", "choices", "reinstate-reason", codes(ReinstateReason))),
        _reinstate, ("coordinator",)),
    Task("withdraw", WithdrawalBody, (
        Ask("reason", "choices", "withdraw-reason", codes(WithdrawReason)),), _withdraw, ("coordinator",)),
    Task("home", HomeForm, _HOME, _home, _HOUSED),
    Task("home-correct", HomeCorrectionForm, (*_HOME, WITHDRAWN), _home_again, _HOUSED, ("housing",)),
    *PLAN_TASKS,
    Task("contact", ContactBody, _CONTACT, _contact),
    Task("contact-correct", ContactChangeForm, (*_CONTACT, WITHDRAWN), _contact_again, parts=("contact",)),
    Task("close", ClosingBody, (
        Ask("closed_on", today=True), Ask("reason", "choices", "close-reason", codes(said.CloseReason))), _close),
    Task("reopen", ReopeningBody, (
        Ask("reopened_on", today=True), Ask("reason", "choices", "reopen-reason", codes(said.ReopenReason))), _reopen),
)  # fmt: skip

# Which form takes back, or mends, what a form has saved, and the parts of the case that its address needs.
# What was taken out (`-removed`) is brought back where it was, or registered anew.
UNDO: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "assign": ("assign", ()),
    "home": ("home-correct", ("housing",)),
    "home-correct": ("home-correct", ("housing",)),
    "home-removed": ("home-correct", ("housing",)),
    "plan": ("plan-change", ("plan",)),
    "plan-change": ("plan-change", ("plan",)),
    "activity": ("activity-change", ("plan", "activity")),
    "activity-change": ("activity-change", ("plan", "activity")),
    "activity-removed": ("activity", ("plan",)),
    "follow-up": ("follow-up-correct", ("plan",)),
    "follow-up-correct": ("follow-up-correct", ("plan",)),
    "follow-up-removed": ("follow-up", ("plan",)),
    "follow-up-change": ("follow-up-change", ("plan", "follow_up")),
    "earlier-follow-up-removed": ("follow-up-change", ("plan", "follow_up")),
    "plan-end": ("plan-reopen", ("plan",)),
    "plan-reopen": ("plan-end", ("plan",)),
    "contact": ("contact-correct", ("contact",)),
    "contact-correct": ("contact-correct", ("contact",)),
    "contact-removed": ("contact-correct", ("contact",)),
    "close": ("reopen", ()),
    "cancellation": ("reinstate", ()),
    "reopen": ("close", ()),
}
# the same, where it is a page of its own
OTHERWISE: Mapping[str, str] = {"arrival": "correct", "correction": "correct", "reinstate": "cancel"}
# what a form that takes something out has saved then
REMOVED: Mapping[str, str] = {
    "home-correct": "home-removed",
    "contact-correct": "contact-removed",
    "activity-change": "activity-removed",
    "follow-up-correct": "follow-up-removed",
    "follow-up-change": "earlier-follow-up-removed",
}
SAVED = frozenset(task.name for task in TASKS) | {
    "arrival",
    "correction",
    "cancellation",
    "decision-keep",
    "decision-take",
    *REMOVED.values(),
}
# Parts of a case that a form's address or its answer names.
PARTS = ("housing", "plan", "contact", "activity", "follow_up")


def undoing(saved: str, parts: Mapping[str, Any], plans: Iterable[Mapping[str, Any]]) -> str | None:
    """The end of the address of the form that takes back what was saved; None where there is none. `parts`: by name;
    `plans`: those of the case, as they are shown."""
    if saved in OTHERWISE:
        return OTHERWISE[saved]
    task, needed = UNDO.get(saved, ("", ()))
    plan = next((one for one in plans if one["plan"] == parts.get("plan")), None)
    if plan and (saved == "follow-up-removed" or (saved == "earlier-follow-up-removed" and _none_after(plan, parts))):
        # only a new one takes the place of the last, and a plan that has ended takes none
        task, needed = UNDO["follow-up-removed"] if plan["ended_on"] is None else ("", ())
    if not task or not parts.keys() >= set(needed):
        return None
    return "/".join(("do", task, *(str(parts[name]) for name in needed)))


def _none_after(plan: Mapping[str, Any], parts: Mapping[str, Any]) -> bool:
    ids = [one["follow_up"] for one in plan["follow_ups"]]
    at = ids.index(parts["follow_up"]) if parts.get("follow_up") in ids else len(ids)
    return all(one["withdrawn"] for one in plan["follow_ups"][at + 1 :])
