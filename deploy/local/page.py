"""The frame of the demo's own small pages (mail, traces).

Promise: everything put in is escaped, and a page loads nothing but the style sheet.
"""

from collections.abc import Iterable

from markupsafe import Markup
from starlette.responses import HTMLResponse

_FRAME = Markup(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – Landa demo</title>
<link rel="icon" href="/notifications/static/landa.svg" type="image/svg+xml">
<link rel="stylesheet" href="/notifications/static/landa.css">
</head>
<body>
<header>
<nav aria-label="Demo"><a href="/">Landa</a> · <a href="/mail">Mail</a> · <a href="/traces">Traces</a></nav>
</header>
<main id="main">
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


def page(title: str, *body: Markup, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_FRAME.format(title=title, body=Markup("\n").join(body)), status, _HEADERS)


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str | Markup]]) -> Markup:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(one) for one in heads)
    lines = Markup("\n").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table><caption>{}</caption>'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>"
    ).format(caption, caption, head, lines)
