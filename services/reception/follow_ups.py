"""The follow-ups of an establishment plan, from its history: which stand, and how each may be corrected. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.reception import days, plans
from services.reception.case import Case, FollowUp
from services.reception.commands import CorrectEarlierFollowUp, CorrectFollowUp
from shared.contracts.casework import (
    EstablishmentPlanEarlierFollowUpCorrected,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
)
from shared.contracts.event import Event
from shared.decider import Refused


def told(plan: UUID, history: Iterable[tuple[UUID, Event]]) -> dict[UUID, FollowUp]:
    """Everything that was told of the plan's follow-ups in `history` (events with their ids), in the order of their
    days; each by the id of the event that told of it first."""
    found: dict[UUID, FollowUp] = {}
    for id, event in history:
        match event:
            case EstablishmentPlanFollowedUp() if event.plan == plan:
                found[id] = FollowUp(event.followed_up_on, event.progress)
            case EstablishmentPlanFollowUpCorrected() if event.plan == plan:
                last = list(standing(found))[-1]
                if event.withdrawn or event.followed_up_on is None or event.progress is None:
                    found[last] = replace(found[last], withdrawn=True)
                else:
                    found[last] = FollowUp(event.followed_up_on, event.progress)
            case EstablishmentPlanEarlierFollowUpCorrected() if event.plan == plan:
                found[event.follow_up] = FollowUp(event.followed_up_on, event.progress, event.withdrawn)
    return found


def standing(found: Mapping[UUID, FollowUp]) -> dict[UUID, FollowUp]:
    """Those that came to pass."""
    return {id: one for id, one in found.items() if not one.withdrawn}


def struck(history: Iterable[tuple[UUID, int, Event]]) -> set[int]:
    """The sequences of those events (with their ids and sequences) of which a later one says otherwise."""
    found: set[int] = set()
    says: dict[UUID, int] = {}
    before: list[tuple[UUID, Event]] = []
    for id, sequence, event in history:
        match event:
            case EstablishmentPlanFollowedUp():
                says[id] = sequence
            case EstablishmentPlanFollowUpCorrected():
                last = list(standing(told(event.plan, before)))[-1]
                found.add(says[last])
                says[last] = sequence
            case EstablishmentPlanEarlierFollowUpCorrected():
                found.add(says[event.follow_up])
                says[event.follow_up] = sequence
        before.append((id, event))
    return found


def _took_place(command: CorrectFollowUp | CorrectEarlierFollowUp, case: Case, first: date, last: date | None) -> None:
    """Its day is not before `first`, nor after `last`: follow-ups stand in the order in which they were told."""
    days.happened(case, command.followed_up_on, "followed_up_on", command.today)
    if command.followed_up_on < first:
        raise Refused("before-last-follow-up", field="followed_up_on", day=first)
    if last is not None and command.followed_up_on > last:
        raise Refused("after-next-follow-up", field="followed_up_on", day=last)


def earlier_corrected(command: CorrectEarlierFollowUp, case: Case) -> list[EstablishmentPlanEarlierFollowUpCorrected]:
    """One before the last: the plan itself stays as it is."""
    plan = plans.known(case, command.plan)
    said = FollowUp(command.followed_up_on, command.progress)
    if command.withdrawn:
        said = replace(command.stands, withdrawn=True)
    if said == command.stands:
        return []
    if not command.withdrawn:
        first = command.before.followed_up_on if command.before else plan.created_on
        _took_place(command, case, first, command.after.followed_up_on)
    return [
        EstablishmentPlanEarlierFollowUpCorrected(
            plan=command.plan,
            follow_up=command.follow_up,
            followed_up_on=said.followed_up_on,
            progress=said.progress,
            withdrawn=said.withdrawn,
        )
    ]


def last_corrected(command: CorrectFollowUp, case: Case) -> list[EstablishmentPlanFollowUpCorrected]:
    """The last one: also of a plan that has ended, whose next follow-up then stays as it was."""
    plan = plans.known(case, command.plan)
    stands = command.before if command.withdrawn else FollowUp(command.followed_up_on, command.progress)
    followed_up_on = stands.followed_up_on if stands else None
    progress = stands.progress if stands else None
    following = command.next_follow_up_on if plan.ended_on is None else plan.follow_up_on
    if (followed_up_on, progress, following) == (plan.followed_up_on, plan.progress, plan.follow_up_on):
        return []
    if plan.followed_up_on is None:
        raise Refused("plan-not-followed-up")
    since = command.before.followed_up_on if command.before else plan.created_on
    if not command.withdrawn:
        _took_place(command, case, since, plan.ended_on)
    if plan.ended_on is None:
        days.comes(following, followed_up_on or since, "next_follow_up_on")
    return [
        EstablishmentPlanFollowUpCorrected(
            plan=command.plan,
            followed_up_on=followed_up_on,
            progress=progress,
            next_follow_up_on=following,
            withdrawn=command.withdrawn,
        )
    ]
