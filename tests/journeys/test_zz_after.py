"""After all journeys: the checker looks at the whole town, and for the personal data that was typed in."""

from deploy.verify import site_of, verify
from tests.journeys.people import household

CANARY = "Kanariefågel"


async def test_every_invariant_holds_and_what_was_typed_in_is_nowhere_in_plain(people):
    today = await people.today()
    body = household(today, 1, CANARY)
    body["persons"][0] |= {"personal_identity_number": "19700310-2397", "dossier_number": "77314159"}
    answer = await people.ask("coordinator", "POST", "/reception/allocations", json=body)
    if answer.status_code == 422:
        body["persons"][0]["personal_identity_number"] = None
        await people.post("coordinator", "/reception/allocations", body)
    wrong = household(today, 1, CANARY) | {"decided_on": f"{CANARY} 77314159"}
    assert (await people.ask("coordinator", "POST", "/reception/allocations", json=wrong)).status_code == 422
    nomination = {
        "prize": "integration",
        "nominee": f"{CANARY} nominerad",
        "nominee_kind": "person",
        "citation": f"En {CANARY} som hjälper alla i hela kvarteret.",
        "nominator": f"{CANARY} nominerande",
        "email": "kanariefagel@landa.example",
    }
    await people.post("secretary", "/awards/nominations", nomination)
    await people.agreed()
    words = [CANARY, "77314159", "19700310", "kanariefagel@"]
    report = await verify(site_of(people.town), canaries=words, drained_within=60)
    print("\n".join(report.lines()))
    assert report.findings == []
    assert report.events > 0
