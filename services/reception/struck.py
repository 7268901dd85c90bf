"""What of a case's history was taken back or corrected later, so that a timeline strikes it. Pure."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from services.reception import follow_ups
from shared.contracts.casework import (
    CaseClosed,
    CaseReopened,
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanEnded,
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


def taken_back(history: Sequence[tuple[UUID, int, Event]]) -> set[int]:
    """The sequences of those events (with their ids and sequences) that a later one says otherwise of."""
    struck = follow_ups.struck(history)
    standing: list[tuple[int, Event]] = []
    for _, sequence, event in history:
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
