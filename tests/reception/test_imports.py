"""Importing over HTTP: all or nothing per household, told row by row, the same twice, and only once by two replicas."""

import asyncio
import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl

from services.reception.imports.columns import SWEDISH
from tests.reception.office import Office, csv_of, household, office, person
from tests.waiting import until

HEAD = [SWEDISH[f] for f in ("allocation_number", "category", "decided_on", "name", "birth_date", "sex", "receive_by")]


def row(number: str, name: str = "Qanarya Ovanlig", **given: str) -> list[str]:
    cells = {"k": "kvotflykting", "d": "2018-05-02", "b": "1985-04-12", "s": "kvinna", "r": ""} | given
    return [number, cells["k"], cells["d"], name, cells["b"], cells["s"], cells["r"]]


async def test_a_file_is_received_household_by_household_and_told_row_by_row(reception: Office) -> None:
    content = csv_of(
        [
            HEAD,
            row("M-1"),
            row("M-1", "Qanarya Son", b="20120130", s="man"),
            row("M-2", '"Qanarya\r\nOvanlig"'),  # a line break inside quotes: later lines keep their true number
            row("M-3", b="1900-01-01"),
            row("M-3", "Qanarya Annan", s="x"),
            row("M-4", d="2100-01-01"),
            row("", "Qanarya Utan"),
            row("M-5", k="abo"),
            row("M-5", k="anhörig", b=""),
        ]
    ).encode()
    done = await reception.imported(content)
    assert {k: done[k] for k in ("rows", "households", "accepted", "known", "changed", "refused", "reason")} == {
        "rows": 9,
        "households": 6,
        "accepted": 2,
        "known": 0,
        "changed": 0,
        "refused": 4,
        "reason": None,
    }
    rows = await reception.rows(done)
    told = {(r["line"], r["column"], r["code"]) for r in rows if r["outcome"] == "refused"}
    assert told == {
        (6, "Födelsedatum", "birth-date-too-early"),
        (7, "Kön", "choice-sex"),
        (8, "Beslutsdatum", "date-in-future"),
        (9, "Anvisningsnummer", "missing"),
        (11, "Kategori", "differs-within-household"),
        (11, "Födelsedatum", "missing"),
    }
    assert all(r["what"] and r["mend"] for r in rows if r["outcome"] == "refused")
    types = [type for type, _ in await reception.events()]
    assert types == ["reception.allocation-received.v1"] * 2
    report = await reception.ask("coordinator", "GET", f"/reception/imports/{done['import']}/report.csv")
    assert "choice-sex" not in report.text and "Skriv kvinna, man eller okänt." in report.text
    assert "Qanarya" not in report.text


async def test_the_same_file_again_changes_nothing_and_a_changed_one_is_decided(reception: Office) -> None:
    first = csv_of([HEAD, row("M-1"), row("M-1", "Qanarya Son", b="2012-01-30"), row("M-2")]).encode()
    await reception.imported(first)
    again = await reception.imported(b"\xef\xbb\xbf" + first)
    assert (again["known"], again["accepted"]) == (2, 0)
    changed = csv_of(
        [HEAD, row("M-1", r="2018-08-01"), row("M-1", "Qanarya Sonen", b="2012-01-30"), row("M-2", s="man")], "\t"
    ).encode("utf-16")
    found = await reception.imported(changed)
    assert (found["changed"], found["undecided"]) == (2, 2)
    path = f"/reception/imports/{found['import']}/conflicts"
    one, two = (await reception.get(path))["conflicts"]
    assert (one["fields"], two["fields"]) == (["receive_by", "persons/2/name"], ["persons/1/sex"])
    assert len(await reception.events()) == 2

    taken = await reception.post(f"/reception/conflicts/{one['conflict']}/decision", {"decision": "take"}, version=1)
    kept = await reception.post(f"/reception/conflicts/{two['conflict']}/decision", {"decision": "keep"}, version=1)
    assert (taken.status_code, taken.headers["etag"], kept.headers["etag"]) == (200, '"2"', '"1"')
    other = await reception.post(f"/reception/conflicts/{two['conflict']}/decision", {"decision": "take"}, version=1)
    assert (other.status_code, other.json()["code"]) == (409, "conflict-decided")
    before, after = await reception.get("/reception/cases?limit=2"), await reception.imported(changed)
    assert (after["known"], after["changed"]) == (2, 0)
    assert {c["receive_by"] for c in before["cases"]} == {"2018-07-02", "2018-08-01"}
    case = await reception.get(f"/reception/cases/{one['case']}")
    events = await reception.events()
    assert [type for type, _ in events][2:] == ["reception.allocation-corrected.v1"]
    assert [p["person"] for p in events[-1][1]["persons"]] == [p["person"] for p in case["persons"]]
    assert [p["person"] for p in events[0][1]["persons"]] == [p["person"] for p in case["persons"]]
    names = (await reception.get(f"/reception/cases/{one['case']}/persons"))["persons"]
    assert names[1]["name"] == "Qanarya Sonen"


async def test_a_row_whose_allocation_is_cancelled_here_says_so_until_it_holds_again(reception: Office) -> None:
    same = csv_of([HEAD, row("M-1"), row("M-2")]).encode()
    first = await reception.imported(same)
    case = (await reception.rows(first))[0]["case"]
    path = f"/reception/allocations/{case}"
    assert (await reception.post(f"{path}/cancellation", {"reason": "declined"}, version=1)).status_code == 200
    again = await reception.imported(same)
    assert (again["known"], again["accepted"]) == (2, 0)

    async def told() -> list[tuple[str, str | None, bool]]:
        rows = await reception.rows(again)
        return [(r["allocation_number"], r["code"], bool(r["what"] and r["mend"])) for r in rows]

    assert await told() == [("M-1", "allocation-cancelled", True), ("M-2", None, False)]
    shown = f"/reception/imports/{again['import']}"
    page = await reception.ask("coordinator", "GET", f"{shown}?outcome=known", headers={"accept": "text/html"})
    report = await reception.ask("coordinator", "GET", f"{shown}/report.csv")
    for text in (page.text, report.text):
        assert text.count("Anvisningen är avbruten här.") == 1
    assert f'href="/reception/cases/{case}"' in page.text and "1 anvisning som fanns redan är avbruten här" in page.text

    changed = await reception.imported(csv_of([HEAD, row("M-1", r="2018-08-01")]).encode())
    [conflict] = (await reception.get(f"/reception/imports/{changed['import']}/conflicts"))["conflicts"]
    decision = f"/reception/conflicts/{conflict['conflict']}"
    both = await reception.ask("coordinator", "GET", decision, headers={"accept": "text/html"})
    assert f'href="/reception/cases/{case}/do/reinstate"' in both.text
    refused = await reception.post(f"{decision}/decision", {"decision": "take"}, version=2)
    assert refused.json()["code"] == "case-cancelled"
    back = {"reinstated_on": "2018-06-15", "reason": "agency-reinstated"}
    assert (await reception.post(f"{path}/reinstatement", back, version=2)).status_code == 200
    assert await told() == [("M-1", None, False), ("M-2", None, False)]
    assert (await reception.post(f"{decision}/decision", {"decision": "take"}, version=3)).status_code == 200


async def test_a_file_that_says_less_than_we_know_changes_nothing(reception: Office) -> None:
    """A missing column and an empty cell say nothing; only what is said and differs is a change."""
    persons = [person(language="arabiska-q", dossier_number="DOSS-1"), person(name="Qanarya Son", sex="male")]
    made = await reception.allocate(
        allocation_number="M-1", category="quota-refugee", receive_by="2018-08-01", persons=persons
    )
    less = [HEAD, row("M-1"), row("M-1", "Qanarya Son", s="man")]
    assert (await reception.imported(csv_of(less).encode()))["known"] == 1
    more = [[*HEAD, "Språk"], [*row("M-1", s="man"), ""], [*row("M-1", "Qanarya Son", s="man"), "arabiska-q"]]
    found = await reception.imported(csv_of(more).encode())
    [conflict] = (await reception.get(f"/reception/imports/{found['import']}/conflicts"))["conflicts"]
    assert conflict["fields"] == ["persons/1/sex", "persons/2/language"]
    path = f"/reception/conflicts/{conflict['conflict']}"
    page = await reception.ask("coordinator", "GET", path, headers={"accept": "text/html"})
    assert page.status_code == 200 and "arabiska-q" in page.text and "DOSS-1" not in page.text
    assert (await reception.post(f"{path}/decision", {"decision": "take"}, version=1)).status_code == 200
    one, two = (await reception.get(f"/reception/cases/{made['case']}/persons"))["persons"]
    assert (one["sex"], one["language"], one["dossier_number"]) == ("male", "arabiska-q", "DOSS-1")
    assert two["language"] == "arabiska-q"
    assert (await reception.get(f"/reception/cases/{made['case']}"))["receive_by"] == "2018-08-01"


async def test_files_as_they_really_come_are_read(reception: Office) -> None:
    for n, (encoding, delimiter) in enumerate([("latin-1", ";"), ("utf-8-sig", ","), ("cp1252", "\t")]):
        rows = [HEAD, row(f"L-{n}", "Qanarya Åhlén")]
        done = await reception.imported(csv_of(rows, delimiter).encode(encoding))
        assert (done["state"], done["accepted"]) == ("done", 1), done
        cases = (await reception.rows(done))[0]["case"]
        assert (await reception.get(f"/reception/cases/{cases}/persons"))["persons"][0]["name"] == "Qanarya Åhlén"


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_sheet_is_read_and_a_formula_is_refused_with_its_cell(reception: Office) -> None:
    day = datetime.datetime(2018, 5, 2)  # noqa: DTZ001  as a sheet has it
    good = ["X-1", "kvotflykting", day, "Qanarya Ovanlig", datetime.date(1985, 4, 12), "kvinna", None]
    bad = ["X-2", "kvotflykting", day, "Qanarya Ovanlig", "=TODAY()", "kvinna", None]
    done = await reception.imported(workbook(HEAD, good, [], bad), "f.xlsx")
    assert (done["accepted"], done["refused"]) == (1, 1)
    [fault] = [r for r in await reception.rows(done) if r["outcome"] == "refused"]
    assert (fault["line"], fault["cell"], fault["code"]) == (4, "E4", "formula")


async def test_a_file_that_cannot_be_read_is_refused_as_a_whole(reception: Office) -> None:
    many = csv_of([HEAD, *[row(f"M-{n}") for n in range(5001)]]).encode()
    for content, code in [
        (csv_of([["Namn", "Kön"], ["Qanarya", "k"]]).encode(), "file-column-missing"),
        (csv_of([["Qanarya", "Ovanlig"]]).encode(), "file-no-header"),
        (csv_of([HEAD]).encode(), "file-no-rows"),
        (csv_of([[*HEAD, "Namn"], row("M-1")]).encode(), "file-column-twice"),
        ((csv_of([HEAD, row("M-1")]) + '"M-2;Qanarya').encode(), "file-quotes"),
        (many, "file-too-many-rows"),
        (b"PK\x03\x04Qanarya", "file-broken-workbook"),
        (b"Qanarya\x00\x00", "file-not-a-table"),
    ]:
        done = await reception.imported(content)
        assert (done["state"], done["reason"]["code"]) == ("refused", code)
        assert "Qanarya" not in str(done["reason"])
    for content, status, code in [
        (b"", 422, "file-empty"),
        (b"%PDF-1.7", 422, "file-not-a-table"),
        (b"\xd0\xcf\x11\xe0", 422, "file-old-excel"),
        (b"x" * (50 * 1024 * 1024), 413, "too-large"),
    ]:
        answer = await reception.ask("coordinator", "POST", "/reception/imports", files={"file": ("f", content)})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    missing = await reception.ask("coordinator", "POST", "/reception/imports", files={"other": ("f", b"x")})
    assert (missing.status_code, missing.json()["code"]) == (422, "file-missing")
    assert await reception.events() == []
    assert await reception.database.pool.fetchval("select count(*) from imports where sealed is not null") == 0


async def test_households_come_as_json_too(reception: Office) -> None:
    bodies = [household(), household(persons=[person(sex="Qanarya")]), "Qanarya", household()]
    bodies.append(bodies[0])
    answer = await reception.post("/reception/imports", bodies)
    assert answer.status_code == 202

    async def progress() -> Any:
        return await reception.get(answer.headers["location"])

    done = await until(progress, lambda p: p["state"] == "done")
    assert (done["accepted"], done["refused"]) == (2, 3)
    told = {(r["line"], r["column"], r["code"]) for r in await reception.rows(done) if r["code"]}
    assert told == {
        (2, "person 1: Kön", "choice-sex"),
        (3, None, "model-type"),
        (5, "Anvisningsnummer", "allocation-twice"),
    }
    for body, status, code in [(b"{", 400, "malformed-json"), (b"{}", 422, "file-not-a-list")]:
        answer = await reception.ask(
            "coordinator", "POST", "/reception/imports", content=body, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    wrong = await reception.ask(
        "coordinator", "POST", "/reception/imports", content=b"x", headers={"content-type": "text/plain"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (415, "file-or-json")


async def test_two_replicas_share_an_import_and_double_nothing(database: Any, tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    async with (
        office(database.url("reception"), folders[0]) as one,
        office(database.url("reception"), folders[1]) as two,
    ):
        content = csv_of([HEAD, *[row(f"M-{n}") for n in range(450)]]).encode()
        found = await asyncio.gather(one.upload(content), two.upload(content))

        async def progress() -> list[Any]:
            return [await one.get(f"/reception/imports/{i}") for i in found]

        done = await until(progress, lambda p: all(i["state"] == "done" for i in p), seconds=60)
        assert [i["done"] for i in done] == [450, 450]
        assert sum(i["accepted"] for i in done) == 450 and sum(i["known"] for i in done) == 450
        assert len(await one.events()) == 450
        await one.check()
