"""The cases behind a number, for reception: it knows who may see which of them, this knows which are counted."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from services.reporting import store_figures
from services.reporting.case_lists import OF_PERSONS, page, title, wanted
from services.reporting.http import Year
from services.reporting.pages import reader
from services.reporting.readers import inside
from services.reporting.store_cases import cases_of
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import needs
from shared.web.problems import Problem

router = APIRouter(prefix="/reporting", tags=["reporting"])


@router.get("/figures/{figure}/{part}/cases")
async def cases(
    request: Request,
    actor: Annotated[Actor, needs("service")],
    figure: str,
    part: str,
    role: Annotated[list[str], Query(max_length=20)],
    unit: str | None = None,
    year: Year = None,
    lang: Literal["sv", "en"] = "sv",
) -> dict[str, Any]:
    """Ids of cases, each with how many it adds to the number, and what the number is called.

    `role` and `unit` are those of the person for whom it is asked: 403 when they are not shown the exact number.
    """
    own = runtime(request)
    if "reception" not in inside(Actor("", frozenset(role), unit), own.settings.units):
        raise Problem(403, "not-allowed")
    today = own.clock.today()
    found = wanted(figure, part, year or today.year, today)
    if found is None:
        raise Problem(404, "unknown-figure")
    async with own.database.reading() as conn:
        listed = await cases_of(conn, await store_figures.live(conn), today, found)
    speaks = reader(own, lang)
    return {
        "figure": found.figure,
        "part": found.part,
        "title": title(found, speaks),
        "page": page(found),
        "counts": "persons" if found.figure in OF_PERSONS else "cases",
        "number": sum(count for _, count in listed),
        "cases": [{"case": case_id, "counted": count} for case_id, count in listed],
    }
