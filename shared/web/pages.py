"""Pages for people: one layout, two languages, and nothing on them that runs or styles itself."""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal
from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.case_number import case_number
from shared.identity import SESSION_COOKIE, Identity, NotAuthentic
from shared.units import Units
from shared.web.charts import Words
from shared.web.forms import Form
from shared.web.names import isolated
from shared.web.problems import language
from shared.web.texts import LANGUAGES, LOCALES, TOWN, Texts
from shared.web.traces import address

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Compiled(BytecodeCache):
    """What templates were compiled to, kept for every environment of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED = Compiled()


@dataclass(frozen=True)
class NavItem:
    """A link of the top bar, for those who hold one of the roles; an empty set is for everybody, logged in or not."""

    roles: frozenset[str]
    path: str
    text: str
    live: str = ""


def _item(roles: str, path: str, text: str) -> NavItem:
    return NavItem(frozenset(roles.split()), path, text)


NAV: tuple[NavItem, ...] = (
    _item("coordinator caseworker manager", "/reception/", "nav.reception"),
    _item("auditor", "/reception/looks", "nav.looks"),
    _item("coordinator", "/reception/imports", "nav.imports"),
    _item("coordinator caseworker manager secretary jury", "/notifications/inbox", "nav.inbox"),
    _item("coordinator caseworker manager council secretary auditor operator", "/reporting/", "nav.reporting"),
    _item("jury", "/awards/jury", "nav.jury"),
    _item("secretary", "/awards/prizes", "nav.round"),
    _item("secretary", "/awards/nominations", "nav.nominations"),
    _item("operator", "/reporting/services", "nav.operations"),
    _item("", "/awards/nominate", "nav.nominate"),
)


@cache
def fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def new_key() -> str:
    """A form's own idempotency key: a double click sends it twice and is one command."""
    return str(uuid.uuid4())


@pass_context
def t(context: Context, key: str, /, **fields: object) -> str:
    texts: Texts = context["texts"]
    return texts.get(context["lang"], key, **fields)


@pass_context
def has_text(context: Context, key: str) -> bool:
    texts: Texts = context["texts"]
    return texts.has(key)


@pass_context
def in_words(context: Context, value: date) -> str:
    """`12 mars 2018`, for sentences. Tables show `day`."""
    return str(format_date(value, "d MMMM y", locale=LOCALES[context["lang"]]))


def sentence(words: str) -> str:
    """Words that also stand inside sentences, with a capital where they begin one. Nothing else is changed."""
    return words[:1].upper() + words[1:]


def day(value: date) -> str:
    """`2018-03-12`, as Swedish tables have it."""
    return value.strftime("%Y-%m-%d")


@pass_context
def moment(context: Context, value: datetime) -> str:
    local = value.astimezone(TOWN) if value.tzinfo else value
    return str(format_datetime(local, "d MMMM y HH:mm", locale=LOCALES[context["lang"]]))


@pass_context
def month(context: Context, value: date) -> str:
    return str(format_skeleton("MMM", value, locale=LOCALES[context["lang"]])).rstrip(".")


@pass_context
def month_of_year(context: Context, value: date) -> str:
    """`mars 2018`, for sentences and headings."""
    return str(format_skeleton("yMMMM", value, locale=LOCALES[context["lang"]]))


@pass_context
def number(context: Context, value: int | float | Decimal | str, decimals: int | None = None) -> str:
    """A figure by locale, with the minus that sentences have. One that is hidden stays `..`."""
    if isinstance(value, str):
        return value
    shape = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=shape, locale=LOCALES[context["lang"]])).replace("-", "−")


@pass_context
def days(context: Context, left: int) -> str:
    """Days left as words: `12 days left`, `last day today`, `3 days late`."""
    key = "clock.left" if left > 0 else "clock.late" if left < 0 else "clock.today"
    return t(context, key, n=abs(left)) if left else t(context, key)


@pass_context
def unit(context: Context, code: str) -> str:
    """What the municipality calls the unit with this code, in the reader's language."""
    units: Units = context["units"]
    return units.name(code, context["lang"])


@pass_context
def traces(context: Context, subject: object = None) -> str | None:
    """The installation's page of traces, or its view of a subject; None where it has none."""
    return address(context["traces_url"], context["lang"], None if subject is None else str(subject))


def _sent_from(request: Request) -> URL:
    """What a form was sent to cannot be opened. A form that was refused twice comes from there: then the first page."""
    before = URL(request.headers.get("referer", ""))
    ours = before.netloc == request.url.netloc and "/forms/" not in before.path
    return URL(path=before.path, query=before.query) if ours else URL("/")


class Pages:
    """The pages of one service. Templates of the service come first, then the shared ones.

    `strict` (tests, demo) raises on a missing text; without it the key is shown. `today` is the town's date, shown in
    the demo only. `nav` may add to or replace the house's own.
    """

    def __init__(
        self,
        service: str,
        templates: Path | str | None = None,
        *,
        strict: bool = True,
        nav: Sequence[NavItem] = NAV,
        today: Callable[[], date] | None = None,
        texts: Texts | None = None,
    ) -> None:
        self.service, self.nav, self.today = service, tuple(nav), today
        self.texts = texts or Texts(service, strict=strict)
        folders = [str(folder) for folder in (templates, HERE / "templates") if folder]
        self.environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            bytecode_cache=_COMPILED,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters |= {
            "date": in_words,
            "day": day,
            "datetime": moment,
            "month": month,
            "month_of_year": month_of_year,
            "number": number,
            "days": days,
            "sentence": sentence,
            "unit": unit,
            "case_number": case_number,
            "isolated": isolated,
        }
        self.environment.globals |= {
            "t": t,
            "has_text": has_text,
            "new_key": new_key,
            "static": self.static,
            "service": service,
            "municipality": "",
            "units": Units({}),
            "traces": traces,
            "traces_url": None,
        }

    def static(self, name: str) -> str:
        return f"/{self.service}/static/{name}?v={fingerprint(name)}"

    def words(self, lang: str, head: str | None = None) -> Words:
        """What charts say besides their data; `head` names the first column of the table (the month unless told)."""
        return Words(
            head or self.texts.get(lang, "chart.month"),
            self.texts.get(lang, "chart.total"),
            lambda value: str(format_decimal(value, locale=LOCALES[lang])),
        )

    def links(self, request: Request, roles: frozenset[str]) -> list[dict[str, Any]]:
        """The top bar for these roles. The longest path that starts the current one is the current link."""
        path = request.url.path
        mine = [item for item in self.nav if not item.roles or item.roles & roles]
        under = [item.path for item in mine if path == item.path or path.startswith(item.path.rstrip("/") + "/")]
        current = max(under, key=len, default=None)
        return [{"path": item.path, "text": item.text, "current": item.path == current} for item in mine]

    def languages(self, request: Request) -> dict[str, str]:
        """Where each language of this very view is; of a form that was sent, the page that it was sent from."""
        url = request.url if request.method == "GET" else _sent_from(request)
        found = {lang: url.include_query_params(lang=lang) for lang in LANGUAGES}
        return {lang: f"{link.path}?{link.query}" for lang, link in found.items()}

    def render(
        self,
        request: Request,
        name: str,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """A page or, when the template does not extend the layout, a fragment of one."""
        actor = _actor(request)
        lang = language(request)
        given: dict[str, object] = {
            "request": request,
            "texts": self.texts,
            "lang": lang,
            "actor": actor,
            "path": request.url.path,
            "links": self.links(request, getattr(actor, "roles", frozenset())),
            "languages": self.languages(request),
            "today": self.today() if self.today else None,
            "csrf": lambda: _csrf(request),
            "form": Form(),
            "live": True,
        }
        html = self.environment.get_template(name).render(given | context)
        response = HTMLResponse(html, status, dict(headers or {}))
        response.headers["Content-Language"] = lang
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie("lang", lang, max_age=365 * 24 * 3600, path="/", samesite="lax", httponly=True)
        return response


def _actor(request: Request) -> Any:
    """Who asks. An error page may be shown before any route found that out; its top bar is theirs all the same."""
    identity = getattr(getattr(request.scope.get("app"), "state", None), "identity", None)
    if not hasattr(request.state, "actor") and isinstance(identity, Identity) and SESSION_COOKIE in request.cookies:
        try:
            session = identity.session(request.cookies[SESSION_COOKIE])
        except NotAuthentic:
            return None
        request.state.session, request.state.actor = session, session.actor
    return getattr(request.state, "actor", None)


def _csrf(request: Request) -> str:
    from shared.web.access import csrf_token

    return csrf_token(request)
