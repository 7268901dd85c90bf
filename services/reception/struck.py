"""What of a case's history was taken back or corrected later, so that a timeline strikes it. Pure."""

from collections.abc import Iterable
from itertools import islice

from shared.contracts.casework import (
    CaseClosed,
    CaseReopened,
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
    EstablishmentPlanReopened,
    HousingCorrected,
    HousingSecured,
)
from shared.contracts.event import Event
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    AllocationReinstated,
    ArrivalCorrected,
    ArrivalRegistered,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)


def taken_back(history: Iterable[tuple[int, Event]]) -> set[int]:
    """The sequences of those events that a later one says otherwise of."""
    struck: set[int] = set()
    standing: list[tuple[int, Event]] = []
    for sequence, event in history:
        struck |= {earlier for earlier, said in standing if _corrects(event, said)}
        left = (earlier for earlier, said in reversed(standing) if earlier not in struck and _undoes(event, said))
        struck |= set(islice(left, 1))
        standing.append((sequence, event))
    return struck


def _undoes(later: Event, earlier: Event) -> bool:
    """Whether the newest such `earlier` should not have been; those before it came to pass."""
    match later, earlier:
        case CaseReopened(reason="closed-in-error"), CaseClosed():
            return True
        case AllocationReinstated(reason="cancelled-in-error"), AllocationCancelled():
            return True
        case SettlementNoticeWithdrawn(), SettlementNotified():
            return True
        case EstablishmentPlanFollowUpCorrected(), EstablishmentPlanFollowedUp():
            return later.plan == earlier.plan
        case EstablishmentPlanFollowUpCorrected(), EstablishmentPlanFollowUpCorrected(withdrawn=False):
            return later.plan == earlier.plan
    return False


def _corrects(later: Event, earlier: Event) -> bool:
    match later, earlier:
        case ContactCorrected(), ContactRecorded() | ContactCorrected():
            return later.contact == earlier.contact
        case HousingCorrected(), HousingSecured() | HousingCorrected():
            return later.housing == earlier.housing
        case EstablishmentPlanReopened(), EstablishmentPlanEnded():
            return later.plan == earlier.plan
        case ArrivalCorrected(), ArrivalRegistered() | ArrivalCorrected():
            return set(earlier.persons) <= set(later.persons)
        case AllocationCorrected(), AllocationReceived() | AllocationCorrected():
            return True
    return False
