"""The provider's two pages, in two languages: choose who you are, and signed out."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

TEXTS = {
    "sv": {
        "title": "Välj vem du är",
        "lead": "Så här loggar man in i demonstrationen. Alla personer är påhittade och inget lösenord behövs.",
        "out": "Du är utloggad",
        "back": "Till startsidan",
        "other": "In English",
    },
    "en": {
        "title": "Choose who you are",
        "lead": "This is the demo's sign-in. All people are invented and no password is needed.",
        "out": "You are signed out",
        "back": "To the start page",
        "other": "På svenska",
    },
}

STYLE = (
    ".people{list-style:none;padding:0;display:grid;gap:.5rem;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}"
    ".people button{width:100%;height:100%;padding:.75rem 1rem;text-align:left;font:inherit;cursor:pointer;"
    "color:var(--ink);background:var(--sheet);border:1px solid var(--edge);border-radius:var(--radius)}"
    ".people button:hover{background:var(--wash)}.people span{display:block;color:var(--soft)}"
)


def language_of(request: Request) -> str:
    lang = request.query_params.get("lang") or request.cookies.get("lang") or "sv"
    return lang if lang in TEXTS else "sv"


def page(lang: str, title: str, body: str) -> Response:
    head = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title} – Landa</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/notifications/static/landa.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/notifications/static/landa.css">'
        f"<style>{STYLE}</style></head>"
    )
    return HTMLResponse(
        f"{head}<body><main><h1>{title}</h1>{body}</main></body></html>", headers={"Cache-Control": "no-store"}
    )


def choose(people: Mapping[str, Mapping[str, Any]], asked: Mapping[str, str], lang: str) -> Response:
    """One button per person; `asked` are the checked parameters of the request, which the form sends again."""
    texts, other = TEXTS[lang], "en" if lang == "sv" else "sv"
    hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in asked.items())
    buttons = "".join(
        f'<li><button name="sub" value="{escape(sub)}"><strong>{escape(person["name"])}</strong>'
        f"<span>{escape(person['title'][lang])}</span></button></li>"
        for sub, person in people.items()
    )
    again = urlencode({**asked, "response_type": "code", "code_challenge_method": "S256", "lang": other})
    return page(
        lang,
        texts["title"],
        f"<p>{texts['lead']}</p>"
        f'<p><a href="?{escape(again)}" hreflang="{other}" lang="{other}">{texts["other"]}</a></p>'
        f'<form method="post" action="/identity/authorize">{hidden}<ul class="people">{buttons}</ul></form>',
    )


def signed_out(lang: str) -> Response:
    return page(lang, TEXTS[lang]["out"], f'<p><a href="/">{TEXTS[lang]["back"]}</a></p>')
