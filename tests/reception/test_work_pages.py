"""The list of those who work with cases, and what is said above it: always of the cases in it."""

import re

from tests.reception.office import Office
from tests.reception.test_casework import assigned
from tests.reception.test_pages import page


async def test_a_manager_sees_who_has_how_many_of_the_units_cases_and_nobody_else_does(reception: Office) -> None:
    await assigned(reception)
    await assigned(reception, decided_on="2018-03-01")
    await reception.knows("caseworker-2")
    head = "summary>Så är enhetens öppna ärenden fördelade</summary"
    seen = await page(reception, "/reception/work", "manager")
    row = re.sub(r"<[^>]+>|\s+", " ", seen[seen.index(head) :].partition("</details>")[0])
    assert re.search(r"Test Caseworker +2 +1 +0 +Test Caseworker 2 +0 +0 +0 *$", row), row
    assert head not in await page(reception, "/reception/work", "caseworker")
    assert head not in await page(reception, "/reception/work?show=closed", "manager")
    assert head not in await page(reception, "/reception/work", "manager@minors")


async def test_a_manager_goes_from_a_caseworkers_number_to_those_cases(reception: Office) -> None:
    case = await assigned(reception)
    await reception.knows("caseworker-2")
    one, other = (f"/reception/work?whose=caseworker-{n}" for n in (1, 2))
    assert f'href="{one}"' in await page(reception, "/reception/work", "manager")
    seen = await page(reception, one, "manager")
    assert case.id in seen and "Bara de ärenden som Test Caseworker har visas här." in seen
    assert case.id not in await page(reception, other, "manager")
    # the address shows nobody more than the list without it does
    assert case.id not in await page(reception, one, "manager@minors")
    assert case.id not in await page(reception, one, "caseworker-2")
    assert case.id in await page(reception, other, "caseworker")


async def test_what_is_said_above_a_list_is_of_the_cases_in_it(reception: Office) -> None:
    await assigned(reception, decided_on="2018-03-01")
    await reception.knows("caseworker-2")
    late, figures = "1 ärende har något som är försenat.", 'class="figures"'
    for path, says in (("", True), ("?whose=caseworker-1", True), ("?whose=caseworker-2", False)):
        seen = await page(reception, f"/reception/work{path}", "manager")
        assert (late in seen) == says and figures in seen
    assert "<b>0</b><span>öppna ärenden</span>" in seen
    for who in ("manager", "caseworker"):
        over = await page(reception, "/reception/work?show=closed", who)
        assert late not in over and figures not in over
