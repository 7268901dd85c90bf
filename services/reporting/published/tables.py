"""The Migration Agency's published tables: read as they are published, and refused when they do not add up.

Pure. Two tables: received by category (`Kommunmottagna enligt ersättningsförordningen`), and quotas with received
(`Anvisningar och mottagande enligt kommuntal`). A refusal names line and column, as a spreadsheet counts them.
"""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["received", "quota"]
Level = Literal["municipality", "county", "country"]

CATEGORIES = ("quota-refugee", "agency-accommodation", "self-settled", "other", "family-member")
# What the heading of each pair of columns says; the second of a pair is how many were unaccompanied minors.
_HEADINGS = ("kvotflykting", "anläggningsboende", "eget boende", "övriga", "anhöriga", "totalt")
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "received": tuple(f"{name}{part}" for name in (*CATEGORIES, "total") for part in ("", ".minors")),
    "quota": ("target", "received"),
}
_WHOLE = frozenset({"riket", "hela riket", "totalt", "totalsumma", "summa"})
# How a workbook, an old workbook, a PDF begin.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
_MOST_ROWS, _MOST_FAULTS, _LARGEST = 2000, 20, 10_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the file is refused: `code` has its texts, `line` counts from 1, `column` is the heading as it stands."""

    code: str
    line: int
    column: str = ""
    said: int = 0
    made: int = 0


class DoesNotAddUp(Exception):
    """The file is refused. Holds every fault that was found, at most twenty."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("the file is refused")
        self.faults = faults[:_MOST_FAULTS]


@dataclass(frozen=True, slots=True)
class Row:
    """Numbers in the order of COLUMNS[kind]. A county's and the country's row hold the sums below them."""

    level: Level
    county: str
    name: str
    numbers: tuple[int, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """`year` and `published_on` where the file itself says them."""

    kind: Kind
    year: int | None
    published_on: date | None
    rows: tuple[Row, ...]


def read(content: bytes) -> Table:
    """The table of the file. Raises DoesNotAddUp."""
    text = _text(content)
    if not text.strip():
        raise DoesNotAddUp(Fault("empty", 1))
    lines = _lines(text)
    head = next((n for n, (_, cells) in enumerate(lines) if _kind(cells)), None)
    if head is None:
        raise DoesNotAddUp(Fault("no-heading", 1))
    kind = _kind(lines[head][1])
    assert kind is not None
    table = (_received if kind == "received" else _quota)(lines, head)
    faults = [*_sums(table, lines[head][1])]
    if faults:
        raise DoesNotAddUp(*faults)
    return table


def _text(content: bytes) -> str:
    """As spreadsheets save text. A spreadsheet itself, or anything else that is not text, is refused."""
    if content.startswith(_NO_TEXT):
        raise DoesNotAddUp(Fault("no-text", 1))
    for encoding in ("utf-16",) if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise DoesNotAddUp(Fault("no-text", 1))


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Every row with the line that it begins on: a cell in quotes may hold line breaks."""
    separator = max("\t;,", key=text.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found, begins = [], 1
    try:
        for cells in reader:
            found.append((begins, [" ".join(cell.split()) for cell in cells]))
            begins = reader.line_num + 1
            if len(found) > _MOST_ROWS:
                raise DoesNotAddUp(Fault("too-many-rows", begins, said=_MOST_ROWS))
    except csv.Error:
        raise DoesNotAddUp(Fault("no-table", begins)) from None
    return found


def _kind(cells: Sequence[str]) -> Kind | None:
    folded = [cell.casefold() for cell in cells]
    if any(cell.startswith("kvotflykting") for cell in folded):
        return "received"
    return "quota" if {"kommun", "tal", "mottagna"} <= set(folded) else None


def _number(cell: str) -> int | None:
    plain = re.sub(r"[\s\u00a0\u202f]", "", cell)
    if not plain:
        return 0
    if not (plain.isascii() and plain.isdigit()) or int(plain) > _LARGEST:
        return None
    return int(plain)


def _filled(
    lines: Sequence[tuple[int, list[str]]], head: int, places: Sequence[int]
) -> Iterator[tuple[int, list[str], tuple[int, ...]]]:
    """Every row below the heading that is not empty, with its numbers. Raises all that cannot be read at once."""
    headings, faults, found = lines[head][1], [], []
    for line, cells in lines[head + 1 :]:
        if not any(cells):
            continue
        if len(cells) < len(headings) or any(cells[len(headings) :]):
            faults.append(Fault("columns", line, said=len(headings), made=len(cells)))
            continue
        numbers = [_number(cells[place]) for place in places]
        faults += [Fault("no-number", line, headings[p]) for p, n in zip(places, numbers, strict=True) if n is None]
        found.append((line, cells, tuple(number or 0 for number in numbers)))
    if faults:
        raise DoesNotAddUp(*faults)
    yield from found


def _received(lines: Sequence[tuple[int, list[str]]], head: int) -> Table:
    at, headings = lines[head]
    first = next(n for n, cell in enumerate(headings) if cell.casefold().startswith("kvotflykting"))
    if len(headings) < first + 12 or first < 1:
        raise DoesNotAddUp(Fault("columns", at, said=max(first, 1) + 12, made=len(headings)))
    for n, word in enumerate(_HEADINGS):
        pair = headings[first + 2 * n], headings[first + 2 * n + 1]
        if word not in pair[0].casefold() or not pair[1].casefold().startswith("varav"):
            raise DoesNotAddUp(Fault("other-heading", at, pair[0]))
    year = published_on = None
    for _, cells in lines[:head]:
        label, said = (cells[0].casefold(), cells[1]) if len(cells) > 1 else ("", "")
        if label == "rubrik" and (match := re.search(r"\b(20\d\d)\b", said)):
            year = int(match[1])
        if label == "uppdaterad" and (match := re.match(r"(\d{4}-\d{2}-\d{2})", said)):
            published_on = _date(match[1])
    rows, county = [], ""
    for line, cells, numbers in _filled(lines, head, range(first, first + 12)):
        county = cells[0] or county
        name = cells[first - 1]
        if name.casefold() == "delsumma":
            rows.append(Row("county", county, county, numbers, line))
        elif not name or name.casefold() in _WHOLE or cells[0].casefold() in _WHOLE:
            rows.append(Row("country", "", "", numbers, line))
        else:
            rows.append(Row("municipality", county, name, numbers, line))
    return Table("received", year, published_on, tuple(rows))


def _quota(lines: Sequence[tuple[int, list[str]]], head: int) -> Table:
    at, headings = lines[head]
    names = [cell.casefold() for cell in headings]
    if "län" not in names:
        raise DoesNotAddUp(Fault("no-column", at, "Län"))
    county, name, *places = (names.index(word) for word in ("län", "kommun", "tal", "mottagna"))
    rows = []
    for line, cells, counts in _filled(lines, head, places):
        if cells[name]:
            rows.append(Row("municipality", cells[county], cells[name], counts, line))
        elif cells[county].casefold() in _WHOLE:
            rows.append(Row("country", "", "", counts, line))
        else:
            rows.append(Row("county", cells[county], cells[county], counts, line))
    return Table("quota", None, None, tuple(rows))


def _date(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _sums(table: Table, headings: Sequence[str]) -> Iterator[Fault]:
    """Everything that does not add up: across each row, down each county, and over the country."""
    places = [row for row in table.rows if row.level == "municipality"]
    if not places:
        yield Fault("no-rows", 1)
    columns = COLUMNS[table.kind]
    if table.kind == "received":
        first = next(n for n, cell in enumerate(headings) if cell.casefold().startswith("kvotflykting"))
        labels = list(headings[first : first + 12])
        for row in table.rows:
            for part in (0, 1):
                made = sum(row.numbers[part:10:2])
                if made != row.numbers[10 + part]:
                    yield Fault("row-sum", row.line, labels[10 + part], row.numbers[10 + part], made)
            for n in range(0, 12, 2):
                if row.numbers[n + 1] > row.numbers[n]:
                    yield Fault("more-minors", row.line, labels[n], row.numbers[n], row.numbers[n + 1])
    else:
        labels = [next(cell for cell in headings if cell.casefold() == word) for word in ("tal", "mottagna")]
    seen = set[tuple[str, str]]()
    for row in places:
        if (row.county, row.name) in seen:
            yield Fault("twice", row.line)
        seen.add((row.county, row.name))
    for county in dict.fromkeys(row.county for row in table.rows if row.level != "country"):
        below = [row for row in places if row.county == county]
        totals = [row for row in table.rows if row.level == "county" and row.county == county]
        if len(totals) != 1:
            yield Fault("no-subtotal", (totals or below)[-1].line)
            continue
        yield from _column_sums(totals[0], below, columns, labels, "county-sum")
    for row in table.rows:
        if row.level == "country":
            yield from _column_sums(row, places, columns, labels, "country-sum")


def _column_sums(
    total: Row, below: Sequence[Row], columns: Sequence[str], labels: Sequence[str], code: str
) -> Iterator[Fault]:
    for n in range(len(columns)):
        made = sum(row.numbers[n] for row in below)
        if made != total.numbers[n]:
            yield Fault(code, total.line, labels[n], total.numbers[n], made)
