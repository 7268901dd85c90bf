"""Who works with a case. Pure."""

from services.reception import days
from services.reception.case import Case
from services.reception.commands import AssignCase
from shared.contracts.casework import CaseAssigned
from shared.decider import Refused


def assigned(command: AssignCase, case: Case) -> list[CaseAssigned]:
    days.is_open(case)
    if (case.caseworker, case.unit) == (command.caseworker, command.unit):
        return []
    if (case.caseworker is None) != (command.reason == "first"):
        raise Refused("assignment-first" if case.caseworker is None else "assignment-not-first", field="reason")
    return [
        CaseAssigned(caseworker=command.caseworker, previous=case.caseworker, unit=command.unit, reason=command.reason)
    ]
