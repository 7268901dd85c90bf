"""The frame of the demo's own small pages (mail, traces), in the reader's language and the town's time zone.

Promise: everything put in is escaped, and a page loads nothing but the style sheet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from babel.numbers import format_decimal
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from deploy.local.way import Said
from shared.web.texts import DEFAULT, LANGUAGES, LOCALES, TOWN, Texts

TEXTS = Texts(own=Path(__file__).parent / "texts.toml")
PAGES = {"/mail": "sink.mail", "/traces": "sink.traces"}

_FRAME = Markup(
    """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – Landa</title>
<link rel="icon" href="/notifications/static/landa.svg" type="image/svg+xml">
<link rel="stylesheet" href="/notifications/static/landa.css">
</head>
<body>
<a class="skip" href="#main">{skip}</a>
<header class="top"><div>
<a class="brand" href="/">Landa</a>
<nav aria-label="{demo}"><ul>{links}</ul></nav>
<div class="me"><a href="{other_href}" lang="{other}" hreflang="{other}">{other_name}</a></div>
</div></header>
<main id="main" tabindex="-1">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_OTHER = {"sv": ("en", "English"), "en": ("sv", "Svenska")}


@dataclass(frozen=True, slots=True)
class Reader:
    """Says texts, times and figures in one language."""

    lang: str

    def t(self, key: str, /, **fields: object) -> str:
        return TEXTS.get(self.lang, key, **fields)

    def say(self, said: Said) -> str:
        """What an event's way has to say."""
        return TEXTS.get(self.lang, f"way.{said.key}", **said.fields)

    def time(self, iso: str) -> str:
        """An ISO time as date, seconds and milliseconds in Stockholm."""
        at = datetime.fromisoformat(iso).astimezone(TOWN)
        return f"{at:%Y-%m-%d %H:%M:%S}{',' if self.lang == 'sv' else '.'}{at.microsecond // 1000:03}"

    def ms(self, value: float) -> str:
        """Milliseconds with one decimal."""
        return str(format_decimal(value, "#,##0.0", locale=LOCALES[self.lang]))


def reader_of(request: Request) -> Reader:
    """As the services choose the language; these pages know nobody, so the browser's own comes before Swedish."""
    asked = [
        request.query_params.get("lang"),
        request.cookies.get("lang"),
        request.headers.get("accept-language", "")[:2].lower(),
    ]
    return Reader(next((lang for lang in asked if lang in LANGUAGES), DEFAULT))


def page(request: Request, title: str, *body: Markup, status: int = 200) -> HTMLResponse:
    """A page that is called `title`; one whose language was asked for by `?lang=` is remembered."""
    reader, path = reader_of(request), request.url.path
    other, name = _OTHER[reader.lang]
    there = request.url.include_query_params(lang=other)
    links = Markup("").join(
        Markup('<li><a href="{}"{}>{}</a></li>').format(
            href, Markup(' aria-current="page"') if path.startswith(href) else "", reader.t(key)
        )
        for href, key in PAGES.items()
    )
    html = _FRAME.format(
        lang=reader.lang,
        title=title,
        skip=reader.t("nav.skip"),
        demo=reader.t("sink.demo"),
        links=links,
        other=other,
        other_href=f"{there.path}?{there.query}",
        other_name=name,
        body=Markup("\n").join(body),
    )
    response = HTMLResponse(html, status, {**_HEADERS, "Content-Language": reader.lang})
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie("lang", reader.lang, max_age=365 * 24 * 3600, path="/", samesite="lax", httponly=True)
    return response


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str | Markup]], *, quiet: bool = False) -> Markup:
    """A table that stands in one column on a small screen. `quiet`: its caption is for listeners only."""
    heads = list(heads)
    head = Markup("").join(Markup('<th scope="col" role="columnheader">{}</th>').format(one) for one in heads)
    lines = Markup("\n").join(
        Markup('<tr role="row">{}</tr>').format(
            Markup("").join(
                Markup('<td role="cell" data-label="{}"><span>{}</span></td>').format(name, cell)
                for name, cell in zip(heads, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup(
        '<div class="table stack"><table role="table"><caption{}>{}</caption>'
        '<thead role="rowgroup"><tr role="row">{}</tr></thead>\n<tbody role="rowgroup">\n{}\n</tbody></table></div>'
    ).format(Markup(' class="quiet-say"') if quiet else "", caption, head, lines)


def lead(words: str) -> Markup:
    return Markup("<p>{}</p>").format(words)
