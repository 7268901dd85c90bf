"""Casework counted the slow way: every case's story from its beginning, one person, contact and plan at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.reporting.figures_casework import Worked
from shared.contracts.envelope import Fact


@dataclass
class Story:
    """What is known of one case. A plan: person, created on, ended on, outcome."""

    ages: dict[UUID, str] = field(default_factory=dict)
    arrived: dict[UUID, date] = field(default_factory=dict)
    plans: dict[UUID, list[Any]] = field(default_factory=dict)
    contacts: dict[UUID, Any] = field(default_factory=dict)
    homes: dict[UUID, Any] = field(default_factory=dict)
    caseworker: str | None = None
    closed_on: date | None = None
    cancelled: bool = False


def stories(facts: Iterable[Fact]) -> list[Story]:
    found: dict[UUID, Story] = {}
    for fact in facts:
        said: Any = fact.event
        source, kind, _ = fact.event.type.split(".")
        if source != "reception" or kind == "quota-set":
            continue
        case = found.setdefault(fact.subject, Story())
        if kind in {"allocation-received", "allocation-corrected", "settlement-notified"}:
            case.ages = {p.person: p.age_band for p in said.persons}
            case.arrived = {p: day for p, day in case.arrived.items() if p in case.ages}
        elif kind in {"allocation-cancelled", "allocation-reinstated", "settlement-notice-withdrawn"}:
            case.cancelled = kind != "allocation-reinstated"
        elif kind in {"arrival-registered", "arrival-corrected"}:
            for person in said.persons:
                case.arrived.pop(person, None)
                if said.arrived_on is not None:
                    case.arrived[person] = said.arrived_on
        elif kind == "case-assigned":
            case.caseworker = said.caseworker
        elif kind in {"case-closed", "case-reopened"}:
            case.closed_on = getattr(said, "closed_on", None)
        elif kind in {"establishment-plan-created", "establishment-plan-corrected"}:
            plan = case.plans.setdefault(said.plan, [None, None, None, None])
            plan[:2] = said.person, said.created_on
        elif kind in {"establishment-plan-ended", "establishment-plan-reopened"}:
            case.plans[said.plan][2:] = getattr(said, "ended_on", None), getattr(said, "outcome", None)
        elif kind.startswith("contact-"):
            case.contacts[said.contact] = said
        elif kind.startswith("housing-"):
            case.homes[said.housing] = said
    return list(found.values())


def recount_casework(facts: Iterable[Fact], today: date) -> Worked:
    """What `store_casework.worked` must say after `facts`."""
    plans: Counter[Any] = Counter()
    outcomes: Counter[Any] = Counter()
    contacts: Counter[Any] = Counter()
    silent: Counter[Any] = Counter()
    caseload: Counter[Any] = Counter()
    homes: Counter[Any] = Counter()
    for case in stories(facts):
        for person, day in case.arrived.items():
            if case.ages[person] in {"0-17", "65+"} or day < date(2018, 1, 1):
                continue
            due = day + timedelta(days=60)
            first = min((plan[1] for plan in case.plans.values() if plan[0] == person), default=None)
            if first is not None:
                plans[day.year, "in-time" if first <= due else "late"] += 1
            elif case.closed_on is None or case.closed_on > due:
                plans[day.year, "overdue" if due < today else "waiting"] += 1
        for plan in case.plans.values():
            if plan[2] is not None:
                outcomes[plan[2].year, plan[3]] += 1
        real = [one for one in case.contacts.values() if not getattr(one, "withdrawn", False)]
        for one in real:
            contacts[one.contacted_on.year, one.contacted_on.month, one.outcome] += 1
        for home in case.homes.values():
            if not getattr(home, "withdrawn", False):
                homes[home.secured_on.year, home.kind] += 1
        if case.closed_on is None:
            if case.arrived:
                last = max((one.contacted_on for one in real), default=min(case.arrived.values()))
                silent[(today - last).days] += 1
            if not case.cancelled:
                caseload[case.caseworker] += 1

    def listed(count: Counter[Any]) -> list[tuple[Any, ...]]:
        rows = [(*(key if isinstance(key, tuple) else (key,)), n) for key, n in count.items()]
        return sorted(rows, key=str)

    return Worked(*map(listed, (plans, outcomes, contacts, silent, caseload, homes)))
