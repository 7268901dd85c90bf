"""The month's sample of looks at personal data: what counts as outside one's task, and its review page."""

from services.reception import store_looks
from tests.reception.office import Office, person
from tests.reception.test_casework import assigned
from tests.reception.test_casework_pages import send
from tests.reception.test_pages import HTML, page


async def test_a_managers_look_is_outside_only_beyond_the_unit_that_is_theirs(reception: Office) -> None:
    case = await assigned(reception)  # of the unit `reception`
    await reception.knows("caseworker-2@minors")
    await reception.get(f"/reception/cases/{case.id}/persons", "manager")
    await reception.get(f"/reception/cases/{case.id}/persons", "coordinator")
    taken = {"caseworker": "caseworker-2", "unit": "minors", "reason": "workload"}
    assert await _drawn(reception) == [("coordinator-1", "outside"), ("manager-1", "other")]
    await case.do("assignment", taken, "coordinator", expect=200)
    await reception.database.pool.execute("truncate looks")
    assert await _drawn(reception) == [("coordinator-1", "outside"), ("manager-1", "outside")]


async def _drawn(reception: Office) -> list[tuple[str, str]]:
    """Draws this month's sample of looks at persons; who looked, and as what the look counts."""
    month = await reception.database.pool.fetchval(
        "select date_trunc('month', now() at time zone 'Europe/Stockholm')::date"
    )
    async with reception.database.transaction() as tx:
        await store_looks.draw(tx, month)
        rows = await tx.fetch(
            "select actor, why from looks join access_log using (position) where action = 'view' order by 1"
        )
    return [(row["actor"], row["why"]) for row in rows]


async def test_an_auditor_draws_a_sample_and_reviews_each_look(reception: Office) -> None:
    secret = person(name="Qanarya Dold", protected_identity="secrecy-marked")
    case = await assigned(reception, persons=[person(), secret])
    await reception.ask("caseworker", "POST", f"/reception/cases/{case.id}/persons/protected")
    await reception.get(f"/reception/cases/{case.id}/persons", "coordinator")
    for _ in range(12):
        await reception.get(f"/reception/cases/{case.id}/persons", "caseworker")
    empty = await page(reception, "/reception/looks", "auditor")
    month = (await reception.database.pool.fetchval("select now() at time zone 'Europe/Stockholm'")).strftime("%Y-%m")
    assert month in empty and "Qanarya" not in empty
    assert "Inget är loggat den månaden" in await page(reception, "/reception/looks?month=2001-12", "auditor")
    for _ in range(2):  # again: what was drawn stays, and only what came later may be added
        drawn = await send(reception, "looks/draw", {"month": f"{month}-01"}, "auditor")
        assert drawn.status_code == 303
    rows = await reception.database.pool.fetch("select position, why from looks order by position")
    kinds = [row["why"] for row in rows]
    assert kinds.count("protected") == 1 and kinds.count("outside") == 1 and kinds.count("other") >= 10
    position = next(row["position"] for row in rows if row["why"] == "protected")
    review = {"position": str(position), "outcome": "explain", "month": month}
    refused = await send(reception, "looks/review", review, "auditor")
    assert refused.status_code == 422 and 'href="#f-note"' in refused.text and 'id="f-note"' in refused.text
    review |= {"note": "asked-colleague"}
    assert (await send(reception, "looks/review", review, "auditor")).status_code == 303
    seen = await page(reception, f"/reception/looks?month={month}", "auditor")
    assert f"1 av {len(rows)} granskade" in seen and "Kollegan har tillfrågats" in seen and "Qanarya" not in seen
    last = await reception.database.pool.fetchrow("select actor, reason from access_log order by position desc limit 1")
    assert (last["actor"], last["reason"]) == ("auditor-1", f"look-reviewed {position}")
    review |= {"outcome": "ok", "note": "own-case"}  # the first answer was a slip
    assert "Ändra granskningen" in seen
    assert (await send(reception, "looks/review", review, "auditor")).status_code == 303
    kept = "select outcome, note from looks where position = $1"
    assert tuple(await reception.database.pool.fetchrow(kept, position)) == ("ok", "own-case")
    for role in ("coordinator", "manager", "caseworker", "operator"):
        assert (await reception.ask(role, "GET", "/reception/looks", headers=HTML)).status_code == 403
