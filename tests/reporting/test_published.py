"""Published tables: read as they are, refused where they do not add up, kept in versions, shown beside our own."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.year.published import DATA
from services.reporting.published import tables
from services.reporting.published.compared import own_row
from services.reporting.published.tables import COLUMNS, DoesNotAddUp, read
from shared.web.texts import Texts
from tests.reporting.conftest import Reporting
from tests.reporting.year import year_of_2018

RECEIVED = (DATA / "migrationsverket_kommunmottagna_2018_kalmar_lan.csv").read_bytes()
QUOTA = (DATA / "migrationsverket_kommuntal_2018_kalmar_lan.csv").read_bytes()
HTML = {"accept": "text/html"}


def test_both_tables_are_read_as_they_are_published() -> None:
    table = read(RECEIVED)
    assert (table.kind, table.year, str(table.published_on)) == ("received", 2018, "2019-03-25")
    assert len([row for row in table.rows if row.level == "municipality"]) == 12
    kalmar = own_row(list(table.rows), None, "Kalmar kommun")
    assert kalmar is not None and kalmar.numbers == (34, 0, 87, 12, 40, 9, 16, 9, 103, 0, 280, 30)
    (county,) = (row for row in table.rows if row.level == "county")
    assert county.numbers[-2:] == (1238, 139)
    quota = read(QUOTA)
    assert (quota.kind, quota.year) == ("quota", None)
    mine = own_row(list(quota.rows), None, "Kalmar kommun")
    assert mine is not None and dict(zip(COLUMNS["quota"], mine.numbers, strict=True)) == {
        "target": 110,
        "received": 110,
    }


def faults(content: bytes) -> set[tuple[str, int, str]]:
    with pytest.raises(DoesNotAddUp) as refused:
        read(content)
    return {(one.code, one.line, one.column[:6]) for one in refused.value.faults}


def test_a_refusal_names_line_and_column() -> None:
    # The heading of the file holds line breaks in its cells, so that Kalmar is on line 14.
    wrong = RECEIVED.replace(b";;KALMAR;34;;87;12", b";;KALMAR;34;;88;12")
    line = RECEIVED.decode("utf-8-sig").split("KALMAR;34")[0].count("\n") + 1
    last = RECEIVED.decode("utf-8-sig").split("Delsumma")[0].count("\n") + 1
    assert faults(wrong) == {("row-sum", line, "Totalt"), ("county-sum", last, "Person")}
    assert faults(QUOTA.replace(b"KALMAR,8,0880,110,110", b"KALMAR,8,0880,110,109")) == {("county-sum", 2, "Mottag")}
    assert faults(QUOTA.replace(b"0880,110,110", b"0880,110,x")) == {("no-number", 9, "Mottag")}
    lines = RECEIVED.splitlines(keepends=True)
    assert {code for code, _, _ in faults(b"".join(lines[:-1]))} == {"no-subtotal"}
    assert {code for code, _, _ in faults(b"".join([*lines[:-1], lines[-2], lines[-1]]))} >= {"twice", "county-sum"}
    assert {code for code, _, _ in faults(RECEIVED.replace("Övriga".encode(), b"Andra"))} == {"other-heading"}
    assert {code for code, _, _ in faults(b"a;b\n1;2\n")} == {"no-heading"}
    several = QUOTA.replace(b"0880,110,110", b"0880,11O,-1").replace(b"0861,0,0", b"0861")
    assert faults(several) == {("no-number", 9, "Tal"), ("no-number", 9, "Mottag"), ("columns", 4, "")}
    assert faults(QUOTA.replace(b"0880,110,110", b"0880,110,0,110,0")) == {("columns", 9, "")}, "a decimal comma"
    assert faults(QUOTA.replace("Län,".encode(), b"Region,")) == {("no-column", 1, "L\u00e4n")}


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_what_is_no_table_is_told_from_an_empty_file_and_how_to_mend_it_is_said(lang: str) -> None:
    texts = Texts("reporting")
    strange = {
        b"": "empty",
        b"\n\n": "empty",
        b"\x00\x01": "no-text",
        b"PK\x03\x04\x14": "no-text",
        b"%PDF-1.4": "no-text",
    }
    for content, code in strange.items():
        assert {found for found, _, _ in faults(content)} == {code}
        assert texts.get(lang, f"refusal.published-{code}.mend")
    for code in re.findall(r'Fault\("([a-z-]+)"', Path(tables.__file__).read_text(encoding="utf-8")):
        for part in ("what", "mend"):
            assert "{" not in texts.get(lang, f"refusal.published-{code}.{part}", line=9, column="Tal", said=1, made=2)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_however_a_spreadsheet_saves_its_text(separator: str, encoding: str) -> None:
    saved = QUOTA.decode("utf-8-sig").replace(",", separator).encode(encoding)
    assert [row.numbers for row in read(saved).rows] == [row.numbers for row in read(QUOTA).rows]


CELLS = [m.span() for m in re.finditer(rb"(?<=;)\d+(?=[;\r\n])", RECEIVED) if m.start() > RECEIVED.index(b"BORGHOLM")]


@given(st.sampled_from(CELLS), st.integers(1, 400))
def test_no_single_changed_number_gets_through(cell: tuple[int, int], more: int) -> None:
    start, end = cell
    changed = RECEIVED[:start] + str(int(RECEIVED[start:end]) + more).encode() + RECEIVED[end:]
    with pytest.raises(DoesNotAddUp):
        read(changed)


async def send(http: httpx.AsyncClient, content: bytes, **fields: str) -> httpx.Response:
    page = (await http.get("/reporting/published", headers=HTML)).text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    key = {"idempotency-key": str(uuid4()), "x-csrf-token": csrf, "origin": "http://localhost:8400"}
    return await http.post("/reporting/published", files={"file": ("t.csv", content)}, data=fields, headers=key)


async def test_a_table_is_kept_in_versions_and_the_same_again_is_no_change(reporting: Reporting) -> None:
    async with reporting.client("coordinator") as http:
        assert (await send(http, QUOTA)).json()["code"] == "published-year-missing"
        assert (await send(http, QUOTA, year="2018")).json()["code"] == "published-day-missing"
        assert (await send(http, QUOTA, year="2018", published_on="2019-01-01")).json()["code"] == "published-day-ahead"
        assert (await send(http, RECEIVED, published_on="2018-01-01")).json()["code"] == "published-other-day"
        assert (await send(http, RECEIVED)).json()["code"] == "published-file-ahead"
        assert (await send(http, RECEIVED, year="2017")).json()["code"] == "published-other-year"
        said = {"year": "2018", "published_on": "2018-12-01"}
        first = await send(http, QUOTA, **said)
        assert (first.status_code, first.json()["revision"]) == (201, 1)
        again = await send(http, QUOTA, **said)
        assert (again.status_code, again.json()) == (200, first.json())
        grown = QUOTA.replace(b"KALMAR,8,0880,110,110", b"KALMAR,8,0880,111,110").replace(b"8,,165", b"8,,165")
        refused = await send(http, grown, **said)
        assert refused.status_code == 422 and refused.json()["code"] == "published-county-sum"
        whole = grown.replace("LÄN,,8,,165,165".encode(), "LÄN,,8,,166,165".encode())
        second = await send(http, whole, **said)
        assert (second.status_code, second.json()["revision"]) == (201, 2)
        listed = (await http.get("/reporting/published")).json()["published"]
        assert [(one["year"], one["revision"]) for one in listed] == [(2018, 2), (2018, 1)]
        old = (await http.get("/reporting/published/quota/2018?revision=1&municipality=KALMAR")).json()
        assert old["compared"][0] == {"figure": "target", "ours": 0, "published": 110, "difference": -110}
        page = (await http.get("/reporting/published/quota/2018?revision=1&municipality=KALMAR", headers=HTML)).text
        assert "−110" in page and "-110" not in page
        assert (await http.get("/reporting/published/quota/2018?revision=9")).status_code == 404


async def test_our_figures_of_2018_stand_beside_the_published_ones_and_agree(reporting: Reporting) -> None:
    settings: Any = reporting.runtime.settings
    reporting.runtime.settings = settings.model_copy(update={"municipality": "Kalmar kommun"})
    Path(settings.clock_file).write_text("2019-06-01T12:00:00+02:00")
    await reporting.feed(year_of_2018())
    async with reporting.client("manager", unit="reception") as http:
        assert (await send(http, RECEIVED)).status_code == 201
        assert (await send(http, QUOTA, year="2018", published_on="2019-01-31")).status_code == 201
        for kind, number in (("received", 12), ("quota", 2)):
            told = (await http.get(f"/reporting/published/{kind}/2018")).json()
            assert told["municipality"] == "KALMAR" and len(told["compared"]) == number
            assert {one["difference"] for one in told["compared"]} == {0}
        other = (await http.get("/reporting/published/received/2018?municipality=TORSÅS")).json()["compared"]
        assert other[0]["difference"] == 34
        for place, says in (("KALMAR", "desamma som de publicerade"), ("TORSÅS", "en annan kommuns: TORSÅS")):
            page = (await http.get(f"/reporting/published/received/2018?municipality={place}", headers=HTML)).text
            assert says in page and "siffror skiljer sig" not in page
            assert ("En skillnad kan därför vara riktig" in page) == (place == "KALMAR")
    async with reporting.client("council", lang="en") as http:
        for path in ("/reporting/published", "/reporting/published/received/2018"):
            page = (await http.get(path, headers=HTML)).raise_for_status().text
            assert "Import a table" not in page
        assert "Our figures are the same as the published ones." in page
        assert (await http.post("/reporting/published", files={"file": ("t.csv", QUOTA)})).status_code == 403


async def test_the_form_shows_every_fault_at_once_and_keeps_what_was_typed(reporting: Reporting) -> None:
    async with reporting.client("operator", lang="en") as http:
        page = (await http.get("/reporting/published", headers=HTML)).text
        hidden = {
            name: page.split(f'name="{name}" value="')[2 if name == "csrf" else 1].split('"')[0]
            for name in ("csrf", "key")
        }
        wrong = RECEIVED.replace(b";;KALMAR;34;;87;12", b";;KALMAR;34;;88;12")
        answer = await http.post(
            "/reporting/forms/published",
            files={"file": ("t.csv", wrong)},
            data={**hidden, "year": "2018"},
            headers={**HTML, "origin": "http://localhost:8400"},
        )
        assert answer.status_code == 422
        assert "it says 280, but the row makes 281" in answer.text
        assert "the municipalities make 172" in answer.text
        assert 'value="2018"' in answer.text
        good = await http.post(
            "/reporting/forms/published",
            files={"file": ("t.csv", RECEIVED)},
            data={**hidden, "year": "2018"},
            headers={**HTML, "origin": "http://localhost:8400"},
        )
        assert (good.status_code, good.headers.get("location")) == (422, None), "published after the town's day"
        unsaid = await http.post(
            "/reporting/forms/published",
            files={"file": ("t.csv", QUOTA)},
            data=hidden,
            headers={**HTML, "origin": "http://localhost:8400"},
        )
        for name in ("year", "published_on"):
            assert f'href="#f-{name}"' in unsaid.text, "one asks for all that is missing at once"
        nothing = await http.post(
            "/reporting/forms/published",
            files={"file": ("", b"", "application/octet-stream")},
            data=hidden,
            headers={**HTML, "origin": "http://localhost:8400"},
        )
        assert (nothing.status_code, "You have not chosen a file." in nothing.text) == (422, True)
        Path(reporting.runtime.settings.clock_file or "").write_text("2019-06-01T12:00:00+02:00")
        good = await http.post(
            "/reporting/forms/published",
            files={"file": ("t.csv", RECEIVED)},
            data={**hidden, "year": "2018"},
            headers={**HTML, "origin": "http://localhost:8400"},
        )
        assert (good.status_code, good.headers["location"]) == (303, "/reporting/published/received/2018")
