"""Who sees whom: every route of a case as every colleague of every unit, with and without a protected identity."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.identity.provider import read_people
from tests.journeys.people import People, household
from tests.journeys.test_roles import routes

OPEN, SECRET = "Qanda Provsten", "Qanfri Dold"
# Who is who: the first and the second caseworker and the manager of the unit that has the case, and others.
OWNER, COVER, STRANGER = "Maja Sandgren", "Viktor Almroth", "Signe Norrby"
MANAGER, OTHER_MANAGER = "Harald Brolin", "Ingrid Vallmark"
COORDINATOR = "Elsa Lindfors"
NOBODYS = ("Rune Hedvall", "Gunvor Stensjö", "Berit Åhlund", "Dag Ringborg", "Moa Kvarnlid")
EVERYBODY = (OWNER, COVER, STRANGER, MANAGER, OTHER_MANAGER, COORDINATOR, *NOBODYS)
LISTS = ("/reception/cases?status=all&limit=500", "/reception/work", "/reception/inbox?show=arrived")


@dataclass
class Scene:
    """Cases of one unit's caseworker; in `secret` somebody lives under a protected identity."""

    people: People
    plain: dict[str, Any]
    secret: dict[str, Any]
    waiting: dict[str, Any]

    async def ask(self, name: str, method: str, path: str, **more: Any) -> Any:
        return await self.people.ask(f"name:{name}", method, path, **more)


async def token_of(people: People, name: str) -> None:
    if f"name:{name}" not in people.tokens:
        sub = next(person["sub"] for person in read_people().values() if person["name"] == name)
        answer = await people.http.post(f"{people.town.addresses.identity}/identity/demo-token", json={"sub": sub})
        answer.raise_for_status()
        people.tokens[f"name:{name}"] = answer.json()["access_token"]


async def arrived(people: People, protected: str) -> dict[str, Any]:
    today = await people.today()
    body = household(today, 2)
    body["persons"][0] |= {"name": OPEN, "dossier_number": "QDOSS-1"}
    body["persons"][1] |= {"name": SECRET, "protected_identity": protected}
    case = await people.post("coordinator", "/reception/allocations", body)
    case = await people.give(case)
    home = {"kind": "own-lease", "secured_on": str(today), "available_from": str(today), "address": "Qangatan 7"}
    case |= await people.post("caseworker", f"/reception/cases/{case['case']}/housing", home, version=case["version"])
    case |= await people.post(
        "caseworker", f"/reception/cases/{case['case']}/arrivals", {"arrived_on": str(today)}, version=case["version"]
    )
    return case | {"number": body["allocation_number"]}


@pytest.fixture(scope="session")
async def scene(people: People) -> Scene:
    for name in EVERYBODY:
        await token_of(people, name)
    for name in (OWNER, COVER, STRANGER, MANAGER, OTHER_MANAGER):
        seen = await people.ask(f"name:{name}", "GET", "/reception/work", headers={"accept": "text/html"})
        assert seen.status_code == 200
    subs = {person["name"]: person["sub"] for person in read_people().values()}
    cover = {"sub": subs[COVER], "for_sub": subs[OWNER], "until": str(await people.today() + timedelta(days=7))}
    assert (await people.ask(f"name:{MANAGER}", "POST", "/reception/cover", json=cover)).status_code == 200
    assert (await people.ask(f"name:{OTHER_MANAGER}", "POST", "/reception/cover", json=cover)).status_code == 422
    waiting = await people.allocate(1)
    return Scene(people, await arrived(people, "none"), await arrived(people, "secrecy-marked"), waiting)


def expected(name: str, secret: bool, asked: bool) -> tuple[bool, set[str]]:
    """Whether the case is there for this colleague, and which of its private words may be read by them."""
    private = {OPEN, "QDOSS-1"} | (set() if secret else {SECRET, "Qangatan 7"})
    if name in (OWNER, MANAGER):
        return True, private | ({SECRET, "Qangatan 7"} if asked else set())
    if name == COVER:
        return True, private
    return name == COORDINATOR, set()


def words(text: str) -> set[str]:
    return {word for word in (OPEN, SECRET, "Qangatan 7", "QDOSS-1") if word in text}


@pytest.mark.parametrize("secret", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("name", EVERYBODY)
async def test_no_route_of_a_case_shows_anybody_to_who_has_no_reason(scene: Scene, name: str, secret: bool) -> None:
    case = scene.secret if secret else scene.plain
    there, allowed = expected(name, secret, asked=False)
    _, on_request = expected(name, secret, asked=True)
    seen = 0
    for route in routes("reception"):
        if "{case}" not in route.path or ("/forms/" in route.path and "protected" not in route.path):
            continue
        asked = "protected" in route.path
        path = re.sub(r"\{(\w+)\}", lambda m: str(uuid4()), route.path.replace("{case}", case["case"]))
        unknown = path.replace(case["case"], str(uuid4()))
        for accept in ("application/json", "text/html"):
            head = {"accept": accept} | ({"if-match": '"1"'} if route.method == "POST" else {})
            more: dict[str, Any] = {"headers": head} | (
                {"json": body_for(route.path)} if route.method == "POST" else {}
            )
            answer = await scene.ask(name, route.method, path, **more)
            where = f"{name} {route.method} {route.path} {accept}: {answer.status_code}"
            seen += 1
            assert answer.status_code < 500, where
            leaked = words(answer.text) - (on_request if asked else allowed)
            assert not leaked, (where, leaked)
            if not there and answer.status_code != 403:
                # not there: told as of a case that never was
                other = await scene.ask(name, route.method, unknown, **more)
                assert answer.status_code == other.status_code in {404, 422}, where
                if accept == "application/json":
                    assert told(answer) == told(other), where
    assert seen > 30


def body_for(path: str) -> dict[str, Any]:
    """A body that is well formed, so that it is the case that is looked for."""
    bodies: dict[str, dict[str, Any]] = {
        "arrivals": {"arrived_on": "2018-06-01"},
        "contacts": {"kind": "home", "outcome": "reached", "contacted_on": "2018-06-14"},
        "closing": {"closed_on": "2018-06-14", "reason": "moved"},
        "reopening": {"reopened_on": "2018-06-14", "reason": "returned"},
        "cancellation": {"reason": "declined"},
        "end": {"ended_on": "2018-06-14", "outcome": "work"},
    }
    return bodies.get(path.rpartition("/")[2], {})


def told(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "trace"}


@pytest.mark.parametrize("name", EVERYBODY)
async def test_lists_counts_and_search_know_of_seen_cases_only(scene: Scene, name: str) -> None:
    there, _ = expected(name, False, asked=False)
    for path in LISTS:
        for accept in ("application/json", "text/html"):
            answer = await scene.ask(name, "GET", path, headers={"accept": accept})
            assert answer.status_code in {200, 403}, (path, answer.status_code)
            for case in (scene.plain, scene.secret):
                assert there or (case["case"] not in answer.text and case["number"] not in answer.text), path
            assert SECRET not in answer.text and "Qangatan" not in answer.text
    for by, term in (("name", OPEN), ("name", SECRET), ("case", scene.plain["number"]), ("case", scene.plain["case"]),
                     ("case", "QDOSS-1")):  # fmt: skip
        answer = await scene.ask(name, "POST", "/reception/search", json={"by": by, "term": term})
        if name in NOBODYS:
            assert answer.status_code == 403
            continue
        found = {one["id"] for one in answer.json()["cases"]} & {scene.plain["case"], scene.secret["case"]}
        if not there:
            assert found == set(), (by, term)
        elif name == COORDINATOR:  # knows of cases, and not of who is in those that others have
            assert found == ({scene.plain["case"]} if term in (scene.plain["number"], scene.plain["case"]) else set())
        elif term == SECRET:
            assert found == {scene.plain["case"]} | ({scene.secret["case"]} if name != COVER else set())
        else:
            assert scene.plain["case"] in found


async def test_looks_are_recorded_with_what_was_asked_for_and_never_what_was_searched(scene: Scene) -> None:
    path = f"/reception/cases/{scene.secret['case']}/persons"
    hidden = (await scene.ask(OWNER, "GET", path)).json()
    assert [p["hidden"] for p in hidden["persons"]] == [False, True] and hidden["addresses"] == {}
    shown = (await scene.ask(OWNER, "POST", f"{path}/protected")).json()
    assert [p["name"] for p in shown["persons"]] == [OPEN, SECRET] and list(shown["addresses"].values()) == [
        "Qangatan 7"
    ]
    for name, status in ((COVER, 403), (COORDINATOR, 403), (STRANGER, 404), (MANAGER, 200)):
        assert (await scene.ask(name, "POST", f"{path}/protected")).status_code == status
