"""Asks reporting which cases are behind one of its numbers, at the moment somebody wants to go to them."""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

import httpx
import structlog

from shared.identity import Actor, IssuerUnavailable
from shared.runtime import Runtime
from shared.web.problems import Problem

log = structlog.get_logger()
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, IssuerUnavailable, KeyError, TypeError, ValueError, AttributeError)
REFUSED = {403: "not-allowed", 404: "unknown-figure", 422: "unknown-figure"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the follow-up. `cases`: how much each adds to it. `page`: where it stands."""

    title: str
    page: str
    counts: Literal["persons", "cases"]
    number: int
    cases: dict[UUID, int]


def answer(document: dict[str, Any]) -> Figure:
    """Raises KeyError, TypeError, ValueError or AttributeError when it is not what was agreed."""
    counts, page = document["counts"], str(document["page"])
    if counts not in {"persons", "cases"} or not page.startswith("/reporting/"):
        raise ValueError("a figure of nothing that is known, or on a page elsewhere")
    cases = {UUID(one["case"]): int(one["counted"]) for one in document["cases"]}
    return Figure(str(document["title"]), page, counts, int(document["number"]), cases)


async def ask(runtime: Runtime, actor: Actor, figure: str, part: str, year: int | None, lang: str) -> Figure:
    """Problem 403 when reporting does not show this reader the number, 404 when there is none, 503 when it is away."""
    params: dict[str, Any] = {"role": sorted(actor.roles), "unit": actor.unit, "year": year, "lang": lang}
    try:
        found = await runtime.http.get(
            f"{runtime.settings.services['reporting']}/reporting/figures/{quote(figure, '')}/{quote(part, '')}/cases",
            params={name: value for name, value in params.items() if value is not None},
            headers={**await runtime.tokens.headers(), "accept": "application/json"},
            timeout=5.0,
        )
        if found.status_code in REFUSED:
            raise Problem(404 if found.status_code == 422 else found.status_code, REFUSED[found.status_code])
        found.raise_for_status()
        return answer(found.json())
    except NO_ANSWER as error:
        log.warning("the cases of a figure cannot be had", error=type(error).__name__)
        raise Problem(503, "figures-away", headers={"Retry-After": "10"}) from None
