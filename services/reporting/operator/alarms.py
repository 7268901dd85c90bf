"""From what the services say of themselves to what must be done now, and to the rows of the page. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

BACKLOG_SECONDS = 10.0
BEHIND_SECONDS = 20.0
GAP_SECONDS = 30.0
IDLE_SECONDS = 10.0


# silent: nobody answers; database: it lives and cannot read; identity: no token to ask with; strange: not as agreed.
Why = Literal["silent", "database", "identity", "strange"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a service said of itself as JSON, or why it said nothing."""

    service: str
    said: Mapping[str, Any] | None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong: the text `alarm.<kind>` with its facts, and where it is mended (`command`, `target`)."""

    kind: str
    service: str
    facts: Mapping[str, object] = field(default_factory=dict)
    command: str = ""
    target: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A consumer and one of its sources. `lag` None: not known."""

    service: str
    consumer: str
    source: str
    lag: int | None
    held: int
    missing: int
    marked_at: datetime | None
    state: str  # reading, waiting, building, idle, stopped


def _time(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _age(said: Mapping[str, Any], value: object) -> float:
    """Seconds from `value` to the service's own clock when it answered; 0 for nothing."""
    then, now = _time(value), _time(said["answered_at"])
    return (now - then).total_seconds() if then and now else 0.0


def _missing(marks: Sequence[Mapping[str, Any]]) -> int:
    return sum(max(m["events"] - m["seen_events"], m["subjects"] - m["seen_subjects"], 0) for m in marks)


def flows(heard: Sequence[Heard]) -> list[Flow]:
    """A row per consumer and source of every service that answered."""
    found = []
    for one in heard:
        said = one.said or {"flows": []}
        for flow in said["flows"]:
            own = (flow["consumer"], flow["source"])
            marks = [m for m in said["watermarks"] if (m["consumer"], m["source"]) == own]
            held = sum(h["events"] for h in said["held"] if (h["consumer"], h["source"]) == own)
            stopped = any((s["consumer"], s["source"]) == own for s in said["stopped"])
            idle = flow["seconds_since_poll"] is None or flow["seconds_since_poll"] > IDLE_SECONDS
            state = (
                "stopped"
                if stopped
                else "building"
                if flow["building"]
                else "idle"
                if flow["trouble"] or (idle and not flow["applying"])
                else "reading"
                if flow["lag"]
                else "waiting"
            )
            marked = [at for m in marks if (at := _time(m["at"]))]
            found.append(Flow(one.service, *own, flow["lag"], held, _missing(marks), min(marked, default=None), state))
    return found


def alarms(heard: Sequence[Heard]) -> list[Alarm]:
    """The gravest kind first: silence, what stands still, what is held, what is missing, what came out wrong."""
    found = [alarm for one in heard for alarm in _of(one)]
    return sorted(found, key=lambda alarm: ORDER.index(alarm.kind))


ORDER = (
    "silent", "database", "identity", "strange",
    "unreachable-kafka", "backlog", "quarantine", "stopped", "not-consuming", "idle",
    "held", "gap", "retrying", "missing", "differs", "mail-failed",
)  # fmt: skip


def _of(one: Heard) -> Iterator[Alarm]:
    said = one.said
    if said is None:
        yield Alarm(one.why or "silent", one.service)
        return
    relay = said["relay"]
    if relay["leading"] and not relay["connected"]:
        yield Alarm("unreachable-kafka", one.service)
    if _age(said, relay["oldest"]) > BACKLOG_SECONDS:
        yield Alarm("backlog", one.service, {"n": relay["backlog"], "at": _time(relay["oldest"])})
    for row in said["quarantine"]:
        facts = {"subject": row["subject"], "at": _time(row["since"])}
        yield Alarm("quarantine", one.service, facts, "release", row["subject"])
    for source in sorted({row["source"] for row in said["stopped"]}):
        since = [at for row in said["stopped"] if row["source"] == source and (at := _time(row["stranger_since"]))]
        yield Alarm("stopped", one.service, {"source": source, "at": min(since, default=None)}, "accept", source)
    if not said["consuming"]:
        yield Alarm("not-consuming", one.service)
    for flow in flows([one]):
        if flow.state == "idle":
            yield Alarm("idle", one.service, {"consumer": flow.consumer, "source": flow.source})
    yield from _held(one.service, said)
    yield from _lacking(one.service, said)
    if said["own"].get("reconciliation") == "differs":
        name = next((row["name"] for row in said["projections"] if not row["building"]), "")
        yield Alarm("differs", one.service, command="rebuild" if name else "", target=name, link="/reporting/")
    if failed := said["own"].get("mail", {}).get("failed"):
        yield Alarm("mail-failed", one.service, {"n": failed}, link="/notifications/deliveries?status=failed")


def _held(service: str, said: Mapping[str, Any]) -> Iterator[Alarm]:
    """One alarm per consumer and kind; its events stand in the table below."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for head in said["heads"]:
        if head["waits_for"] == "predecessor":
            if _age(said, head["held_at"]) > GAP_SECONDS:
                groups.setdefault(("gap", head["consumer"]), []).append(head)
        else:
            kind = "retrying" if head["waits_for"] == "retry" else "held"
            groups.setdefault((kind, head["consumer"]), []).append(head)
    for (kind, consumer), heads in groups.items():
        oldest = min((at for head in heads if (at := _time(head["held_at"]))), default=None)
        facts = {"n": len(heads), "consumer": consumer, "at": oldest, "behind": sum(head["behind"] for head in heads)}
        yield Alarm(kind, service, facts, link="#held")


def _lacking(service: str, said: Mapping[str, Any]) -> Iterator[Alarm]:
    late = [m for m in said["watermarks"] if _age(said, m["behind_since"]) > BEHIND_SECONDS]
    for consumer, source in sorted({(m["consumer"], m["source"]) for m in late}):
        marks = [m for m in late if (m["consumer"], m["source"]) == (consumer, source)]
        since = min((at for m in marks if (at := _time(m["behind_since"]))), default=None)
        yield Alarm("missing", service, {"n": _missing(marks), "consumer": consumer, "source": source, "at": since})
