"""One letter typed in by page: the same command as the API's, every fault at its field, persons without script."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.reception.office import Office

HTML = {"accept": "text/html"}
ANNA = {"name": "Qanarya Ovanlig", "birth_date": "1985-04-12", "sex": "female", "protected_identity": "none"}
BO = {"name": "Qanarya Barn", "birth_date": "2012-01-30", "sex": "male", "interpreter_needed": "true"}
DECISION = {"allocation_number": "MIV-2018-7", "category": "agency-accommodation", "decided_on": "2018-05-02"}
NOTICE = {"category": "self-settled", "notified_on": "2018-06-01"}


def letter(terms: dict[str, str], *persons: dict[str, str], **more: str) -> dict[str, str]:
    typed = {f"persons-{at}-{name}": value for at, person in enumerate(persons) for name, value in person.items()}
    return {"key": str(uuid4())} | terms | typed | more


async def send(office: Office, kind: str, form: dict[str, str], role: str = "coordinator") -> httpx.Response:
    return await office.ask(role, "POST", f"/reception/forms/new/{kind}", data=form, headers=HTML)


def case_of(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 303, answer.text
    path, _, done = answer.headers["location"].partition("?done=")
    return path, done


def pairs(html: str) -> list[tuple[str, ...]]:
    """What differs: the field, ours, and the letter's."""
    rows = re.findall(r'<tr role="row">\s*(<td.*?)</tr>', html, re.S)
    return [tuple(" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row.split("</td>")[:3]) for row in rows]


async def names(office: Office, path: str) -> list[str]:
    return [one["name"] for one in (await office.get(f"{path}/persons"))["persons"]]


@pytest.mark.parametrize(("kind", "terms"), [("allocation", DECISION), ("notice", NOTICE)])
async def test_a_letter_becomes_the_same_case_as_by_the_api_and_a_double_click_one(
    reception: Office, kind: str, terms: dict[str, str]
) -> None:
    form = letter(terms, ANNA, BO)
    path, done = case_of(await send(reception, kind, form))
    assert done == kind and await names(reception, path) == [ANNA["name"], BO["name"]]
    assert case_of(await send(reception, kind, form)) == (path, kind)
    api = [{name: value for name, value in ANNA.items()}, BO | {"interpreter_needed": True}]
    where = {"allocation": "allocations", "notice": "settlement-notices"}[kind]
    body = terms | {"persons": api} | ({"allocation_number": "MIV-2018-8"} if kind == "allocation" else {})
    assert (await reception.post(f"/reception/{where}", body)).status_code == 201
    (typed, one), (sent, other) = await reception.events()
    ids: dict[str, Any] = {"persons": None}
    assert typed == sent and one | ids == other | ids
    facts = [[{**person, "person": None} for person in event["persons"]] for event in (one, other)]
    assert facts[0] == facts[1]
    page = await reception.ask("coordinator", "GET", f"{path}?done={done}", headers=HTML)
    assert {"allocation": "Anvisningen är registrerad.", "notice": "Bosättningen är registrerad."}[kind] in page.text


async def test_every_fault_is_told_at_its_field_and_what_was_typed_stays(reception: Office) -> None:
    wrong = ANNA | {"birth_date": "", "sex": "", "personal_identity_number": "19850412-0001"}
    blank = {"name": "", "protected_identity": "none"}
    form = letter(DECISION | {"allocation_number": "", "quota_year": "tjugo", "category": ""}, BO, blank, wrong)
    told = await send(reception, "allocation", form)
    assert told.status_code == 422
    links = re.findall(r'<li><a href="#f-([\w-]+)">', told.text)
    person = ["persons-2-birth_date", "persons-2-sex", "persons-2-personal_identity_number"]
    assert links == ["allocation_number", "category", "quota_year", *person]
    assert all(f'id="f-{where}"' in told.text and f'id="e-{where}"' in told.text for where in links)
    assert "Person 3, Födelsedatum: Uppgiften saknas." in told.text and "ÅÅÅÅMMDD-NNNN" in told.text
    for kept in ('value="Qanarya Ovanlig"', 'value="Qanarya Barn"', 'value="tjugo"'):
        assert kept in told.text
    nobody = await send(reception, "notice", letter(NOTICE))
    assert "Person 1, Namn: Uppgiften saknas." in nobody.text
    assert await reception.events() == []


async def test_all_broken_rules_are_told_at_once_at_their_fields(reception: Office) -> None:
    old = ANNA | {"birth_date": "1850-01-01", "unaccompanied_minor": "true"}
    form = letter(DECISION | {"decided_on": "2018-07-01", "replaces": "MIV-2017-1"}, BO, old)
    told = await send(reception, "allocation", form)
    assert told.status_code == 422
    links = re.findall(r'<li><a href="#f-([\w-]+)">', told.text)
    assert {"replaces", "decided_on", "persons-1-birth_date", "persons-1-unaccompanied_minor"} <= set(links)
    asked = [told.text.index(f'id="f-{where}"') for where in links]
    assert asked == sorted(asked)  # from the top of the form down
    twice = ANNA | {"personal_identity_number": "19850412-2383"}
    told = await send(reception, "notice", letter(NOTICE | {"notified_on": "2018-07-01"}, twice, twice))
    assert "#f-persons" in told.text and 'id="f-persons"' in told.text
    assert await reception.events() == []


async def test_persons_are_added_and_taken_out_without_script_and_nothing_typed_is_lost(reception: Office) -> None:
    form = letter(DECISION, ANNA, BO)
    more = await send(reception, "allocation", form | {"add": "1"})
    assert more.status_code == 200 and 'id="person-2"' in more.text and 'class="summary"' not in more.text
    assert f'value="{form["key"]}"' in more.text
    fewer = await send(reception, "allocation", form | {"remove": "0"})
    assert fewer.status_code == 200 and 'id="person-1"' not in fewer.text
    assert 'name="persons-0-name"' in fewer.text and 'value="Qanarya Barn"' in fewer.text
    assert "Qanarya Ovanlig" not in fewer.text
    full = await send(reception, "allocation", letter(DECISION, *[BO] * 30) | {"add": "1"})
    assert 'id="person-29"' in full.text and 'id="person-30"' not in full.text and 'name="add"' not in full.text
    assert await reception.events() == []


async def test_the_same_number_again_is_known_or_corrects_the_case_when_asked_to(reception: Office) -> None:
    path, _ = case_of(await send(reception, "allocation", letter(DECISION, ANNA, BO)))
    assert case_of(await send(reception, "allocation", letter(DECISION, ANNA, BO))) == (path, "known")
    mended = letter(DECISION, ANNA | {"name": "Qanarya Rättad"}, BO)
    told = await send(reception, "allocation", mended)
    assert told.status_code == 409 and f'href="{path}"' in told.text and 'name="take" value="1"' in told.text
    assert pairs(told.text) == [("Namn", "Qanarya Ovanlig", "Qanarya Rättad")]
    changed = await send(reception, "allocation", mended | {"key": str(uuid4()), "take": "1"})
    assert case_of(changed) == (path, "corrected")
    assert await names(reception, path) == ["Qanarya Rättad", BO["name"]]
    stale = letter(DECISION, ANNA | {"name": "Qanarya Sen"}, BO, take="1")
    assert (await send(reception, "allocation", stale)).status_code == 412
    assert [kind for kind, _ in await reception.events()] == [
        "reception.allocation-received.v1",
        "reception.allocation-corrected.v1",
    ]


async def test_what_is_saved_stands_beside_what_the_letter_says_but_for_whoever_is_protected(
    reception: Office,
) -> None:
    secret = BO | {"name": "Qanarya Dold", "protected_identity": "secrecy-marked", "citizenship": "QA"}
    old = {"name": "Qanarya Gammal", "birth_date": "1951-01-30", "sex": "male"}
    path, _ = case_of(await send(reception, "allocation", letter(DECISION, ANNA, secret, old)))
    sent = letter(
        DECISION | {"decided_on": "2018-05-03"}, ANNA | {"sex": "male"},
        secret | {"citizenship": "QB", "name": "Qanarya Hemlig"},
    )  # fmt: skip
    told = await send(reception, "allocation", sent)
    assert told.status_code == 409
    assert pairs(told.text) == [
        ("Beslutsdatum", "2018-05-02", "2018-05-03"),
        ("Ska tas emot senast", "2018-07-02", "2018-07-03"),
        ("Kön", "kvinna", "man"),
        ("Namn", "Skyddad uppgift", "Skyddad uppgift"),
        ("Medborgarskap", "Skyddad uppgift", "Skyddad uppgift"),
    ]
    shown = told.text[: told.text.index('name="take"')]
    assert "Qanarya Gammal" in shown and "hör personen inte längre till hushållet" in shown
    assert "Qanarya Dold" not in told.text and "QA" not in told.text.replace("QAN", "")
    looks = await reception.database.pool.fetch("select action, persons from access_log order by position")
    people = [one["person"] for one in (await reception.get(path))["persons"]]
    assert looks[-1]["action"] == "view" and sorted(map(str, looks[-1]["persons"])) == sorted([people[0], people[2]])
    cancel = path.replace("cases", "allocations") + "/cancellation"
    assert (await reception.post(cancel, {"reason": "declined"}, version=1)).status_code == 200
    assert pairs((await send(reception, "allocation", sent | {"key": str(uuid4())})).text) == []


async def test_a_number_that_is_cancelled_here_leads_to_its_case_and_back(reception: Office) -> None:
    path, _ = case_of(await send(reception, "allocation", letter(DECISION, ANNA, BO)))
    cancel = path.replace("cases", "allocations") + "/cancellation"
    assert (await reception.post(cancel, {"reason": "declined"}, version=1)).status_code == 200
    for typed in (letter(DECISION, ANNA, BO), letter(DECISION, ANNA)):
        told = await send(reception, "allocation", typed)
        assert told.status_code == 409 and f'href="{path}/do/reinstate"' in told.text
        assert 'name="take"' not in told.text and 'value="Qanarya Ovanlig"' in told.text
    back = {"key": str(uuid4()), "sequence": "2", "reinstated_on": "2018-06-15", "reason": "cancelled-in-error"}
    form = f"/reception/forms/do/reinstate/{path.rpartition('/')[2]}"
    saved = await reception.ask("coordinator", "POST", form, data=back, headers=HTML)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{path}?saved=reinstate")
    page = await reception.ask("coordinator", "GET", saved.headers["location"], headers=HTML)
    assert "Anvisningen gäller igen." in page.text and f'href="{path}/cancel"' in page.text
    assert case_of(await send(reception, "allocation", letter(DECISION, ANNA, BO))) == (path, "known")


async def test_a_form_sent_again_with_other_words_asks_whether_that_was_meant(reception: Office) -> None:
    form = letter(NOTICE, ANNA)
    case_of(await send(reception, "notice", form))
    told = await send(reception, "notice", form | {"persons-0-name": "Qanarya Annan"})
    assert told.status_code == 422 and "redan skickats" in told.text and form["key"] not in told.text
    assert len(await reception.events()) == 1


async def test_only_who_gives_out_cases_has_the_form(reception: Office) -> None:
    for role in ("caseworker", "manager", "auditor"):
        for kind in ("allocation", "notice"):
            assert (await reception.ask(role, "GET", f"/reception/new/{kind}", headers=HTML)).status_code == 403
            assert (await send(reception, kind, letter(NOTICE, ANNA), role)).status_code == 403
    seen = await reception.ask("coordinator", "GET", "/reception/new/notice?lang=en", headers=HTML)
    assert seen.status_code == 200 and "Register the settlement" in seen.text
    assert await reception.events() == []


def filled(html: str) -> dict[str, str]:
    """What stands in the form, as a browser would send it."""
    form = html[html.index("<form method") : html.rindex("</form>")]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]+>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") != "checkbox" or " checked" in tag:
            found[said["name"]] = said.get("value", "")
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        found[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return found


async def test_an_allocation_is_corrected_from_its_case_where_everything_stands_as_it_is(reception: Office) -> None:
    wrong = BO | {"citizenship": "SY", "personal_identity_number": "20120130-2385"}
    path, _ = case_of(await send(reception, "allocation", letter(DECISION, ANNA, wrong)))
    case = path.rpartition("/")[2]
    of = f"/reception/new/allocation?of={case}"
    seen = await reception.ask("coordinator", "GET", path, headers=HTML)
    assert f'href="{of}">Rätta anvisningen' in seen.text

    async def form() -> dict[str, str]:
        answer = await reception.ask("coordinator", "GET", of, headers=HTML)
        assert answer.status_code == 200 and "Rätta anvisningen</h1>" in answer.text
        return filled(answer.text)

    first = await form()
    assert first.items() >= letter(DECISION, ANNA, wrong, key=first["key"]).items()
    assert first["receive_by"] == first["quota_year"] == ""  # they follow from the decision
    # unticked and emptied is said too
    right = {
        **first,
        "persons-0-name": "Qanarya Rätt",
        "persons-1-citizenship": "",
        "persons-1-personal_identity_number": "",
    }
    del right["persons-1-interpreter_needed"]
    kept, done = case_of(await send(reception, "allocation", right))
    assert (kept, done) == (path, "corrected")
    people = (await reception.get(f"{path}/persons"))["persons"]
    assert [one["name"] for one in people] == ["Qanarya Rätt", BO["name"]]
    assert (people[1]["interpreter_needed"], people[1]["citizenship"], people[1]["personal_identity_number"]) == (
        False, None, None
    )  # fmt: skip
    # who had the old one open is shown both, and nothing of theirs is saved until they say so
    stale = await send(reception, "allocation", {**first, "key": str(uuid4()), "persons-0-name": "Qanarya Annan"})
    assert stale.status_code == 412 and ("Namn", "Qanarya Rätt", "Qanarya Annan") in pairs(stale.text)
    assert await names(reception, path) == ["Qanarya Rätt", BO["name"]]
    assert case_of(await send(reception, "allocation", filled(stale.text))) == (path, "corrected")
    assert await names(reception, path) == ["Qanarya Annan", BO["name"]]
    added = await reception.ask(
        "coordinator", "POST", "/reception/forms/new/allocation", data={**await form(), "add": "1"}, headers=HTML
    )
    assert "Rätta anvisningen</h1>" in added.text and 'name="persons-2-name"' in added.text


async def test_an_allocation_with_a_protected_person_is_not_shown_to_be_corrected(reception: Office) -> None:
    hidden = ANNA | {"protected_identity": "secrecy-marked"}
    path, _ = case_of(await send(reception, "allocation", letter(DECISION, hidden, BO)))
    of = f"/reception/new/allocation?of={path.rpartition('/')[2]}"
    seen = await reception.ask("coordinator", "GET", path, headers=HTML)
    refused = await reception.ask("coordinator", "GET", of, headers=HTML)
    assert of not in seen.text and refused.status_code == 403 and "Qanarya" not in refused.text
