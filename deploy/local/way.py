"""One event's way through the town, from its spans: request, commit, publish, apply, page, mail, and what is not seen.

Pure. A step that no span tells of is named as not seen, never guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Span = Mapping[str, Any]

# Who follows whom; a test compares it with what the services say of themselves.
FOLLOWERS = {
    "reception": {"notifications": "alerts", "reporting": "dashboard"},
    "notifications": {"reporting": "dashboard"},
    "awards": {"notifications": "alerts", "reporting": "dashboard"},
}
# What ends with a COMMIT: the statement itself, or a whole transaction where statements leave no spans.
COMMITS = ("COMMIT;", "transaction")
TOLD_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """`at`: nanoseconds since 1970, when it was done."""

    what: str
    service: str
    at: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """What the spans of one event tell; steps in order of time, and words for what none tells of."""

    event: str
    type: str
    subject: str
    sequence: int
    trace: str
    steps: tuple[Step, ...]
    unseen: tuple[str, ...]

    @property
    def began(self) -> int:
        """The request's beginning, or the first that is known."""
        return min(step.at for step in self.steps)

    def document(self) -> dict[str, Any]:
        """For JSON: each step with its absolute time and milliseconds since the request."""
        return {
            "event": self.event,
            "type": self.type,
            "subject": self.subject,
            "sequence": self.sequence,
            "trace": self.trace,
            "steps": [
                {
                    "what": step.what,
                    "service": step.service,
                    "at": datetime.fromtimestamp(step.at / 1e9, UTC).isoformat(timespec="milliseconds"),
                    "ms": round((step.at - self.began) / 1e6, 1),
                    "note": step.note,
                }
                for step in self.steps
            ],
            "unseen": list(self.unseen),
        }


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
    about = own[0]["attributes"]
    kind = own[0]["name"].rpartition(" ")[2]
    source = kind.partition(".")[0]
    steps, unseen = [], []

    published = _first(span for span in own if span["name"].startswith("publish "))
    started = published["start"] if published else None
    request = _request(spans, source)
    commit = _commit(spans, source, started)
    if request:
        steps.append(Step("request", source, request["start"], request["name"]))
        # An answer that came after the event was published is still an answer.
        steps.append(Step("answered", source, request["end"]))
    else:
        unseen.append("the request: it was background work, or its span is not here")
    if commit:
        steps.append(Step("committed", source, commit["end"]))
    else:
        unseen.append("the commit: its span is not here (a loop's statements have none)")
    if published:
        again = sum(span["name"].startswith("publish ") for span in own) - 1
        note = "acknowledged by Kafka" + (f", and {again} more times later" if again else "")
        steps.append(Step("published", source, published["end"], note))
    else:
        unseen.append("the publishing: not yet, or its span is not here")
    for service, consumer in FOLLOWERS.get(source, {}).items():
        applied = _first(span for span in own if span["name"].startswith(f"apply in {consumer}"))
        if applied is None:
            unseen.append(f"applying in {service} ({consumer}): not yet, held, or its span is not here")
            continue
        steps.append(Step("applied", service, applied["end"], applied["name"].split(" ")[2]))
        page = _page(told, service, applied)
        if page:
            note = f"{page['attributes'].get('landa.topic')}, {page['attributes'].get('landa.pages')} open"
            steps.append(Step("page told", service, page["end"], note))
        else:
            unseen.append(f"a page of {service}: none was open that shows it, or its span is not here")
    mails = sorted((span for span in spans if span["name"].startswith("hand over mail")), key=lambda span: span["end"])
    for mail in mails:
        note = f"{mail['name'].removeprefix('hand over mail ')}, attempt {mail['attributes'].get('landa.attempt', '?')}"
        steps.append(
            Step("mail tried in vain" if mail["failed"] else "mail handed over", _who(mail), mail["end"], note)
        )
    if not mails:
        unseen.append("a mail: this event has none, or it waits to be collected, or its span is not here")
    order = tuple(sorted(steps, key=lambda step: step.at))
    return Way(event, kind, str(about["landa.subject"]), int(about["landa.sequence"]), key, order, tuple(unseen))


def _who(span: Span) -> str:
    return str(span["service"]).removeprefix("landa-")


def _first(spans: Iterable[Span]) -> Span | None:
    return min(spans, key=lambda span: span["end"], default=None)


def _request(spans: Sequence[Span], source: str) -> Span | None:
    methods = ("POST ", "PUT ", "PATCH ", "DELETE ")
    return _first(span for span in spans if _who(span) == source and span["name"].startswith(methods))


def _commit(spans: Sequence[Span], source: str, published: int | None) -> Span | None:
    """The last one that had begun when the relay took the event; the answer to a COMMIT may come after that."""
    commits = [span for span in spans if _who(span) == source and span["name"] in COMMITS]
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
        f"  {'':<18}{'UTC':<26}{'ms':>9}   {'service':<15}",
    ]
    for step in chosen["steps"]:
        at = step["at"].replace("T", " ").removesuffix("+00:00")
        found.append(f"  {step['what']:<18}{at:<26}{step['ms']:>9.1f}   {step['service']:<15}{step['note']}".rstrip())
    found += ["", *(f"  not seen: {words}" for words in chosen["unseen"])]
    others = [one for one in documents if one is not chosen]
    if others:
        found += ["", "Other events of this subject:"]
        found += [f"  {one['sequence']:>4}  {one['type']:<44} EVENT={one['event']}" for one in others]
    return found
