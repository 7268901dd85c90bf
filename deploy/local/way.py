"""One event's way through the town, from its spans: request, commit, publish, apply, page, mail, and what is not seen.

Pure. A step that no span tells of is named as not seen, never guessed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.web.texts import TOWN

Span = Mapping[str, Any]

# Who follows whom; a test compares it with what the services say of themselves.
FOLLOWERS = {
    "reception": {"notifications": "alerts", "reporting": "dashboard"},
    "notifications": {"reporting": "dashboard"},
    "awards": {"notifications": "alerts", "reporting": "dashboard"},
}
TOLD_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Said:
    """The text `way.<key>` with its fields."""

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


Say = Callable[[Said], str]


def _name(words: str) -> Said:
    """What is called the same in every language."""
    return Said("name", {"words": words})


@dataclass(frozen=True, slots=True)
class Step:
    """`what`: the text `way.step.<what>`. `at`: nanoseconds since 1970, when it was done."""

    what: str
    service: str
    at: int
    note: Said | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """What the spans of one event tell; steps in order of time, and what none tells of."""

    event: str
    type: str
    subject: str
    sequence: int
    trace: str
    steps: tuple[Step, ...]
    unseen: tuple[Said, ...]

    @property
    def began(self) -> int:
        """The request's beginning, or the first that is known."""
        return min(step.at for step in self.steps)

    def document(self, say: Say) -> dict[str, Any]:
        """In the words of `say`: each step with its time in Stockholm and milliseconds since the request."""
        return {
            "event": self.event,
            "type": self.type,
            "subject": self.subject,
            "sequence": self.sequence,
            "trace": self.trace,
            "steps": [
                {
                    "what": say(Said(f"step.{step.what}")),
                    "service": step.service,
                    "at": in_town(step.at).isoformat(timespec="milliseconds"),
                    "ms": round((step.at - self.began) / 1e6, 1),
                    "note": say(step.note) if step.note else "",
                }
                for step in self.steps
            ],
            "unseen": [say(one) for one in self.unseen],
        }


def in_town(nanoseconds: int) -> datetime:
    """Nanoseconds since 1970 as a time in Stockholm."""
    return datetime.fromtimestamp(nanoseconds / 1e9, TOWN)


def ways(traces: Mapping[str, Sequence[Span]], told: Sequence[Span], subject: str) -> list[Way]:
    """The ways of the events of `subject` that spans tell of, the newest first. `told`: when pages were told."""
    found = []
    for key, spans in traces.items():
        events: dict[str, list[Span]] = {}
        for span in spans:
            if span["attributes"].get("landa.subject") == subject and "landa.event" in span["attributes"]:
                events.setdefault(str(span["attributes"]["landa.event"]), []).append(span)
        linked = [span for other in traces.values() for span in other if key in span["links"]] if events else []
        found += [_way(key, event, own, [*spans, *linked], told) for event, own in events.items()]
    return sorted(found, key=lambda way: (way.sequence, way.began), reverse=True)


def _way(key: str, event: str, own: Sequence[Span], spans: Sequence[Span], told: Sequence[Span]) -> Way:
    first = own[0]["attributes"]
    event_type = own[0]["name"].rpartition(" ")[2]
    source = event_type.partition(".")[0]
    steps, unseen = list[Step](), list[Said]()

    published = _first(span for span in own if span["name"].startswith("publish "))
    started = published["start"] if published else None
    request = _request(spans, source)
    commit = _commit(spans, source, started)
    if request:
        steps.append(Step("request", source, request["start"], _name(request["name"])))
        # An answer that came after the event was published is still an answer.
        steps.append(Step("answered", source, request["end"]))
    else:
        unseen.append(Said("unseen.request"))
    if commit:
        steps.append(Step("committed", source, commit["end"]))
    else:
        unseen.append(Said("unseen.commit"))
    if published:
        again = sum(span["name"].startswith("publish ") for span in own) - 1
        note = Said("acknowledged-again", {"n": again}) if again else Said("acknowledged")
        steps.append(Step("published", source, published["end"], note))
    else:
        unseen.append(Said("unseen.publish"))
    for service, consumer in FOLLOWERS.get(source, {}).items():
        applied = _first(span for span in own if span["name"].startswith(f"apply in {consumer}"))
        if applied is None:
            unseen.append(Said("unseen.apply", {"service": service, "consumer": consumer}))
            continue
        steps.append(Step("applied", service, applied["end"], _name(applied["name"].split(" ")[2])))
        page = _page(told, service, applied)
        if page:
            about = page["attributes"]
            note = Said("pages", {"topic": about.get("landa.topic", "?"), "n": about.get("landa.pages", 0)})
            steps.append(Step("page-told", service, page["end"], note))
        else:
            unseen.append(Said("unseen.page", {"service": service}))
    mails = sorted((span for span in spans if span["name"].startswith("hand over mail")), key=lambda span: span["end"])
    for mail in mails:
        kind = mail["name"].removeprefix("hand over mail ")
        note = Said("mail", {"kind": kind, "n": mail["attributes"].get("landa.attempt", "?")})
        steps.append(Step("mail-in-vain" if mail["failed"] else "mail", _who(mail), mail["end"], note))
    if not mails:
        unseen.append(Said("unseen.mail"))
    order = tuple(sorted(steps, key=lambda step: step.at))
    return Way(event, event_type, str(first["landa.subject"]), int(first["landa.sequence"]), key, order, tuple(unseen))


def _who(span: Span) -> str:
    return str(span["service"]).removeprefix("landa-")


def _first(spans: Iterable[Span]) -> Span | None:
    return min(spans, key=lambda span: span["end"], default=None)


def _request(spans: Sequence[Span], source: str) -> Span | None:
    methods = ("POST ", "PUT ", "PATCH ", "DELETE ")
    return _first(span for span in spans if _who(span) == source and span["name"].startswith(methods))


def _commit(spans: Sequence[Span], source: str, published: int | None) -> Span | None:
    """The last that had begun when the relay took the event; the word that it is committed may come after that."""
    commits = [span for span in spans if _who(span) == source and span["name"] == "transaction"]
    before = [span for span in commits if published is None or span["start"] <= published]
    return max(before, key=lambda span: span["start"], default=None)


def _page(told: Sequence[Span], service: str, applied: Span) -> Span | None:
    """The first word after it was applied. PostgreSQL passes it on at the commit, between the two ends of the span."""
    latest = applied["end"] + TOLD_SECONDS * 1_000_000_000
    return _first(span for span in told if _who(span) == service and applied["start"] <= span["end"] <= latest)


def lines(documents: Sequence[Mapping[str, Any]], event: str | None = None) -> list[str]:
    """For a terminal: one event's way (the newest unless `event` is named), and which others there are."""
    chosen = next((one for one in documents if event is None or one["event"] == event), None)
    if chosen is None:
        known = [f"  EVENT={one['event']}  {one['type']}" for one in documents]
        return ["No span tells of this event.", *(["Of its subject there are:", *known] if known else [])]
    found = [
        f"{chosen['type']}   event {chosen['event']}",
        f"number {chosen['sequence']} of {chosen['subject']}   trace {chosen['trace']}",
        "",
        f"  {'':<18}{'at (Stockholm)':<31}{'ms':>9}   {'service':<15}",
    ]
    for step in chosen["steps"]:
        at = step["at"].replace("T", " ")
        found.append(f"  {step['what']:<18}{at:<31}{step['ms']:>9.1f}   {step['service']:<15}{step['note']}".rstrip())
    found += ["", *(f"  not seen: {words}" for words in chosen["unseen"])]
    others = [one for one in documents if one is not chosen]
    if others:
        found += ["", "Other events of this subject:"]
        found += [f"  {one['sequence']:>4}  {one['type']:<44} EVENT={one['event']}" for one in others]
    return found
