"""When a household is no longer expected, and when that is taken back. Pure."""

from dataclasses import replace

from services.reception import days
from services.reception.case import Case
from services.reception.commands import CancelAllocation, ReinstateAllocation, WithdrawNotice
from shared.contracts.reception import AllocationCancelled, AllocationReinstated, SettlementNoticeWithdrawn
from shared.decider import Refused


def cancelled(command: CancelAllocation, case: Case) -> list[AllocationCancelled]:
    if case.kind != "allocated":
        raise Refused("not-an-allocation")
    if case.cancelled == command.reason:
        return []
    if case.cancelled is not None:
        raise Refused("case-cancelled")
    if any(member.arrived_on is not None for member in case.persons):
        raise Refused("has-arrived")
    return [AllocationCancelled(reason=command.reason)]


def reinstated(command: ReinstateAllocation, case: Case) -> list[AllocationReinstated]:
    if case.kind != "allocated":
        raise Refused("not-an-allocation")
    if case.cancelled is None:
        raise Refused("case-not-cancelled")
    # The household would be counted and waited for twice.
    if command.replaced_by is not None:
        raise Refused("allocation-replaced")
    days.happened(case, command.reinstated_on, "reinstated_on", command.today)
    return [AllocationReinstated(reinstated_on=command.reinstated_on, reason=command.reason)]


def withdrawn(command: WithdrawNotice, case: Case) -> list[SettlementNoticeWithdrawn]:
    if case.kind != "settled":
        raise Refused("not-a-notice")
    if case.cancelled == command.reason:
        return []
    days.is_open(case)
    # Whoever has been received, met or housed was there: then the notice was true, and its case can only be closed.
    if any(member.arrived_on is not None for member in case.persons):
        raise Refused("notice-came-true")
    helped = [one.withdrawn for one in case.homes] + [one.withdrawn for one in case.contacts]
    if case.plans or not all(helped):
        raise Refused("notice-has-work")
    return [SettlementNoticeWithdrawn(reason=command.reason)]


def standing(case: Case, event: AllocationCancelled | AllocationReinstated | SettlementNoticeWithdrawn) -> Case:
    """Nothing but the cancellation itself was changed by it, so nothing else comes back."""
    return replace(case, cancelled=None if isinstance(event, AllocationReinstated) else event.reason)
