"""The checker is checked first: it finds nothing in a healthy town, and each damage by its own invariant."""

from deploy.verify import site_of, verify


async def test_a_healthy_town_has_no_finding(people):
    case = await people.allocate(3)
    await people.arrive(case)
    await people.agreed()
    report = await verify(site_of(people.town), canaries=["Kanariefågel"])
    print("\n".join(report.lines()))
    assert report.findings == []
    assert report.events > 0
