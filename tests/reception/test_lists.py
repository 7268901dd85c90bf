"""The lists: what was cancelled last is found first, and stored cases stand as a save would have them stand."""

import re
from datetime import timedelta
from pathlib import Path

import services.reception
from services.reception.pages_inbox import PAGE
from tests.reception.office import TODAY, Office, person
from tests.reception.test_casework import HOME, assigned
from tests.reception.test_pages import HTML, page

ROW = re.compile(r'id="case-([0-9a-f-]{36})"')
NEXT = re.compile(r'rel="next" href="([^"]+)"')
MIGRATIONS = Path(services.reception.__file__).parent / "migrations"


async def cancel(reception: Office, case: str) -> None:
    answer = await reception.post(f"/reception/allocations/{case}/cancellation", {"reason": "declined"}, version=1)
    assert answer.status_code == 200, answer.text


async def test_what_was_cancelled_last_stands_first_and_pages_go_on_where_they_ended(reception: Office) -> None:
    made = [(await reception.allocate(decided_on=f"2018-05-{n % 28 + 1:02}"))["case"] for n in range(PAGE + 3)]
    late = await reception.allocate(decided_on="2018-01-02")
    cancelled = [*reversed(made[::2]), *made[1::2]]  # neither by deadline nor by when they came
    for day, case in enumerate(cancelled[:-1]):
        reception.today(TODAY + timedelta(days=day))
        await cancel(reception, case)
    reception.today(TODAY + timedelta(days=60))
    notice = {"category": "self-settled", "notified_on": "2018-06-01", "persons": [person()]}
    told = (await reception.post("/reception/settlement-notices", notice)).json()["case"]
    withdrawal = f"/reception/settlement-notices/{told}/withdrawal"
    assert (await reception.post(withdrawal, {"reason": "registered-twice"}, version=1)).status_code == 200
    first = await page(reception, "/reception/inbox?show=cancelled")
    seen = ROW.findall(first)
    ended = [told, *reversed(cancelled[:-1])]
    assert seen == ended[:PAGE]  # and the day on which it ended stands beside each
    assert "2018-08-14" in first[: first.index(seen[1])] and "2018-08-14" not in first[first.index(seen[1]) :]
    [following] = NEXT.findall(first)
    reception.today(TODAY + timedelta(days=61))
    await cancel(reception, cancelled[-1])
    reception.today(TODAY + timedelta(days=62))
    await cancel(reception, late["case"])  # what is cancelled meanwhile moves nothing on the pages after
    seen += ROW.findall(await page(reception, following.replace("&amp;", "&")))
    assert seen == ended
    assert ROW.findall(await page(reception, "/reception/inbox?show=cancelled"))[:2] == [late["case"], cancelled[-1]]
    for made_up in (
        "MjAxOC0wMS0wMS94",
        "eA",
        "MjAxOC0wMS0wMVQwMDowMDowMC8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
    ):
        wrong = await reception.ask(
            "coordinator", "GET", f"/reception/inbox?show=cancelled&after={made_up}", headers=HTML
        )
        assert wrong.status_code == 400


async def test_a_cancelled_case_keeps_its_day_when_something_in_it_is_corrected_and_loses_it_when_it_holds_again(
    reception: Office,
) -> None:
    since = "select cancelled_at::date::text from cases where id = $1"
    case = await assigned(reception)
    home = await case.do("housing", HOME, expect=201)
    path = f"/reception/allocations/{case.id}"
    assert (await reception.post(f"{path}/cancellation", {"reason": "declined"}, version=3)).status_code == 200
    reception.today(TODAY + timedelta(days=3))
    case.version = 4
    await case.do(f"housing/{home['housing']}/correction", HOME | {"withdrawn": True}, "coordinator")
    assert await reception.database.pool.fetchval(since, case.id) == "2018-06-15"
    again = {"reinstated_on": "2018-06-18", "reason": "cancelled-in-error"}
    assert (await reception.post(f"{path}/reinstatement", again, version=5)).status_code == 200
    assert await reception.database.pool.fetchval(since, case.id) is None


async def test_cases_that_were_stored_before_are_listed_as_those_that_are_saved_now(reception: Office) -> None:
    came = await assigned(reception)
    await came.do("arrivals", {"arrived_on": "2018-05-20"})
    housed = await assigned(reception)
    await housed.do("housing", HOME, expect=201)
    await housed.do("arrivals", {"arrived_on": "2018-06-02"})
    waiting, ended = await assigned(reception), await reception.allocate()
    await cancel(reception, ended["case"])
    listed = "select id, due_on, next_step, cancelled_at from cases order by id"
    saved = await reception.database.pool.fetch(listed)
    assert {row["next_step"] for row in saved if str(row["id"]) in (came.id, waiting.id)} == {"housing"}
    await reception.database.pool.execute(
        "update cases set cancelled_at = null, due_on = '2018-07-01', next_step = 'contact' where id = any($1::uuid[])",
        [came.id, ended["case"]],
    )
    await reception.database.pool.execute("update cases set due_on = '9999-01-01', next_step = null where id = $1",
                                          ended["case"])  # fmt: skip
    for name in ("0006_homes.sql", "0007_cancelled.sql"):
        text = (MIGRATIONS / name).read_text()
        await reception.database.pool.execute(text[text.index("update cases") :].partition(";")[0])
    assert await reception.database.pool.fetch(listed) == saved
