"""The first sheet of an XLSX file as a table of texts: values only, bounded in size. Pure.

A formula is never computed and never trusted: its row is refused with the cell's address.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import openpyxl
from openpyxl import DEFUSEDXML
from openpyxl.utils import get_column_letter

from services.reception.imports.tables import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, FileRefused, Row, Table, bounded

LARGEST_UNPACKED = 40 * 1024 * 1024
MOST_PARTS = 500
MOST_EMPTY = 10_000

assert DEFUSEDXML, "openpyxl without defusedxml would resolve entities"


def address(line: int, position: int) -> str:
    """`C14`, as the spreadsheet shows it."""
    return f"{get_column_letter(position + 1)}{line}"


def read_xlsx(content: bytes) -> Table:
    _check_archive(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise FileRefused("file-empty")
        sheet = sheets[0]
        sheet.reset_dimensions()
        rows = _rows(sheet)
        head = next(rows, None)
        if head is None:
            raise FileRefused("file-empty")
        if head.formulas:
            raise FileRefused("file-formula-in-head", cell=address(head.line, min(head.formulas)))
        return Table(head, bounded(rows), "xlsx")
    except FileRefused:
        raise
    except Exception:  # noqa: BLE001  a foreign parser on foreign bytes; what it raises repeats them
        raise FileRefused("file-broken-workbook") from None


def _check_archive(content: bytes) -> None:
    """Refuses what would unpack to more than a table of 5,000 rows can be."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except Exception:  # noqa: BLE001  as above
        raise FileRefused("file-broken-workbook") from None
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise FileRefused("file-not-a-table")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise FileRefused("file-unpacks-too-large", n=LARGEST_UNPACKED // 1024 // 1024)


def _rows(sheet: Any) -> Iterator[Row]:
    empty = 0
    for cells in sheet.iter_rows(max_row=MOST_ROWS + MOST_EMPTY + 2):
        line, texts, formulas = 0, [], set()
        for position, cell in enumerate(cells):
            line = getattr(cell, "row", line) or line
            text = _text(cell.value)
            if text and position >= MOST_COLUMNS:
                raise FileRefused("file-too-wide", n=MOST_COLUMNS)
            if len(text) > LONGEST_CELL:
                raise FileRefused("file-cell-too-long", line=line, n=LONGEST_CELL)
            if cell.data_type == "f":
                formulas.add(position)
            texts.append(text)
        if not any(text.strip() for text in texts):
            empty += 1
            if empty > MOST_EMPTY:
                return
            continue
        yield Row(line, tuple(texts[:MOST_COLUMNS]), frozenset(formulas))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "ja" if value else "nej"
        case datetime() if value.time() == time(0):
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
