"""What is shown of cases and imports, the same for the API and for pages. Nothing is personal but `persons_view`."""

import base64
import re
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.reception import store, store_casework
from services.reception.case import Case, Plan
from services.reception.handlers import Doing
from services.reception.imports import store as imports
from services.reception.imports.columns import SWEDISH
from services.reception.sight import Sight
from services.reception.steps import steps
from services.reception.struck import taken_back
from shared import journal
from shared.database import Connection
from shared.web.mistakes import kind
from shared.web.problems import Problem
from shared.web.texts import Texts

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
        "allocation_number": row["allocation_number"],
        **{name: row[name] for name in _SHOWN},
        "days_left": (row["receive_by"] - today).days if waits else None,
        "household": row["household"],
        "arrived": row["arrived"],
        "cancelled": row["cancelled"],
    }


def cursor(row: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(f"{row['deadline']}/{row['id']}".encode()).decode()


def read_cursor(text: str | None) -> tuple[date, UUID] | None:
    if text is None:
        return None
    try:
        day, _, case_id = base64.urlsafe_b64decode(text.encode()).decode().partition("/")
        return date.fromisoformat(day), UUID(case_id)
    except ValueError:
        raise Problem(400, "cursor-malformed", field="query:after") from None


async def case_list(
    conn: Connection, sight: Sight, today: date, status: str, kind: str | None, after: str | None, limit: int
) -> dict[str, Any]:
    rows = await store.cases(conn, sight, status, kind, read_cursor(after), limit + 1)
    following = cursor(rows[limit - 1]) if len(rows) > limit else None
    return {"cases": [case_row(row, today) for row in rows[:limit]], "next": following}


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
    struck = taken_back([(entry.recorded.sequence, entry.recorded.event()) for entry in entries])
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
        "plans": [_PLAN.dump_python(plan) for plan in case.plans] if mine else [],
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


def taken_out(case: dict[str, Any]) -> set[UUID]:
    """The homes and contacts of a seen case that did not come to be."""
    return {home["housing"] for home in case["homes"] if home["withdrawn"]} | {
        contact["contact"] for contact in case["contacts"] if contact["withdrawn"]
    }


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


def told(fault: dict[str, Any], texts: Texts, lang: str) -> tuple[str, str]:
    """What and how to mend, in words. Dates among the facts were kept as text."""
    facts = {name: _day(value) for name, value in fault["facts"].items()}
    key = f"{fault['kind']}.{fault['code']}"
    if not texts.has(f"{key}.what"):
        key = f"mistake.{kind({'type': fault['code'].replace('-', '_')}, texts)}"
    if fault["kind"] == "mistake":
        facts = {"limit": "", "choices": ""} | facts
    return texts.get(lang, f"{key}.what", **facts), texts.get(lang, f"{key}.mend", **facts)


def _day(value: object) -> object:
    is_day = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
    return date.fromisoformat(str(value)) if is_day else value


def import_view(found: dict[str, Any], texts: Texts, lang: str) -> dict[str, Any]:
    """Progress of one import. The reason why a file was refused, in words."""
    reason = found["reason"]
    if reason is not None:
        facts = reason["facts"]
        reason = {
            "code": reason["code"],
            "what": texts.get(lang, f"refusal.{reason['code']}.what", **facts),
            "mend": texts.get(lang, f"refusal.{reason['code']}.mend", **facts),
        }
    names = ("state", "format", "rows", "households", "done", "accepted", "known", "changed", "refused", "undecided")
    return {
        "import": found["id"],
        **{name: found[name] for name in names},
        "unused_columns": found["unused"],
        "reason": reason,
        "uploaded_at": found["uploaded_at"],
        "uploaded_by": found["uploaded_by"],
        "finished_at": found["finished_at"],
    }


async def import_rows(
    conn: Connection, import_id: UUID, outcome: str | None, after: int, limit: int, texts: Texts, lang: str
) -> dict[str, Any]:
    """The row report: a line per household, and one per fault of those that were refused. No names, no values."""
    if await imports.progress(conn, import_id) is None:
        raise Problem(404, "unknown-import")
    found = await imports.outcomes(conn, import_id, outcome, after, limit + 1)
    rows = []
    for one in found[:limit]:
        row = {
            "line": one["line"],
            "cell": None,
            "column": None,
            "allocation_number": one["allocation_number"],
            "outcome": one["outcome"],
            "code": None,
            "what": None,
            "mend": None,
            "case": one["case_id"],
            "conflict": one["conflict_id"],
        }
        if one["cancelled"]:
            code = "allocation-cancelled"
            row |= {"code": code} | {part: texts.get(lang, f"refusal.{code}.{part}") for part in ("what", "mend")}
        for fault in one["faults"]:
            what, mend = told(fault, texts, lang)
            place = {"line": fault["line"], "cell": fault["cell"], "column": label(fault["name"], texts, lang)}
            rows.append(row | place | {"code": fault["code"], "what": what, "mend": mend})
        if not one["faults"]:
            rows.append(row)
    return {"rows": rows, "next": found[limit - 1]["ordinal"] if len(found) > limit else None}


def label(name: str, texts: Texts, lang: str) -> str | None:
    """`persons/2/name` or `receive_by` as a reader knows it."""
    if not name:
        return None
    parts = name.split("/")
    if parts[0] == "persons" and len(parts) == 3:
        field = texts.get(lang, f"field.{parts[2]}.label") if parts[2] in SWEDISH else parts[2]
        return texts.get(lang, "conflict.person-field", n=int(parts[1]), field=field)
    if name in SWEDISH:
        return texts.get(lang, f"field.{name}.label")
    key = f"conflict.{name}"
    return texts.get(lang, key) if texts.has(key) else name
