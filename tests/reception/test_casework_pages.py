"""Pages of those who work with cases: their list, their forms, cover, and search."""

import re
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.case_number import case_number
from tests.reception.office import Office, person
from tests.reception.test_casework import HOME, assigned
from tests.reception.test_pages import HTML, page

MET = {"kind": "home", "outcome": "reached", "contacted_on": "2018-06-12"}


async def send(reception: Office, path: str, sent: dict[str, Any], who: str = "caseworker") -> Any:
    typed = {"key": str(uuid4())} | sent
    return await reception.ask(who, "POST", f"/reception/forms/{path}", data=typed, headers=HTML)


async def test_a_caseworkers_morning(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("housing", HOME, expect=201)
    await case.do("arrivals", {"arrived_on": "2018-05-20"})
    later = await assigned(reception, decided_on="2018-06-01")
    seen = await page(reception, "/reception/work", "caseworker")
    # what is due first comes first: a contact within six weeks of the arrival, before the reception of the other
    assert seen.index(case.id) < seen.index(later.id)
    assert "Qanarya Ovanlig" in seen and "Kontakta hushållet" in seen and "16 dagar kvar" in seen
    assert "My cases" in await page(reception, "/reception/work", "caseworker", "en")
    assert case.id not in await page(reception, "/reception/work", "caseworker-2")
    start = await reception.ask("caseworker", "GET", "/reception/", headers=HTML)
    assert start.headers["location"] == "/reception/work"

    form = f"do/contact/{case.id}"
    wrong = await send(reception, form, MET | {"sequence": "4", "next_contact_on": "2018-06-01"})
    assert wrong.status_code == 422 and "inte efter 12 juni 2018" in wrong.text and 'value="2018-06-01"' in wrong.text
    key = {"key": str(uuid4()), "sequence": "4", "next_contact_on": "2018-06-30"}
    for _ in range(2):  # a double click
        done = await send(reception, form, MET | key)
        assert done.status_code == 303
    case.version = 5
    [contact] = (await case.seen())["contacts"]
    assert done.headers["location"] == f"/reception/cases/{case.id}?saved=contact&contact={contact['contact']}"
    saved = await page(reception, done.headers["location"], "caseworker")
    assert f'href="/reception/cases/{case.id}/do/contact-correct/{contact["contact"]}">Ångra eller rätta' in saved
    assert "Kontakten är registrerad." in saved and 'role="status"' in saved
    made_up = await page(reception, f"/reception/cases/{case.id}?saved=everything", "caseworker")
    assert "Ångra eller rätta" not in made_up
    stale = await send(reception, f"do/contact-correct/{case.id}/{contact['contact']}", MET | {"sequence": "4"})
    assert stale.status_code == 412 and "Så står ärendet nu" in stale.text and "Kontakt med hushållet" in stale.text
    undone = {"sequence": "5", "withdrawn": "true"}
    done = await send(reception, f"do/contact-correct/{case.id}/{contact['contact']}", MET | undone)
    assert done.status_code == 303
    told = await page(reception, done.headers["location"], "caseworker")
    assert "Kontakten är borttagen" in told
    whole = await page(reception, f"/reception/cases/{case.id}", "caseworker")
    assert 'class="struck"' in whole and "enligt lokal rutin" in whole
    printed = await page(reception, f"/reception/cases/{case.id}/print", "caseworker", "en")
    assert "Qanarya Ovanlig" in printed and "Printed on 15 June 2018" in printed and "Test Caseworker" in printed
    assert 'class="button"' not in printed and ">Correct<" not in printed  # nothing on paper can be pressed


async def test_ones_own_unit_is_offered_first_and_a_unit_of_one_is_told_that_nobody_can_stand_in(
    reception: Office,
) -> None:
    case = await assigned(reception)
    await reception.knows("caseworker-2@minors", "caseworker-3")
    offered = await page(reception, f"/reception/cases/{case.id}/do/assign", "manager")
    assert re.findall(r'<option value="(caseworker-\d)"', offered) == ["caseworker-1", "caseworker-3", "caseworker-2"]
    alone = await page(reception, "/reception/cover", "manager@minors")
    assert "ingen kan vikariera" in alone and 'name="for_sub"' not in alone
    assert 'name="for_sub"' in await page(reception, "/reception/cover", "manager")


async def test_every_form_of_a_case_can_be_opened_and_its_plan_grows_by_forms(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "goal": "work", "created_on": "2018-06-05", "follow_up_on": "2018-09-05"}
    assert (await send(reception, f"do/plan/{case.id}", plan | {"sequence": "3"})).status_code == 303
    [made] = (await case.seen())["plans"]
    activity = {"kind": "sfi", "provider": "adult-education", "starts_on": "2018-06-11", "sequence": "4"}
    early = await send(reception, f"do/activity/{case.id}/{made['plan']}", activity | {"ends_on": "2018-06-01"})
    assert early.status_code == 422 and 'href="#f-ends_on">Slutar: Aktiviteten slutar innan' in early.text
    assert (await send(reception, f"do/activity/{case.id}/{made['plan']}", activity)).status_code == 303
    closing = {"reason": "moved", "closed_on": "2018-06-15", "sequence": "5"}
    closed = await send(reception, f"do/close/{case.id}", closing)
    assert closed.status_code == 422 and "En etableringsplan pågår." in closed.text
    assert "Så står ärendet nu" not in closed.text  # a rule said no; nobody else was here
    [made] = (await case.seen())["plans"]
    [kept] = made["activities"]
    path = f"{case.id}/{made['plan']}/{kept['activity']}"
    assert 'value="2018-06-11"' in await page(
        reception, f"/reception/cases/{case.id}/do/activity-change/{made['plan']}/{kept['activity']}", "caseworker"
    )
    gone = activity | {"sequence": "5", "withdrawn": "true"}
    assert (await send(reception, f"do/activity-change/{path}", gone)).status_code == 303
    assert (await case.seen())["plans"][0]["activities"] == []
    for name in ("home", "plan", "contact", "close", "reopen"):
        await page(reception, f"/reception/cases/{case.id}/do/{name}", "caseworker", "en")
    for name in ("plan-change", "follow-up", "plan-end", "plan-reopen", "activity"):
        await page(reception, f"/reception/cases/{case.id}/do/{name}/{made['plan']}", "caseworker")
    await reception.knows("caseworker-2")
    assign = await page(reception, f"/reception/cases/{case.id}/do/assign", "manager")
    assert "Test Caseworker 2 – mottagningsenheten, 0 öppna ärenden" in assign
    nobody = await send(reception, f"do/assign/{case.id}", {"reason": "workload", "sequence": "6"}, "manager")
    assert "Handläggare: Inget är valt." in nobody.text  # a list is chosen from, not filled in
    body = {"caseworker": "caseworker-2", "reason": "workload", "sequence": "6"}
    assert (await send(reception, f"do/assign/{case.id}", body, "manager")).status_code == 303
    unknown = await reception.ask("caseworker", "GET", f"/reception/cases/{case.id}", headers=HTML)
    assert unknown.status_code == 404


async def test_the_first_step_is_the_pages_main_action_and_a_plan_says_whose_it_is(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-05-20"})
    path = f"/reception/cases/{case.id}"

    async def main(role: str = "caseworker") -> tuple[str, ...]:
        found = re.search(r'<a class="button main" href="([^"]+)">([^<]+)<', await page(reception, path, role))
        assert found is not None
        return found.groups()

    # nobody has a home: the coordinator, who cannot help otherwise, sees the same
    assert await main() == await main("coordinator") == (f"{path}/do/home", "Registrera bostad")
    await case.do("housing", HOME, expect=201)
    assert await main() == (f"{path}/do/contact", "Registrera kontakt")
    await case.do("contacts", MET | {"next_contact_on": "2018-09-01"}, expect=201)
    assert await main() == (f"{path}/do/plan", "Gör en etableringsplan")
    plan = {"person": case.persons[0], "goal": "work", "created_on": "2018-06-05", "follow_up_on": "2018-06-25"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    assert await main() == (f"{path}/do/follow-up/{made}", "Följ upp planen")
    seen = await page(reception, path, "caseworker")
    assert f'href="{path}/do/follow-up/{made}">Följ upp etableringsplanen' in seen
    assert "Qanarya Ovanlig – Arbete, 0 aktiviteter" in seen[seen.index('id="history"') :]
    for form in (f"do/follow-up/{made}", f"do/activity/{made}", f"do/plan-change/{made}"):
        assert "Planen gäller Qanarya Ovanlig." in await page(reception, f"{path}/{form}", "caseworker")
    assert "Qanarya" not in await page(reception, path, "coordinator")  # who gave the case away


async def test_a_plan_of_the_wrong_person_is_given_to_the_right_one_and_of_one_person_is_asked_of_nobody_else(
    reception: Office,
) -> None:
    persons = [person(), person() | {"name": "Sunivara Ovanlig"}, person() | {"name": "Luleva Ovanlig"}]
    case = await assigned(reception, persons=persons)
    await case.do("arrivals", {"arrived_on": "2018-06-01", "persons": case.persons[:1]})
    plan = {"person": case.persons[0], "goal": "work", "created_on": "2018-06-05", "follow_up_on": "2018-09-05"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    path = f"/reception/cases/{case.id}/do/plan-change/{made}"

    async def offered() -> list[tuple[str, str]]:
        return re.findall(
            r'type="(radio|hidden)"[^>]*name="person" value="([^"]+)"', await page(reception, path, "caseworker")
        )

    assert "Planen gäller Qanarya Ovanlig." in await page(reception, path, "caseworker")
    assert await offered() == [("hidden", case.persons[0])]  # nobody else is here
    await case.do("arrivals", {"arrived_on": "2018-06-02", "persons": case.persons[1:2]})
    assert await offered() == [("radio", case.persons[0]), ("radio", case.persons[1])]
    right = plan | {"person": case.persons[1], "sequence": str(case.version)}
    saved = await send(reception, f"do/plan-change/{case.id}/{made}", right)
    assert saved.status_code == 303 and [one["person"] for one in (await case.seen())["plans"]] == [case.persons[1]]
    seen = await page(reception, saved.headers["location"], "caseworker")
    history = seen[seen.index('id="history"') :]  # what was said then is told as it was said
    assert history.index("Sunivara Ovanlig – Arbete") < history.index("Qanarya Ovanlig – Arbete")
    stale = await send(reception, f"do/plan-change/{case.id}/{made}", right | {"goal": "studies"})
    now = stale.text[stale.text.index("Så står ärendet nu") :].partition("</dl>")[0]
    assert stale.status_code == 412 and "Arbete" in now and case.persons[1] not in now


async def test_the_history_says_on_which_day_a_plan_and_a_case_ended_and_began_again(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "goal": "work", "created_on": "2018-06-05", "follow_up_on": "2018-09-05"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    await case.do(f"plans/{made}/end", {"ended_on": "2018-06-11", "outcome": "work"})
    await case.do("closing", {"closed_on": "2018-06-12", "reason": "moved"})
    await case.do("reopening", {"reopened_on": "2018-06-13", "reason": "returned"})
    seen = await page(reception, f"/reception/cases/{case.id}", "caseworker")
    history = seen[seen.index('id="history"') :]
    for said in ("11 juni 2018: Arbete", "12 juni 2018: Hushållet flyttade", "13 juni 2018: Hushållet kom tillbaka"):
        assert said in history


async def test_a_day_stays_whole_beside_a_name_in_arabic_and_the_name_that_is_copied_finds_its_case(
    reception: Office,
) -> None:
    name = "\u0633\u0639\u0627\u062f"
    case = await assigned(reception, persons=[person() | {"name": f"\u200f{name}"}])
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "goal": "work", "created_on": "2018-06-05", "follow_up_on": "2018-09-05"}
    made = (await case.do("plans", plan, expect=201))["plan"]
    await case.do(f"plans/{made}/end", {"ended_on": "2018-06-11", "outcome": "work"})
    shown = f"\u2068{name}\u2069"
    assert f"{shown} – 11 juni 2018: Arbete" in await page(reception, f"/reception/cases/{case.id}", "caseworker")
    assert f">{shown}</a>" in await page(reception, "/reception/work", "caseworker")
    found = await reception.post("/reception/search", {"by": "name", "term": shown}, role="caseworker")
    assert case.id in found.text


async def test_who_settles_by_themselves_is_not_told_to_lack_a_home(reception: Office) -> None:
    notice = {"category": "self-settled", "notified_on": "2018-06-01", "persons": [person()]}
    told = (await reception.post("/reception/settlement-notices", notice)).json()["case"]
    seen = await page(reception, f"/reception/cases/{told}")
    assert "ordnar sin bostad själv" in seen and "Ingen bostad är ordnad än" not in seen and "Ordna bostad" not in seen


async def test_a_unit_goes_by_its_name_in_the_readers_language_and_by_its_code_when_nobody_has_named_it(
    reception: Office,
) -> None:
    case = await assigned(reception)
    await reception.knows("caseworker-2@minors", "caseworker-3@schools")
    for lang, ours, theirs in (
        ("sv", "mottagningsenheten", "enheten för unga &amp; ensamma"),
        ("en", "reception unit", "unit for the young &amp; alone"),
    ):
        assert f"({ours})" in await page(reception, f"/reception/cases/{case.id}", "manager", lang)
        choice = await page(reception, f"/reception/cases/{case.id}/do/assign", "manager", lang)
        for name in (f"Test Caseworker – {ours},", f"Test Caseworker 2 – {theirs},", "Test Caseworker 3 – schools,"):
            assert name in choice
    body = {"caseworker": "caseworker-3", "reason": "workload", "sequence": str(case.version)}
    assert (await send(reception, f"do/assign/{case.id}", body, "manager")).status_code == 303
    assert "(schools)" in await page(reception, f"/reception/cases/{case.id}", "coordinator")
    assert (await reception.get(f"/reception/cases/{case.id}"))["unit"] == "schools"


async def test_who_covers_sees_the_cases_until_the_last_day(reception: Office) -> None:
    case = await assigned(reception)
    await reception.knows("caseworker-2", "caseworker-3@minors")
    cover = {"sub": "caseworker-2", "for_sub": "caseworker-1", "until": "2018-06-20"}
    assert (await reception.post("/reception/cover", cover, "manager@minors")).json()["code"] == "not-of-your-unit"
    assert (await reception.post("/reception/cover", cover, "caseworker")).status_code == 403
    assert (await reception.post("/reception/cover", cover | {"until": "2018-06-14"}, "manager")).status_code == 422
    assert (await send(reception, "cover", cover, "manager")).status_code == 303
    assert "Test Caseworker 2" in await page(reception, "/reception/cover", "manager")
    # who gives out a case sees who is away
    for address, times in (("/reception/work", 2), (f"/reception/cases/{case.id}/do/assign", 1)):
        seen = await page(reception, address, "manager")
        assert seen.count("har vikarie till och med 20 juni 2018") == times, address
    assert case.id in await page(reception, "/reception/work", "caseworker-2")
    # also when there is nothing to list
    assert "Du vikarierar för Test Caseworker." in await page(reception, "/reception/work?show=closed", "caseworker-2")
    await case.do("contacts", MET, "caseworker-2", expect=201)
    reception.today(date(2018, 6, 21))
    assert case.id not in await page(reception, "/reception/work", "caseworker-2")
    await case.do("contacts", MET, "caseworker-2", expect="unknown-case")
    reception.today(date(2018, 6, 20))
    end = {"sub": "caseworker-2", "for_sub": "caseworker-1"}
    assert (await send(reception, "cover-end", end, "manager")).status_code == 303
    assert case.id not in await page(reception, "/reception/work", "caseworker-2")
    logged = await reception.database.pool.fetch("select reason from access_log where reason like 'cover%'")
    assert [row["reason"] for row in logged] == ["cover", "cover-ended"]


async def test_a_search_finds_seen_cases_by_name_number_and_case_number_and_keeps_no_term(
    reception: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    who = person(personal_identity_number="19811218-9876", dossier_number="DOSS-9")
    case = await assigned(reception, allocation_number="MIV-2018-SOK1", persons=[who])
    number = case_number(UUID(case.id))
    asked = [("name", "qanarya OVANLIG"), ("number", "811218-9876"), ("case", "miv-2018-sok1"), ("case", "doss 9"),
             ("case", case.id), ("case", number.replace("-", " ").lower())]  # fmt: skip
    for by, term in asked:
        found = await reception.post("/reception/search", {"by": by, "term": term}, "caseworker")
        assert [one["id"] for one in found.json()["cases"]] == [case.id], (by, term)
        other = await reception.post("/reception/search", {"by": by, "term": term}, "caseworker-2")
        assert other.json() == {"cases": [], "more": False}
    for body in ({"by": "citizenship", "term": "x"}, {"by": "name"}, {"by": "name", "term": "x", "sex": "female"}):
        assert (await reception.post("/reception/search", body, "caseworker")).status_code == 422
    answer = await reception.post("/reception/search", {"by": "number", "term": "Qanarya"}, "caseworker")
    assert answer.json()["code"] == "no-personal-number"
    shown = await send(reception, "search", {"by": "name", "term": "Qanarya Ovanlig"})
    assert shown.status_code == 200 and "1 ärende hittades" in shown.text
    rows = await reception.database.pool.fetch("select * from access_log where action = 'search' order by position")
    assert len(rows) == 2 * len(asked) + 1 and str(rows[0]["subjects"][0]) == case.id
    said = capfd.readouterr()
    assert "Qanarya" not in said.out + said.err + str(rows)


async def test_a_case_number_stands_where_a_case_is_named_and_finds_every_case_that_has_it(reception: Office) -> None:
    case = await assigned(reception, persons=[person(name="Qanarya Ovanlig")])
    number = f"Ärende {case_number(UUID(case.id))}"
    for path in (f"/reception/cases/{case.id}", "/reception/work", f"/reception/cases/{case.id}/print"):
        assert number in await page(reception, path, "caseworker")
    assert number in await page(reception, "/reception/inbox", "coordinator")
    shown = await send(reception, "search", {"by": "case", "term": number.removeprefix("Ärende ")})
    assert number in shown.text and "1 ärende hittades" in shown.text
    twin = UUID(f"{uuid4().hex[:22]}{case.id[-10:]}")
    await reception.database.pool.execute(
        "insert into cases select (jsonb_populate_record(c, jsonb_build_object('id', $2::uuid, 'allocation_number',"
        " 'TWIN-1', 'caseworker', 'caseworker-2'))).* from cases c where id = $1",
        UUID(case.id),
        twin,
    )
    for who, found in (("coordinator", {case.id, str(twin)}), ("caseworker", {case.id}), ("caseworker-2", {str(twin)})):
        answer = await reception.post("/reception/search", {"by": "case", "term": number[7:]}, who)
        assert {one["id"] for one in answer.json()["cases"]} == found
    await reception.database.pool.execute("delete from cases where id = $1", twin)  # it has no history
