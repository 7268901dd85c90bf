"""The dashboard's counts the slow way: every household's story read from its beginning, one person at a time.

Written apart from the projection and the SQL, so that all three must agree.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.reporting.figures import Counted
from shared.contracts.envelope import Fact


@dataclass
class Household:
    allocated: bool
    category: str = ""
    quota_year: int | None = None
    decided_on: date = date.min
    receive_by: date | None = None
    replacement: bool = False
    cancelled: bool = False
    minors: dict[UUID, bool] = field(default_factory=dict)
    people: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    arrived: dict[UUID, date | None] = field(default_factory=dict)


def households(facts: Iterable[Fact]) -> list[Household]:
    found: dict[UUID, Household] = {}
    for fact in facts:
        said: Any = fact.event
        kind = fact.event.type.split(".")[1]
        if kind in {"allocation-received", "settlement-notified"}:
            found[fact.subject] = Household(kind == "allocation-received")
        case = found.get(fact.subject)
        if case is None:
            continue
        if kind in {"allocation-received", "allocation-corrected", "settlement-notified"}:
            case.category = said.category
            case.decided_on = getattr(said, "decided_on", None) or said.notified_on
            case.quota_year, case.receive_by = getattr(said, "quota_year", None), getattr(said, "receive_by", None)
            case.replacement = case.replacement or getattr(said, "replaces", None) is not None
            case.minors = {p.person: p.unaccompanied_minor for p in said.persons}
            case.people = {p.person: (p.sex, p.age_band) for p in said.persons}
            case.arrived = {p.person: case.arrived.get(p.person) for p in said.persons}
        elif kind in {"allocation-cancelled", "allocation-reinstated", "settlement-notice-withdrawn"}:
            case.cancelled = kind != "allocation-reinstated"
        elif kind in {"arrival-registered", "arrival-corrected"}:
            case.arrived |= dict.fromkeys(said.persons, said.arrived_on)
    return list(found.values())


def two_months_after(day: date) -> date:
    year, month = (day.year, day.month + 2) if day.month <= 10 else (day.year + 1, day.month - 10)
    return (
        next(date(year, month, d) for d in range(day.day, 27, -1) if _is_date(year, month, d))
        if day.day > 28
        else (date(year, month, day.day))
    )


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def recount(facts: Iterable[Fact], today: date) -> Counted:
    """What `store.counted` must say after `facts`."""
    facts = list(facts)
    received: Counter[Any] = Counter()
    minors: Counter[Any] = Counter()
    people: Counter[Any] = Counter()
    quota: Counter[Any] = Counter()
    days: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    waiting: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for case in households(facts):
        for person, day in case.arrived.items():
            if day:
                received[day.year, day.month, case.category] += 1
                minors[day.year, day.month, case.category] += case.minors[person]
                people[(day.year, *case.people[person])] += 1
            if not case.allocated:
                continue
            if case.category != "temporary-protection" or case.decided_on >= date(2024, 6, 17):
                when = (day.year, day.month) if day else (None, None)
                quota[(case.quota_year, *when, case.cancelled, case.replacement)] += 1
            if day:
                group = days[day.year, (day - case.decided_on).days]
                group[0] += 1
                group[1] += day <= two_months_after(case.decided_on)
                group[2] += day <= case.receive_by  # type: ignore[operator]
        absent = [person for person, day in case.arrived.items() if day is None]
        if case.allocated and not case.cancelled and absent:
            assert case.receive_by
            waiting[(case.receive_by - today).days][0] += 1
            waiting[(case.receive_by - today).days][1] += len(absent)
    targets = [
        (fact.event.quota_year, fact.event.target, fact.event.decided_on)  # type: ignore[attr-defined]
        for fact in sorted(facts, key=lambda f: (f.subject, f.sequence))
        if fact.event.type == "reception.quota-set.v1"
    ]
    nominations = Counter(
        (fact.event.prize_year, fact.event.nominee_kind)  # type: ignore[attr-defined]
        for fact in facts
        if fact.event.type == "awards.nomination-submitted.v1"
    )
    return Counted(
        received=sorted((*key, n, minors[key]) for key, n in received.items()),
        people=sorted((*key, n) for key, n in people.items()),
        quota=sorted(((*key, n) for key, n in quota.items()), key=str),
        targets=sorted(targets, key=lambda t: t[0]),
        days=sorted((*key, *n) for key, n in days.items()),
        waiting=sorted((left, *n) for left, n in waiting.items()),
        nominations=sorted((*key, n) for key, n in nominations.items()),
        notifications=_notifications(facts),
    )


def _notifications(facts: list[Fact]) -> list[tuple[Any, ...]]:
    stories: defaultdict[UUID, list[Any]] = defaultdict(list)
    times: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for fact in facts:
        if fact.source == "notifications" and not fact.event.type.startswith("notifications.notification-settled."):
            stories[fact.subject].append(fact.event)
            times[fact.subject].append(fact.at)
    groups: Counter[Any] = Counter()
    for subject, story in stories.items():
        handed = [event for event in story if hasattr(event, "channel")]
        last = handed[-1] if handed else None
        key = story[0].rule, last.channel if last else "inbox"
        groups[(*key, "all")] += 1
        groups[(*key, "sent")] += last is not None and hasattr(last, "caused_at")
        groups[(*key, "failed")] += last is not None and hasattr(last, "reason")
        groups[(*key, "read")] += any(not hasattr(event, "channel") for event in story)
        sent = [(_waited(event, at), at) for event, at in zip(story, times[subject], strict=True) if _is_sent(event)]
        read = [at for event, at in zip(story, times[subject], strict=True) if not hasattr(event, "channel")]
        groups[(*key, "soon")] += bool(sent) and sent[-1][0] <= timedelta(seconds=10)
        groups[(*key, "same day")] += bool(sent and read) and read[-1] - sent[-1][1] <= timedelta(days=1)
    keys = {key[:2] for key in groups}
    return sorted((*key, *(groups[(*key, what)] for what in STEPS)) for key in keys)


STEPS = ("all", "sent", "failed", "read", "soon", "same day")


def _waited(event: Any, at: datetime) -> timedelta:
    """How long it waited when it was due, in real time; before that was measured, since its cause."""
    known = event.waited_ms is not None
    return timedelta(milliseconds=event.waited_ms) if known else at - event.caused_at


def _is_sent(event: Any) -> bool:
    return hasattr(event, "caused_at")
