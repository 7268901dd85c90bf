"""What of a case's history was taken back or corrected later, so that a timeline strikes it. Pure."""

from collections.abc import Iterable

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
from shared.contracts.reception import AllocationCorrected, AllocationReceived, ArrivalCorrected, ArrivalRegistered


def taken_back(history: Iterable[tuple[int, Event]]) -> set[int]:
    """The sequences of those events that a later one says otherwise of."""
    struck: set[int] = set()
    standing: list[tuple[int, Event]] = []
    for sequence, event in history:
        struck |= {earlier for earlier, said in standing if _corrects(event, said)}
        standing.append((sequence, event))
    return struck


def _corrects(later: Event, earlier: Event) -> bool:
    match later, earlier:
        case ContactCorrected(), ContactRecorded() | ContactCorrected():
            return later.contact == earlier.contact
        case HousingCorrected(), HousingSecured() | HousingCorrected():
            return later.housing == earlier.housing
        case EstablishmentPlanReopened(), EstablishmentPlanEnded():
            return later.plan == earlier.plan
        case CaseReopened(reason="closed-in-error"), CaseClosed():
            return True
        case ArrivalCorrected(), ArrivalRegistered() | ArrivalCorrected():
            return set(earlier.persons) <= set(later.persons)
        case AllocationCorrected(), AllocationReceived() | AllocationCorrected():
            return True
    return False
