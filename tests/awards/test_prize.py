"""The prize over HTTP and a real database: correction by link, the jury's view, the decision, what is public."""

import re
from typing import Any
from uuid import uuid4

from tests.awards.conftest import FILLED, PAGE, Site, same_as_the_journal

LAST, CLOSED = "2018-10-31T23:59:59+01:00", "2018-11-01T00:00:00+01:00"


async def test_the_form_closes_to_the_second_and_keeps_what_was_typed(site: Site) -> None:
    site.at(LAST)
    await site.open_form()
    assert (await site.post()).status_code == 303
    await site.open_form()
    site.at(CLOSED)
    late = await site.post(nominee="Den Sena")
    assert late.status_code == 422
    assert "stängde 31 oktober 2018 klockan 24:00" in late.text and "Den Sena" in late.text
    assert (await site.nominate(await site.service())).json()["code"] == "prize-closed"
    page = (await site.http.get("/awards/nominate", headers=PAGE)).text
    assert "stängde" in page and "<textarea" not in page and "<svg" in page
    site.at("2018-09-30T23:59:59+02:00")
    assert (await site.nominate(await site.service())).json()["code"] == "prize-not-yet-open"
    assert await site.count("nomination") == 1


async def test_the_receipts_link_corrects_and_withdraws_until_closing_and_only_its_hash_is_kept(site: Site) -> None:
    nomination = await site.nominated(email="greta@exempel.se")
    first, second = await site.link_of(nomination), await site.link_of(nomination)
    assert first != second and len(first) > 40
    dump = "".join(
        [str(await site.database.pool.fetch(f"select * from {t}")) for t in ("nomination_link", "idempotency")]
    )
    assert first not in dump and second not in dump
    body = {name: value for name, value in FILLED.items()} | {"nominee": "Nytt namn", "nominee_kind": "group"}
    corrected = await site.mine("correction", body | {"link": first}, 1)
    assert (corrected.status_code, corrected.headers["etag"]) == (200, '"2"')
    assert (await site.mine("correction", body | {"link": first}, 1)).status_code == 412
    assert (await site.mine("correction", body | {"link": first}, 2)).headers["etag"] == '"2"'
    seen = await site.http.get(f"/awards/mine?link={second}", headers={"Accept": "application/json"})
    assert (seen.json()["nominee"], seen.json()["nominee_kind"], seen.headers["etag"]) == ("Nytt namn", "group", '"2"')
    for wrong in ("x" * 43, first[:-1] + ("A" if first[-1] != "A" else "B")):
        assert (await site.http.get(f"/awards/mine?link={wrong}", headers=PAGE)).status_code == 404
        assert (await site.mine("withdrawal", {"link": wrong}, 2)).status_code == 404
    site.at(CLOSED)
    assert (await site.mine("withdrawal", {"link": first}, 2)).json()["code"] == "prize-closed"
    assert "Nytt namn" in (await site.http.get(f"/awards/mine?link={first}", headers=PAGE)).text
    told = await site.http.get(f"/awards/nominations/{nomination}/receipt", headers=await site.service())
    assert told.json()["link"] is None
    site.at(LAST)
    assert (await site.mine("withdrawal", {"link": first}, 2)).status_code == 200
    assert (await site.mine("correction", body | {"link": first}, 3)).json()["code"] == "nomination-withdrawn"
    assert {look["action"] for look in await site.database.pool.fetch("select action from access_log")} >= {
        "view",
        "change",
    }


async def test_the_nominators_page_shows_the_form_again_with_all_that_is_wrong(site: Site) -> None:
    link = await site.link_of(await site.nominated(email="greta@exempel.se"))
    page = await site.http.get(f"/awards/mine?link={link}", headers=PAGE)
    hidden = site.hidden_of(page.text)
    typed = dict(FILLED) | {"citation": "kort", "nominee": "Ett annat namn"}
    again = await site.http.post("/awards/forms/correction", data=hidden | typed, headers=PAGE)
    assert again.status_code == 422 and "Ett annat namn" in again.text and 'href="#f-citation"' in again.text
    saved = await site.http.post("/awards/forms/correction", data=hidden | typed | {"citation": "x" * 30}, headers=PAGE)
    assert saved.status_code == 303 and saved.headers["location"].endswith("done=corrected")
    old = typed | {"citation": "y" * 30, "key": str(uuid4())}
    stale = await site.http.post("/awards/forms/correction", data=hidden | old, headers=PAGE)
    assert stale.status_code == 412 and "x" * 30 in stale.text and "y" * 30 in stale.text
    withdrawal = hidden | {"sequence": "2", "key": str(uuid4())}
    for language, mend in (("en", "Tick the box"), ("sv", "Kryssa i rutan")):
        unsure = await site.http.post(f"/awards/forms/withdrawal?lang={language}", data=withdrawal, headers=PAGE)
        assert unsure.status_code == 422 and 'href="#f-sure"' in unsure.text and mend in unsure.text
        assert "Ett annat namn" in unsure.text
    gone = await site.http.post("/awards/forms/withdrawal", data=withdrawal | {"sure": "true"}, headers=PAGE)
    assert gone.status_code == 303
    assert "dragit tillbaka" in (await site.http.get(gone.headers["location"], headers=PAGE)).text


async def decided(site: Site, *nominations: str) -> int:
    """From closing to the decision; the edition's version."""
    site.at("2018-12-05T09:00:00+01:00")
    ids = list(nominations)
    assert (await site.command("secretary", "/prizes/2018/proposal", {"nominations": ids}, 1)).status_code == 200
    body = {"laureates": ids, "decided_on": "2018-12-04"}
    answer = await site.command("secretary", "/prizes/2018/decision", body, 2)
    assert answer.status_code == 200, answer.text
    return 3


async def test_proposed_decided_and_published_and_only_then_public_with_the_names_that_may_be(site: Site) -> None:
    named, unnamed = await site.nominated("Öppna Dörren"), await site.nominated("Blyga Gruppen")
    await site.eligible(named)
    await site.eligible(unnamed)
    juror = await site.person("jury", 0)
    await site.command(juror, f"/nominations/{named}/score", {"score": 9}, 0)
    early = await site.command("secretary", "/prizes/2018/proposal", {"nominations": [named]}, 1)
    assert early.json()["code"] == "still-open"
    version = await decided(site, named, unnamed)
    late = await site.command(juror, f"/nominations/{named}/score", {"score": 1}, 1)
    assert late.json()["code"] == "proposed-already"

    async def public() -> str:
        return (await site.http.get("/awards/", headers=PAGE)).text

    assert "Dörren" not in await public()
    said = {"nomination": named, "name": "Öppna Dörren i hamnen", "motivation": "För att dörren alltid är öppen."}
    published = await site.command("secretary", "/prizes/2018/publication", {"laureates": [said]}, version)
    assert published.status_code == 200, published.text
    page = await public()
    assert "Öppna Dörren i hamnen" in page and "alltid är öppen" in page and "Blyga" not in page
    told = (await site.http.get("/awards/", headers={"Accept": "application/json"})).json()["prizes"]
    assert [(p["prize_year"], [one["name"] for one in p["laureates"]]) for p in told] == [
        (2018, ["Öppna Dörren i hamnen", None])
    ]
    mended = said | {"motivation": "För att dörren alltid står öppen."}
    for seen in (version + 1, version + 2):  # the second time nothing is changed
        again = await site.command("secretary", "/prizes/2018/publication", {"laureates": [mended]}, seen)
        assert (again.status_code, again.headers["etag"]) == (200, f'"{version + 2}"')
    page = await public()
    assert "alltid står öppen" in page and "alltid är öppen" not in page
    late = {"laureates": [unnamed], "decided_on": "2018-12-04"}
    stands = await site.command("secretary", "/prizes/2018/decision", late, version + 2)
    assert stands.json()["code"] == "already-published"
    gone = await site.command("secretary", "/prizes/2018/publication", {"laureates": []}, version + 2)
    assert gone.status_code == 200 and "Öppna Dörren" not in await public()
    texts = await site.database.pool.fetchval("select count(*) from nomination_text")
    assert texts == 2  # the two nominations: what was published is erased
    async with site.database.reading() as conn:
        types = await same_as_the_journal(conn)
        assert {"awards.laureates-proposed.v1", "awards.prize-decided.v1", "awards.prize-published.v1"} <= types
    dump = str(await site.database.pool.fetch("select data::text from journal"))
    assert "Dörren" not in dump


async def test_a_program_withholds_the_prize_only_by_saying_so(site: Site) -> None:
    nomination = await site.nominated("Systugan")
    await site.eligible(nomination)
    site.at("2018-12-05T09:00:00+01:00")
    contrary = {"nominations": [nomination], "withhold": True}
    for body, code in (
        ({}, "nobody-proposed"),
        ({"nominations": []}, "nobody-proposed"),
        ({"withhold": False}, "nobody-proposed"),
        (contrary, "proposed-and-withheld"),
    ):
        refused = await site.command("secretary", "/prizes/2018/proposal", body, 1)
        told = refused.json()
        assert (refused.status_code, told["code"]) == (422, code), body
        assert [(e["where"], bool(e["what"]), bool(e["mend"])) for e in told["errors"]] == [("/withhold", True, True)]
    assert (await site.get("secretary", "/prizes/2018"))["proposed"] is None
    said = await site.command("secretary", "/prizes/2018/proposal", {"withhold": True}, 1)
    assert said.status_code == 200
    assert (await site.get("secretary", "/prizes/2018"))["proposed"] == []
    async with site.database.reading() as conn:
        assert "awards.laureates-proposed.v1" in await same_as_the_journal(conn)


async def test_the_secretarys_forms_lead_through_the_round(site: Site) -> None:
    nomination = await site.nominated("Systugan")
    await site.eligible(nomination)
    secretary = await site.token("secretary")

    async def send(step: str, language: str = "sv", **typed: str) -> Any:
        page = await site.http.get(f"/awards/prizes/2018/{step}", headers=secretary | PAGE)
        assert page.status_code == 200, page.text
        form = site.hidden_of(page.text) | typed
        return await site.http.post(f"/awards/forms/{step}/2018?lang={language}", data=form, headers=secretary | PAGE)

    moved = await send(
        "calendar",
        opens_at="2018-10-01T00:00",
        closes_at="2018-11-04T12:30:15",
        ceremony_on="2019-02-25",
        reason="few-nominations",
    )
    assert moved.status_code == 303, moved.text
    assert "4 november 2018 12:30:15" in (await site.http.get("/awards/prizes/2018", headers=secretary | PAGE)).text
    for wrong in ({"closes_at": "2019-03-31T02:30"}, {"closes_at": "2018-09-01T00:00"}, {"reason": ""}):
        usual = {
            "opens_at": "2018-10-01T00:00",
            "closes_at": "2018-11-05T00:00",
            "ceremony_on": "2019-04-25",
            "reason": "set-in-error",
        }
        assert (await send("calendar", **(usual | wrong))).status_code == 422, wrong
    site.at("2018-12-05T09:00:00+01:00")

    async def standings() -> list[list[str]]:
        pages = ("/awards/nominations?year=2018", f"/awards/nominations/{nomination}")
        shown = [(await site.http.get(page, headers=secretary | PAGE)).text for page in pages]
        return [re.findall(r"Bedöms|Bedömd", text) for text in shown]

    assert await standings() == [["Bedöms"], ["Bedöms"]]
    for language, mend in (("sv", "eller kryssa i att priset inte delas ut"), ("en", "or tick that the prize")):
        nobody = await send("proposal", language)
        assert nobody.status_code == 422 and 'href="#f-withhold"' in nobody.text and mend in nobody.text
    contrary = await send("proposal", nominations=nomination, withhold="true")
    assert contrary.status_code == 422 and "Ta bort det ena" in contrary.text
    assert (await site.http.get("/awards/prizes/2018", headers=secretary)).json()["proposed"] is None
    ticked = re.compile('id="f-withhold"[^>]* checked')
    assert (await send("proposal", withhold="true")).status_code == 303
    assert (await site.http.get("/awards/prizes/2018", headers=secretary)).json()["proposed"] == []
    assert ticked.search((await site.http.get("/awards/prizes/2018/proposal", headers=secretary | PAGE)).text)
    assert (await send("proposal", nominations=nomination)).status_code == 303
    assert await standings() == [["Bedömd"], ["Bedömd"]]
    assert not ticked.search((await site.http.get("/awards/prizes/2018/proposal", headers=secretary | PAGE)).text)
    both = await send("decision", laureates=nomination, withheld="criteria-not-met", decided_on="2018-12-04")
    assert both.status_code == 422 and "inte båda" in both.text
    assert (await send("decision", laureates=nomination, decided_on="2018-12-04")).status_code == 303
    words = {"sv": "behövs om pristagaren har sagt ja", "en": "needed if the laureate has agreed"}
    for language, needed in words.items():
        asked = await site.http.get(f"/awards/prizes/2018/publication?lang={language}", headers=secretary | PAGE)
        assert asked.text.count(needed) == 2 and "(valfritt)" not in asked.text and "(optional)" not in asked.text
    empty = await send("publication", agreed_1="true", name_1="Systugan Tråden")
    assert empty.status_code == 422 and 'href="#f-motivation_1"' in empty.text
    assert (
        await send("publication", agreed_1="true", name_1="Systugan Tråden", motivation_1="x" * 25)
    ).status_code == 303
    assert "Systugan Tråden" in (await site.http.get("/awards/", headers=PAGE)).text
    assert (await site.http.get("/awards/prizes/2018", headers=secretary)).json()["phase"] == "published"


async def test_every_page_is_there_in_every_phase_and_in_both_languages(site: Site) -> None:
    one, twin, poor, gone = [await site.nominated(n, email="a@exempel.se") for n in ("Ett", "Ett igen", "Fel", "Borta")]
    await site.eligible(one)
    await site.eligible(twin)
    await site.eligible(poor, reason="unserious")
    await site.command("secretary", f"/nominations/{twin}/same", {"same_as": one}, 2)
    await site.eligible(poor, 2, reason="laureate-before", changed="assessed-in-error")
    link, other = await site.link_of(gone), await site.link_of(one)
    await site.mine("withdrawal", {"link": link}, 1)
    juror, secretary = await site.person("jury", 0), await site.token("secretary")
    await site.command(juror, f"/nominations/{one}/score", {"score": 9, "comment": "Bra"}, 0)
    await site.command(await site.person("jury", 1), f"/nominations/{one}/score", {"score": 7, "comment": "Ja"}, 0)

    async def look(phase: str) -> None:
        assert (await site.get("secretary", "/prizes/2018"))["phase"] == phase
        steps = [f"/prizes/2018/{step}" for step in ("calendar", "proposal", "decision", "publication")]
        theirs = [f"/nominations/{n}" for n in (one, twin, poor, gone)]
        for who, paths in (
            (secretary, ["/prizes/2018", "/announce", "/nominations?year=2018", *steps, *theirs]),
            (juror, ["/jury?year=2018", f"/jury/{one}", f"/jury/{one}/recusal"]),
            ({}, ["/", "/nominate", "/mine", f"/mine?link={link}", f"/mine?link={other}", "/thanks/abcd-0123"]),
        ):
            for path in paths:
                for lang in ("sv", "en"):
                    page = await site.http.get(f"/awards{path}", headers=who | PAGE | {"Cookie": f"lang={lang}"})
                    assert page.status_code == 200, (phase, path, lang)
                    assert f'<html lang="{lang}">' in page.text

    await look("open")
    site.at("2018-11-30T00:00:00+01:00")
    await look("closed")
    await site.command("secretary", "/prizes/2018/proposal", {"nominations": [one]}, 1)
    await look("proposed")
    withheld = {"withheld": "criteria-not-met", "decided_on": "2018-11-29"}
    await site.command("secretary", "/prizes/2018/decision", withheld, 2)
    await look("withheld")
    await site.command("secretary", "/prizes/2018/publication", {}, 3)
    await look("published")
    assert "når upp till" in (await site.http.get("/awards/", headers=PAGE)).text


async def test_what_was_not_assessed_in_time_is_not_said_to_be_waiting(site: Site) -> None:
    late, secretary = await site.nominated("Sent"), await site.token("secretary")

    async def standings() -> list[list[str]]:
        pages = ("/awards/nominations?year=2018", f"/awards/nominations/{late}")
        shown = [(await site.http.get(page, headers=secretary | PAGE)).text for page in pages]
        return [re.findall(r"Ska prövas|Inte prövad", text) for text in shown]

    assert await standings() == [["Ska prövas"], ["Ska prövas"]]
    site.at("2018-11-30T00:00:00+01:00")
    await site.command("secretary", "/prizes/2018/proposal", {"withhold": True}, 1)
    assert await standings() == [["Inte prövad"], ["Inte prövad"]]
