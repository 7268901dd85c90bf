"""Pages for people: what stands on them, whom they hide, and forms that keep what was typed."""

from uuid import uuid4

from tests.reception.office import Office, csv_of, person
from tests.reception.test_imports import HEAD, row

HTML = {"accept": "text/html"}


async def page(reception: Office, path: str, role: str = "coordinator", lang: str = "sv") -> str:
    answer = await reception.ask(role, "GET", path, headers=HTML, params={"lang": lang} if lang != "sv" else None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-language"] == lang
    return answer.text


async def test_a_case_answers_who_how_long_and_what_next(reception: Office) -> None:
    made = await reception.allocate(
        persons=[person(), person(name="Qanarya Dold", protected_identity="secrecy-marked")]
    )
    path = f"/reception/cases/{made['case']}"
    seen = await page(reception, path)
    assert "17 dagar kvar" in seen and "Qanarya Ovanlig" in seen
    assert "Qanarya Dold" not in seen and "Skyddade personuppgifter" in seen
    assert f"{path}/arrive" in seen and f"{path}/cancel" in seen
    for role in ("caseworker", "manager"):  # nobody's case yet
        assert (await reception.ask(role, "GET", path, headers=HTML)).status_code == 404
    await reception.knows("caseworker")
    body = {"caseworker": "caseworker-1", "unit": "reception", "reason": "first"}
    assert (await reception.post(f"{path}/assignment", body, version=1)).status_code == 200
    others = await page(reception, path, "caseworker")
    assert "Qanarya Ovanlig" in others and "Qanarya Dold" not in others and "Skyddade personuppgifter" in others
    assert f"{path}/cancel" not in others and "Visa skyddade uppgifter" in others
    asked = await reception.ask("caseworker", "POST", f"/reception/forms/protected/{made['case']}", headers=HTML)
    assert asked.status_code == 200 and "Qanarya Dold" in asked.text
    assert (await reception.ask("auditor", "GET", path, headers=HTML)).status_code == 403
    inbox = await page(reception, "/reception/inbox")
    assert "Qanarya" not in inbox and "17 dagar kvar" in inbox
    assert (await reception.ask("auditor", "GET", f"{path}/arrive", headers=HTML)).status_code == 403


async def test_a_form_keeps_what_was_typed_says_what_is_wrong_and_is_done_once(reception: Office) -> None:
    made = await reception.allocate()
    await reception.knows("caseworker")
    body = {"caseworker": "caseworker-1", "unit": "reception", "reason": "first"}
    assert (await reception.post(f"/reception/cases/{made['case']}/assignment", body, version=1)).status_code == 200
    path = f"/reception/forms/arrival/{made['case']}"
    typed = {"key": str(uuid4()), "sequence": "2", "arrived_on": "2018-05-01", "persons": made["persons"]}
    wrong = await reception.ask("caseworker", "POST", path, data=typed, headers=HTML)
    assert wrong.status_code == 422 and "före beslutet, 2 maj 2018" in wrong.text and 'value="2018-05-01"' in wrong.text
    nothing = await reception.ask("caseworker", "POST", path, data={"key": typed["key"], "sequence": "2"}, headers=HTML)
    assert nothing.status_code == 422 and nothing.text.count("Uppgiften saknas.") >= 2
    assert "Ingen är vald. Välj minst en person." in nothing.text
    cancelling = f"/reception/forms/cancellation/{made['case']}"
    for reason, told in ({}, "Inget är valt. Välj ett alternativ."), ({"reason": "x"}, "left-country eller registered"):
        unsaid = await reception.ask("coordinator", "POST", cancelling, data={"sequence": "2"} | reason, headers=HTML)
        assert unsaid.status_code == 422 and told in unsaid.text
    assert len(await reception.events()) == 2
    typed["arrived_on"] = "2018-06-01"
    for _ in range(2):  # a double click
        done = await reception.ask("caseworker", "POST", path, data=typed, headers=HTML)
        saved = f"/reception/cases/{made['case']}?saved=arrival"
        assert (done.status_code, done.headers["location"]) == (303, saved)
    assert len(await reception.events()) == 3
    stale = await reception.ask("manager", "POST", path, data=typed | {"key": str(uuid4())}, headers=HTML)
    assert stale.status_code == 412 and 'name="sequence" value="3"' not in wrong.text
    correction = {"key": str(uuid4()), "sequence": "3", "reason": "did-not-arrive", "persons": made["persons"][:1]}
    again = await reception.ask(
        "caseworker", "POST", f"/reception/forms/correction/{made['case']}", data=correction, headers=HTML
    )
    assert again.status_code == 303
    assert "2 personer kom 1 juni 2018" in await page(reception, f"/reception/cases/{made['case']}")
    unknown = await reception.ask("coordinator", "GET", f"/reception/cases/{uuid4()}", headers=HTML)
    assert unknown.status_code == 404 and "Ärendet finns inte." in unknown.text


async def test_a_file_is_sent_watched_and_its_report_read(reception: Office, capfd: object) -> None:
    form = {"key": str(uuid4())}
    content = csv_of([HEAD, row("M-1"), row("M-2", s="Qanarya")]).encode()
    sent = await reception.ask(
        "coordinator",
        "POST",
        "/reception/forms/import",
        data=form,
        files={"file": ("Qanarya.csv", content)},
        headers=HTML,
    )
    assert sent.status_code == 303
    await reception.imported(content)
    seen = await page(reception, sent.headers["location"])
    assert "Kön känns inte igen." in seen and "Skriv kvinna, man eller okänt." in seen and "Qanarya" not in seen
    assert "M-1" in await page(reception, sent.headers["location"] + "?outcome=accepted")
    assert "Download the report" in await page(reception, sent.headers["location"], lang="en")
    wrong = await reception.ask(
        "coordinator", "POST", "/reception/forms/import", data=form, files={"file": ("x", b"%PDF-1.4")}, headers=HTML
    )
    assert wrong.status_code == 422 and "varken CSV eller Excel" in wrong.text
    assert "M-1" not in await page(reception, "/reception/imports")
    template = await reception.ask("coordinator", "GET", "/reception/imports/template.csv")
    assert template.text.startswith("\ufeffAnvisningsnummer;Kategori;") and template.status_code == 200
    said = capfd.readouterr()  # type: ignore[attr-defined]
    assert "Qanarya" not in said.out + said.err


async def test_a_file_that_was_known_already_says_so_and_its_report_begins_where_there_is_something(
    reception: Office,
) -> None:
    content = csv_of([HEAD, row("M-1"), row("M-2")]).encode()
    for says in ("Alla 2 hushåll är inlästa.", "Alla 2 hushåll fanns redan."):
        done = await reception.imported(content)
        seen = await page(reception, f"/reception/imports/{done['import']}")
        assert says in seen and ">M-1</a>" in seen and ">M-2</a>" in seen and "Inga." not in seen
