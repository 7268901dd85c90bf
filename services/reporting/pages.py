"""The council dashboard: understood in a minute, true to one moment, alive while it is open, and printable."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any

from babel.dates import format_skeleton
from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from services.reporting.case_lists import label, links
from services.reporting.http import Reader, Year
from services.reporting.indicators import THEMES, indicators, of_theme, worded
from services.reporting.rules import small_numbers, standing
from services.reporting.sections import Language, sections
from services.reporting.tables import TABLES, WORK
from services.reporting.themes import SECTIONS
from services.reporting.view import View, document, view
from shared.runtime import Runtime, runtime
from shared.web.problems import Problem, language, wants_page
from shared.web.texts import LOCALES, TOWN, say

router = APIRouter(prefix="/reporting", tags=["reporting"])


def reader(own: Runtime, lang: str) -> Language:
    """How charts and sentences speak to this reader."""

    def month(value: date) -> str:
        return str(format_skeleton("MMM", value, locale=LOCALES[lang])).rstrip(".")

    texts = own.pages.texts

    def rule(name: str) -> str:
        return texts.get(lang, f"rule.{name}") if texts.has(f"rule.{name}") else name

    return Language(
        lambda key, **fields: texts.get(lang, key, **fields),
        lambda head: own.pages.words(lang, head),
        month,
        rule,
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
        chosen=year,
        sections={section.key: section for section in sections(found.board, reader(own, lang))},
        municipality=own.settings.municipality,
        tables=[name for name in TABLES if name not in WORK],
        **common(found, reader(own, lang), lang),
    )


def common(found: View, speaks: Language, lang: str) -> dict[str, Any]:
    """What every page with figures says about them, and for the unit's own readers, where their cases are."""
    today = found.board.open_cases.today
    leads = links(found.board) if "reception" in found.inside else {}
    return {
        "board": found.board,
        "standing": standing(found.board.year, found.board.years, today),
        "inside": "reception" in found.inside,
        "cases": {key: [(one, label(one.wanted, speaks)) for one in mine] for key, mine in leads.items()},
        "small": small_numbers(today),
        "fresh": found.freshness,
        "verdict": found.badge,
        "at": clock_time(lang),
        "as_of": today,
    }


@router.get("/themes/{theme}")
async def theme_page(
    request: Request, actor: Reader, theme: str, year: Year = None, fragment: Annotated[bool, Query()] = False
) -> Response:
    """One theme: every indicator of it, with its chart. Its numbers for programs are those of the dashboard."""
    if theme not in THEMES:
        raise Problem(404, "unknown-theme", themes=", ".join(THEMES))
    own, mine = runtime(request), of_theme(theme)
    found = await view(own, actor, year, casework=theme in CASEWORK)
    if not wants_page(request):
        return JSONResponse(document(found, own.settings.municipality) | {"theme": theme})
    lang = language(request)
    speaks = reader(own, lang)
    return own.pages.render(
        request,
        "theme_figures.html" if fragment else "theme.html",
        theme=theme,
        yearly=theme not in WHOLE,
        chosen=year,
        keys=[one.key for one in mine],
        sections={one.key: SECTIONS[one.key](found.board, speaks) for one in mine},
        sources={one.key: SOURCES[one.unit] for one in mine},
        tables=list(dict.fromkeys(one.table for one in mine if one.table)),
        **common(found, speaks, lang),
    )


CASEWORK = frozenset({"establishment", "contacts"})
WHOLE = frozenset({"notifications"})
SOURCES = {"nominations": "nominations", "notifications": "notifications"} | dict.fromkeys(
    ("persons", "households", "plans", "contacts", "homes", "cases"), ""
)


@router.get("/indicators")
async def indicators_page(request: Request, actor: Reader) -> Response:
    """What is followed up and what each number means."""
    today = runtime(request).clock.today()
    if not wants_page(request):
        return JSONResponse({"indicators": [asdict(worded(one, today)) for one in indicators()]})
    themes = [(theme, [worded(one, today) for one in of_theme(theme)]) for theme in THEMES]
    return runtime(request).pages.render(request, "indicators.html", themes=themes)
