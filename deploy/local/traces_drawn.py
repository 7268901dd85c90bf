"""Traces and the ways of events as parts of a page. Everything put in is escaped."""

from typing import Any

from markupsafe import Markup

from deploy.local.page import Reader, lead, table
from deploy.local.way import Way

_COLOURS = ("#2f5d8a", "#7a4b8c", "#2e7d5b", "#a05a1c", "#5b6470", "#8a2f4b")


def _waterfall(view: dict[str, Any], reader: Reader) -> Markup:
    """One drawing for wide pages, where spans stand under each other in time; for narrow ones a list with bars."""
    steps = view["spans"]
    width, row, label, after = 1140, 22, 420, 260
    whole = max(view["duration_ms"], 0.001)
    colour = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(view["services"])}
    bars, lines = [], []
    for i, span in enumerate(steps):
        x = label + (width - label - after) * span["start_ms"] / whole
        length = max((width - label - after) * span["duration_ms"] / whole, 2)
        name = f"{_short(span['service'])} · {span['name']}"
        depth = min(span["depth"], 8)
        indent = depth * 12
        words = reader.t(
            "sink.trace.bar-failed" if span["failed"] else "sink.trace.bar",
            at=reader.ms(span["start_ms"]),
            ms=reader.ms(span["duration_ms"]),
        )
        bars.append(
            Markup(
                '<text x="{}" y="{}" font-size="12" fill="currentColor">{}</text>'
                '<rect x="{:.1f}" y="{}" width="{:.1f}" height="14" rx="2" fill="{}"/>'
                '<text x="{:.1f}" y="{}" font-size="12" fill="currentColor">{}</text>'
            ).format(
                indent, i * row + 15, name[: 60 - indent // 6], x, i * row + 4, length, colour[span["service"]],
                x + length + 6, i * row + 15, words,
            )
        )  # fmt: skip
        share = 100 / whole
        lines.append(
            Markup(
                '<li class="depth-{}">{}<br><span class="soft small">{}</span><svg aria-hidden="true" width="100%"'
                ' height="6"><rect width="100%" height="6" fill="currentColor" opacity=".1"/>'
                '<rect x="{:.2f}%" width="{:.2f}%" height="6" fill="{}"/></svg></li>'
            ).format(
                depth, name, words, min(span["start_ms"] * share, 99), max(span["duration_ms"] * share, 1),
                colour[span["service"]],
            )
        )  # fmt: skip
    title = reader.t("sink.trace.drawn", n=len(steps))
    return Markup(
        '<div class="waterfall"><svg class="wide" role="img" aria-label="{}" width="{}" height="{}">{}</svg>'
        '<ol class="narrow" aria-label="{}">{}</ol></div>'
    ).format(title, width, len(steps) * row + 8, Markup("").join(bars), title, Markup("").join(lines))


def _short(service: str) -> str:
    return service.removeprefix("landa-")


def drawn(way: Way, reader: Reader) -> Markup:
    """An event's way as a table, what is not seen below it, and the whole trace one click away."""
    t, told = reader.t, way.document(reader.say)
    rows = [
        (one["what"], reader.time(one["at"]), reader.ms(one["ms"]), one["service"], one["note"])
        for one in told["steps"]
    ]
    heads = (t("way.step"), t("way.at"), t("way.ms"), t("sink.traces.service"), t("way.more"))
    unseen = Markup("").join(Markup("<li>{}</li>").format(t("way.not-seen", words=words)) for words in told["unseen"])
    return Markup(
        '<section id="{}"><h2>{} <small class="soft">{}</small></h2>{}<ul class="soft small">{}</ul>'
        '<p class="small"><a href="/traces/{}">{}</a> · {} <code class="id">{}</code></p></section>'
    ).format(
        way.event,
        way.type,
        t("way.number", n=way.sequence),
        table(t("way.of", type=way.type, n=way.sequence), heads, rows, quiet=True),
        unseen,
        way.trace,
        t("way.spans"),
        t("way.event"),
        way.event,
    )


def asked(reader: Reader, subject: str | None) -> Markup:
    """The form that asks of which subject."""
    return Markup(
        '<form method="get" action="/traces" class="filters"><div class="field"><label for="subject">{}</label>'
        '<input id="subject" name="subject" value="{}" autocomplete="off" size="38" maxlength="64"></div>'
        " <button>{}</button></form>"
    ).format(reader.t("operation.subject"), subject or "", reader.t("sink.traces.show"))


def listed(found: list[dict[str, Any]], reader: Reader) -> Markup:
    """The latest traces, each with its link."""
    t, link = reader.t, Markup('<a href="/traces/{}">{}</a>')
    rows = [
        (
            link.format(one["trace"], reader.time(one["started"])),
            one["spans"][0]["name"],
            ", ".join(_short(name) for name in one["services"]),
            str(len(one["spans"])),
            reader.ms(one["duration_ms"]),
        )
        for one in found
    ]
    heads = [t(f"sink.traces.{name}") for name in ("started", "first", "services", "spans", "ms")]
    return table(t("sink.traces.latest"), heads, rows)


def single_trace(view: dict[str, Any], reader: Reader) -> list[Markup]:
    """One trace: when, about what, its waterfall, and its spans with their attributes."""
    t = reader.t
    rows = [
        (
            _short(one["service"]),
            one["name"],
            reader.ms(one["start_ms"]),
            reader.ms(one["duration_ms"]),
            ", ".join(f"{name}={value}" for name, value in one["attributes"].items()),
        )
        for one in view["spans"]
    ]
    heads = [t(f"sink.traces.{name}") for name in ("service", "span", "begins", "ms", "attributes")]
    ways_of = Markup(", ").join(
        Markup('<a href="/traces?subject={}"><code class="id">{}</code></a>').format(one, one)
        for one in view["subjects"]
    )
    return [
        lead(t("sink.trace.facts", at=reader.time(view["started"]), ms=reader.ms(view["duration_ms"]))),
        Markup("<p>{} {}</p>").format(t("sink.trace.subjects"), ways_of) if ways_of else Markup(""),
        _waterfall(view, reader),
        Markup("<details><summary>{}</summary>{}</details>").format(
            t("sink.trace.all", n=len(rows)), table(t("sink.traces.spans"), heads, rows, quiet=True)
        ),
        Markup('<p class="actions"><a href="/traces">{}</a></p>').format(t("sink.traces.all")),
    ]
