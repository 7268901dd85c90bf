"""What was cancelled or registered by mistake is taken back over HTTP: what stands again, and what is refused."""

import asyncio
from uuid import uuid4

from tests.reception.office import Office, household, person


async def test_a_cancelled_allocation_is_taken_back_and_its_number_leads_to_it(reception: Office) -> None:
    quota = {"quota_year": 2018, "target": 110, "decided_on": "2017-11-15"}
    assert (await reception.post("/reception/quotas", quota)).status_code == 201
    body = household()
    case = (await reception.post("/reception/allocations", body)).json()["case"]
    before, path = await reception.get(f"/reception/cases/{case}"), f"/reception/allocations/{case}"
    assert (await reception.post(f"{path}/cancellation", {"reason": "declined"}, version=1)).status_code == 200
    for sent in (body, body | {"decided_on": "2018-05-03"}):  # the same decision, and another version of it
        told = await reception.post("/reception/allocations", sent)
        assert (told.status_code, told.json()["code"]) == (409, "allocation-cancelled")

    again = {"reinstated_on": "2018-06-15", "reason": "cancelled-in-error"}
    assert (await reception.post(f"{path}/reinstatement", again)).status_code == 428
    assert (await reception.post(f"{path}/reinstatement", again, version=1)).json()["code"] == "stale-version"
    assert (await reception.post(f"{path}/reinstatement", again, "caseworker", 2)).status_code == 403
    for wrong in (again | {"reason": "declined"}, again | {"note": "Qanarya"}, {"reason": "agency-reinstated"}):
        assert (await reception.post(f"{path}/reinstatement", wrong, version=2)).status_code == 422
    key = {"idempotency-key": str(uuid4()), "if-match": '"2"'}
    first, replayed = [
        await reception.ask("coordinator", "POST", f"{path}/reinstatement", json=again, headers=key) for _ in range(2)
    ]
    assert (first.status_code, first.headers["etag"], replayed.json()) == (200, '"3"', first.json())
    assert replayed.headers["idempotent-replayed"] == "true"

    found = await reception.get(f"/reception/cases/{case}")
    changing = {"version", "timeline"}
    assert {k: v for k, v in found.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert [(e["type"].split(".")[1], e["struck"], e["actor_name"]) for e in found["timeline"][1:]] == [
        ("allocation-cancelled", True, "Test Coordinator"),
        ("allocation-reinstated", False, "Test Coordinator"),
    ]
    [counted] = (await reception.get("/reception/quotas"))["quotas"]
    assert (counted["allocated"], counted["cancelled"], counted["open"]) == (2, 0, 2)
    figures = await reception.get("/reception/figures", "service")
    assert [figures[name] for name in ("cancelled", "withdrawn", "allocations_open")] == [0, 0, 1]
    assert (await reception.post("/reception/allocations", body)).status_code == 200
    assert (await reception.post(f"{path}/reinstatement", again, version=3)).json()["code"] == "case-not-cancelled"


async def test_of_a_replacement_and_the_return_of_what_it_replaces_one_wins(reception: Office) -> None:
    again = {"reinstated_on": "2018-06-15", "reason": "agency-reinstated"}
    for n in range(12):
        old = await reception.allocate(allocation_number=f"MIV-{n}")
        path = f"/reception/allocations/{old['case']}"
        await reception.post(f"{path}/cancellation", {"reason": "declined"}, version=1)
        back, new = await asyncio.gather(
            reception.post(f"{path}/reinstatement", again, version=2),
            reception.post("/reception/allocations", household(replaces=f"MIV-{n}")),
        )
        codes = (back.json().get("code"), new.json().get("code"))
        assert codes in {(None, "replaced-not-cancelled"), ("allocation-replaced", None)}


async def test_a_notice_that_was_registered_by_mistake_is_withdrawn(reception: Office) -> None:
    notice = {"category": "self-settled", "notified_on": "2018-05-02", "persons": [person()]}
    case = (await reception.post("/reception/settlement-notices", notice)).json()["case"]
    path, reason = f"/reception/settlement-notices/{case}/withdrawal", {"reason": "registered-twice"}
    await reception.post(f"/reception/cases/{case}/arrivals", {"arrived_on": "2018-06-01"}, version=1)
    refused = await reception.post(path, reason, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "notice-came-true")
    persons = [p["person"] for p in (await reception.get(f"/reception/cases/{case}"))["persons"]]
    wrong = {"arrived_on": None, "reason": "wrong-person", "persons": persons}
    assert (await reception.post(f"/reception/cases/{case}/arrival-corrections", wrong, version=2)).status_code == 200
    assert (await reception.post(path, reason)).status_code == 428
    assert (await reception.post(path, reason, "caseworker", 3)).status_code == 403
    assert (await reception.post(path, {"reason": "declined"}, version=3)).status_code == 422
    key = {"idempotency-key": str(uuid4()), "if-match": '"3"'}
    for _ in range(2):
        answer = await reception.ask("coordinator", "POST", path, json=reason, headers=key)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"4"')
    found = await reception.get(f"/reception/cases/{case}")
    assert (found["status"], found["cancelled"], found["steps"]) == ("cancelled", "registered-twice", [])
    assert [(e["type"].split(".")[1], e["struck"]) for e in found["timeline"]][::3] == [
        ("settlement-notified", True),
        ("settlement-notice-withdrawn", False),
    ]
    listed = await reception.get("/reception/cases?status=cancelled")
    assert [c["case"] for c in listed["cases"]] == [case]
    figures = await reception.get("/reception/figures", "service")
    assert [figures[name] for name in ("cases", "cancelled", "withdrawn", "received")] == [1, 0, 1, 0]
    late = await reception.post(f"/reception/cases/{case}/arrivals", {"arrived_on": "2018-06-01"}, version=4)
    assert late.json()["code"] == "notice-withdrawn"


async def test_an_allocation_that_another_one_has_replaced_waits_until_that_one_is_cancelled(
    reception: Office,
) -> None:
    old = await reception.allocate(allocation_number="MIV-1")
    path = f"/reception/allocations/{old['case']}"
    await reception.post(f"{path}/cancellation", {"reason": "declined"}, version=1)
    new = await reception.allocate(allocation_number="MIV-2", replaces="MIV-1")
    again = {"reinstated_on": "2018-06-15", "reason": "agency-reinstated"}
    refused = await reception.post(f"{path}/reinstatement", again, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "allocation-replaced")
    assert (await reception.get(f"/reception/cases/{old['case']}"))["replaced_by"] == new["case"]
    cancelled = f"/reception/allocations/{new['case']}/cancellation"
    assert (await reception.post(cancelled, {"reason": "registered-in-error"}, version=1)).status_code == 200
    assert (await reception.post(f"{path}/reinstatement", again, version=2)).status_code == 200
    back = await reception.get(f"/reception/cases/{old['case']}")
    # the Migration Agency took its word back: it was cancelled, and that is not struck
    assert [e["struck"] for e in back["timeline"]] == [False, False, False]
