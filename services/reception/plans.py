"""Establishment plans: one at a time for each member who has arrived, followed up until it ends. Pure."""

from dataclasses import replace
from datetime import date

from services.reception import days, rules
from services.reception.case import Case, Plan
from services.reception.commands import CorrectPlan, CreatePlan, EndPlan, FollowUpPlan, ReopenPlan
from shared.contracts.casework import (
    EstablishmentPlanCorrected,
    EstablishmentPlanCreated,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
    EstablishmentPlanReopened,
)
from shared.decider import Refused


def known(case: Case, plan_id: object) -> Plan:
    """Raises Refused."""
    found = next((plan for plan in case.plans if plan.plan == plan_id), None)
    if found is None:
        raise Refused("unknown-plan")
    return found


def _going_on(case: Case, plan_id: object) -> Plan:
    plan = known(case, plan_id)
    days.is_open(case)
    if plan.ended_on is not None:
        raise Refused("plan-ended")
    return plan


def _no_other(case: Case, person: object, plan_id: object) -> None:
    if any(p.person == person and p.ended_on is None and p.plan != plan_id for p in case.plans):
        raise Refused("plan-exists", field="person")


def _plausible(command: CreatePlan | CorrectPlan, case: Case) -> None:
    member = next((member for member in case.persons if member.person == command.person), None)
    if member is None:
        raise Refused("person-not-in-household", field="person")
    if member.arrived_on is None:
        raise Refused("plan-before-arrival", field="person")
    days.happened(case, command.created_on, "created_on", command.today)
    if command.created_on < member.arrived_on:
        raise Refused("before-arrival", field="created_on", day=member.arrived_on)
    _no_other(case, command.person, command.plan)
    for index, activity in enumerate(command.activities):
        if activity.ends_on is not None and activity.ends_on < activity.starts_on:
            raise Refused("activity-ends-before", field=f"activities/{index}/ends_on", day=activity.starts_on)
    if len({activity.activity for activity in command.activities}) < len(command.activities):
        raise Refused("activity-twice", field="activities")


def created(command: CreatePlan, case: Case) -> list[EstablishmentPlanCreated]:
    days.is_open(case)
    same = next((plan for plan in case.plans if plan.plan == command.plan), None)
    if same is not None:
        if _facts(same) == _facts(command):
            return []
        raise Refused("plan-known")
    _plausible(command, case)
    days.comes(command.follow_up_on, command.created_on, "follow_up_on")
    return [
        EstablishmentPlanCreated(
            plan=command.plan,
            person=command.person,
            created_on=command.created_on,
            goal=command.goal,
            activities=command.activities,
            follow_up_on=command.follow_up_on,
        )
    ]


def _facts(said: Plan | CreatePlan | CorrectPlan) -> tuple[object, ...]:
    return said.person, said.created_on, said.goal, said.activities, said.follow_up_on


def corrected(command: CorrectPlan, case: Case) -> list[EstablishmentPlanCorrected]:
    plan = _going_on(case, command.plan)
    if _facts(plan) == _facts(command):
        return []
    _plausible(command, case)
    if plan.followed_up_on is not None and plan.followed_up_on < command.created_on:
        raise Refused("after-follow-up", field="created_on", day=plan.followed_up_on)
    days.comes(command.follow_up_on, plan.followed_up_on or command.created_on, "follow_up_on")
    return [
        EstablishmentPlanCorrected(
            plan=command.plan,
            person=command.person,
            created_on=command.created_on,
            goal=command.goal,
            activities=command.activities,
            follow_up_on=command.follow_up_on,
        )
    ]


def _since(plan: Plan) -> date:
    return plan.followed_up_on or plan.created_on


def followed_up(command: FollowUpPlan, case: Case) -> list[EstablishmentPlanFollowedUp]:
    plan = _going_on(case, command.plan)
    said = (command.followed_up_on, command.progress, command.next_follow_up_on)
    if said == (plan.followed_up_on, plan.progress, plan.follow_up_on):
        return []
    days.happened(case, command.followed_up_on, "followed_up_on", command.today)
    if command.followed_up_on < _since(plan):
        raise Refused("before-last-follow-up", field="followed_up_on", day=_since(plan))
    days.comes(command.next_follow_up_on, command.followed_up_on, "next_follow_up_on")
    return [
        EstablishmentPlanFollowedUp(
            plan=command.plan,
            followed_up_on=command.followed_up_on,
            progress=command.progress,
            next_follow_up_on=command.next_follow_up_on,
        )
    ]


def ended(command: EndPlan, case: Case) -> list[EstablishmentPlanEnded]:
    plan = known(case, command.plan)
    if (plan.ended_on, plan.outcome) == (command.ended_on, command.outcome):
        return []
    plan = _going_on(case, command.plan)
    days.happened(case, command.ended_on, "ended_on", command.today)
    if command.ended_on < _since(plan):
        raise Refused("before-last-follow-up", field="ended_on", day=_since(plan))
    return [EstablishmentPlanEnded(plan=command.plan, ended_on=command.ended_on, outcome=command.outcome)]


def reopened(command: ReopenPlan, case: Case) -> list[EstablishmentPlanReopened]:
    plan = known(case, command.plan)
    days.is_open(case)
    if plan.ended_on is None:
        if plan.follow_up_on == command.follow_up_on:
            return []
        raise Refused("plan-not-ended")
    _no_other(case, plan.person, plan.plan)
    member = next((member for member in case.persons if member.person == plan.person), None)
    if member is None or member.arrived_on is None:
        raise Refused("plan-before-arrival")
    if command.follow_up_on <= _since(plan):
        raise Refused("not-after", field="follow_up_on", day=_since(plan))
    last = rules.add_months(command.today, days.FARTHEST_MONTHS)
    if command.follow_up_on > last:
        raise Refused("day-too-far", field="follow_up_on", day=last)
    return [EstablishmentPlanReopened(plan=command.plan, follow_up_on=command.follow_up_on)]


def standing(case: Case, event: EstablishmentPlanCreated | EstablishmentPlanCorrected) -> Case:
    if isinstance(event, EstablishmentPlanCreated):
        plan = Plan(event.plan, event.person, event.created_on, event.goal, event.activities, event.follow_up_on)
        return replace(case, plans=(*case.plans, plan))
    return _with(
        case,
        replace(
            known(case, event.plan),
            person=event.person,
            created_on=event.created_on,
            goal=event.goal,
            activities=event.activities,
            follow_up_on=event.follow_up_on,
        ),
    )


def moved(
    case: Case,
    event: EstablishmentPlanFollowedUp
    | EstablishmentPlanFollowUpCorrected
    | EstablishmentPlanEnded
    | EstablishmentPlanReopened,
) -> Case:
    plan = known(case, event.plan)
    match event:
        case EstablishmentPlanFollowedUp() | EstablishmentPlanFollowUpCorrected():
            plan = replace(
                plan,
                followed_up_on=event.followed_up_on,
                progress=event.progress,
                follow_up_on=event.next_follow_up_on,
            )
        case EstablishmentPlanEnded():
            plan = replace(plan, ended_on=event.ended_on, outcome=event.outcome)
        case EstablishmentPlanReopened():
            plan = replace(plan, ended_on=None, outcome=None, follow_up_on=event.follow_up_on)
    return _with(case, plan)


def _with(case: Case, changed: Plan) -> Case:
    return replace(case, plans=tuple(changed if plan.plan == changed.plan else plan for plan in case.plans))
