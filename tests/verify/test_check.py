"""The checker is checked first: it finds nothing in a healthy town, and each damage by its own invariant."""

from datetime import timedelta
from typing import Any

import pytest

from deploy.verify import site_of, verify
from tests.journeys.people import People

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)


async def test_a_healthy_town_has_no_finding(people):
    case = await people.arrive(await people.allocate(3))
    await followed_up_by_mistake(people, case)
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


async def followed_up_by_mistake(people: People, case: dict[str, Any]) -> None:
    """A plan's follow-up is corrected, and then taken out."""
    case = await people.give(case)
    today = await people.today()
    path, later = f"/reception/cases/{case['case']}/plans", (today + timedelta(days=60)).isoformat()
    plan = {"person": case["persons"][0], "created_on": today.isoformat(), "goal": "work", "follow_up_on": later}
    made = await people.post("caseworker", path, plan, version=case["version"])
    version, path = made["version"], f"{path}/{made['plan']}/follow-up"
    said = {"followed_up_on": today.isoformat(), "progress": "behind", "next_follow_up_on": later}
    for tail, more in (("", {}), ("/correction", {"progress": "on-track"}), ("/correction", {"withdrawn": True})):
        version = (await people.post("caseworker", path + tail, said | more, version=version))["version"]


PERSON = {"name": "Saga Provsten", "birth_date": "1985-04-12", "sex": "female"}


def _of_quota(board: dict[str, Any], name: str) -> int:
    return int(board["quota"][name])
