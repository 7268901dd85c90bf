"""What is shown of imports and their conflicts, the same for the API and for pages. Nothing is personal."""

import re
from datetime import date
from typing import Any
from uuid import UUID

from services.reception.imports import store as imports
from services.reception.imports.columns import SWEDISH
from shared.database import Connection
from shared.web.mistakes import kind
from shared.web.problems import Problem
from shared.web.texts import Texts


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
