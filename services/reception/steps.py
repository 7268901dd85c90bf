"""What is to be done next for a household, and by when: by law, by local routine, or as agreed. Pure.

No step depends on today: the day that it is due says the rest, so lists can be sorted by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.reception import contacts, housing
from services.reception.case import Case, Member
from shared.contracts.routines import CONTACT_WITHIN, PLAN_AGES, PLAN_WITHIN, in_force

What = Literal["receive", "housing", "plan", "follow-up", "contact", "contract"]
Ground = Literal["law", "local", "agreed"]


@dataclass(frozen=True, slots=True)
class Step:
    """`persons`: whom it is about, where that is not the whole household."""

    what: What
    due: date
    ground: Ground
    persons: tuple[UUID, ...] = ()


def steps(case: Case) -> list[Step]:
    """Everything that waits, what is due first, first. Nothing waits in a case that is over."""
    return [] if case.over else sorted(_waiting(case), key=lambda step: step.due)


def next_step(case: Case) -> Step | None:
    return next(iter(steps(case)), None)


def _waiting(case: Case) -> Iterator[Step]:
    if (due := home_due(case)) is not None:
        yield Step("housing", due, "law")
    if case.receive_by is not None and case.status != "arrived":
        yield Step("receive", case.receive_by, "law")
    if (ends := housing.ends_on(case)) is not None:
        yield Step("contract", ends, "agreed")
    planless = {member.person: due for member in case.persons if (due := plan_due(case, member)) is not None}
    if planless:
        yield Step("plan", min(planless.values()), "local", tuple(planless))
    follow_ups = [plan.follow_up_on for plan in case.plans if plan.ended_on is None]
    if follow_ups:
        yield Step("follow-up", min(follow_ups), "agreed")
    if (contact := contact_due(case)) is not None:
        yield contact


def home_due(case: Case) -> date | None:
    """By when an allocated household is to have a home: when it is received, so from the first arrival at the latest.

    None when there is one, and for those who settle by themselves: the municipality has no home to arrange for them.
    """
    if case.kind != "allocated" or housing.current(case) is not None:
        return None
    came = [member.arrived_on for member in case.persons if member.arrived_on is not None]
    return min([*came, *([case.receive_by] if case.receive_by else [])], default=None)


def plan_due(case: Case, member: Member) -> date | None:
    """By when this member is to have a plan; None when there is one, or none is called for."""
    if member.arrived_on is None or member.age_band not in PLAN_AGES:
        return None
    rule = in_force(PLAN_WITHIN, member.arrived_on)
    if rule is None or any(plan.person == member.person for plan in case.plans):
        return None
    return rule.due(member.arrived_on)


def contact_due(case: Case) -> Step | None:
    """The next contact: as agreed, else within the local routine's weeks of the last one or of the arrival."""
    last = contacts.last(case)
    if last is not None and last.next_contact_on is not None:
        return Step("contact", last.next_contact_on, "agreed")
    since = last.contacted_on if last else min((m.arrived_on for m in case.persons if m.arrived_on), default=None)
    rule = in_force(CONTACT_WITHIN, since) if since else None
    return Step("contact", rule.due(since), "local") if rule and since else None
