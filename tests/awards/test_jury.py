"""The jury over HTTP and a real database: what a juror reads, and what is hidden from whom and until when."""

import json
from typing import Any

from shared.contracts.awards import juror_id
from tests.awards.conftest import FILLED, PAGE, Site, same_as_the_journal


async def test_a_juror_reads_scores_and_sees_the_others_only_then(site: Site) -> None:
    first, second, new = await site.nominated("Ett"), await site.nominated("Två"), await site.nominated("Ny")
    await site.eligible(first)
    await site.eligible(second)
    one, two = await site.person("jury", 0), await site.person("jury", 1)

    async def listed(juror: dict[str, str]) -> dict[str, Any]:
        found = await site.http.get("/awards/jury", headers=juror)
        return {item["nomination"]: item for item in found.json()["items"]}

    assert set(await listed(one)) == {first, second}
    assert (await site.http.get(f"/awards/jury/{new}", headers=one)).status_code == 404
    given = await site.command(one, f"/nominations/{first}/score", {"score": 9, "comment": "Hemlig kommentar"}, 0)
    assert (given.status_code, given.headers["etag"]) == (200, '"1"')
    assert (await site.command(one, f"/nominations/{first}/score", {"score": 8}, 0)).status_code == 412
    before = await site.http.get(f"/awards/jury/{first}", headers=two)
    assert "Hemlig" not in before.text and before.json()["others"] == [] and before.json()["other_scores"] is None
    assert "Hemlig" not in (await site.http.get(f"/awards/jury/{first}", headers=two | PAGE)).text
    assert (await site.command(two, f"/nominations/{first}/score", {"score": 4}, 0)).status_code == 200
    after = (await site.http.get(f"/awards/jury/{first}", headers=two)).json()
    assert [(o["score"], o["comment"]) for o in after["others"]] == [(9, "Hemlig kommentar")]
    dump = str(await site.database.pool.fetch("select data::text from journal")) + str(
        await site.database.pool.fetch("select * from nomination_text, idempotency")
    )
    assert "Hemlig" not in dump and "Ett" not in dump
    link = await site.link_of(await site.nominated("Tre", email="a@exempel.se"))
    assert link and (await listed(two))[first]["own_score"] == 4
    round_ = await site.get("secretary", "/prizes/2018")
    assert next((c["nomination"], c["scores"], c["mean"]) for c in round_["candidates"]) == (first, 2, 6.5)


async def test_recusal_hides_a_nominee_from_that_juror_everywhere_also_under_another_nomination(site: Site) -> None:
    first, twin, other = (
        await site.nominated("Cykelköket"),
        await site.nominated("Cykel-köket"),
        await site.nominated("Annan"),
    )
    for each in (first, twin, other):
        await site.eligible(each)
    one, two = await site.person("jury", 0), await site.person("jury", 1)
    for juror in (one, two):
        for each in (first, twin):
            assert (
                await site.command(juror, f"/nominations/{each}/score", {"score": 7, "comment": "Kul"}, 0)
            ).status_code == 200
    texts = await site.count("nomination_text")
    gone = await site.command(one, f"/nominations/{twin}/recusal", {"reason": "own-organisation"}, 1)
    assert gone.status_code == 200
    assert await site.count("nomination_text") == texts - 1

    async def everything(juror: dict[str, str]) -> str:
        found = ""
        for path in ("/jury", "/jury?year=2018", "/", "/prizes"):
            for accept in ("text/html", "application/json"):
                found += (await site.http.get(f"/awards{path}", headers=juror | {"Accept": accept})).text
        return found

    async def gone_for(juror: dict[str, str], nomination: str) -> bool:
        paths = (f"/awards/jury/{nomination}", f"/awards/jury/{nomination}/recusal")
        answers = [await site.http.get(path, headers=juror | PAGE) for path in paths]
        scored = await site.command(juror, f"/nominations/{nomination}/score", {"score": 7}, 2)
        return [a.status_code for a in (*answers, scored)] == [404] * 3

    seen = await everything(one)
    assert "Cykel-köket" not in seen and twin not in seen and "Cykelköket" in seen
    assert await gone_for(one, twin) and not await gone_for(two, twin)
    joined = await site.command("secretary", f"/nominations/{twin}/same", {"same_as": first}, 2)
    assert joined.status_code == 200, joined.text
    seen = await everything(one)
    assert "Cykelköket" not in seen and first not in seen and "Annan" in seen
    assert await gone_for(one, first)
    items = (await site.http.get("/awards/jury", headers=one)).json()["items"]
    assert [item["nomination"] for item in items] == [other]
    theirs = (await site.http.get(f"/awards/jury/{first}", headers=two)).json()
    assert (theirs["nominations"], len(theirs["texts"])) == (2, 2)
    assert [(o["score"], o["comment"]) for o in theirs["others"]] == []
    round_ = await site.get("secretary", "/prizes/2018")
    assert {c["nomination"]: (c["scores"], c["recused"]) for c in round_["candidates"]} == {
        first: (1, 1),
        other: (0, 0),
    }


async def test_one_nominee_is_judged_once_also_when_the_first_nomination_is_withdrawn(site: Site) -> None:
    first = await site.nominated("Cykelköket", email="a@exempel.se")
    twin, third, new = [await site.nominated(name) for name in ("Cykel-köket", "Köket med cyklar", "Ny")]
    for each in (first, twin, third):
        await site.eligible(each)
    for each in (twin, third):
        assert (await site.command("secretary", f"/nominations/{each}/same", {"same_as": first}, 2)).status_code == 200
    assert (await site.mine("withdrawal", {"link": await site.link_of(first)}, 2)).status_code == 200

    juror, secretary = await site.person("jury", 0), await site.token("secretary")
    items = (await site.http.get("/awards/jury", headers=juror)).json()["items"]
    assert [(item["nomination"], item["nominations"]) for item in items] == [(twin, 2)]
    page = (await site.http.get("/awards/nominations?year=2018", headers=secretary | PAGE)).text
    assert "tillsammans med Cykel-köket" in page and "tillsammans med Cykelköket" not in page
    form = (await site.http.get(f"/awards/nominations/{new}", headers=secretary | PAGE)).text
    assert f'<option value="{first}"' not in form
    chosen = (await site.http.get(f"/awards/nominations/{third}", headers=secretary | PAGE)).text
    assert f'<option value="{first}" selected' in chosen


async def test_a_corrected_text_is_assessed_and_scored_anew(site: Site) -> None:
    nomination = await site.nominated(email="a@exempel.se")
    link, juror = await site.link_of(nomination), await site.person("jury", 0)
    await site.eligible(nomination)
    await site.command(juror, f"/nominations/{nomination}/score", {"score": 9}, 0)
    assert (await site.mine("correction", dict(FILLED) | {"nominee": "Helt annat", "link": link}, 2)).status_code == 200
    assert (await site.http.get("/awards/jury", headers=juror)).json()["items"] == []
    await site.eligible(nomination, 3)
    seen = (await site.http.get(f"/awards/jury/{nomination}", headers=juror)).json()
    assert (seen["own_score"], seen["unread"], seen["earlier"], seen["version"]) == (None, True, True, 1)
    changed = await site.command("secretary", f"/nominations/{nomination}/assessment", {"reason": "unserious"}, 4)
    assert (changed.status_code, changed.json()["code"]) == (422, "why-changed")


async def test_events_name_a_juror_by_an_id_of_ours(site: Site) -> None:
    nomination = await site.nominated()
    await site.eligible(nomination)
    juror = await site.person("jury", 0)
    await site.command(juror, f"/nominations/{nomination}/score", {"score": 3}, 0)
    row = await site.database.pool.fetchrow("select data::text, actor from journal where type like '%scored%'")
    assert row is not None and row["actor"] not in row["data"]
    assert set(json.loads(row["data"])) == {"nomination", "juror", "score", "revision"}
    assert json.loads(row["data"])["juror"] == str(juror_id(row["actor"]))


async def test_the_secretary_lifts_a_recusal_and_the_juror_begins_anew(site: Site) -> None:
    nomination, other = await site.nominated("Cykelköket"), await site.nominated("Annan")
    await site.eligible(nomination)
    await site.eligible(other)
    one = await site.person("jury", 0)
    score = {"score": 9, "comment": "Från förut"}
    assert (await site.command(one, f"/nominations/{nomination}/score", score, 0)).status_code == 200
    left = await site.command(one, f"/nominations/{nomination}/recusal", {"reason": "close-person"}, 1)
    assert left.status_code == 200

    told = await site.get("secretary", f"/nominations/{nomination}")
    (recusal,) = told["recusals"]
    assert (recusal["reason"], recusal["version"], bool(recusal["name"])) == ("close-person", 2, True)
    path = f"/nominations/{nomination}/recusals/{recusal['juror']}/lifting"
    lift = {"reason": "reported-in-error"}
    assert (await site.command(one, path, lift, 2)).status_code == 403
    assert (await site.command("secretary", path, lift, 1)).status_code == 412
    assert (await site.command("secretary", path, {"reason": "because"}, 2)).status_code == 422
    wrong = f"/nominations/{other}/recusals/{recusal['juror']}/lifting"
    assert (await site.command("secretary", wrong, lift, 0)).status_code == 404
    lifted = await site.command("secretary", path, lift, 2)
    assert (lifted.status_code, lifted.headers["etag"]) == (200, '"3"')
    assert (await site.get("secretary", f"/nominations/{nomination}"))["recusals"] == []

    back = (await site.http.get(f"/awards/jury/{nomination}", headers=one)).json()
    assert (back["unread"], back["own_score"], back["comment"], back["earlier"], back["lifted"]) == (
        True,
        None,
        None,
        False,
        "reported-in-error",
    )
    round_ = await site.get("secretary", "/prizes/2018")
    assert {c["nomination"]: (c["scores"], c["recused"]) for c in round_["candidates"]}[nomination] == (0, 0)
    assert (await site.command(one, f"/nominations/{nomination}/score", {"score": 4}, 3)).status_code == 200
    assert (await site.http.get(f"/awards/jury/{nomination}", headers=one)).json()["lifted"] is None
    async with site.database.reading() as conn:
        assert "awards.recusal-lifted.v1" in await same_as_the_journal(conn)
    page = await site.http.get(f"/awards/nominations/{nomination}", headers=await site.token("secretary") | PAGE)
    assert "Jävet hävdes" in page.text and "Jävet anmäldes av misstag" in page.text


async def test_a_recusal_stands_after_the_decision(site: Site) -> None:
    nomination = await site.nominated()
    await site.eligible(nomination)
    await site.command(
        await site.person("jury", 0), f"/nominations/{nomination}/recusal", {"reason": "close-person"}, 0
    )
    (recusal,) = (await site.get("secretary", f"/nominations/{nomination}"))["recusals"]
    site.at("2018-11-05T09:00:00+01:00")
    steps = [
        ("proposal", {"nominations": [nomination]}),
        ("decision", {"laureates": [nomination], "decided_on": "2018-11-05"}),
    ]
    for version, (step, body) in enumerate(steps, 1):
        assert (await site.command("secretary", f"/prizes/2018/{step}", body, version)).status_code == 200
    path = f"/nominations/{nomination}/recusals/{recusal['juror']}"
    late = await site.command("secretary", f"{path}/lifting", {"reason": "found-impartial"}, 1)
    assert (late.status_code, late.json()["code"]) == (409, "decided-already")
    page = (await site.http.get(f"/awards{path}", headers=await site.token("secretary") | PAGE)).text
    assert "så jävet ligger fast" in page and "<textarea" not in page and "/forms/lifting/" not in page


async def test_the_secretary_sees_who_in_the_jury_has_read_and_no_juror_does(site: Site) -> None:
    first, second = await site.nominated("Ett"), await site.nominated("Två")
    await site.eligible(first)
    await site.eligible(second)
    secretary, one, two = await site.token("secretary"), await site.person("jury", 0), await site.person("jury", 1)

    async def page() -> str:
        return (await site.http.get("/awards/prizes/2018", headers=secretary | PAGE)).text

    async def jury() -> list[tuple[int, int, int, str]]:
        members = (await site.get("secretary", "/prizes/2018"))["jury"]
        assert all(member["name"] for member in members)
        return [(m["scored"], m["judges"], m["recused"], m["last_on"]) for m in members]

    assert await jury() == [] and "Ingen i juryn har öppnat listan än" in await page()
    today = "2018-10-15"
    site.at(f"{today}T09:00:00+02:00")
    await site.http.get("/awards/jury", headers=one)
    await site.http.get("/awards/jury", headers=two)
    assert await jury() == [(0, 2, 0, today)] * 2
    assert (await page()).count("Inget än") == 2
    site.at("2018-10-17T09:00:00+02:00")
    assert (await site.command(one, f"/nominations/{first}/score", {"score": 9}, 0)).status_code == 200
    assert (await site.command(one, f"/nominations/{second}/recusal", {"reason": "own-interest"}, 0)).status_code == 200
    assert await jury() == [(0, 2, 0, today), (1, 1, 1, "2018-10-17")]
    shown = await page()
    assert "0 av 2" in shown and "1 av 1" in shown and "Klar" in shown and "står inte här" in shown
    for juror in (one, two):
        assert (await site.http.get("/awards/prizes/2018", headers=juror)).status_code == 403
        for path in ("/jury", f"/jury/{first}", "/"):
            for accept in ("text/html", "application/json"):
                seen = (await site.http.get(f"/awards{path}", headers=juror | {"Accept": accept})).text
                assert "Juryns läsning" not in seen and "last_on" not in seen


async def test_the_proposals_form_says_what_and_who_is_left_behind(site: Site) -> None:
    await site.eligible(await site.nominated("Ett"))
    await site.nominated("Glömd")
    await site.http.get("/awards/jury?year=2018", headers=await site.person("jury", 0))
    site.at("2018-12-05T09:00:00+01:00")
    page = await site.http.get("/awards/prizes/2018/proposal", headers=await site.token("secretary") | PAGE)
    assert "Sparar du förslaget nu kommer den aldrig till juryn" in page.text
    assert "Har inte satt poäng på alla: " in page.text
