"""The commands over HTTP: what they answer, what they refuse, and what they leave behind."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.reception.office import Office, household, person


async def test_a_household_is_received_arrives_and_is_corrected(reception: Office) -> None:
    body = household()
    made = await reception.post("/reception/allocations", body)
    assert made.status_code == 201 and made.headers["etag"] == '"1"'
    case = made.json()["case"]
    assert made.headers["location"] == f"/reception/cases/{case}"
    again = await reception.post("/reception/allocations", body)
    assert (again.status_code, again.json()) == (200, made.json())

    found = await reception.get(f"/reception/cases/{case}")
    assert (found["receive_by"], found["days_left"], found["status"]) == ("2018-07-02", 17, "open")
    first, second = made.json()["persons"]
    answer = await reception.post(
        f"/reception/cases/{case}/arrivals", {"arrived_on": "2018-06-01", "persons": [first]}, version=1
    )
    assert answer.status_code == 200 and answer.headers["etag"] == '"2"'
    assert (await reception.get(f"/reception/cases/{case}"))["status"] == "partly-arrived"
    await reception.post(f"/reception/cases/{case}/arrivals", {"arrived_on": "2018-06-03"}, version=2)
    same = await reception.post(f"/reception/cases/{case}/arrivals", {"arrived_on": "2018-06-03"}, version=3)
    assert (same.status_code, same.json()["code"]) == (422, "already-arrived")
    correction = {"arrived_on": None, "reason": "did-not-arrive", "persons": [second]}
    assert (
        await reception.post(f"/reception/cases/{case}/arrival-corrections", correction, version=3)
    ).status_code == 200

    found = await reception.get(f"/reception/cases/{case}")
    assert [p["arrived_on"] for p in found["persons"]] == ["2018-06-01", None]
    assert [e["type"].split(".")[1] for e in found["timeline"]] == [
        "allocation-received",
        "arrival-registered",
        "arrival-registered",
        "arrival-corrected",
    ]
    assert found["timeline"][1]["actor_name"] == "Test Coordinator"
    figures = await reception.get("/reception/figures", "service")
    assert (figures["events"], figures["position"], figures["received"], figures["allocations_open"]) == (4, 4, 1, 1)
    assert figures["by_category"]["agency-accommodation"]["persons"] == 2


async def test_the_quota_counts_received_persons_of_allocated_cases_only(reception: Office) -> None:
    quota = {"quota_year": 2018, "target": 110, "decided_on": "2017-11-15"}
    assert (await reception.post("/reception/quotas", quota)).status_code == 201
    assert (await reception.post("/reception/quotas", quota)).status_code == 200
    assert (
        await reception.post("/reception/quotas", quota | {"target": 90, "decided_on": "2018-03-09"})
    ).status_code == 428
    received = await reception.allocate()
    await reception.post(f"/reception/cases/{received['case']}/arrivals", {"arrived_on": "2018-06-01"}, version=1)
    cancelled = await reception.allocate()
    path = f"/reception/allocations/{cancelled['case']}/cancellation"
    assert (await reception.post(path, {"reason": "declined"}, version=1)).status_code == 200
    notice = {"category": "family-member", "notified_on": "2018-05-02", "persons": [person()]}
    settled = (await reception.post("/reception/settlement-notices", notice)).json()
    await reception.post(f"/reception/cases/{settled['case']}/arrivals", {"arrived_on": "2018-04-20"}, version=1)
    [counted] = (await reception.get("/reception/quotas"))["quotas"]
    assert {k: counted[k] for k in ("target", "allocated", "received", "cancelled", "open")} == {
        "target": 110,
        "allocated": 4,
        "received": 2,
        "cancelled": 2,
        "open": 0,
    }


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"decided_on": "1900-01-01"}, "before-the-act", "decided_on"),
        ({"decided_on": "2100-01-01"}, "date-in-future", "decided_on"),
        ({"receive_by": "2018-05-01"}, "deadline-before-decision", "receive_by"),
        ({"receive_by": "2019-05-03"}, "deadline-too-late", "receive_by"),
        ({"category": "self-settled"}, "comes-as-notice", "category"),
        ({"quota_year": 2020}, "quota-year-far-from-decision", "quota_year"),
        ({"replaces": "MIV-0000"}, "replaced-unknown", "replaces"),
        ({"persons": [person(birth_date="1900-01-01")]}, "birth-date-too-early", "persons/0/birth_date"),
        ({"persons": [person(), person(birth_date="2100-01-01")]}, "birth-date-in-future", "persons/1/birth_date"),
        (
            {"persons": [person(birth_date="2004-01-01", unaccompanied_minor=True)]},
            "unaccompanied-not-allocated",
            "persons/0/unaccompanied_minor",
        ),
    ],
)
async def test_an_implausible_household_is_refused_with_its_field(
    reception: Office, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await reception.post("/reception/allocations", household(**change))
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["errors"][0]["where"]) == (422, code, f"/{field}")
    assert problem["errors"][0]["what"] and problem["errors"][0]["mend"]
    assert await reception.events() == []


async def test_malformed_wrong_and_unknown_input_is_told_by_place_and_never_repeated(reception: Office) -> None:
    async def sent(**more: Any) -> tuple[int, Any]:
        answer = await reception.ask("coordinator", "POST", "/reception/allocations", **more)
        assert answer.headers["content-type"] == "application/problem+json" and "Qanarya" not in answer.text
        return answer.status_code, answer.json()

    json_headers = {"content-type": "application/json"}
    assert (await sent(content=b'{"name": "Qanarya', headers=json_headers))[0] == 400
    assert (await sent(content=b"\xff\xfe\x00Qanarya", headers=json_headers))[0] == 400
    wrong = household(persons=[person(birth_date=19850412, sex="Qanarya"), person(nickname="Qanarya")])
    status, problem = await sent(json=wrong)
    assert status == 422
    assert {e["where"] for e in problem["errors"]} == {
        "/persons/0/birth_date",
        "/persons/0/sex",
        "/persons/1/nickname",
    }
    status, problem = await sent(json=household(persons=[person(personal_identity_number="19850412-0001")]))
    assert (status, problem["errors"][0]["where"]) == (422, "/persons/0/personal_identity_number")
    assert (await sent(json=household(allocation_number="19850412-1230")))[0] == 422  # nobody's personal number
    assert (await sent(json=household(persons=[])))[0] == 422
    assert (await sent(content=b"x" * (2 * 1024 * 1024), headers=json_headers))[0] == 413
    assert await reception.events() == []


async def test_what_cannot_happen_to_a_case_is_refused(reception: Office) -> None:
    made = await reception.allocate()
    case, persons = made["case"], made["persons"]
    arrivals, corrections = f"/reception/cases/{case}/arrivals", f"/reception/cases/{case}/arrival-corrections"
    cancellation = f"/reception/allocations/{case}/cancellation"
    for path, body, code in [
        (arrivals, {"arrived_on": "2018-05-01"}, "arrival-before-decision"),
        (arrivals, {"arrived_on": "2018-06-16"}, "arrival-in-future"),
        (arrivals, {"arrived_on": "2018-06-01", "persons": [str(uuid4())]}, "person-not-in-household"),
        (corrections, {"arrived_on": None, "reason": "wrong-date", "persons": persons}, "day-missing"),
        (corrections, {"arrived_on": "2018-06-01", "reason": "did-not-arrive", "persons": persons}, "day-not-wanted"),
        (corrections, {"arrived_on": "2018-06-01", "reason": "wrong-date", "persons": persons}, "not-arrived-yet"),
    ]:
        answer = await reception.post(path, body, version=1)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    nowhere = await reception.post(f"/reception/cases/{uuid4()}/arrivals", {"arrived_on": "2018-06-01"}, version=1)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown-case")
    assert (
        await reception.post("/reception/cases/x/arrivals", {"arrived_on": "2018-06-01"}, version=1)
    ).status_code == 422
    assert (await reception.post(arrivals, {"arrived_on": "2018-06-01"})).status_code == 428
    assert (await reception.post(arrivals, {"arrived_on": "2018-06-01"}, version=1)).status_code == 200
    stale = await reception.post(cancellation, {"reason": "declined"}, version=1)
    assert (stale.status_code, stale.json()["code"], stale.headers["etag"]) == (412, "stale-version", '"2"')
    late = await reception.post(cancellation, {"reason": "declined"}, version=2)
    assert (late.status_code, late.json()["code"]) == (409, "has-arrived")
    assert len(await reception.events()) == 2


async def test_64_simultaneous_creates_of_one_allocation_have_one_winner(reception: Office) -> None:
    body = household()
    answers = await asyncio.gather(*[reception.post("/reception/allocations", body) for _ in range(64)])
    done = [a for a in answers if a.status_code < 300]
    assert {a.status_code for a in answers} <= {200, 201, 503}
    assert sum(a.status_code == 201 for a in answers) == 1
    assert len({a.json()["case"] for a in done}) == 1
    assert len(await reception.events()) == 1


async def test_persons_are_shown_to_those_who_work_with_the_case_and_each_look_is_recorded(reception: Office) -> None:
    made = await reception.allocate(
        persons=[person(), person(name="Qanarya Dold", protected_identity="secrecy-marked")]
    )
    path = f"/reception/cases/{made['case']}/persons"
    [shown, hidden] = (await reception.get(path))["persons"]
    assert shown["name"] == "Qanarya Ovanlig" and hidden == {"person": made["persons"][1], "hidden": True}
    assert (await reception.ask("caseworker", "GET", path)).status_code == 404
    await reception.knows("caseworker")
    body = {"caseworker": "caseworker-1", "unit": "reception", "reason": "first"}
    assert (await reception.post(path.replace("persons", "assignment"), body, version=1)).status_code == 200
    assert [p["hidden"] for p in (await reception.get(path, "caseworker"))["persons"]] == [False, True]
    asked = (await reception.ask("caseworker", "POST", f"{path}/protected")).json()["persons"]
    assert [p["name"] for p in asked] == ["Qanarya Ovanlig", "Qanarya Dold"]
    for role in ("auditor", "operator", "council", "service"):
        assert (await reception.ask(role, "GET", path)).status_code == 403
    looks = await reception.database.pool.fetch(
        "select actor, route, reason, persons from access_log where action = 'view' order by position"
    )
    assert [(row["actor"], row["reason"], len(row["persons"])) for row in looks] == [
        ("coordinator-1", None, 1),
        ("caseworker-1", None, 1),
        ("caseworker-1", "protected", 2),
    ]
    assert looks[0]["route"] == "GET /reception/cases/{case}/persons"


async def test_a_list_of_cases_pages_by_key_and_starts_with_the_shortest_time(reception: Office) -> None:
    for day in range(1, 8):
        await reception.allocate(decided_on=f"2018-05-{day:02}")
    for _ in range(3):
        notice = {"category": "self-settled", "notified_on": "2018-05-02", "persons": [person()]}
        await reception.post("/reception/settlement-notices", notice)
    seen, after = [], ""
    while True:
        page = await reception.get(f"/reception/cases?limit=3{after}")
        seen += page["cases"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [c["days_left"] for c in seen] == [16, 17, 18, 19, 20, 21, 22, None, None, None]
    assert len({c["case"] for c in seen}) == 10
    assert (await reception.ask("coordinator", "GET", "/reception/cases?after=%C3%A5")).status_code == 400
    assert (await reception.ask("coordinator", "GET", "/reception/cases?name=x")).status_code == 200
