"""A file's rows as households, each whole and without a fault, or with every fault it has. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.reception.bodies import AllocationBody
from services.reception.imports import columns as reading
from services.reception.imports.tables import MOST_ROWS, FileRefused, Format, Row, Table, read_csv
from services.reception.imports.workbooks import address, read_xlsx
from services.reception.numbers import allocation_number
from shared.decider import Refused

BOUNDS = ("gt", "ge", "lt", "le", "min_length", "max_length")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `line` of the file (in JSON the household's number), `cell` of a sheet, our `name`.

    `kind` says whose text the code has: `mistake` (of the form), or `refusal` (a rule's).
    """

    line: int
    name: str
    kind: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One household of a file. `body` is there exactly when there are no faults; `at` gives the columns' positions.

    `nearly` is the household with harmless values where it is `wrong`, so that rules can be asked of the rest.
    """

    line: int
    allocation_number: str | None
    body: AllocationBody | None = field(repr=False)
    faults: tuple[Fault, ...]
    lines: tuple[int, ...]
    at: Mapping[str, int] = field(default_factory=dict)
    sheet: bool = False
    nearly: AllocationBody | None = field(default=None, repr=False)
    wrong: frozenset[str] = frozenset()

    def place(self, where: str, given: Mapping[str, int] | None = None) -> tuple[int, str, str | None]:
        """Line, field and cell of `persons/2/name` or `receive_by`."""
        line, name = self.line, where
        parts = where.split("/")
        if parts[0] == "persons" and len(parts) == 3 and parts[1].isdigit():
            if not self.at:
                return line, f"persons/{int(parts[1]) + 1}/{parts[2]}", None
            line, name = self.lines[int(parts[1])], parts[2]
        elif given and name in given:
            line = given[name]
        cell = address(line, self.at[name]) if self.sheet and name in self.at else None
        return line, name, cell

    def refused(self, refusals: Sequence[Refused]) -> list[Fault]:
        """A rule's no, at its place in the file."""
        found = []
        for refusal in refusals:
            line, name, cell = self.place(refusal.field or "")
            facts = {key: value for key, value in refusal.facts.items()}
            found.append(Fault(line, name, "refusal", refusal.code, facts, cell))
        return found


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file read to its end."""

    rows: int
    drafts: tuple[Draft, ...]
    unused: tuple[str, ...] = ()


def parse(content: bytes, format: Format) -> Parsed:
    """Raises FileRefused, and nothing else whatever the bytes are."""
    match format:
        case "json":
            return _from_json(content)
        case "xlsx":
            return _from_table(read_xlsx(content))
        case "csv":
            return _from_table(read_csv(content))


def _from_table(table: Table) -> Parsed:
    columns = reading.columns(table.head)
    if not table.rows:
        raise FileRefused("file-no-rows")
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        number = allocation_number(_cell(row, columns.at["allocation_number"]))
        # A row without a number of a decision belongs to nobody: it is refused by itself.
        groups.setdefault(number or f" {row.line}", []).append(row)
    drafts = [_draft(rows, columns, table.format == "xlsx") for rows in groups.values()]
    unused = tuple(address(1, position)[:-1] for position in columns.unused)
    return Parsed(len(table.rows), tuple(drafts), unused)


def _cell(row: Row, position: int) -> str:
    return row.cells[position].strip() if position < len(row.cells) else ""


def _draft(rows: Sequence[Row], columns: reading.Columns, sheet: bool) -> Draft:
    number = allocation_number(_cell(rows[0], columns.at["allocation_number"]))
    draft = Draft(rows[0].line, number, None, (), tuple(row.line for row in rows), columns.at, sheet)
    faults = list(_row_faults(draft, rows, columns))
    given: dict[str, int] = {}
    content: dict[str, Any] = {}
    for name in reading.HOUSEHOLD:
        for row in rows:
            text = _cell(row, columns.at[name]) if name in columns.at else ""
            if not text:
                continue
            value = number if name == "allocation_number" and number else reading.value(name, text)
            if name not in content:
                content[name], given[name] = value, row.line
            elif content[name] != value:
                cell = address(row.line, columns.at[name]) if sheet else None
                facts = {"line": given[name]}
                faults.append(Fault(row.line, name, "mistake", "differs-within-household", facts, cell))
    content["persons"] = [
        {
            name: reading.value(name, text)
            for name in reading.PERSON
            if name in columns.at and (text := _cell(row, columns.at[name]))
        }
        for row in rows
    ]
    return _validated(draft, content, faults, given)


def _row_faults(draft: Draft, rows: Sequence[Row], columns: reading.Columns) -> Iterator[Fault]:
    names = {position: name for name, position in columns.at.items()}
    width = max([*columns.at.values(), *columns.unused])
    for row in rows:
        for position in sorted(row.formulas & names.keys()):
            yield Fault(row.line, names[position], "mistake", "formula", {}, address(row.line, position))
        if any(cell.strip() for cell in row.cells[width + 1 :]):
            yield Fault(row.line, "", "mistake", "too-many-cells")


def _validated(draft: Draft, content: object, faults: list[Fault], given: Mapping[str, int]) -> Draft:
    """Runs the model that the API runs; its errors become faults at their places."""
    body = nearly = None
    wrong: set[str] = set()
    taken = {(fault.line, fault.name) for fault in faults if fault.code == "formula"}
    try:
        body = AllocationBody.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        wrong = {_where(item["loc"]) for item in found}
        nearly = _nearly(content, [item["loc"] for item in found])
        for item in found:
            line, name, cell = draft.place(_where(item["loc"]), given)
            if (line, name) in taken:
                continue
            context = item.get("ctx") or {}
            limit = next((context[bound] for bound in BOUNDS if bound in context), None)
            facts = {"limit": limit} if limit is not None else {}
            faults.append(Fault(line, name, "mistake", _code(item["type"], name), facts, cell))
    faults.sort(key=lambda fault: fault.line)
    return Draft(
        draft.line,
        body.allocation_number if body else draft.allocation_number,
        None if faults else body,
        tuple(faults),
        draft.lines,
        draft.at,
        draft.sheet,
        nearly or body,
        frozenset(wrong),
    )


_HARMLESS = {"name": "?", "birth_date": "2000-01-01", "sex": "unknown", "allocation_number": "A-0"}


def _nearly(content: object, places: Sequence[Sequence[int | str]]) -> AllocationBody | None:
    """The household without its faults, or None where rules depend on what is wrong."""
    if not isinstance(content, dict):
        return None
    mended: Any = {**content, "persons": [dict(p) if isinstance(p, dict) else p for p in content.get("persons") or ()]}
    for loc in places:
        inside = mended
        try:
            for part in loc[:-1]:
                inside = inside[part]
            inside.pop(loc[-1], None)
            if loc[-1] in _HARMLESS:
                inside[loc[-1]] = _HARMLESS[str(loc[-1])]
        except (LookupError, TypeError, AttributeError):
            return None
    try:
        return AllocationBody.model_validate(mended)
    except ValidationError:
        return None


def _where(loc: Sequence[int | str]) -> str:
    """The path in our own names; a name that is none of ours is not repeated."""
    ours = {*reading.HOUSEHOLD, *reading.PERSON, "persons"}
    return "/".join(str(part) if isinstance(part, int) or part in ours else "?" for part in loc)


def _code(type: str, name: str) -> str:
    field = name.rpartition("/")[2]
    chosen = type in {"literal_error", "bool_type", "bool_parsing"}
    return f"choice-{field.replace('_', '-')}" if chosen else type.replace("_", "-")


def _from_json(content: bytes) -> Parsed:
    try:
        elements = json.loads(content)
    except (ValueError, RecursionError):
        raise FileRefused("file-not-json") from None
    if not isinstance(elements, list):
        raise FileRefused("file-not-a-list")
    if not elements:
        raise FileRefused("file-no-rows")
    drafts: list[Draft] = []
    seen: set[str] = set()
    rows = 0
    for line, element in enumerate(elements, start=1):
        persons = element.get("persons") if isinstance(element, dict) else None
        rows += len(persons) if isinstance(persons, list) else 1
        if rows > MOST_ROWS:
            raise FileRefused("file-too-many-rows", n=MOST_ROWS)
        number = element.get("allocation_number") if isinstance(element, dict) else None
        number = allocation_number(number) if isinstance(number, str) else None
        faults = [Fault(line, "allocation_number", "mistake", "allocation-twice")] if number in seen else []
        drafts.append(_validated(Draft(line, number, None, (), ()), element, faults, {}))
        seen |= {number} if number else set()
    return Parsed(rows, tuple(drafts))
