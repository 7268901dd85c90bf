"""The public form: forgiving to people, closed to programs, once for a double click, and nothing is ever lost."""

import asyncio
import json
import re
from uuid import UUID, uuid4

from services.awards import rules
from tests.awards.conftest import FILLED, Site, same_as_the_journal

NOMINATIONS = "awards.nomination-%"


async def test_a_nomination_by_form_is_sealed_and_announced_without_a_word_of_it(site: Site) -> None:
    await site.open_form()
    answer = await site.post(email="greta@exempel.se")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/awards/thanks/")
    thanks = await site.http.get(answer.headers["location"], headers={"Accept": "text/html"})
    assert thanks.status_code == 200
    assert "kvitto" in thanks.text.lower()
    assert "För 2018 års pris är det " in thanks.text
    plain = (await site.http.get(thanks.url.path + "?lang=en", headers={"Accept": "text/html"})).text
    assert "Note the reference" in plain and "For the 2018 prize that is on " in plain
    row = await site.database.pool.fetchrow(
        "select type, data::text, actor, subject from journal where type like $1", NOMINATIONS
    )
    assert row is not None and row["type"] == "awards.nomination-submitted.v1"
    assert json.loads(row["data"]) == {
        "prize": "integration",
        "prize_year": 2018,
        "nominee_kind": "association",
        "receipt_wanted": True,
    }
    dump = ""
    for table in ("nomination", "journal", "idempotency", "nomination_text", "outbox"):
        dump += str([dict(found) for found in await site.database.pool.fetch(f"select * from {table}")])
    for secret in ("greta", "Språkkaf", "torsdag", "Någon"):
        assert secret not in dump


async def test_a_double_click_is_one_nomination_and_changed_words_are_asked_about(site: Site) -> None:
    await site.open_form()
    answers = await asyncio.gather(*[site.post() for _ in range(4)])
    assert {answer.headers.get("location") for answer in answers} == {answers[0].headers["location"]}
    changed = await site.post(nominee="En annan")
    assert changed.status_code == 422
    assert "redan skickat" in changed.text and "En annan" in changed.text
    assert site.hidden["key"] not in changed.text
    assert await site.count("nomination") == await site.count(f"journal where type like '{NOMINATIONS}'") == 1


async def test_all_errors_at_once_linked_to_their_fields_and_nothing_typed_is_lost(site: Site) -> None:
    await site.open_form()
    answer = await site.post(nominee="", nominee_kind="king", citation="kort <b>", email="inte en adress")
    assert answer.status_code == 422
    for name in ("nominee", "nominee_kind", "citation", "email"):
        assert f'href="#f-{name}"' in answer.text
        assert f'id="e-{name}"' in answer.text
    for typed in ("kort &lt;b&gt;", "inte en adress", "Någon Annan", site.hidden["key"]):
        assert typed in answer.text
    long = await site.post(citation="ett ord " * 600)
    assert long.status_code == 422 and "Skriv högst 4000 tecken" in long.text and "ett ord " * 599 in long.text
    # the browser would cut a pasted text at its limit without a word
    assert not re.search("<textarea[^>]*maxlength", long.text)
    assert await site.count("nomination") == 0


async def test_a_program_is_asked_again_and_what_it_typed_stays(site: Site) -> None:
    for age, typed, says in (
        (0.1, {}, "fortare"),
        (60, {"website": "http://spam.example"}, "dolt fält"),
        (7 * 3600, {}, "öppet för länge"),
        (60, {"opened": "made.up.token"}, "öppet för länge"),
        (60, {"opened": None}, "öppet för länge"),
    ):
        await site.open_form(age=age)
        answer = await site.post(**typed)  # type: ignore[arg-type]
        assert answer.status_code == 422, says
        assert says in answer.text and FILLED["nominee"] in answer.text
        assert "spam.example" not in answer.text
    assert await site.count("nomination") == 0


async def test_a_form_of_another_site_is_refused(site: Site) -> None:
    await site.open_form()
    assert (await site.post(csrf="forged")).status_code == 403
    assert (await site.post(csrf=None)).status_code == 403  # type: ignore[arg-type]
    foreign = {"Accept": "text/html", "Origin": "https://evil.example"}
    assert (
        await site.http.post("/awards/forms/nominate", data=site.hidden | FILLED, headers=foreign)
    ).status_code == 403
    site.http.cookies.clear()
    assert (await site.post()).status_code == 403
    assert await site.count("nomination") == 0


async def test_one_address_sends_so_many_an_hour_and_is_not_kept(site: Site) -> None:
    guard = site.app.state.landa.extras["guard"]
    for _ in range(rules.MOST_PER_HOUR):
        guard.count("127.0.0.1")
    await site.open_form()
    answer = await site.post()
    assert answer.status_code == 429
    assert FILLED["nominee"] in answer.text
    assert (await site.nominate({})).status_code == 429
    assert (await site.nominate(await site.token("secretary"))).status_code == 201
    assert not any(b"127.0.0.1" in key for key in guard._seen)
    for number in range(25_000):
        guard.count(f"10.0.{number // 250}.{number % 250}")
    assert len(guard._seen) <= 20_000


async def test_nonsense_is_told_what_where_and_how_to_mend_and_repeats_nothing(site: Site) -> None:
    token = await site.service()
    for body, status in (
        ({"nominee": 17}, 422),
        ({"citation": "kort"}, 422),
        ({"citation": "x" * 4001}, 422),
        ({"nominee_kind": "secret-kind"}, 422),
        ({"unknown": "secret-value"}, 422),
        ({"email": "secret-not-an-address"}, 422),
        ({"prize_year": 1900}, 422),
    ):
        answer = await site.nominate(token, **body)
        assert answer.status_code == status, body
        found = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert found["errors"] and all(e["where"] and e["what"] and e["mend"] for e in found["errors"])
        assert "secret-" not in answer.text
    unannounced = await site.nominate(token, prize_year=2017)
    assert (unannounced.status_code, unannounced.json()["code"]) == (409, "prize-unannounced")
    key = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    broken = await site.http.post("/awards/nominations", content=b'{"nominee": ', headers=token | key)
    assert broken.status_code == 400
    huge = await site.http.post("/awards/nominations", content=b"[" * 300_000, headers=token | key)
    assert huge.status_code == 413
    assert (await site.http.post("/awards/nominations", json=FILLED, headers=token)).status_code == 400
    assert await site.count("nomination") == await site.count(f"journal where type like '{NOMINATIONS}'") == 0


async def test_the_secretary_reads_and_each_look_is_recorded(site: Site) -> None:
    service, secretary = await site.service(), await site.token("secretary")
    made = [(await site.nominate(service, nominee=f"Förening {n}")).json()["nomination"] for n in range(3)]
    listed = (await site.http.get("/awards/nominations", headers=secretary)).json()
    assert [item["nominee"] for item in listed["items"]] == ["Förening 2", "Förening 1", "Förening 0"]
    whole = (await site.http.get(f"/awards/nominations/{made[0]}", headers=secretary)).json()
    assert whole["citation"] == "De öppnar dörren varje torsdag.\nMånga har kommit."
    page = await site.http.get("/awards/nominations", headers=secretary | {"Accept": "text/html"})
    assert "Förening 1" in page.text
    looks = await site.database.pool.fetch("select action, route, persons from access_log order by position")
    assert [(look["action"], len(look["persons"])) for look in looks] == [("list", 3), ("view", 1), ("list", 3)]
    for role in ("coordinator", "council", "jury", "manager", "operator"):
        token = await site.token(role)
        for path in ("/awards/nominations", f"/awards/nominations/{made[0]}", f"/awards/nominations/{made[0]}/receipt"):
            assert (await site.http.get(path, headers=token)).status_code == 403
    assert len(looks) == await site.count("access_log")
    await site.database.pool.execute("update nomination set prize_year = prize_year - 1 where id <> $1", UUID(made[0]))
    this_year = (await site.http.get("/awards/nominations", headers=secretary)).json()
    await site.database.pool.execute("update nomination set prize_year = $1", this_year["year"] - 1)
    before = (await site.http.get("/awards/nominations", headers=secretary)).json()
    assert (before["year"], len(this_year["items"]), len(before["items"])) == (this_year["year"] - 1, 1, 3)


async def test_the_receipts_address_is_for_the_service_alone(site: Site) -> None:
    service = await site.service()
    wants = (await site.nominate(service, email="greta@exempel.se", language="en")).json()
    wants_not = (await site.nominate(service)).json()
    found = await site.http.get(f"/awards/nominations/{wants['nomination']}/receipt", headers=service)
    told = found.json()
    assert told.pop("link").startswith(f"{site.url}/awards/mine?link=")
    assert told == {
        "email": "greta@exempel.se",
        "language": "en",
        "reference": wants["reference"],
        "prize_year": 2018,
        "opens_at": "2018-09-30T22:00:00+00:00",
        "closes_at": "2018-10-31T23:00:00+00:00",
        "ceremony_on": "2019-01-28",
    }
    for nomination in (wants_not["nomination"], uuid4()):
        assert (await site.http.get(f"/awards/nominations/{nomination}/receipt", headers=service)).status_code == 404
    assert (await site.http.get(f"/awards/nominations/{wants['nomination']}/receipt")).status_code == 401
    secretary = await site.token("secretary")
    assert (
        await site.http.get(f"/awards/nominations/{wants['nomination']}/receipt", headers=secretary)
    ).status_code == 403
    assert await site.count("access_log") == 1


async def test_the_stored_state_is_the_fold_of_the_journal(site: Site) -> None:
    service = await site.service()
    for _ in range(3):
        await site.nominate(service)
    await site.nominate(service, prize_year=2017)
    async with site.database.reading() as conn:
        await same_as_the_journal(conn)
