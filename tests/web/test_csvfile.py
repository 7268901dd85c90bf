"""No cell of an export is a formula, and nothing but the apostrophe is lost on the way."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.web.csvfile import cell, file_name, line, stream

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
START = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0+", "＝", "\ufeff="])


@given(START, TEXT, st.booleans())
@example("=", 'HYPERLINK("http://x","y")', True)
def test_a_text_never_starts_a_formula_and_comes_back_whole(start: str, rest: str, semicolon: bool) -> None:
    text = start + rest
    written = line([text, "next"], semicolon=semicolon)
    back = next(csv.reader(io.StringIO(written, newline=""), delimiter=";" if semicolon else ","))
    assert back[0] in (text, "'" + text) and back[1] == "next"
    assert back[0].strip("\ufeff\u200b \t\r\n\x0b\x0c")[:1] not in tuple("=+-@＝＋－＠") or back[0] == ""
    assert back[0][:1] not in ("\t", "\r", "\n")


@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_a_number_stays_a_number_also_when_negative(value: int | Decimal) -> None:
    assert Decimal(cell(value)) == value
    assert Decimal(cell(value, comma=True).replace(",", ".")) == value


async def test_the_file_has_the_mark_that_excel_wants_and_all_rows_in_order() -> None:
    rows = [[n, f"rad {n} åäö"] for n in range(5000)]
    whole = b"".join([piece async for piece in stream(["n", "text"], rows)])
    assert whole.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
    assert read == [["n", "text"], *[[str(n), text] for n, text in rows]]


def test_a_file_name_is_made_of_words_of_the_code() -> None:
    assert file_name("reporting", "received", date(2018, 12, 31)) == "reporting-received-2018-12-31.csv"
    with pytest.raises(ValueError):
        file_name("reporting", 'Eva"; x=')
