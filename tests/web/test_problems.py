"""A no says what, where and how to mend it, in one shape, and never repeats a word of what was sent in."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.decider import Refused
from shared.web.house import furnish
from shared.web.mistakes import mistakes_of
from shared.web.pages import Pages
from shared.web.problems import Problem, may_have_effect, no_effect
from shared.web.texts import Texts

CANARY = "Sixten Kanariefågel 19800101-9999"


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: Annotated[str, Field(pattern=r"^\d{8}-\d{4}$", max_length=13)]
    born: date
    children: Annotated[int, Field(ge=0, le=20)] = 0


class Household(BaseModel):
    model_config = ConfigDict(extra="forbid")
    case: UUID
    category: Literal["quota", "agency"]
    people: Annotated[list[Person], Field(min_length=1)]


def make() -> FastAPI:
    app = FastAPI()

    @app.post("/reception/households")
    async def households(household: Household, q: int = 0) -> dict[str, int]:
        return {"people": len(household.people)}

    @app.api_route("/reception/no/{how}", methods=["GET", "POST"])
    async def no(request: Request, how: str) -> None:
        match how:
            case "rule":
                raise Refused("stale-version", expected=1, current=2)
            case "field":
                raise Refused("stale-version", field="date", expected=1, current=2)
            case "mapped":
                raise Refused("idempotency-key-reused")
            case "problem":
                raise Problem(428, "version-missing", headers={"X-Note": "yes"})
            case "unnamed":
                raise Refused("nobody-wrote-a-text")
            case "database":
                raise asyncpg.ConnectionDoesNotExistError(CANARY)
            case "committing":
                may_have_effect(request.scope)
                raise ConnectionResetError(CANARY)
            case "uncommitted":
                no_effect(request.scope)
                raise TimeoutError(CANARY)
            case "unique":
                raise asyncpg.UniqueViolationError(CANARY)
            case "argument":
                raise asyncpg.DataError(CANARY)
            case "file":
                raise FileNotFoundError(CANARY)
            case _:
                raise RuntimeError(CANARY)

    furnish(app, Pages("reception"), statuses={"idempotency-key-reused": 422})
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://landa.test") as client:
        yield client


@pytest.mark.parametrize(
    ("how", "method", "status", "code"),
    [
        ("rule", "POST", 409, "stale-version"),
        ("field", "POST", 422, "stale-version"),
        ("mapped", "POST", 422, "idempotency-key-reused"),
        ("problem", "POST", 428, "version-missing"),
        ("unnamed", "POST", 409, "nobody-wrote-a-text"),
        ("database", "GET", 503, "unavailable"),
        ("database", "POST", 504, "outcome-unknown"),
        ("committing", "POST", 504, "outcome-unknown"),
        ("uncommitted", "POST", 503, "unavailable"),
        ("unique", "POST", 500, "internal"),
        ("argument", "GET", 500, "internal"),
        ("file", "GET", 500, "internal"),
        ("bug", "GET", 500, "internal"),
        ("rule", "DELETE", 405, "method-not-allowed"),
    ],
)
async def test_each_no_has_its_status_and_code_and_is_the_same_for_people(
    client: httpx.AsyncClient,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    how: str,
    method: str,
    status: int,
    code: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await client.request(method, f"/reception/no/{how}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "code", "detail", "errors", "trace"}
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status in (503, 504))
    page = await client.request(method, f"/reception/no/{how}?lang=en", headers={"Accept": "text/html"})
    assert page.status_code == status
    assert "What is safe" in page.text and "What you can do" in page.text and '<html lang="en">' in page.text
    said = answer.text + page.text + caplog.text + "".join(capsys.readouterr())
    assert CANARY not in said and "Sixten" not in said


async def test_the_house_dresses_every_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/reception/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    for inline in (" style=", "<style", " onclick=", "javascript:"):
        assert inline not in answer.text
    sheet = answer.text.split('rel="stylesheet" href="')[1].split('"')[0]
    static = await client.get(sheet)
    assert static.status_code == 200 and "immutable" in static.headers["cache-control"]


async def test_a_body_that_is_not_json_says_where_it_breaks(client: httpx.AsyncClient) -> None:
    for body in (b'{"case": "' + CANARY.encode(), b"\xff\xfe", b"[" * 100_000):
        answer = await client.post(
            "/reception/households", content=body, headers={"Content-Type": "application/json", "Accept-Language": "en"}
        )
        assert answer.status_code == 400, answer.text
        assert CANARY not in answer.text
    assert answer.headers["content-language"] == "en"


async def test_every_error_of_a_body_is_told_at_once_with_its_place(client: httpx.AsyncClient) -> None:
    person = {"number": CANARY, "born": CANARY, "children": 21, "age": CANARY, CANARY: 1}
    body = {"case": CANARY, "category": CANARY, "people": [person]}
    answer = await client.post("/reception/households?q=" + CANARY, json=body)
    assert answer.status_code == 422
    assert {error["where"] for error in answer.json()["errors"]} == {
        "query:q",
        "/case",
        "/category",
        "/people/0/number",
        "/people/0/born",
        "/people/0/children",
        "/people/0/age",
        "/people/0/?",
    }
    assert all(error["what"] and error["mend"] for error in answer.json()["errors"])
    assert "Sixten" not in answer.text and "9999" not in answer.text


MARK = "¤hemligt¤"
SECRET = st.text(max_size=20).map(lambda text: MARK + text)
JSON = st.recursive(
    SECRET | st.integers(10**12, 10**13).map(lambda n: n * 7) | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(SECRET | st.sampled_from(["case", "people", "category", "born", "number"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_input_whatever_is_repeated(given_: object) -> None:
    try:
        Household.model_validate(given_)
    except ValidationError as wrong:
        for lang in ("sv", "en"):
            told = json.dumps([vars(m) for m in mistakes_of(wrong.errors(), TEXTS, lang)], ensure_ascii=False)
            assert "hemligt" not in told
            assert not any(digits in told for digits in numbers(given_))


def numbers(value: object) -> list[str]:
    match value:
        case bool() | None | str():
            return []
        case int():
            return [str(value)]
        case list():
            return [found for inner in value for found in numbers(inner)]
        case dict():
            return [found for inner in value.values() for found in numbers(inner)]
    return []


TEXTS = Texts()


async def test_a_refusal_without_a_text_is_logged_for_its_author(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        await client.post("/reception/no/unnamed")
    assert {"code": "nobody-wrote-a-text", "event": "refusal_without_text", "log_level": "warning"} in logs
