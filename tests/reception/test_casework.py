"""The case from allocation to close over HTTP: what each command answers, refuses and leaves behind."""

from typing import Any
from uuid import uuid4

from tests.reception.office import Office

HOME = {"kind": "municipal-lease", "secured_on": "2018-05-10", "available_from": "2018-06-01"}
ACTIVITY = {"kind": "sfi", "provider": "adult-education", "starts_on": "2018-06-11"}


class Case:
    """A case that knows its version: `do` sends a command as the newest."""

    def __init__(self, reception: Office, made: dict[str, Any]) -> None:
        self.reception, self.id, self.persons, self.version = reception, made["case"], made["persons"], 1

    async def do(self, path: str, body: Any, role: str = "caseworker", *, expect: int | str = 200) -> Any:
        answer = await self.reception.post(f"/reception/cases/{self.id}/{path}", body, role, self.version)
        told = answer.json()
        assert expect in (answer.status_code, told.get("code")), (answer.status_code, told)
        if answer.status_code < 300:
            self.version = int(answer.headers["etag"].strip('"'))
        return told

    async def seen(self, role: str = "caseworker") -> Any:
        return await self.reception.get(f"/reception/cases/{self.id}", role)


async def assigned(reception: Office, **given: Any) -> Case:
    case = Case(reception, await reception.allocate(**given))
    await reception.knows("caseworker")
    await case.do(
        "assignment", {"caseworker": "caseworker-1", "unit": "reception", "reason": "first"}, "coordinator", expect=200
    )
    return case


async def test_a_case_goes_from_assignment_to_close_and_back(reception: Office) -> None:
    case = await assigned(reception)
    home = await case.do("housing", HOME | {"address": "Qanaryagatan 1"}, expect=201)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "created_on": "2018-06-05", "goal": "work", "follow_up_on": "2018-09-05"}
    made = await case.do("plans", plan | {"activities": [ACTIVITY]}, expect=201)
    [kept] = (await case.seen())["plans"]
    [activity] = kept["activities"]
    changed = [{**ACTIVITY, "activity": activity["activity"], "ends_on": "2018-12-01"}, ACTIVITY | {"kind": "guidance"}]
    await case.do(f"plans/{made['plan']}/correction", plan | {"activities": changed})
    stranger = [ACTIVITY | {"activity": str(uuid4())}]
    await case.do(f"plans/{made['plan']}/correction", plan | {"activities": stranger}, expect="activity-not-known")
    again = {"followed_up_on": "2018-06-14", "progress": "on-track", "next_follow_up_on": "2018-10-01"}
    await case.do(f"plans/{made['plan']}/follow-up", again)
    await case.do(
        f"plans/{made['plan']}/follow-up/correction",
        again | {"followed_up_on": "2018-06-13", "progress": "behind"},
    )
    met = {"kind": "home", "outcome": "reached", "contacted_on": "2018-06-12", "next_contact_on": "2018-06-20"}
    contact = await case.do("contacts", met, expect=201)
    await case.do(f"contacts/{contact['contact']}/correction", met | {"kind": "phone"})
    wrong = HOME | {"available_from": "2018-06-02", "withdrawn": False}
    await case.do(f"housing/{home['housing']}/correction", wrong)

    seen = await case.seen()
    assert [(s["what"], s["due"], s["ground"]) for s in seen["steps"]] == [
        ("contact", "2018-06-20", "agreed"),
        ("follow-up", "2018-10-01", "agreed"),
    ]
    assert seen["caseworker"] == "caseworker-1" and seen["unit"] == "reception"
    assert [a["kind"] for a in seen["plans"][0]["activities"]] == ["sfi", "guidance"]
    assert "Qanarya" not in str(seen)

    await case.do("closing", {"closed_on": "2018-06-15", "reason": "moved"}, expect="plan-open")
    await case.do(f"plans/{made['plan']}/end", {"ended_on": "2018-06-15", "outcome": "moved"})
    await case.do(f"plans/{made['plan']}/reopening", {"follow_up_on": "2018-07-01"})
    await case.do(f"plans/{made['plan']}/end", {"ended_on": "2018-06-15", "outcome": "moved"})
    await case.do("closing", {"closed_on": "2018-06-15", "reason": "moved"})
    assert (await case.seen())["steps"] == []
    await case.do("contacts", met, expect="case-closed")
    await case.do("reopening", {"reopened_on": "2018-06-15", "reason": "closed-in-error"})
    types = [kind.split(".")[1] for kind, _ in await reception.events()]
    assert types == [
        "allocation-received", "case-assigned", "housing-secured", "arrival-registered", "establishment-plan-created",
        "establishment-plan-corrected", "establishment-plan-followed-up",
        "establishment-plan-follow-up-corrected", "contact-recorded", "contact-corrected", "housing-corrected",
        "establishment-plan-ended", "establishment-plan-reopened", "establishment-plan-ended",
        "case-closed", "case-reopened",
    ]  # fmt: skip


async def test_each_follow_up_is_corrected_or_taken_out_and_the_timeline_tells_it(reception: Office) -> None:
    case = await assigned(reception)
    await case.do("arrivals", {"arrived_on": "2018-06-01"})
    plan = {"person": case.persons[0], "created_on": "2018-06-02", "goal": "work", "follow_up_on": "2018-06-20"}
    path = f"plans/{(await case.do('plans', plan, expect=201))['plan']}/follow-up"

    async def stands() -> list[Any]:
        [kept] = (await case.seen())["plans"]
        return [kept[name] for name in ("followed_up_on", "progress", "follow_up_on")]

    first = {"followed_up_on": "2018-06-05", "progress": "on-track", "next_follow_up_on": "2018-06-10"}
    second = {"followed_up_on": "2018-06-12", "progress": "behind", "next_follow_up_on": "2018-09-01"}
    await case.do(f"{path}/correction", first, expect="plan-not-followed-up")
    await case.do(path, first)
    await case.do(path, second)
    await case.do(f"{path}/correction", second | {"followed_up_on": "2018-06-04"}, expect="before-last-follow-up")
    await case.do(f"{path}/correction", second | {"followed_up_on": "2018-06-11"})
    assert await stands() == ["2018-06-11", "behind", "2018-09-01"]
    await case.do(f"{path}/correction", second | {"withdrawn": True})
    assert await stands() == ["2018-06-05", "on-track", "2018-09-01"]
    await case.do(f"{path}/correction", first | {"followed_up_on": "2018-06-04"})
    told = [e for e in (await case.seen())["timeline"] if "follow" in e["type"]]
    assert [(e["type"].split(".")[1][19:], e["struck"], e["facts"]["followed_up_on"]) for e in told] == [
        ("followed-up", True, "2018-06-05"),
        ("followed-up", True, "2018-06-12"),
        ("follow-up-corrected", True, "2018-06-11"),
        ("follow-up-corrected", False, "2018-06-05"),
        ("follow-up-corrected", False, "2018-06-04"),
    ]
    assert {e["actor_name"] for e in told} == {"Test Caseworker"}


async def test_a_command_of_casework_is_strict_done_once_and_against_the_version_that_was_seen(
    reception: Office,
) -> None:
    case = await assigned(reception)
    path = f"/reception/cases/{case.id}/contacts"
    met = {"kind": "phone", "outcome": "not-reached", "contacted_on": "2018-06-12"}
    key = {"idempotency-key": str(uuid4()), "if-match": '"2"'}
    first = await reception.ask("caseworker", "POST", path, json=met, headers=key)
    again = await reception.ask("caseworker", "POST", path, json=met, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    reused = await reception.ask("caseworker", "POST", path, json=met | {"kind": "home"}, headers=key)
    assert reused.json()["code"] == "idempotency-key-reused"
    assert (await reception.post(path, met, "caseworker", 2)).json()["code"] == "stale-version"
    assert (await reception.post(path, met, "caseworker")).status_code == 428
    for body in (met | {"note": "Qanarya"}, met | {"kind": "letter"}, met | {"contacted_on": 20180612}, {}, []):
        answer = await reception.post(path, body, "caseworker", 3)
        assert answer.status_code == 422 and "Qanarya" not in answer.text
    for part in ("housing", "plans", "contacts"):
        unknown = {"contacts": met, "housing": HOME, "plans": {"ended_on": "2018-06-15", "outcome": "work"}}[part]
        tail = "end" if part == "plans" else "correction"
        answer = await reception.post(f"/reception/cases/{case.id}/{part}/{uuid4()}/{tail}", unknown, "caseworker", 3)
        assert (answer.status_code, answer.json()["code"][:8]) == (404, "unknown-")
    nobody = {"caseworker": "somebody", "unit": "reception", "reason": "absence"}
    await case.do("assignment", nobody, "coordinator", expect="stale-version")
    case.version = 3
    await case.do("assignment", nobody, "coordinator", expect="unknown-colleague")
