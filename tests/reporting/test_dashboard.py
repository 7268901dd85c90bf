"""The dashboard over HTTP on real PostgreSQL: exact figures, the right readers, and a badge that notices."""

import asyncio
import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from deploy.verify.recount import recount
from services.reporting import store_figures
from services.reporting.consumers import SOURCES
from services.reporting.reconciliation import TOTALS, Count
from services.reporting.store import PROJECTION
from services.reporting.tables import TABLES
from shared.contracts.envelope import Fact
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationReceived,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)
from shared.web.access import routes_with_needs
from shared.web.texts import Texts
from tests.reporting.conftest import Reporting
from tests.reporting.histories import Writer, member, name
from tests.reporting.year import KINDS, MINORS, QUOTA, RECEIVED, year_of_2018

READERS = {"council", "manager", "coordinator", "auditor", "operator", "secretary", "caseworker"}
TODAY = date(2018, 12, 31)
EPOCH = uuid4()


async def test_the_dashboard_shows_exactly_the_published_totals(reporting: Reporting) -> None:
    await reporting.feed(year_of_2018())
    async with reporting.client("coordinator") as http:
        said = (await http.get("/reporting/dashboard.json")).raise_for_status().json()
        assert said == (await http.get("/reporting/dashboard", headers={"accept": "application/json"})).json()
    assert (said["year"], said["received"]["persons"], said["received"]["unaccompanied_minors"]) == (2018, 280, 30)
    assert {c["category"]: c["persons"] for c in said["received"]["by_category"]} == RECEIVED
    minors = {c["category"]: c["unaccompanied_minors"] for c in said["received"]["by_category"]}
    assert minors == dict.fromkeys(RECEIVED, 0) | MINORS
    assert (said["quota"]["target"], said["quota"]["received"], said["quota"]["waiting"]) == (QUOTA, QUOTA, 0)
    assert said["quota"]["by_month"][-1]["cumulative"] == QUOTA
    assert (said["open_cases"]["cases"], said["open_cases"]["late_cases"]) == (12, 2)
    assert said["open_cases"]["today"] == "2018-12-31"
    assert said["nominations"]["nominations"] == len(KINDS) == 10
    assert [g["persons"] for g in said["received"]["by_age"]] == [30, 0, 250, 0, 0]


async def test_readers_read_and_nobody_else(reporting: Reporting) -> None:
    await reporting.feed(year_of_2018()[:50])
    paths = ["/reporting/dashboard.json", "/reporting/", "/reporting/tables/received.csv", "/reporting/reconciliation"]
    for role in (*sorted(READERS), "jury", "service"):
        async with reporting.client(role) as http:
            for path in paths:
                assert (await http.get(path)).status_code == (200 if role in READERS else 403), (role, path)
    async with reporting.client() as http:
        for path in paths:
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/reporting/", headers={"accept": "text/html"})).status_code == 303
    public = {route.path for route in routes_with_needs(reporting.app) if not route.needs}
    assert public == {"/reporting/openapi.json"}, "no figure is public"


@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_the_page_draws_every_section_with_its_table_and_also_an_empty_town(
    reporting: Reporting, lang: str
) -> None:
    html = {"accept": "text/html"}
    async with reporting.client("coordinator", lang=lang) as http:
        empty = (await http.get("/reporting/", headers=html)).raise_for_status().text
        assert "<svg" not in empty
        await reporting.feed(year_of_2018())
        page = (await http.get("/reporting/", headers=html)).raise_for_status().text
        assert page.count("<figure") == 5
        for key in ("quota", "received", "open-cases", "arrival-days", "nominations"):
            assert f'id="{key}-table"' in page
        fragment = (await http.get("/reporting/?fragment=1", headers=html)).raise_for_status().text
        assert fragment.lstrip().startswith('<div id="dashboard"')
        assert "<html" not in fragment
        assert fragment.strip() in page.replace("\r", "")
        other = (await http.get("/reporting/?year=2019", headers=html)).raise_for_status().text
        assert "year=2019" in other
        assert (await http.get("/reporting/?year=1900", headers=html)).status_code == 422
    async with reporting.client("council", lang=lang) as http:
        page = (await http.get("/reporting/", headers=html)).raise_for_status().text
    unsaid = Texts("reporting").get(lang, "hidden.parts")
    for key, drawn in (("received", True), ("open-cases", False), ("nominations", False)):
        part = page.partition(f'id="part-{key}"')[2].partition("</section>")[0]
        assert (f'id="{key}-table"' in part, unsaid in part) == (drawn, not drawn), "a picture of nothing but dots"


async def test_the_first_arrival_of_a_year_leaves_the_year_before_on_the_page(reporting: Reporting) -> None:
    await reporting.feed(year_of_2018())
    await reporting.runtime.database.pool.execute(
        "update person_row set arrived_on = '2019-01-02' where person_id in"
        " (select person_id from person_row where arrived_on is not null limit 1)"
    )
    clock, seen = Path(reporting.runtime.settings.clock_file or ""), []
    for today in ("2019-01-02", "2019-04-15", "2019-04-16"):
        clock.write_text(f"{today}T12:00:00+02:00")
        async with reporting.client("council") as http:
            page = (await http.get("/reporting/", headers={"accept": "text/html"})).raise_for_status().text
            year = (await http.get("/reporting/dashboard.json")).json()["year"]
        line = page[page.index('id="standing"') :].partition("</p>")[0]
        assert f'href="/reporting/?year={2019 if year == 2018 else 2018}"' in line
        seen.append(year)
    assert seen == [2018, 2018, 2019]


async def test_the_page_is_read_before_the_planner_knows_of_a_great_import(reporting: Reporting) -> None:
    """Joined row by row, as it is without statistics, this took longer than any statement may: 503."""
    pool = reporting.runtime.database.pool
    await pool.execute("alter table case_row set (autovacuum_enabled = off)")
    await pool.execute("alter table person_row set (autovacuum_enabled = off)")
    # What is imported may take its time; the page may not.
    importing = await reporting.runtime.database.connect()
    await importing.execute(
        "with c as (insert into case_row select 1, gen_random_uuid(), 'allocation', 'quota-refugee', 2018,"
        " '2018-01-01', '2018-03-01', null, null from generate_series(1, 30000) returning case_id)"
        " insert into person_row select 1, case_id, gen_random_uuid(), 'female', '20-64', false, null from c"
    )
    await importing.close()
    async with reporting.client("coordinator", unit="reception") as http:
        answer = await http.get("/reporting/", headers={"accept": "application/json"})
    assert answer.json()["open_cases"]["cases"] == 30_000


async def test_csv_files_hold_the_same_figures_and_an_unknown_one_is_not_found(reporting: Reporting) -> None:
    await reporting.feed(year_of_2018())
    async with reporting.client("manager", unit="reception") as http:
        for table in TABLES:
            answer = (await http.get(f"/reporting/tables/{table}.csv?separator=semicolon")).raise_for_status()
            assert answer.headers["content-type"].startswith("text/csv")
            assert "landa" not in answer.headers["content-disposition"]
            rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
            assert len({len(row) for row in rows}) == 1
            if table == "received":
                assert rows[-2] == ["total", *map(str, RECEIVED.values()), "280"]
    async with reporting.client("council") as http:
        answer = await http.get("/reporting/tables/received.csv?separator=semicolon")
        january = next(csv.reader(io.StringIO(answer.text.split("\n")[1]), delimiter=";"))
        assert january[1:-1] == [".."] * len(RECEIVED), "what is not shown looks like nobody"
        missing = await http.get("/reporting/tables/persons.csv")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown-table")


async def test_a_withdrawn_notice_is_no_cancelled_allocation_on_either_side(reporting: Reporting) -> None:
    day, writer = date(2018, 3, 1), Writer()
    for number in range(3):
        allocated = AllocationReceived(
            category="other", quota_year=2018, decided_on=day, receive_by=day, persons=(member(f"a{number}"),)
        )
        notice = SettlementNotified(category="other", notified_on=day, persons=(member(f"n{number}"),))
        writer.write(name(f"allocation {number}"), allocated)
        writer.write(name(f"notice {number}"), notice)
    for number in range(2):
        writer.write(name(f"allocation {number}"), AllocationCancelled(reason="declined"))
    writer.write(name("notice 0"), SettlementNoticeWithdrawn(reason="registered-twice"))
    await reporting.feed(writer.facts)
    async with reporting.runtime.database.reading() as conn:
        ours = await store_figures.own_count(conn, 1)
    assert [ours.figures[total] for total in ("cases", "cancelled", "withdrawn", "allocations_open")] == [6, 2, 1, 1]
    assert ours.figures == recounted(writer.facts).figures


async def test_a_deleted_row_turns_the_badge_and_putting_it_back_turns_it_again(reporting: Reporting) -> None:
    facts = year_of_2018()
    database = reporting.runtime.database
    theirs = recounted(facts)

    async def look(there: Count | None = theirs) -> Any:
        async with database.reading() as conn:
            ours = await store_figures.own_count(conn, 1)
        async with database.transaction() as tx:
            return await store_figures.judge(tx, there, ours, datetime.now(UTC))

    await reporting.feed(facts[:-30])
    assert (await look()).state == "catching-up"
    await reporting.feed(facts)
    agreed = await look()
    assert (agreed.state, agreed.agreed_position, agreed.differences) == ("agrees", theirs.position, ())
    changed = asyncio.Event()
    listener = await asyncpg.connect(reporting.runtime.settings.database_url)
    await listener.add_listener("landa", lambda *said: changed.set() if said[-1] == "dashboard-status" else None)
    for table, figure, which in (("person_row", "received", "arrived_on is not null"), ("case_row", "cases", "true")):
        before = await listener.fetchrow(f"select * from {table} where generation = 1 and {which} limit 1")
        assert before is not None
        keep = await listener.fetch(f"delete from {table} where {row_of(table)} returning *", *key_of(table, before))
        changed.clear()
        assert (await look()).state == "catching-up"
        alarmed = await look()
        assert alarmed.state == "differs"
        assert figure in {d.figure for d in alarmed.differences}
        await asyncio.wait_for(changed.wait(), 5)
        async with reporting.client("council", lang="en") as http:
            page = (await http.get("/reporting/", headers={"accept": "text/html"})).text
            assert 'role="alert"' in page
            assert ">Differs<" in page
        await listener.executemany(
            f"insert into {table} values ({', '.join(f'${n + 1}' for n in range(len(keep[0])))})", [tuple(keep[0])]
        )
        assert (await look()).state == "agrees"
    assert (await look(None)).state == "unknown"
    await listener.close()


def row_of(table: str) -> str:
    return "case_id = $1 and person_id = $2" if table == "person_row" else "case_id = $1"


def key_of(table: str, row: Any) -> list[Any]:
    return [row["case_id"], row["person_id"]] if table == "person_row" else [row["case_id"]]


def recounted(facts: list[Fact]) -> Count:
    """What reception's own tables would say after `facts`."""
    from deploy.verify.recount import households

    figures: dict[str, int] = dict.fromkeys(TOTALS, 0)
    for case in households(facts):
        here = [day for day in case.arrived.values() if day]
        figures["cases"] += 1
        figures["received"] += len(here)
        figures["cancelled" if case.allocated else "withdrawn"] += case.cancelled
        figures["allocations_open"] += case.allocated and not case.cancelled and len(here) < len(case.arrived)
        minors = sum(bool(day) and case.minors[person] for person, day in case.arrived.items())
        numbers = {"cases": 1, "persons": len(case.arrived), "received": len(here), "unaccompanied_received": minors}
        for part, number in numbers.items():
            key = f"{case.category}.{part}"
            figures[key] = figures.get(key, 0) + number
    mine = [fact for fact in facts if fact.source == "reception"]
    return Count(max(fact.position for fact in mine), len(mine), figures)


async def test_the_page_says_when_its_figures_were_last_true(reporting: Reporting) -> None:
    await reporting.feed(year_of_2018()[:20])
    consumer = store_figures.consumer(1)
    pool = reporting.runtime.database.pool

    async def state() -> str:
        async with reporting.client("auditor") as http:
            return str((await http.get("/reporting/dashboard.json")).json()["as_of"]["state"])

    assert await state() == "unverified"
    for source in SOURCES:
        await pool.execute(
            "insert into watermark (consumer, source, partition, partitions, position, subjects, events, seen_subjects,"
            " seen_events, at) values ($1, $2, 0, 1, 1, 1, 1, 1, 1, clock_timestamp())",
            consumer,
            source,
        )
    assert await state() == "verified"
    await pool.execute("update watermark set behind_since = clock_timestamp() where source = 'awards'")
    assert await state() == "behind"
    await pool.execute(
        "insert into held (consumer, source, place, headers, reason, waits_for, held_at)"
        " values ($1, 'awards', 'landa.awards/0/1', '[]', 'no event', 'person', now() - interval '1 minute')",
        consumer,
    )
    assert await state() == "held"


async def test_the_operator_starts_one_rebuild_at_a_time(reporting: Reporting) -> None:
    await reporting.runtime.database.pool.execute("insert into projection (name) values ($1)", PROJECTION)
    async with reporting.client("operator") as http:
        page = (await http.get("/reporting/", headers={"accept": "text/html"})).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        key = {"idempotency-key": str(uuid4()), "x-csrf-token": csrf, "origin": "http://localhost:8400"}
        first = await http.post("/reporting/operations/rebuilds/dashboard", json={"source": "journals"}, headers=key)
        assert (first.status_code, first.json()["generation"]) == (202, 2)
        again = await http.post("/reporting/operations/rebuilds/dashboard", json={"source": "journals"}, headers=key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
        other = {**key, "idempotency-key": str(uuid4())}
        refused = await http.post("/reporting/operations/rebuilds/dashboard", json={"source": "kafka"}, headers=other)
        assert (refused.status_code, refused.json()["code"]) == (409, "rebuild-running-or-unknown")
        wrong = await http.post("/reporting/operations/rebuilds/dashboard", json={"source": "memory"}, headers=other)
        assert wrong.status_code == 422
        listed = (await http.get("/reporting/operations/rebuilds")).json()
    assert json.dumps(listed) and (listed[0]["live"], listed[0]["building"], listed[0]["build_from"]) == (
        1,
        2,
        "journals",
    )


async def test_http_and_recount_say_the_same(reporting: Reporting) -> None:
    facts = year_of_2018(seed=9)
    await reporting.feed(facts, size=37)
    async with reporting.runtime.database.reading() as conn:
        counted = await store_figures.counted(conn, 1, TODAY)
    assert sorted(counted.received) == sorted(recount(facts, TODAY).received)
