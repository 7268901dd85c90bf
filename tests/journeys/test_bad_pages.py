"""Bad files and bad forms, as people send them through pages: told at the top, in their language, and nothing moves."""

import io
import json
import re
import time
from uuid import uuid4

import openpyxl

from tests.journeys.people import household
from tests.journeys.strangers import CANARY, browser, hidden, memory, no, unchanged
from tests.waiting import until

HEAD = ["Anvisningsnummer", "Kategori", "Beslutsdatum", "Namn", "Födelsedatum", "Kön", "Medborgarskap"]
MARKUP = "<b>\"'&amp;{{ 7*7 }}<script>alert(1)</script>"
UPLOADED = 50 * 1024 * 1024


def row(number, name=f"{CANARY} Åhlén", **given):
    cells = {"decided": "2018-06-01", "born": "1985-04-12", "sex": "kvinna"} | given
    return [number, "anläggningsboende", cells["decided"], name, cells["born"], cells["sex"], "Syrien"]


def lines(*rows, separator=";"):
    return "".join(separator.join(cells) + "\r\n" for cells in [HEAD, *rows])


async def imported(people, content, name="f.csv"):
    answer = await people.ask("coordinator", "POST", "/reception/imports", files={"file": (name, content)})
    assert answer.status_code == 202, answer.text

    async def progress():
        return await people.get("coordinator", answer.headers["location"])

    done = await until(progress, lambda found: found["state"] in {"done", "refused"}, what="the import's end")
    rows = (await people.get("coordinator", answer.headers["location"] + "/rows"))["rows"]
    assert CANARY not in str(done) + str(rows)
    return done, [r for r in rows if r["code"]]


async def test_files_as_offices_save_them_are_read_and_bad_households_are_left_out_whole(people):
    before = (await people.get("service", "/reception/figures"))["position"]
    a, b, c, d = (f"FIL-{uuid4().hex[:8].upper()}1" for _ in range(4))
    for number, content in (
        (a, lines(row(a)).encode("latin-1")),
        (b, lines(row(b), separator=",").encode("utf-8-sig")),
    ):
        done, faults = await imported(people, content)
        assert (done["accepted"], faults) == (1, [])
        case = (await people.get("coordinator", "/reception/cases?limit=500"))["cases"]
        found = next(item["case"] for item in case if item["allocation_number"] == number)
        persons = (await people.get("coordinator", f"/reception/cases/{found}/persons"))["persons"]
        assert persons[0]["name"] == f"{CANARY} Åhlén"
    mixed = lines(row(c), row(c, sex=CANARY), row(c, born="1900-01-01"), row(d), row("", "x")).encode()
    done, faults = await imported(people, mixed)
    assert (done["accepted"], done["refused"]) == (1, 2)
    assert {(f["line"], f["column"]) for f in faults} == {
        (3, "Kön"),
        (4, "Födelsedatum"),
        (6, "Anvisningsnummer"),
    }
    assert all(f["what"] and f["mend"] for f in faults)
    assert (await people.get("service", "/reception/figures"))["position"] == before + 3


async def test_a_file_that_is_wrong_changes_nothing(people):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append([*row("FIL-91")[:4], "=TODAY()", "kvinna", "=1+1"])
    out = io.BytesIO()
    book.save(out)
    odd = [
        household(await people.today(), 1) | {"allocation_number": bad} for bad in ("A1\0", "\ud800", 1e300, [], None)
    ]
    async with unchanged(people):
        done, faults = await imported(people, out.getvalue(), "f.xlsx")
        assert (done["refused"], [(f["line"], f["cell"], f["code"]) for f in faults][:1]) == (1, [(2, "E2", "formula")])
        head = {"content-type": "application/json"}
        answer = await people.ask("coordinator", "POST", "/reception/imports", content=json.dumps(odd), headers=head)
        path = answer.headers["location"]
        done = await until(lambda: people.get("coordinator", path), lambda found: found["state"] == "done")
        assert done["refused"] == len(odd)
        done, _ = await imported(people, lines(row("FIL-92")).encode()[:60])
        assert done["state"] == "refused" and done["reason"]["what"] and done["reason"]["mend"]
        no(await people.ask("coordinator", "POST", "/reception/imports", files={"x": b"y"}), 422, "file-missing")
        before, begun = memory(people, "front", "reception"), time.monotonic()
        for path in ("/reception/imports", "/reception/forms/import", "/reception/allocations"):
            whole = {"file": ("f.csv", b"x" * UPLOADED)}
            no(await people.ask("coordinator", "POST", path, files=whole), 413, "too-large")
        took, after = time.monotonic() - begun, memory(people, "front", "reception")
        assert took < 15
        assert all(after[name][0] - before[name][0] < 40 for name in after), (before, after)


async def test_markup_in_every_text_is_shown_as_text(people):
    today = await people.today()
    body = household(today, 1)
    body["persons"][0] |= dict.fromkeys(("name", "citizenship", "language", "dossier_number"), MARKUP)
    made = await people.post("coordinator", "/reception/allocations", body)
    nomination = {"nominee_kind": "person", "citation": MARKUP + " med en motivering"}
    nomination |= {"nominee": MARKUP, "nominator": MARKUP}
    award = await people.post("secretary", "/awards/nominations", nomination)
    for role, path in (
        ("coordinator", f"/reception/cases/{made['case']}"),
        ("coordinator", f"/reception/cases/{made['case']}/arrive"),
        ("secretary", f"/awards/nominations/{award['nomination']}"),
        ("secretary", "/awards/nominations"),
    ):
        page = await people.ask(role, "GET", path, headers={"accept": "text/html"})
        assert page.status_code == 200 and "&lt;script&gt;alert(1)" in page.text, path
        assert "<script>alert" not in page.text and "{{ 7*7 }}" in page.text, path


async def test_a_form_tells_what_is_wrong_at_the_top_in_the_readers_language(people):
    made = await people.give(await people.allocate(2))
    case = f"/reception/cases/{made['case']}"
    to = f"/reception/forms/arrival/{made['case']}"
    async with browser(people, "coordinator") as one, browser(people, "caseworker") as two:
        seen = hidden((await one.get(case + "/arrive")).text)
        other = hidden((await two.get(case + "/arrive")).text)
        typed = seen | {"arrived_on": "2018-06-15", "persons": made["persons"]}
        async with unchanged(people):
            for lang, days, words in (
                ("sv", "1900-01-01", "före beslutet"),
                ("en", "2100-01-01", "later than today"),
                ("sv", CANARY, "fel att rätta"),
            ):
                told = await one.post(to, data=typed | {"arrived_on": days}, params={"lang": lang})
                assert told.status_code == 422 and words in told.text, told.text
                assert re.search(r'<main[^>]*>.*?role="alert".*?<h1', told.text, re.DOTALL)
            for wrong in ({"csrf": ""}, {"csrf": other["csrf"]}, {"csrf": "é" * 64}):
                refused = await one.post(to, data=typed | wrong)
                assert refused.status_code == 403 and "<h1" in refused.text
            bare = {name: value for name, value in typed.items() if name != "csrf"}
            assert (await one.post(to, data=bare)).status_code == 403
            for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
                assert (await one.post(to, data=typed, headers=foreign)).status_code == 403
            for kind in ("text/plain", "application/json"):
                plain = await one.post(to, content=b"{}", headers={"content-type": kind})
                assert plain.status_code == 403
            for wrong in ({"key": CANARY}, {"key": ""}, {"sequence": ""}, {"sequence": "9" * 30}):
                refused = await one.post(to, data=typed | wrong)
                assert refused.status_code in {400, 428} and CANARY not in refused.text
            odd = await one.post(to, data=typed | {"persons": [CANARY, "\0"]})
            assert odd.status_code == 422 and 'role="alert"' in odd.text
        assert (await one.post(to, data=typed)).status_code == 303
        late = await two.post(to, data=typed | other)
        assert late.status_code == 412 and 'role="alert"' in late.text


async def test_a_bad_nomination_is_shown_again_with_all_that_is_wrong(people):
    async with browser(people, "council") as one:
        page = (await one.get("/awards/nominate?lang=en")).text
        sent = hidden(page) | {
            "nominee": MARKUP * 20,
            "nominee_kind": CANARY,
            "citation": "x" * 20_000,
            "email": "a\r\nb",
        }
        told = await one.post("/awards/forms/nominate", data=sent)
        assert told.status_code == 422 and told.text.count('<li><a href="#f-') >= 4, told.text
        assert "<script>alert" not in told.text and "things to correct" in told.text
        assert (await one.post("/awards/forms/nominate", data=sent | {"csrf": "x"})).status_code == 403
        swedish = await one.post("/awards/forms/nominate?lang=sv", data=sent)
        assert swedish.status_code == 422 and "fel att rätta" in swedish.text


async def test_none_of_it_stands_in_a_log(people):
    """Runs after the other files of bad input, which use the same canary."""
    logs = [file for file in (people.town.where.state / "logs").iterdir() if file.suffix == ".log"]
    assert len(logs) >= 7
    assert [file.name for file in logs if CANARY in file.read_text(errors="replace")] == []
