"""What is shown of cases, the same for the API and for pages. Nothing is personal but `persons_view`."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from services.reception import follow_ups, store, store_casework
from services.reception.case import Case, Plan
from services.reception.handlers import Doing
from services.reception.imports import store as imports
from services.reception.sight import Sight
from services.reception.steps import steps
from services.reception.struck import taken_back
from shared import journal
from shared.case_number import case_number
from shared.contracts.event import Event
from shared.database import Connection
from shared.web.problems import Problem
from shared.web.texts import TOWN

At = TypeVar("At", bound=date)
_PLAN = TypeAdapter(Plan)
_SHOWN = ("category", "quota_year", "decided_on", "receive_by")


def case_row(row: dict[str, Any], today: date) -> dict[str, Any]:
    """A line of the list."""
    waits = row["status"] in {"open", "partly-arrived"} and row["receive_by"] is not None
    return {
        "case": row["id"],
        "version": row["sequence"],
        "kind": row["kind"],
        "status": row["status"],
        "case_number": case_number(row["id"]),
        "allocation_number": row["allocation_number"],
        **{name: row[name] for name in _SHOWN},
        "days_left": (row["receive_by"] - today).days if waits else None,
        "household": row["household"],
        "arrived": row["arrived"],
        "cancelled": row["cancelled"],
    }


def cursor(row: dict[str, Any]) -> str:
    """Where a list by deadline goes on after this row."""
    return _place(row["deadline"], row["id"])


def _place(at: date, case_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}/{case_id}".encode()).decode()


def read_cursor(text: str | None) -> tuple[date, UUID] | None:
    return None if text is None else _read_place(text, date.fromisoformat)


def _read_place(text: str, read: Callable[[str], At]) -> tuple[At, UUID]:
    try:
        at, _, case_id = base64.urlsafe_b64decode(text.encode()).decode().partition("/")
        return read(at), UUID(case_id)
    except ValueError:
        raise Problem(400, "cursor-malformed", field="query:after") from None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without its zone")
    return at


async def case_list(
    conn: Connection, sight: Sight, today: date, status: str, kind: str | None, after: str | None, limit: int
) -> dict[str, Any]:
    """By deadline."""
    rows = await store.cases(conn, sight, status, kind, read_cursor(after), limit + 1)
    following = cursor(rows[limit - 1]) if len(rows) > limit else None
    return {"cases": [case_row(row, today) for row in rows[:limit]], "next": following}


async def cancelled_list(conn: Connection, sight: Sight, today: date, after: str | None, limit: int) -> dict[str, Any]:
    """What was cancelled last, first."""
    rows = await store.cancelled(conn, sight, _read_place(after, _instant) if after is not None else None, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    shown = [
        case_row(row, today) | {"cancelled_on": row["cancelled_at"].astimezone(TOWN).date()} for row in rows[:limit]
    ]
    return {"cases": shown, "next": _place(last["cancelled_at"], last["id"]) if last else None}


async def seen_case(conn: Connection, sight: Sight, case_id: UUID) -> tuple[store.Loaded, Case]:
    """A case that may be known of; any other is unknown."""
    loaded = await store.find(conn, case_id)
    if loaded is None or not sight.sees(loaded.case):
        raise Problem(404, "unknown-case")
    return loaded, loaded.case


# What the help to a household consists of: for those who work with the case.
_HELP = re.compile(r"reception\.(establishment-plan|contact)-")


async def case_view(conn: Connection, sight: Sight, today: date, case_id: UUID) -> dict[str, Any]:
    """The case with its household's statistics and its timeline; plans and contacts for who works with it."""
    loaded, case = await seen_case(conn, sight, case_id)
    mine = sight.works_with(case)
    row = {
        "id": case_id,
        "sequence": loaded.sequence,
        "kind": case.kind,
        "status": case.status,
        "allocation_number": loaded.allocation_number,
        **{name: getattr(case, name) for name in _SHOWN},
        "household": len(case.persons),
        "arrived": sum(member.arrived_on is not None for member in case.persons),
        "cancelled": case.cancelled,
    }
    entries = await journal.history(conn, "reception", case_id)
    entries = [entry for entry in entries if mine or not _HELP.match(entry.recorded.type)]
    subs = {entry.actor for entry in entries}
    subs |= {getattr(entry.recorded.event(), "caseworker", entry.actor) for entry in entries}
    subs |= {case.caseworker} if case.caseworker else set()
    names = await store_casework.colleagues(conn, subs)
    waiting = steps(case)
    happened = [(entry.recorded.id, entry.recorded.sequence, entry.recorded.event()) for entry in entries]
    struck = taken_back(happened)
    lost = sight.every and case.kind == "allocated" and case.cancelled is not None
    replaced_by = await store.replacement_of(conn, case_id) if lost else None
    others = {id: await store.find(conn, id) for id in (case.replaces, replaced_by) if id}
    numbers = {id: other.allocation_number for id, other in others.items() if other}
    return case_row(row, today) | {
        "replaces": case.replaces,
        "replaces_number": numbers.get(case.replaces) if case.replaces else None,
        "replaced_by": replaced_by,
        "replaced_by_number": numbers.get(replaced_by) if replaced_by else None,
        "caseworker": case.caseworker,
        "caseworker_name": names.get(case.caseworker or ""),
        "unit": case.unit,
        "steps": [asdict(step) for step in waiting if mine or step.what in {"receive", "housing"}],
        "homes": [asdict(home) for home in case.homes],
        "plans": [_plan(plan, [(id, event) for id, _, event in happened]) for plan in case.plans] if mine else [],
        "contacts": [asdict(contact) for contact in case.contacts] if mine else [],
        "closed": asdict(case.closed) if case.closed else None,
        "persons": [
            {
                "person": member.person,
                "sex": member.sex,
                "age_band": member.age_band,
                "unaccompanied_minor": member.unaccompanied_minor,
                "arrived_on": member.arrived_on,
            }
            for member in case.persons
        ],
        "timeline": [
            {
                "sequence": entry.recorded.sequence,
                "type": entry.recorded.type,
                "at": entry.recorded.at,
                "recorded_at": entry.recorded.recorded_at,
                "actor": entry.actor,
                "actor_name": names.get(entry.actor),
                "to_name": names.get(getattr(entry.recorded.event(), "caseworker", "")),
                "struck": entry.recorded.sequence in struck,
                "facts": entry.recorded.event().model_dump(exclude={"persons"}),
                "persons": len(getattr(entry.recorded.event(), "persons", ())),
            }
            for entry in entries
        ],
    }


def _plan(plan: Plan, history: Sequence[tuple[UUID, Event]]) -> dict[str, Any]:
    """The plan with its follow-ups, the last one last; those that did not come to pass are marked."""
    told = follow_ups.told(plan.plan, history)
    facts: dict[str, Any] = _PLAN.dump_python(plan)
    return facts | {"follow_ups": [{"follow_up": id} | asdict(one) for id, one in told.items()]}


async def persons_view(doing: Doing, case_id: UUID, *, protected: bool = False) -> dict[str, Any]:
    """Who they are and where they live. The look is recorded.

    A protected identity is hidden, and with it the address of the household, until it is asked for (`protected`) by
    the assigned caseworker or the manager.
    """
    sight = await doing.sight()
    loaded, case = await seen_case(doing.tx, sight, case_id)
    if protected and not sight.protected(case):
        raise Problem(403, "protected-not-for-you")
    undecided = bool(sight.every and await imports.conflicts(doing.tx, case_id=case_id, undecided=True))
    if not sight.names(case, undecided):
        persons: list[dict[str, Any]] = [{"person": member.person, "hidden": True} for member in case.persons]
        return {"case": case_id, "version": loaded.sequence, "persons": persons, "addresses": {}, "protected": False}
    known = (await doing.desk.open(doing.tx, [case_id]))[case_id]
    secret = any(one.content is not None and one.content.protected for one in known)
    persons = []
    for one in known:
        if one.content is None or (one.content.protected and not protected):
            persons.append({"person": one.person, "hidden": True})
        else:
            persons.append({"person": one.person, "hidden": False, **one.content.model_dump()})
    where: dict[UUID, str] = {}
    if sight.works_with(case) and (protected or not secret):
        where = await doing.desk.addresses(doing.tx, case_id)
    seen = [person["person"] for person in persons if not person["hidden"]]
    await doing.looked("view", [case_id], seen, "protected" if protected else None)
    return {
        "case": case_id,
        "version": loaded.sequence,
        "persons": persons,
        "addresses": where,
        "protected": secret,
    }
