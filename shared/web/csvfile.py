"""Tables as CSV files that a spreadsheet opens as text and numbers, never as formulas."""

import csv
import io
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from starlette.responses import StreamingResponse

# Spreadsheets also start a formula after blanks, and at the full-width forms of the same signs.
FORMULA = re.compile(r"\A[\s\x00-\x20\ufeff\u200b\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|\A[\t\r\n]")
KIND = re.compile(r"\A[a-z][a-z0-9-]{0,40}\Z")
CHUNK = 32 * 1024

Cell = str | int | float | Decimal | date | bool | None


def cell(value: Cell, *, comma: bool = False) -> str:
    """One cell's text. A string that a spreadsheet could take for a formula gets a leading apostrophe.

    `comma` writes decimals with a comma, as a Swedish spreadsheet reads them.
    """
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case int():
            return str(value)
        case float() | Decimal():
            text = format(value, "f") if isinstance(value, Decimal) else repr(value)
            return text.replace(".", ",") if comma else text
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case str():
            text = value.replace("\x00", "")
            return f"'{text}" if FORMULA.match(text) else text


def line(cells: Iterable[Cell], *, semicolon: bool = False) -> str:
    """One row, quoted as RFC 4180 says."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if semicolon else ",", lineterminator="\r\n")
    writer.writerow([cell(value, comma=semicolon) for value in cells])
    return out.getvalue()


async def _each(rows: Iterable[Sequence[Cell]] | AsyncIterable[Sequence[Cell]]) -> AsyncIterator[Sequence[Cell]]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row


async def stream(
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]] | AsyncIterable[Sequence[Cell]],
    *,
    semicolon: bool = False,
) -> AsyncIterator[bytes]:
    """The file in pieces of about 32 kB: a byte order mark (Excel reads it as UTF-8 only then), the head, the rows."""
    held = ["\ufeff", line(head, semicolon=semicolon)]
    size = 0
    async for row in _each(rows):
        held.append(line(row, semicolon=semicolon))
        size += len(held[-1])
        if size >= CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()


def file_name(service: str, kind: str, as_of: date | None = None) -> str:
    """`reporting-received-2018-12-31.csv`. The kind is a word of the code, never something typed: it ends in logs."""
    if not KIND.match(kind) or not KIND.match(service):
        raise ValueError("a file's kind is a plain lower-case word of the code")
    return f"{service}-{kind}{f'-{as_of.isoformat()}' if as_of else ''}.csv"


def response(
    name: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]] | AsyncIterable[Sequence[Cell]],
    *,
    semicolon: bool = False,
) -> StreamingResponse:
    """A download. `name` comes from `file_name`."""
    return StreamingResponse(
        stream(head, rows, semicolon=semicolon),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
