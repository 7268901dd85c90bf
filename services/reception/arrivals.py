"""Who of a household arrived on which day: what may be said of it, and the case after it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.reception import days, rules
from services.reception.case import Case, Member
from services.reception.commands import CorrectArrival, RegisterArrival
from shared.contracts.reception import ArrivalCorrected, ArrivalRegistered
from shared.decider import Refused


def _named(case: Case, persons: Sequence[UUID]) -> list[Member]:
    known = {member.person: member for member in case.persons}
    if not persons:
        raise Refused("nobody-chosen", field="persons")
    if not set(persons) <= known.keys():
        raise Refused("person-not-in-household", field="persons")
    return [member for member in case.persons if member.person in set(persons)]


def _plausible_arrival(case: Case, arrived_on: date, today: date) -> None:
    if arrived_on > today:
        raise Refused("arrival-in-future", field="arrived_on", today=today)
    # A household that settled by itself is often reported afterwards; an allocated one never comes before its decision.
    settled = case.kind == "settled"
    earliest = rules.add_months(case.decided_on, -rules.LATE_NOTICE_MONTHS) if settled else case.decided_on
    if arrived_on < earliest:
        code = "arrival-long-before-notice" if settled else "arrival-before-decision"
        raise Refused(code, field="arrived_on", day=earliest)


def registered(command: RegisterArrival, case: Case) -> list[ArrivalRegistered]:
    days.is_open(case)
    _plausible_arrival(case, command.arrived_on, command.today)
    if command.persons is None:
        waiting = [member for member in case.persons if member.arrived_on is None]
        chosen = waiting or list(case.persons)
    else:
        chosen = _named(case, command.persons)
    if any(member.arrived_on not in (None, command.arrived_on) for member in chosen):
        raise Refused("already-arrived", field="persons")
    new = tuple(member.person for member in chosen if member.arrived_on is None)
    return [ArrivalRegistered(arrived_on=command.arrived_on, persons=new)] if new else []


def _before_what_followed(case: Case, arrived_on: date, persons: Sequence[UUID]) -> None:
    """Nobody has a plan that goes on from before they came, nor comes to a case that is closed."""
    planned = [plan.created_on for plan in case.plans if plan.person in persons and plan.ended_on is None]
    if planned and arrived_on > min(planned):
        raise Refused("arrival-after-plan", field="arrived_on", day=min(planned))
    if case.closed is not None and arrived_on > case.closed.closed_on:
        raise Refused("arrival-after-closing", field="arrived_on", day=case.closed.closed_on)


def corrected(command: CorrectArrival, case: Case) -> list[ArrivalCorrected]:
    if (command.arrived_on is None) != (command.reason != "wrong-date"):
        code = "day-missing" if command.arrived_on is None else "day-not-wanted"
        raise Refused(code, field="arrived_on")
    if command.arrived_on is not None:
        _plausible_arrival(case, command.arrived_on, command.today)
    chosen = _named(case, command.persons)
    other = [member for member in chosen if member.arrived_on != command.arrived_on]
    if any(member.arrived_on is None for member in other):
        raise Refused("not-arrived-yet", field="persons")
    if not other:
        return []
    persons = tuple(member.person for member in other)
    if command.arrived_on is not None:
        _before_what_followed(case, command.arrived_on, persons)
    else:
        # Who has not arrived is waited for again, and has no plan.
        if case.closed is not None:
            raise Refused("case-closed")
        if any(plan.person in persons and plan.ended_on is None for plan in case.plans):
            raise Refused("person-has-plan", field="persons")
    return [ArrivalCorrected(arrived_on=command.arrived_on, reason=command.reason, persons=persons)]


def arrived(case: Case, arrived_on: date | None, persons: Sequence[UUID]) -> Case:
    changed = (replace(m, arrived_on=arrived_on) if m.person in set(persons) else m for m in case.persons)
    return replace(case, persons=tuple(changed))
