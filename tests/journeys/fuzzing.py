"""Anything at all, sent to every operation that a service describes; the rules that every answer keeps."""

import time
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.errors import SchemathesisError

CANARY = "Qanarya4711"


def operations(document: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def wrong_with(answer: Any, sent: str) -> str | None:
    """What an answer must never be."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if answer.status_code >= 400:
        if answer.headers.get("content-type") != ["application/problem+json"]:
            return f"{answer.status_code} without problem+json"
        problem = answer.json()
        if not (problem["title"] and problem["detail"] and problem["code"]):
            return f"{answer.status_code} says nothing"
    # A list or a page may show what it is asked for; a no never repeats what came.
    if answer.status_code >= 400 and CANARY in sent and CANARY in answer.text + str(answer.headers):
        return f"{answer.status_code} repeats what was sent"
    return None


def marked(value: Any, draw: Any) -> Any:
    """The same value with the canary in some of its texts."""
    match value:
        case str():
            return (CANARY, CANARY + value, value)[draw(st.integers(0, 2))]
        case dict():
            return {key: marked(inner, draw) for key, inner in value.items()}
        case list():
            return [marked(inner, draw) for inner in value]
    return value


def fuzz(
    document: dict[str, Any], address: str, tokens: Mapping[str, str], *, examples: int, seconds: float, skip: str = "-"
) -> tuple[int, list[str]]:
    """How many requests were answered, and what was wrong with any of them."""
    sent, wrong, end = 0, [], time.monotonic() + seconds
    session = requests.Session()

    def run(operation: Any, mode: GenerationMode) -> None:
        roles = operation.definition.raw.get("x-landa-roles", ["secretary"])
        token = tokens[next(role for role in tokens if role in roles)]
        where = f"{operation.method.upper()} {operation.path} {mode.value}"

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode), st.data())
        def one(case: Any, data: Any) -> None:
            nonlocal sent
            if time.monotonic() > end:
                return
            if not isinstance(case.body, type(schemathesis.core.NOT_SET)) and data.draw(st.booleans()):
                case.body = marked(case.body, data.draw)
            case.query = marked(dict(case.query or {}), data.draw)
            key = str(UUID(int=data.draw(st.integers(0, 2**128 - 1))))
            headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
            if data.draw(st.integers(0, 9)):
                headers["idempotency-key"] = key
            answer = case.call(base_url=address, session=session, headers=headers, timeout=10)
            sent += 1
            if (fault := wrong_with(answer, str(case.body) + str(case.query) + str(case.path_parameters))) is not None:
                wrong.append(f"{where}: {fault}: {case.path_parameters} {case.query} {str(case.body)[:300]}")

        one()

    for operation in operations(document):
        if skip in operation.path:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                run(operation, mode)
            except (SchemathesisError, Unsatisfiable) as error:  # nothing can be wrong where nothing may be sent
                if mode is GenerationMode.POSITIVE:
                    wrong.append(f"{operation.path}: {error}")
            except Exception as error:
                wrong.append(
                    f"{operation.method} {operation.path} {mode.value}: {type(error).__name__} {str(error)[:300]}"
                )
    return sent, wrong
