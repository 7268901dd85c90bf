"""From an allocation to a true figure, a told coordinator and a followed trace; from a nomination to its receipt."""

from datetime import timedelta
from uuid import uuid4

from tests.journeys.people import household
from tests.waiting import until


async def test_an_allocation_becomes_a_figure_an_inbox_item_and_a_mail(people):
    await people.quiet_hour()
    before = await people.agreed()
    case = await people.allocate(3)
    waiting = await people.agreed()
    assert waiting["quota"]["allocated"] == before["quota"]["allocated"] + 3
    assert waiting["open_cases"]["cases"] == before["open_cases"]["cases"] + 1
    assert waiting["received"]["persons"] == before["received"]["persons"]

    arrived = await people.arrive(case)
    after = await people.agreed()
    assert after["received"]["persons"] == before["received"]["persons"] + 3
    assert after["quota"]["received"] == before["quota"]["received"] + 3

    path = f"/reception/cases/{case['case']}/arrival-corrections"
    body = {"arrived_on": None, "reason": "did-not-arrive", "persons": case["persons"][:1]}
    await people.post("coordinator", path, body, version=arrived["version"])
    corrected = await people.agreed()
    assert corrected["received"]["persons"] == before["received"]["persons"] + 2

    async def item():
        return [i for i in await people.inbox() if i["about"] == case["case"]]

    (told,) = await until(item)
    await people.post("coordinator", f"/notifications/inbox/{told['id']}/acknowledge", {})
    again = await people.post("coordinator", f"/notifications/inbox/{told['id']}/acknowledge", {})
    assert again["notification"] == told["id"]

    async def mail():
        return [m for m in await people.mails() if case["case"] in m["body"]]

    (sent,) = await until(mail, seconds=30)
    whole = str(sent)
    assert "Provsten" not in whole and "agency" not in whole


async def test_one_trace_from_the_request_to_the_projection_and_the_mail(people):
    await people.quiet_hour()
    trace = uuid4().hex
    today = await people.today()
    answer = await people.ask(
        "coordinator",
        "POST",
        "/reception/allocations",
        json=household(today),
        headers={"traceparent": f"00-{trace}-{uuid4().hex[:16]}-01", "idempotency-key": str(uuid4())},
    )
    assert answer.status_code == 201

    async def spans():
        found = await people.http.get(f"{people.town.addresses.sinks}/traces/{trace}.json")
        return [(span["service"], span["name"]) for span in found.json()["spans"]]

    wanted = {
        ("landa-reception", "publish reception.allocation-received.v1"),
        ("landa-reporting", "apply in dashboard/1 reception.allocation-received.v1"),
        ("landa-notifications", "apply in alerts reception.allocation-received.v1"),
    }
    seen = await until(spans, lambda s: wanted <= set(s), seconds=30, what="the trace's spans")
    assert any(name.startswith("POST") for service, name in seen if service == "landa-reception")
    await until(spans, lambda s: any("mail" in n or "hand" in n for _, n in s), seconds=30, what="the mail's span")


async def test_the_same_key_twice_is_one_case_and_another_body_is_refused(people):
    today = await people.today()
    key, body = str(uuid4()), household(today)
    first = await people.post("coordinator", "/reception/allocations", body, key=key)
    assert (await people.post("coordinator", "/reception/allocations", body, key=key))["case"] == first["case"]
    other = await people.ask(
        "coordinator", "POST", "/reception/allocations", json=household(today), headers={"idempotency-key": key}
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_two_people_edit_the_same_case_and_the_second_is_told(people):
    case = await people.allocate(1)
    await people.arrive(case)
    stale = await people.ask(
        "coordinator",
        "POST",
        f"/reception/allocations/{case['case']}/cancellation",
        json={"reason": "declined"},
        headers={"if-match": f'"{case["version"]}"'},
    )
    assert stale.status_code == 412 and stale.json()["code"] == "stale-version"


async def test_a_nomination_is_counted_and_its_receipt_is_sent(people):
    before = (await people.agreed())["nominations"]["nominations"]
    address = f"anna-{uuid4().hex[:8]}@landa.example"
    nomination = {
        "prize": "integration",
        "nominee": "Grannkraft i Provstaden",
        "nominee_kind": "association",
        "citation": "De möter nya grannar varje vecka och lär ut staden.",
        "nominator": "Saga Provsten",
        "email": address,
    }
    made = await people.post("secretary", "/awards/nominations", nomination)

    async def counted():
        return (await people.get("coordinator", "/reporting/dashboard.json"))["nominations"]["nominations"]

    await until(counted, lambda n: n == before + 1)
    (receipt,) = await until(lambda: people.mails(address), seconds=30)
    assert made["reference"] in receipt["body"]
    listed = await people.get("secretary", "/awards/nominations")
    assert made["nomination"] in [item["nomination"] for item in listed["items"]]


async def test_a_rebuild_from_the_journals_and_one_from_kafka_give_the_same_figures_while_pages_are_read(people):
    await people.arrive(await people.allocate(2))
    before = await people.agreed()
    for source in ("journals", "kafka"):
        state = (await people.get("operator", "/reporting/operations/rebuilds"))[0]
        await people.post("operator", "/reporting/operations/rebuilds/dashboard", {"source": source})

        async def swapped(live: int = state["live"]) -> bool:
            page = await people.ask("coordinator", "GET", "/reporting/dashboard.json")
            assert page.status_code == 200
            assert page.json()["received"] == before["received"]
            return (await people.get("operator", "/reporting/operations/rebuilds"))[0]["live"] > live

        await until(swapped, seconds=40, what=f"a new generation from {source}")
        after = await people.agreed()
        assert {k: after[k] for k in ("received", "quota", "arrival_days", "open_cases", "nominations")} == {
            k: before[k] for k in ("received", "quota", "arrival_days", "open_cases", "nominations")
        }


async def test_a_journal_is_for_services_only_and_holds_no_personal_data(people):
    await people.allocate(2)
    refused = await people.ask("coordinator", "GET", "/reception/journal")
    assert refused.status_code == 403
    whole = await people.ask("service", "GET", "/reception/journal?after=0")
    assert whole.status_code == 200 and "reception.allocation-received.v1" in whole.text
    assert "Provsten" not in whole.text and str((await people.today()) - timedelta(days=10)) in whole.text
