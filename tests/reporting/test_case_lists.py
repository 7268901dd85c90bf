"""From a number to its cases: what is listed is what is counted, for those who are shown the number alone."""

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting import store_figures
from services.reporting.board import Dashboard
from services.reporting.case_lists import OF_PERSONS, THEME_OF, Link, links
from services.reporting.disclosure import AREAS, board
from services.reporting.store import TABLES, apply
from services.reporting.store_cases import cases_of
from services.reporting.store_figures_casework import worked
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationCorrected, ArrivalRegistered
from tests.reporting.casework import casework
from tests.reporting.conftest import Reporting
from tests.reporting.histories import Writer, histories, member, name
from tests.reporting.year import year_of_2018

HTML = {"accept": "text/html"}
TODAY = date(2018, 12, 31)


async def whole(conn: Any, today: date, year: int) -> Dashboard:
    return board(await store_figures.counted(conn, 1, today), today, year, AREAS, await worked(conn, 1, today))


async def behind(conn: Any, today: date, link: Link) -> list[tuple[Any, int]]:
    return await cases_of(conn, 1, today, link.wanted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=histories(), today=st.dates(date(2017, 6, 1), date(2019, 12, 31)), year=st.sampled_from([2017, 2018, 2019])
)
def test_every_number_is_the_sum_of_its_list_whatever_happened(
    reporting_loop: Any, facts: list[Fact], today: date, year: int
) -> None:
    connection, loop = reporting_loop

    async def check() -> None:
        transaction = connection.transaction()
        await transaction.start()
        try:
            for table in TABLES:
                await connection.execute(f"delete from {table}")
            await apply(connection, 1, facts)
            seen = await whole(connection, today, year)
            for link in (link for mine in links(seen).values() for link in mine):
                cases = await behind(connection, today, link)
                assert sum(n for _, n in cases) == link.count, link
                assert len({case for case, _ in cases}) == len(cases), link
                assert link.wanted.figure in OF_PERSONS or len(cases) == link.count
        finally:
            await transaction.rollback()

    loop(check())


async def test_every_figure_that_somebody_acts_on_leads_to_its_cases(reporting: Reporting) -> None:
    await reporting.feed(casework(year_of_2018()))
    async with reporting.runtime.database.reading() as conn:
        seen = await whole(conn, TODAY, 2018)
        leads = links(seen)
        assert set(leads) | {"quota"} == set(THEME_OF)
        for link in (link for mine in leads.values() for link in mine):
            assert sum(n for _, n in await behind(conn, TODAY, link)) == link.count > 0, link
        late = next(link for link in leads["open-cases"] if link.wanted.part == "late")
        assert {case for case, _ in await behind(conn, TODAY, late)} == {name("open 0"), name("open 1")}
        silent = next(link for link in leads["silent"] if link.wanted.last is None and link.wanted.part != "all")
        unheard = {case for case, _ in await behind(conn, TODAY, silent)}
        assert {name("worked 28"), name("worked 29")} <= unheard and name("worked 0") not in unheard
        overdue = next(link for link in leads["plans-in-time"] if link.wanted.part == "overdue")
        planless = {case for case, _ in await behind(conn, TODAY, overdue)}
        assert name("worked 29") in planless and name("worked 0") not in planless
        nobody = {case for case, _ in await behind(conn, TODAY, leads["caseload"][0])}
        assert name("worked 29") in nobody and name("worked 0") not in nobody
    async with reporting.runtime.database.reading() as conn:
        (waiting,) = links(await whole(conn, TODAY, 2019))["quota"]
        assert (waiting.count, len(await behind(conn, TODAY, waiting))) == (24, 12)


async def test_a_case_leaves_the_list_with_the_figure(reporting: Reporting) -> None:
    facts = year_of_2018()
    await reporting.feed(facts)
    writer = Writer(list(facts), {(fact.source, fact.subject): fact.sequence for fact in facts})
    persons = tuple(member(f"open 0 {one}") for one in "ab")
    writer.write(name("open 0"), ArrivalRegistered(arrived_on=TODAY, persons=tuple(p.person for p in persons)))
    later = AllocationCorrected(
        category="agency-accommodation",
        quota_year=2019,
        decided_on=TODAY,
        receive_by=date(2019, 3, 2),
        persons=tuple(member(f"open 1 {one}") for one in "ab"),
    )
    writer.write(name("open 1"), later)
    await reporting.feed(writer.facts[len(facts) :])
    async with reporting.runtime.database.reading() as conn:
        seen = await whole(conn, TODAY, 2018)
        parts = {link.wanted.part: link for link in links(seen)["open-cases"]}
        assert "late" not in parts
        assert [(name("open 1"), 1)] == [one for one in await behind(conn, TODAY, parts["61-"])]


def address(*roles: str, unit: str | None = None, figure: str = "open-cases", part: str = "late") -> str:
    asked = "&".join(f"role={role}" for role in roles) + (f"&unit={unit}" if unit else "")
    return f"/reporting/figures/{figure}/{part}/cases?{asked}"


async def test_only_a_service_is_told_and_only_for_a_reader_who_is_shown_the_number(reporting: Reporting) -> None:
    await reporting.feed(casework(year_of_2018()))
    for role in ("coordinator", "manager", "caseworker", "council", "auditor", "operator", "secretary", "jury"):
        async with reporting.client(role, unit="reception") as http:
            assert (await http.get(address("coordinator"))).status_code == 403, role
    async with reporting.client("service") as http:
        told = (await http.get(address("coordinator") + "&lang=en")).raise_for_status().json()
        assert told == {
            "figure": "open-cases",
            "part": "late",
            "title": "Allocated households awaited: Late",
            "page": "/reporting/themes/reception#part-open-cases",
            "counts": "cases",
            "number": 2,
            "cases": told["cases"],
        }
        assert {(one["case"], one["counted"]) for one in told["cases"]} == {(str(name(f"open {n}")), 1) for n in (0, 1)}
        for roles, unit in (
            (["council"], None),
            (["manager"], "education"),
            (["auditor"], "reception"),
            (["jury"], None),
        ):
            assert (await http.get(address(*roles, unit=unit))).status_code == 403, roles
        assert (await http.get(address("manager", unit="minors"))).status_code == 200
        for figure, part in (("open-cases", "never"), ("sex", "female"), ("caseload", "a"), ("received", "13")):
            assert (await http.get(address("coordinator", figure=figure, part=part))).status_code == 404, figure
        march = address("coordinator", figure="received", part="03") + "&year=2018&lang=en"
        told = (await http.get(march)).raise_for_status().json()
        assert (told["title"], told["counts"]) == ("Everyone received 2018: Mar", "persons")
        assert sum(one["counted"] for one in told["cases"]) == told["number"] > len(told["cases"])


async def test_pages_lead_the_unit_to_its_cases_and_nobody_else(reporting: Reporting) -> None:
    await reporting.feed(casework(year_of_2018()))
    pages = ["/reporting/", *(f"/reporting/themes/{theme}" for theme in ("reception", "establishment", "contacts"))]
    for role in ("council", "auditor", "operator", "secretary"):
        async with reporting.client(role) as http:
            for page in pages:
                assert "/reception/figures" not in (await http.get(page, headers=HTML)).text, (role, page)
    for role, unit in (("manager", "education"), ("manager", None)):
        async with reporting.client(role, unit=unit) as http:
            assert "/reception/figures" not in (await http.get(pages[0], headers=HTML)).text
    async with reporting.client("manager", unit="reception", lang="en") as http:
        seen = [(await http.get(page, headers=HTML)).text for page in pages]
    for address in ("open-cases/late", "open-cases/all", "received/03?year=2018"):
        assert f'href="/reception/figures/{address}"' in seen[0] and f'href="/reception/figures/{address}"' in seen[1]
    assert 'href="/reception/figures/plans-in-time/overdue?year=2018"' in seen[2]
    assert 'href="/reception/figures/silent/43-">' in seen[3] and 'href="/reception/figures/caseload/nobody"' in seen[3]
