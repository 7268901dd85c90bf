"""An event on its way: CloudEvents 1.0 over Kafka in binary mode, `ce_*` headers and JSON data.

Source: CloudEvents specification 1.0.2, Kafka protocol binding 1.0.2, section 3.2. Extension attributes: `sequence`
(its documented extension, here a gapless decimal number per subject), `position`, `epoch` and `recordedtime`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar, dataclass_transform
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as ReadUUID  # what ids from the database are: read and hashed in C
from pydantic import ValidationError

from shared.contracts.event import CATALOGUE, Event, upcast

Headers = Sequence[tuple[str, bytes | None]]
WATERMARK = "landa.watermark.v1"


T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(made: type[T]) -> type[T]:
    """Marks a class of values that nobody changes. The type checker sees to that: at run time freezing would make an
    event cost more than reading it."""
    return dataclass(slots=True)(made)


class Undecodable(Exception):
    """A record that is not an event of ours. The message says why and repeats nothing of the content."""


class UnknownType(Undecodable):
    """A well-formed event whose type is not in this process's catalogue: a newer release may know it."""


@record
class Recorded:
    """A journal row as everybody else sees it.

    `source` is the producing service, `sequence` counts 1, 2, 3 … within (source, subject), `position` is the row's
    place in the producer's journal, `epoch` names that journal's incarnation. `at` is when it happened, `recorded_at`
    when it was written. `data` is the JSON text.
    """

    id: UUID
    source: str
    subject: UUID
    sequence: int
    position: int
    epoch: UUID
    type: str
    at: datetime
    recorded_at: datetime
    data: str
    traceparent: str | None = None

    def event(self) -> Event:
        """The typed event, upcast to the newest version. Raises UnknownType or Undecodable."""
        newest, payload = upcast(self.type, self.data)
        model = CATALOGUE.get(newest)
        if model is None:
            raise UnknownType(f"type not in the catalogue: {self.type[:80]}")
        try:
            return model.model_validate_json(payload) if isinstance(payload, str) else model.model_validate(payload)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'data'}: {e['type']}"
                for e in error.errors(include_input=False, include_url=False, include_context=False)[:5]
            )
            raise Undecodable(f"data does not fit {newest}: {faults}") from None


@record
class Watermark:
    """How much a relay had published to one partition, at a time: a consumer that counts less has lost something."""

    source: str
    epoch: UUID
    partition: int
    partitions: int
    position: int
    subjects: int
    events: int
    at: datetime


def headers(event: Recorded) -> list[tuple[str, bytes]]:
    """The Kafka headers of `event`."""
    found = [
        ("ce_specversion", "1.0"),
        ("ce_id", str(event.id)),
        ("ce_source", f"/landa/{event.source}"),
        ("ce_type", event.type),
        ("ce_subject", str(event.subject)),
        ("ce_time", event.at.isoformat()),
        ("ce_sequence", str(event.sequence)),
        ("ce_position", str(event.position)),
        ("ce_epoch", str(event.epoch)),
        ("ce_recordedtime", event.recorded_at.isoformat()),
        ("content-type", "application/json"),
    ]
    if event.traceparent:
        found.append(("traceparent", event.traceparent))
    return [(name, value.encode()) for name, value in found]


def watermark_headers(mark: Watermark) -> list[tuple[str, bytes]]:
    """The Kafka headers of a watermark; it has no data."""
    found = {
        "ce_specversion": "1.0",
        "ce_id": f"{mark.epoch}/{mark.partition}/{mark.position}",
        "ce_source": f"/landa/{mark.source}",
        "ce_type": WATERMARK,
        "ce_epoch": str(mark.epoch),
        "ce_partition": f"{mark.partition}/{mark.partitions}",
        "ce_position": str(mark.position),
        "ce_subjects": str(mark.subjects),
        "ce_events": str(mark.events),
        "ce_time": mark.at.isoformat(),
    }
    return [(name, value.encode()) for name, value in found.items()]


def _attributes(pairs: Headers) -> Mapping[str, bytes]:
    """The headers by name; those that are ours are text without NUL."""
    found = dict(pairs)
    values = found.values()
    if None not in values and (whole := b"".join(values)).isascii() and b"\0" not in whole:  # type: ignore[arg-type]
        return found  # type: ignore[return-value]
    ours = {name: value or b"" for name, value in pairs if name.startswith("ce_") or name == "traceparent"}
    if not all(map(_is_text, ours.values())):
        raise Undecodable(f"header {_first(ours, lambda value: not _is_text(value))} is not UTF-8")
    if b"\0" in b"".join(ours.values()):
        raise Undecodable(f"header {_first(ours, lambda value: 0 in value)} holds NUL")
    return ours


def _first(found: Mapping[str, bytes], wrong: Callable[[bytes], bool]) -> str:
    """The name, for people, of the first header that is wrong."""
    return next(ascii(name[:40])[1:-1] for name, value in found.items() if wrong(value))


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse(pairs: Headers, value: bytes | None) -> Recorded | Watermark:
    """The event or watermark in a record. Raises Undecodable."""
    found = _attributes(pairs)
    try:
        source = _source(found["ce_source"])
        kind = _kind(found["ce_type"])
        if kind == WATERMARK:
            partition, _, partitions = found["ce_partition"].partition(b"/")
            if not 0 <= int(partition) < int(partitions) < 2**31:
                raise ValueError(partition)
            return Watermark(
                source,
                recurring(found["ce_epoch"]),
                int(partition),
                int(partitions),
                _count(found["ce_position"]),
                _count(found["ce_subjects"]),
                _count(found["ce_events"]),
                _time(found["ce_time"]),
            )
        if not value:
            raise Undecodable("the record has no data")
        traceparent = found.get("traceparent")
        return Recorded(
            ReadUUID(found["ce_id"].decode()),
            source,
            recurring(found["ce_subject"]),
            _positive(found["ce_sequence"]),
            _positive(found["ce_position"]),
            recurring(found["ce_epoch"]),
            kind,
            _time(found["ce_time"]),
            _time(found["ce_recordedtime"]),
            value.decode(),
            traceparent if traceparent is None else traceparent.decode(),
        )
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from None
    except UnicodeDecodeError:
        raise Undecodable("the data is not UTF-8") from None
    except (ValueError, OverflowError):
        raise Undecodable("a header does not hold what its name says") from None


@lru_cache(64)
def _source(text: bytes) -> str:
    source = text.decode()
    if not source.startswith("/landa/"):
        raise Undecodable("ce_source is not one of our services")
    return source.removeprefix("/landa/")


@lru_cache(256)
def _kind(text: bytes) -> str:
    return text.decode()


@lru_cache(8192)
def recurring(text: str | bytes) -> UUID:
    """An id that many records name: reading it costs more than remembering it. Raises ValueError."""
    return ReadUUID(text if isinstance(text, str) else text.decode())


def _count(text: bytes) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def _positive(text: bytes) -> int:
    number = _count(text)
    if number < 1:
        raise ValueError(text)
    return number


def _time(text: bytes) -> datetime:
    found = datetime.fromisoformat(text.decode())
    if found.tzinfo is None:
        raise ValueError(text)
    found.astimezone(UTC)  # a time outside the calendar overflows here, and not later in the database
    return found


@record
class Fact:
    """An event as rules and projections see it: read, typed and in its newest version."""

    id: UUID
    source: str
    subject: UUID
    sequence: int
    position: int
    at: datetime
    recorded_at: datetime
    event: Event
    traceparent: str | None = None


def fact(recorded: Recorded) -> Fact:
    """The typed fact in `recorded`. Raises UnknownType or Undecodable."""
    return Fact(
        recorded.id,
        recorded.source,
        recorded.subject,
        recorded.sequence,
        recorded.position,
        recorded.at,
        recorded.recorded_at,
        recorded.event(),
        recorded.traceparent,
    )
