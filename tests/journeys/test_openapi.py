"""Each service describes its own API, and keeps its manners whatever is sent to what it describes."""

import asyncio

import pytest

from shared.settings import SERVICES
from tests.journeys.fuzzing import fuzz

ROLES = ("coordinator", "secretary", "operator", "manager", "auditor", "council", "jury", "service")


async def described(people, service):
    answer = await people.http.get(f"{people.town.addresses.public_url}/{service}/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_the_description_says_who_may_what_is_needed_and_how_a_no_looks(people):
    document = await described(people, "reception")
    paths = document["paths"]
    assert document["openapi"].startswith("3.1") and document["info"]["title"] == "Landa reception"
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    arrival = paths["/reception/cases/{case}/arrivals"]["post"]
    assert arrival["x-landa-roles"] == ["caseworker", "coordinator", "manager"]
    needed = {p["name"]: p["required"] for p in arrival["parameters"]}
    assert needed == {"case": True, "Idempotency-Key": True, "If-Match": True}
    quota = {p["name"]: p["required"] for p in paths["/reception/quotas"]["post"]["parameters"]}
    assert quota == {"Idempotency-Key": True, "If-Match": False}
    assert {"multipart/form-data", "application/json"} == set(
        paths["/reception/imports"]["post"]["requestBody"]["content"]
    )
    assert {"get"} == set(paths["/reception/cases/{case}"])
    assert not [path for path in paths if "/forms/" in path or path.endswith(("/events", "/arrive", "/inbox", "z"))]
    assert arrival["responses"]["4XX"] == {"$ref": "#/components/responses/Problem"}
    assert "application/problem+json" in document["components"]["responses"]["Problem"]["content"]
    assert "ValidationError" not in str(document)
    awards = await described(people, "awards")
    assert awards["paths"]["/awards/nominations"]["post"]["security"][0] == {}


@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_that_is_sent_breaks_a_service_or_is_repeated(people, service):
    document = await described(people, service)
    tokens = {role: await people.token(role) for role in ROLES}
    # The plumbing's own routes are the same in every service.
    skip = "-" if service == "reception" else "/operations"
    sent, wrong = await asyncio.to_thread(
        fuzz, document, people.town.addresses.public_url, tokens, examples=4, seconds=60, skip=skip
    )
    assert wrong == []
    assert sent > 20
    if service == "notifications":  # as it was, for whatever is tested next
        mailbox = {"role": "coordinator", "address": "anvisningar@landa.example", "language": "sv"}
        await people.post("operator", "/notifications/mailboxes", mailbox)
