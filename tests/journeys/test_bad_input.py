"""Every kind of bad input, sent to the running town: told what, where and how to mend it; nothing changes for it."""

import asyncio
import gzip
import json
import time
from datetime import timedelta
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from deploy.local.identity.provider import Provider, keep_key
from tests.journeys.people import household
from tests.journeys.strangers import CANARY, memory, no, post, raw, unchanged
from tests.waiting import until

ALLOCATIONS = "/reception/allocations"


async def test_a_body_that_says_nothing_or_two_things_is_told_which(people):
    one = household(await people.today(), 1, CANARY)
    text = json.dumps(one)
    year, name = '"quota_year": 2018', json.dumps(one["persons"][0]["name"])
    lone, deep, digits = '"\\ud800' + CANARY + '"', 100_000, "9" * 5000
    cases = [
        ('{"allocation_number": "' + CANARY, 400, "malformed-json", "character 23"),
        (b"\xff\xfe" + text.encode("utf-16-le"), 400, "json-not-utf8", None),
        (text.encode().replace(CANARY.encode(), b"\xe5\xe4\xf6"), 400, "json-not-utf8", None),
        ("[" * deep + "]" * deep, 400, "json-too-deep", None),
        ('{"a":' * deep + "1" + "}" * deep, 400, "json-too-deep", None),
        (text.replace(year, '"quota_year": NaN'), 400, "json-number", None),
        (text.replace(year, '"quota_year": -Infinity'), 400, "json-number", None),
        (text.replace(year, f'"quota_year": {digits}'), 400, "json-number", None),
        (text[:-1] + ', "category": "quota-refugee"}', 400, "json-field-twice", "/category"),
        (text.replace(year, '"quota_year": 1e400'), 422, "invalid-input", "/quota_year"),
        (text.replace(year, '"quota_year": "2018"'), 422, "invalid-input", "/quota_year"),
        (text.replace(year, f'"quota_year": {2**70}'), 422, "invalid-input", "/quota_year"),
        (text.replace(name, lone), 422, "invalid-input", "/persons/0/name"),
        (text.replace(name, f'"{CANARY}\\u0000"'), 422, "invalid-input", "/persons/0/name"),
        (text.replace(name, json.dumps(CANARY * 3000)), 422, "invalid-input", "/persons/0/name"),
        (text.replace(name, "[1]"), 422, "invalid-input", "/persons/0/name"),
        (text[:-1] + f', "{CANARY} 1": "x"}}', 422, "invalid-input", "/?"),
        (f'{{"\\ud800{CANARY}": 1}}', 422, "invalid-input", None),
        ("[]", 422, "invalid-input", "/"),
        ("", 422, "invalid-input", "/"),
    ]
    async with unchanged(people):
        for body, status, code, where in cases:
            problem = no(await post(people, ALLOCATIONS, body), status, code)
            assert where is None or where in [error["where"] for error in problem["errors"]], problem
        for sent in ("not json", f"name={CANARY}"):
            no(await post(people, ALLOCATIONS, sent, content_type="text/plain"), 415, "json-wanted")
        packed = gzip.compress(text.encode())
        no(await post(people, ALLOCATIONS, packed, content_encoding="gzip"), 415, "content-encoding")
        for kind in ("multipart/form-data", f"multipart/form-data; boundary={CANARY}", "text/csv"):
            no(await post(people, "/reception/imports", "a;b", content_type=kind), 415 if "csv" in kind else 400)


async def test_a_day_a_case_or_a_version_that_cannot_be_is_refused(people):
    today = await people.today()
    made = await people.allocate(1)
    path, arrived = f"/reception/cases/{made['case']}/arrivals", {"arrived_on": today.isoformat()}
    early = {"arrived_on": (today - timedelta(days=11)).isoformat()}
    days = {"1900-01-01": "before-the-act", "2100-01-01": "date-in-future", "2018-02-30": None, 0: None, "": None}
    async with unchanged(people):
        for day, code in days.items():
            refused = await people.ask("coordinator", "POST", ALLOCATIONS, json=household(today) | {"decided_on": day})
            errors = no(refused, 422, code or "invalid-input")["errors"]
            assert [error["where"].strip("/") for error in errors] == ["decided_on"]
        for born, code in (("1900-01-01", "birth-date-too-early"), ("2100-01-01", "birth-date-in-future")):
            body = household(today, 1)
            body["persons"][0]["birth_date"] = born
            no(await people.ask("coordinator", "POST", ALLOCATIONS, json=body), 422, code)

        async def change(body, version, to=path):
            headers = {"if-match": version} if version is not None else {}
            return await people.ask("coordinator", "POST", to, json=body, headers=headers)

        no(await change(early, '"1"'), 422, "arrival-before-decision")
        no(await change(arrived | {"arrived_on": "2100-01-01"}, '"1"'), 422, "arrival-in-future")
        no(await change(arrived | {"persons": [str(uuid4())]}, '"1"'), 422)
        no(await change(arrived, '"1"', f"/reception/cases/{uuid4()}/arrivals"), 404, "unknown-case")
        no(await change(arrived, None), 428, "version-missing")
        for garbage in ('W/"1"', "1", "*", '"1", "2"', f'"{CANARY}"', '"' + "9" * 40 + '"'):
            no(await change(arrived, garbage), 400, "version-malformed")
        no(await change(arrived, '"2"'), 412, "stale-version")
        body = json.dumps(household(today))
        no(await post(people, ALLOCATIONS, body, idempotency_key=""), 400, "idempotency-key-missing")
        no(await post(people, ALLOCATIONS, body, idempotency_key=CANARY), 400, "idempotency-key-malformed")
    both = await asyncio.gather(change(arrived, '"1"'), change(arrived | {"persons": made["persons"]}, '"1"'))
    assert sorted(answer.status_code for answer in both) == [200, 412]


async def test_addresses_methods_and_headers_of_any_kind_do_no_harm(people):
    async with unchanged(people):
        for address, status in {
            f"/reception/cases/{CANARY}": 422,
            "/reception/cases/%00": 422,
            "/reception/cases/%ff%fe": 422,
            f"/reception/cases?status=%00{CANARY}": 422,
            f"/reception/cases?after=%zz{CANARY}": 400,
            f"/reception/cases?limit={'9' * 4400}": 422,
            "/reception/cases?statu=all": 200,
            f"/reception/{'a' * 9000}": 404,
            f"/reception/cases?after={'a' * 9000}": 400,
            "/reception/operations/held?after=99999999999999999999": 422,
            "/reporting/tables/%00.csv": 404,
            "/reception/../metrics": 404,
            "/reception/x/%2e%2e/../../livez": 404,
            f"http://{CANARY}/reception/../metrics": 404,
            "/reception//cases": 404,
            f"/reception/cases/{uuid4()}%0d%0aX-{CANARY}:1": 422,
        }.items():
            answer = await raw(
                people, f"GET {address} HTTP/1.1", role="auditor" if "operations" in address else "manager"
            )
            assert answer.status_code == status, (address, answer)
            assert status == 200 or no(answer, status)
            assert f"x-{CANARY}".lower() not in answer.headers
        for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = await raw(people, f"{method} {ALLOCATIONS} HTTP/1.1", {f"X-{CANARY}": CANARY})
            assert answer.status_code == 405 and CANARY not in answer.text and "POST" in answer.headers["allow"]
        login = await raw(people, f"GET /auth/login?next=/%0d%0aX-{CANARY}:1 HTTP/1.1", role="")
        assert login.status_code == 303 and CANARY not in str(login.headers)
        odd = {
            "Accept-Language": "\xff",
            "Cookie": "lang=\xff; landa_session=\xff.a.b",
            "traceparent": f"00-{CANARY}-1",
        }
        assert (await raw(people, "GET /reception/cases HTTP/1.1", odd)).status_code == 200
        # What is no HTTP at all, or could be two requests, ends at the front before anything reads it.
        control = await raw(people, "GET /reception/cases HTTP/1.1", {"X-Odd": f"{CANARY}\x01"})
        assert control.status_code == 400 and CANARY not in control.text
        for more in ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, {"Content-Length": "-5"}):
            head = {"Content-Type": "application/json", **more}
            assert (await raw(people, f"POST {ALLOCATIONS} HTTP/1.1", head, b"2\r\n{}\r\n0\r\n\r\n")).status_code == 400
    content = json.dumps(household(await people.today(), 1)).encode()
    head = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4()), "Transfer-Encoding": "chunked"}
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    assert (await raw(people, f"POST {ALLOCATIONS} HTTP/1.1", head, chunked)).status_code == 201


async def test_a_token_that_proves_nothing_opens_nothing(people):
    identity = people.town.addresses.public_url + "/identity"
    key = keep_key(people.town.where.state / "identity")
    provider = Provider(people.town.addresses.public_url, key, {})
    claims = {"sub": "x", "roles": ["coordinator", "service", "auditor"]}
    assert provider.issuer == identity
    good = await people.token("auditor")
    expired, foreign = provider.sign("landa", claims, -60), provider.sign("another", claims)
    unsigned = "eyJhbGciOiJub25lIn0." + good.split(".")[1] + "."
    body = json.dumps(household(await people.today()))
    async with unchanged(people):
        for token in (expired, foreign, unsigned, CANARY, "", "W10.W10.W10", "MQ.MQ.MQ", "\xff.\xff.\xff", "a" * 9000):
            answer = await raw(people, "GET /reception/figures HTTP/1.1", {"Authorization": f"Bearer {token}"})
            no(answer, 401, "token-refused")
            assert "invalid_token" in answer.headers["www-authenticate"]
            no(await post(people, ALLOCATIONS, body, "", Authorization=f"Bearer {token}"), 401, "token-refused")
        no(await raw(people, "GET /reception/figures HTTP/1.1", {"Authorization": f"Basic {CANARY}"}), 401)
        for second in (good, CANARY):
            twice = {"authorization": f"Bearer {second}"}  # raw() has sent "Authorization" before it
            no(await raw(people, "GET /reception/figures HTTP/1.1", twice, role="auditor"), 400, "header-twice")
        no(await post(people, ALLOCATIONS, body, Idempotency_Key=str(uuid4())), 400, "header-twice")


async def test_200_streams_that_break_off_leave_nothing_behind(people):
    token = await people.token("coordinator")
    before = memory(people, "front", "reception")
    head = f"GET /reception/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    async def listen():
        reader, writer = await asyncio.open_connection("127.0.0.1", people.town.port)
        writer.write(head)
        await reader.readuntil(b"event: ready")
        return writer

    async with asyncio.timeout(30):
        writers = await asyncio.gather(*(listen() for _ in range(200)))
    open_ = memory(people, "front", "reception")
    assert open_["reception"][1] >= before["reception"][1] + 190
    for writer in writers:
        writer.transport.abort()

    async def left():
        now = memory(people, "front", "reception")
        return max(now[name][1] - before[name][1] for name in now)

    await until(left, lambda more: more < 10, what="the files of 200 streams to be closed")


async def test_garbage_on_a_topic_is_held_the_stream_goes_on_and_a_person_ends_it(people):
    await people.agreed()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"7"),
        ("ce_source", b"/elsewhere"),
        ("ce_type", b"com.foreign.v1"),
    ]
    garbage = [
        (b"\xff\xfe\x00" + CANARY.encode(), None),
        (None, None),
        (b"{}", [("ce_type", b"\xff\xfe")]),
        (CANARY.encode(), headers),
        (b"x" * 900_000, [("ce_source", b"/landa/reception"), ("ce_type", b"reception.allocation-received.v1")]),
    ]
    producer = AIOKafkaProducer(bootstrap_servers=people.town.addresses.kafka)
    await producer.start()
    for n, (value, pairs) in enumerate(garbage):
        await producer.send_and_wait("landa.reception", value, key=b"x", partition=n, headers=pairs)
    await producer.stop()

    async def held(service):
        return await people.get("operator", f"/{service}/operations/held")

    for service in ("reporting", "notifications"):
        kept = await until(lambda s=service: held(s), lambda h: len(h) >= len(garbage), what="the garbage to be held")
        assert len(kept) == len(garbage) and CANARY not in str(kept)
        assert all(item["reason"] and item["waits_for"] == "person" for item in kept)

    async def dashboard():
        return await people.get("coordinator", "/reporting/dashboard.json")

    figures = await until(dashboard, lambda d: d["as_of"]["held"] == len(garbage), what="a dashboard that says so")
    case = await people.allocate(2)
    after = await people.agreed()
    assert after["open_cases"]["persons"] == figures["open_cases"]["persons"] + 2
    await people.arrive(case)

    begun = time.monotonic()
    for service in ("reporting", "notifications"):
        for item in await held(service):
            where = f"/{service}/operations/held/{item['id']}/discard"
            no(await people.ask("operator", "POST", where, json={"reason": "kort"}), 422)
            no(await people.ask("operator", "POST", where, json={"reason": "skräp\0 från provet"}), 422)
            await people.post("operator", where, {"reason": "skräp från provet"})
        assert await held(service) == []
    assert (await people.agreed())["as_of"]["held"] == 0 and time.monotonic() - begun < 30
