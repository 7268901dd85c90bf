"""Any bytes become a table of texts with true line numbers, or a reason why they are none. Pure.

Nothing from the file is ever part of a reason: a cell may name a person.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Format = Literal["csv", "xlsx", "json"]
MOST_ROWS = 5000
MOST_COLUMNS = 100
LONGEST_CELL = 2000

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "file-old-excel"),
    (b"%PDF", "file-not-a-table"),
    (b"\x89PNG", "file-not-a-table"),
    (b"\xff\xd8\xff", "file-not-a-table"),
    (b"\x1f\x8b", "file-not-a-table"),
    (b"{\\rtf", "file-not-a-table"),
)


class FileRefused(Exception):
    """The file as a whole cannot be read. `code` has a text; `facts` hold nothing of the content."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is where the row starts in the file, counted from 1. `formulas` are positions whose value is computed."""

    line: int
    cells: tuple[str, ...] = field(repr=False)
    formulas: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    head: Row
    rows: tuple[Row, ...]
    format: Format


def sniff(content: bytes) -> Format:
    """What kind of file this is, by its content and not by its name."""
    if not content.strip():
        raise FileRefused("file-empty")
    for start, code in _OTHERS:
        if content.startswith(start):
            raise FileRefused(code)
    return "xlsx" if content.startswith(b"PK") else "csv"


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, UTF-16 with one, else what Swedish Windows writes."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text or len(re.findall(r"[\x01-\x08\x0e-\x1f]", text[:4096])) > 8:
            break
        return text
    raise FileRefused("file-not-a-table")


def read_csv(content: bytes) -> Table:
    """Semicolons, commas or tabs; a cell in quotes may hold line breaks, and later rows keep their true line."""
    text = decode(content)
    rows = _rows(text, _delimiter(text))
    head = next(rows, None)
    if head is None:
        raise FileRefused("file-empty")
    if len(head.cells) > MOST_COLUMNS:
        raise FileRefused("file-too-wide", n=MOST_COLUMNS)
    return Table(head, bounded(rows), "csv")


def bounded(rows: Iterator[Row]) -> tuple[Row, ...]:
    """All rows, when they are not too many."""
    found: list[Row] = []
    for row in rows:
        if len(found) == MOST_ROWS:
            raise FileRefused("file-too-many-rows", n=MOST_ROWS)
        found.append(row)
    return tuple(found)


def _delimiter(text: str) -> str:
    """The separator that a line `sep=;` names, else the one that the first line has most of."""
    first = text.lstrip("\r\n\ufeff ")[:4096].splitlines()[:1] or [""]
    named = re.fullmatch(r'"?sep=(.)"?', first[0].strip("\r\n"), re.IGNORECASE)
    if named and named[1] in ";,\t":
        return named[1]
    outside = re.sub(r'"[^"]*"', "", first[0])
    return max(";\t,", key=outside.count)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start, first = 1, True
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FileRefused("file-quotes", line=start) from None
        line, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if first and re.fullmatch(r"sep=.?", cells[0].strip(), re.IGNORECASE) and not any(cells[1:]):
            continue
        first = False
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise FileRefused("file-cell-too-long", line=line, n=LONGEST_CELL)
        yield Row(line, tuple(cells))
