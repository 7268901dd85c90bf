"""The council dashboard: understood in a minute, true to one moment, alive while it is open, and printable."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated

from babel.dates import format_skeleton
from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from services.reporting.http import Reader, Year
from services.reporting.rules import small_numbers
from services.reporting.sections import Language, sections
from services.reporting.tables import TABLES
from services.reporting.view import document, view
from shared.runtime import Runtime, runtime
from shared.web.problems import language, wants_page
from shared.web.texts import LOCALES, TOWN, say

router = APIRouter(prefix="/reporting", tags=["reporting"])


def reader(own: Runtime, lang: str) -> Language:
    """How charts and sentences speak to this reader."""

    def month(value: date) -> str:
        return str(format_skeleton("MMM", value, locale=LOCALES[lang])).rstrip(".")

    return Language(
        lambda key, **fields: own.pages.texts.get(lang, key, **fields),
        lambda head: own.pages.words(lang, head),
        month,
    )


def clock_time(lang: str) -> Callable[[datetime], str]:
    """`14:02`, or with its date when that is not today: real time, which is when something was checked."""

    def tell(value: datetime) -> str:
        local = value.astimezone(TOWN)
        if local.date() == datetime.now(UTC).astimezone(TOWN).date():
            return local.strftime("%H:%M")
        return say(local.replace(tzinfo=None), lang)

    return tell


@router.get("/")
@router.get("/dashboard")
async def page(
    request: Request, actor: Reader, year: Year = None, fragment: Annotated[bool, Query()] = False
) -> Response:
    """The page for browsers (only its live part with `fragment`), the JSON for programs."""
    own = runtime(request)
    found = await view(own, actor, year)
    if not wants_page(request):
        return JSONResponse(document(found, own.settings.municipality))
    lang = language(request)
    return own.pages.render(
        request,
        "figures.html" if fragment else "dashboard.html",
        board=found.board,
        chosen=year,
        sections={section.key: section for section in sections(found.board, reader(own, lang))},
        inside="reception" in found.inside,
        small=small_numbers(found.board.open_cases.today),
        fresh=found.freshness,
        verdict=found.badge,
        municipality=own.settings.municipality,
        at=clock_time(lang),
        tables=list(TABLES),
        as_of=found.board.open_cases.today,
    )
