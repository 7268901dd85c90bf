"""The cases behind a number of the follow-up: those that a sight shows page by page, the others counted."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.reception import handlers, store_figures
from services.reception.figures import answer
from tests.reception.office import TODAY, Office
from tests.reception.test_casework import Case, assigned
from tests.reception.test_pages import HTML


def test_an_answer_that_is_not_what_was_agreed_is_no_answer() -> None:
    case = str(uuid4())
    document: dict[str, Any] = {
        "title": "Late", "page": "/reporting/themes/reception#part-open-cases", "counts": "persons", "number": 3,
        "cases": [{"case": case, "counted": 3}],
    }  # fmt: skip
    assert answer(document).cases == {UUID(case): 3}
    for wrong in (
        {},
        document | {"page": "https://elsewhere.example/"},
        document | {"page": "//elsewhere.example/"},
        document | {"counts": "homes"},
        document | {"cases": [case]},
        document | {"cases": [{"case": "x", "counted": 1}]},
        document | {"number": None},
    ):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            answer(wrong)


async def test_a_list_has_what_its_reader_sees_in_pages_and_counts_the_rest(reception: Office) -> None:
    mine = [UUID((await assigned(reception)).id) for _ in range(3)]
    elsewhere = Case(reception, await reception.allocate())
    await reception.knows("caseworker-2@minors")
    given = {"caseworker": "caseworker-2", "unit": "minors", "reason": "first"}
    await elsewhere.do("assignment", given, "coordinator", expect=200)
    other = UUID(elsewhere.id)
    free = UUID((await reception.allocate())["case"])
    behind = [*mine, other, free]
    sees = {
        "coordinator": {*behind},
        "caseworker": {*mine},
        "caseworker-2@minors": {other},
        "manager": {*mine},
        "manager@education": set(),
    }
    nobody, away, reception_unit = (True, None, 1), (False, "minors", 1), (False, "reception", 3)
    rest = {
        "coordinator": [],
        "caseworker": [nobody, away],
        "caseworker-2@minors": [nobody, reception_unit],
        "manager": [nobody, away],
        "manager@education": [nobody, away, reception_unit],
    }
    async with reception.database.reading() as conn:
        for who, seen in sees.items():
            sight = await handlers.sight(conn, reception.actor(who), TODAY)
            unseen = await store_figures.unseen(conn, sight, behind)
            assert [(one.nobody, one.unit, one.cases) for one in unseen] == rest[who], who
            found, place = [], None
            while rows := await store_figures.listed(conn, sight, behind, place, 2):
                found += [row["id"] for row in rows]
                place = rows[-1]["due_on"], rows[-1]["id"]
            assert len(found) == len(seen) and set(found) == seen, who
        everybody = await handlers.sight(conn, reception.actor("coordinator"), TODAY)
        assert {row["id"] for row in await store_figures.listed(conn, everybody, mine[:1], None, 9)} == {mine[0]}


async def test_while_reporting_is_away_the_page_says_so_and_where_the_cases_are(reception: Office) -> None:
    for role, status in (("manager", 503), ("coordinator", 503), ("council", 403), ("auditor", 403)):
        seen = await reception.ask(role, "GET", "/reception/figures/open-cases/late", headers=HTML)
        assert seen.status_code == status, role
        if status == 503:
            assert "Uppföljningen svarar inte" in seen.text and "under Ärenden" in seen.text
