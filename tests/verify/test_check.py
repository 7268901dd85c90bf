"""The checker is checked first: it finds nothing in a healthy town, and each damage by its own invariant."""

from typing import Any

from deploy.verify import site_of, verify


async def test_a_healthy_town_has_no_finding(people):
    case = await people.allocate(3)
    await people.arrive(case)
    lost = await people.allocate(2)
    path = f"/reception/allocations/{lost['case']}"
    cancelled = await people.post("coordinator", f"{path}/cancellation", {"reason": "declined"}, version=1)
    counted = await people.agreed()
    again = {"reinstated_on": (await people.today()).isoformat(), "reason": "cancelled-in-error"}
    await people.post("coordinator", f"{path}/reinstatement", again, version=cancelled["version"])
    back = await people.agreed()
    assert _of_quota(back, "waiting") == _of_quota(counted, "waiting") + 2
    assert _of_quota(back, "cancelled") == _of_quota(counted, "cancelled") - 2
    notice = {"category": "self-settled", "notified_on": again["reinstated_on"], "persons": [PERSON]}
    wrong = await people.post("coordinator", "/reception/settlement-notices", notice)
    path = f"/reception/settlement-notices/{wrong['case']}/withdrawal"
    await people.post("coordinator", path, {"reason": "registered-twice"}, version=wrong["version"])
    await people.agreed()
    report = await verify(site_of(people.town), canaries=["Kanariefågel"])
    print("\n".join(report.lines()))
    assert report.findings == []
    assert report.events > 0


PERSON = {"name": "Saga Provsten", "birth_date": "1985-04-12", "sex": "female"}


def _of_quota(board: dict[str, Any], name: str) -> int:
    return int(board["quota"][name])
