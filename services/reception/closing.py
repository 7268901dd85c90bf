"""When a case ends, and when it is taken up again. Pure."""

from dataclasses import replace
from datetime import date

from services.reception import days
from services.reception.case import Case, Closing
from services.reception.commands import CloseCase, ReopenCase
from shared.contracts.casework import CaseClosed, CaseReopened
from shared.decider import Refused


def closed(command: CloseCase, case: Case) -> list[CaseClosed]:
    if case.closed == Closing(command.closed_on, command.reason):
        return []
    days.is_open(case)
    days.happened(case, command.closed_on, "closed_on", command.today)
    # An allocation that somebody is waited for is cancelled, corrected or received; it is not put away.
    if case.kind == "allocated" and case.status != "arrived":
        raise Refused("not-everybody-arrived")
    if any(plan.ended_on is None for plan in case.plans):
        raise Refused("plan-open")
    last = _last(case)
    if last is not None and command.closed_on < last:
        raise Refused("happened-later", field="closed_on", day=last)
    return [CaseClosed(closed_on=command.closed_on, reason=command.reason)]


def _last(case: Case) -> date | None:
    """The latest day that something came to pass in the case."""
    happened = [
        *(member.arrived_on for member in case.persons if member.arrived_on is not None),
        *(plan.ended_on for plan in case.plans if plan.ended_on is not None),
        *(one.contacted_on for one in case.contacts if not one.withdrawn),
        *(home.secured_on for home in case.homes if not home.withdrawn),
    ]
    return max(happened, default=None)


def reopened(command: ReopenCase, case: Case) -> list[CaseReopened]:
    if case.closed is None:
        raise Refused("case-not-closed")
    if command.reopened_on > command.today:
        raise Refused("day-in-future", field="reopened_on", today=command.today)
    if command.reopened_on < case.closed.closed_on:
        raise Refused("before-closing", field="reopened_on", day=case.closed.closed_on)
    return [CaseReopened(reopened_on=command.reopened_on, reason=command.reason)]


def standing(case: Case, event: CaseClosed | CaseReopened) -> Case:
    if isinstance(event, CaseReopened):
        return replace(case, closed=None)
    return replace(case, closed=Closing(event.closed_on, event.reason))
