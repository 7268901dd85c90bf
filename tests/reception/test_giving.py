"""Several cases are given out in one go: each is a command of its own, and what could not be given is told."""

import re
from typing import Any
from uuid import uuid4

from tests.reception.office import Office
from tests.reception.test_casework import Case, assigned
from tests.reception.test_casework_pages import send
from tests.reception.test_pages import page

TICK = re.compile(r'name="cases" value="([0-9a-f-]{36})\.(\d+)"')
ASSIGNED = "reception.case-assigned.v1"


async def given(reception: Office) -> list[dict[str, Any]]:
    return [said for kind, said in await reception.events() if kind == ASSIGNED]


async def caseworkers(reception: Office, *cases: str) -> list[str | None]:
    return [(await reception.get(f"/reception/cases/{case}"))["caseworker"] for case in cases]


async def test_chosen_cases_are_given_to_one_caseworker_once_and_on_again_from_the_page_that_tells_it(
    reception: Office,
) -> None:
    await reception.knows("caseworker", "caseworker-2@minors")
    made = [(await reception.allocate())["case"] for _ in range(4)]
    seen = await page(reception, "/reception/work?show=unassigned")
    ticks = dict(TICK.findall(seen))
    assert set(ticks) == set(made) and "checked" not in seen
    assert (await page(reception, "/reception/work?show=unassigned&ticked=all")).count(" checked") == 4
    nothing = await send(reception, "assignments", {"show": "unassigned"}, "coordinator")
    assert nothing.status_code == 422 and "Kryssa för minst ett ärende i listan." in nothing.text
    assert 'href="#f-cases"' in nothing.text and 'id="f-cases"' in nothing.text and await given(reception) == []

    chosen = {"show": "unassigned", "cases": [f"{case}.{ticks[case]}" for case in made[:3]]}
    nobody = await send(reception, "assignments", chosen | {"caseworker": "nobody"}, "coordinator")
    assert nobody.status_code == 422 and nobody.text.count(" checked") == 3 and await given(reception) == []
    key = {"key": str(uuid4()), "caseworker": "caseworker-1"}
    first, again = [await send(reception, "assignments", chosen | key, "coordinator") for _ in range(2)]
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    assert {(e["caseworker"], e["unit"], e["reason"]) for e in await given(reception)} == {
        ("caseworker-1", "reception", "first")
    }
    assert len(await given(reception)) == 3
    told = await page(reception, first.headers["location"])
    assert (
        "3 ärenden har en ny handläggare." in told
        and told.count("Test Caseworker") >= 3
        and f'cases/{made[3]}"' not in told
    )
    assert await caseworkers(reception, *made) == ["caseworker-1"] * 3 + [None]

    # it was the wrong one: all of them go on, with a reason
    every = await page(reception, f"{first.headers['location']}&ticked=all")
    assert every.count(" checked") == 3 and "Blev det fel?" in told
    on = {"show": "given", "listed": made[:3], "cases": [f"{case}.2" for case in made[:3]]}
    why = await send(reception, "assignments", on | {"caseworker": "caseworker-2"}, "coordinator")
    assert why.status_code == 422 and "Skäl: Inget är valt." in why.text and made[0] in why.text
    moved = await send(reception, "assignments", on | {"caseworker": "caseworker-2", "reason": "other"}, "coordinator")
    assert "3 ärenden har en ny handläggare." in await page(reception, moved.headers["location"])
    assert await caseworkers(reception, *made[:3]) == ["caseworker-2"] * 3


async def test_what_cannot_be_given_is_told_case_by_case_and_the_others_are_given(reception: Office) -> None:
    await reception.knows("caseworker", "caseworker-2")
    good, changed, over = [await reception.allocate() for _ in range(3)]
    body = {"caseworker": "caseworker-2", "unit": "reception", "reason": "first"}
    assert (await reception.post(f"/reception/cases/{changed['case']}/assignment", body, version=1)).status_code == 200
    path = f"/reception/allocations/{over['case']}/cancellation"
    assert (await reception.post(path, {"reason": "declined"}, version=1)).status_code == 200
    cases = [f"{changed['case']}.1", f"{over['case']}.2", f"{uuid4()}.1", f"{good['case']}.1"]
    sent = {"show": "unassigned", "cases": cases, "caseworker": "caseworker-1"}
    saved = await send(reception, "assignments", sent, "coordinator")
    told = await page(reception, saved.headers["location"])
    rows = {
        case: told[told.index(f'cases/{case}"') :].partition("</tr>")[0] for case in (changed["case"], over["case"])
    }
    assert "1 ärende har en ny handläggare." in told and "2 ärenden är som de var." in told
    assert "ändrades medan du valde" in rows[changed["case"]] and "Test Caseworker 2" in rows[changed["case"]]
    assert "avslutat eller avbrutet" in rows[over["case"]]
    assert await caseworkers(reception, good["case"], changed["case"]) == ["caseworker-1", "caseworker-2"]
    again = await send(reception, "assignments", sent | {"key": str(uuid4()), "cases": cases[:2]}, "coordinator")
    none = await page(reception, again.headers["location"])
    assert "2 ärenden är som de var." in none and "0 ärenden" not in none
    made_up = await page(reception, saved.headers["location"].replace("changed", "%3Cb%3E"))
    assert "<b>&" not in made_up and f"cases/{changed['case']}" not in made_up


async def test_a_manager_gives_on_cases_of_the_unit_and_only_those(reception: Office) -> None:
    mine: list[Case] = [await assigned(reception) for _ in range(2)]
    await reception.knows("caseworker-2", "caseworker-3@minors")
    other = await reception.allocate()
    body = {"caseworker": "caseworker-3", "unit": "minors", "reason": "first"}
    assert (await reception.post(f"/reception/cases/{other['case']}/assignment", body, version=1)).status_code == 200
    seen = await page(reception, "/reception/work", "manager")
    assert set(dict(TICK.findall(seen))) == {case.id for case in mine}
    for role in ("caseworker", "auditor"):
        assert TICK.search(await page(reception, "/reception/work", "caseworker")) is None
        assert (await send(reception, "assignments", {"show": "open"}, role)).status_code == 403
    sent = {"show": "open", "reason": "absence", "caseworker": "caseworker-2"}
    cases = {"cases": [*(f"{case.id}.2" for case in mine), f"{other['case']}.2"]}
    saved = await send(reception, "assignments", sent | cases, "manager")
    told = await page(reception, saved.headers["location"], "manager")
    assert "2 ärenden har en ny handläggare." in told and f"cases/{other['case']}" not in told and "Qanarya" not in told
    assert await caseworkers(reception, mine[0].id, mine[1].id, other["case"]) == [
        "caseworker-2", "caseworker-2", "caseworker-3"
    ]  # fmt: skip
    away = sent | {"caseworker": "caseworker-3", "reason": "moved-unit", "cases": [f"{mine[0].id}.3"]}
    saved = await send(reception, "assignments", away, "manager")
    told = await page(reception, saved.headers["location"], "manager")
    assert "1 ärende ser du inte längre" in told and f"cases/{mine[0].id}" not in told
