"""Reading files: no bytes crash it, and every line number is the one that an editor shows."""

import csv
import io
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.reception.imports.columns import SWEDISH
from services.reception.imports.drafts import Parsed, parse
from services.reception.imports.tables import FileRefused, read_csv, sniff

FIELDS = ("allocation_number", "category", "decided_on", "name", "birth_date", "sex")
HEAD = ";".join(SWEDISH[field] for field in FIELDS) + "\n"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: (HEAD + t).encode("utf-8", "surrogatepass")))
@example(b"\xff\xfe\x00")
@example(b"PK\x03\x04")
@example((HEAD + "M-1;k;2018-05-02;\x00;1;k").encode())
def test_any_bytes_are_a_table_or_a_reason(content: bytes) -> None:
    try:
        parsed = parse(content, sniff(content))
    except FileRefused as refused:
        assert refused.code.startswith("file-")
        return
    assert isinstance(parsed, Parsed)
    assert all((draft.body is None) == bool(draft.faults) for draft in parsed.drafts)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_json_is_households_or_a_reason(content: bytes) -> None:
    try:
        parse(content, "json")
    except FileRefused as refused:
        assert refused.code.startswith("file-")


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from(list(';"\n\r\t, ')), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_a_row_starts_on_the_line_that_an_editor_shows(rows: list[list[str]], newline: str) -> None:
    text, lines = "a;b\n", []
    for cells in rows:
        before = len(text.encode())
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator=newline, quoting=csv.QUOTE_ALL).writerow(cells)
        if any(cell.strip() for cell in cells):
            shown = text.replace("\r\n", "\n").replace("\r", "\n")
            lines.append(shown.count("\n") + 1)
        text += out.getvalue()
        assert before < len(text.encode())
    table = read_csv(text.encode())
    assert [row.line for row in table.rows] == lines
    kept = [tuple(cells) for cells in rows if any(cell.strip() for cell in cells)]
    assert [row.cells for row in table.rows] == kept


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 50_000_000)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(FileRefused, match="file-unpacks-too-large"):
        parse(out.getvalue(), "xlsx")


def test_an_entity_in_a_sheet_is_never_resolved() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append([SWEDISH[field] for field in FIELDS])
    out = io.BytesIO()
    book.save(out)
    evil = io.BytesIO()
    with zipfile.ZipFile(out) as source, zipfile.ZipFile(evil, "w") as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename.startswith("xl/worksheets/"):
                bomb = b'<!DOCTYPE x [<!ENTITY a "Qanarya">]>'
                content = content.replace(b"<worksheet", bomb + b"<worksheet", 1).replace(b"<v>", b"<v>&a;", 1)
            target.writestr(part, content)
    with pytest.raises(FileRefused, match="file-broken-workbook"):
        parse(evil.getvalue(), "xlsx")


def test_a_row_that_is_put_into_the_wrong_household_is_told_and_the_others_stand() -> None:
    rows = [
        "M-1;kvot;2018-05-02;A;1985-01-01;k",
        "m-1;kvot;2018-05-03;B;1985-01-01;k",
        "M-2;kvot;20180502;C;1985-01-01;m;x",
        "M-3;KVOT;2018-05-02;D;1985-01-01;M",
    ]
    parsed = parse((HEAD + "\n".join(rows)).encode(), "csv")
    one, two, three = parsed.drafts
    assert [(f.line, f.name, f.code) for f in one.faults] == [(3, "decided_on", "differs-within-household")]
    assert [(f.line, f.code) for f in two.faults] == [(4, "too-many-cells")]
    assert three.body is not None and three.body.persons[0].sex == "male"
