"""The gate's tables: lock, hold, retry, discard. Every statement of a consumer on `gate`, `held` and `discarded`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.envelope import Recorded, parse
from shared.database import Connection
from shared.messaging import Raw, as_record, key_hash

WaitsFor = Literal["predecessor", "retry", "release", "person"]
ATTEMPTS = 8
PAGE = 500
LONGEST = timedelta(minutes=10)
# Later than the longest pause from now: the clock has been put back since that was written.
_DUE = (
    "coalesce(next_try not between clock_timestamp() and clock_timestamp() + interval '10 minutes', false)"
    " or ({everything} and waits_for in ('release', 'retry'))"
)


def _back_off(attempts: int) -> timedelta:
    """1 s, 4 s, 16 s … at most 10 minutes."""
    return min(timedelta(seconds=4.0 ** (attempts - 1)), LONGEST)


@dataclass(frozen=True)
class Hold:
    """Why an event cannot go on."""

    reason: str
    waits_for: WaitsFor
    attempts: int = 1
    due: bool = False


@dataclass
class Waiting:
    """An event that has not been applied; `hold` is set when it stands in the table `held` already.

    `raw` is None when it came from its journal.
    """

    event: Recorded
    raw: Raw | None
    hold: Hold | None = None


@dataclass
class Line:
    """One subject at the gate: what was applied, what waits, and how far this batch brought it."""

    source: str
    subject: UUID
    sequence: int
    retrying: bool = False
    waiting: dict[int, Waiting] = field(default_factory=dict)
    reached: int = 0
    stop: tuple[int, Hold] | None = None

    def __post_init__(self) -> None:
        self.reached = self.sequence

    def stop_at(self, sequence: int, hold: Hold) -> None:
        """`sequence` cannot go on, and nothing behind it."""
        self.stop = (sequence, hold)


async def lock(
    tx: Connection, consumer: str, events: Sequence[Recorded], retry: frozenset[UUID], *, everything: bool = False
) -> dict[tuple[str, UUID], Line]:
    """The gate rows of these subjects, locked in sorted order, made when missing, with what is held of each.

    Rows are made after those that exist are locked, since most exist. Two batches that make rows of the same subjects
    at the same time can so be a deadlock, which PostgreSQL ends and the batch's repetition mends.

    Whether a head of `retry` is still due is asked under the lock: another replica may just have tried it.
    """
    subjects = {(event.source, event.subject) for event in events}
    wanted = [subject for _, subject in subjects] + sorted(retry)
    lines = await _lines(tx, consumer, subjects)
    if retry:
        lines |= await _lines(tx, consumer, await _sources(tx, consumer, retry))
    if missing := sorted(subjects - lines.keys()):
        await tx.execute(
            "insert into gate (consumer, source, subject, sequence, key_hash)"
            " select $1, s, u, 0, h from unnest($2::text[], $3::uuid[], $4::int[]) as n (s, u, h) order by s, u"
            " on conflict do nothing",
            consumer,
            [source for source, _ in missing],
            [subject for _, subject in missing],
            [key_hash(subject) for _, subject in missing],
        )
        lines |= await _lines(tx, consumer, missing)
    for row in await tx.fetch(
        "select source, subject, sequence, place, headers, value, reason, waits_for, attempts,"
        f" ({_DUE.format(everything='$3')}) as due"
        " from held where consumer = $1 and subject = any($2::uuid[]) order by source, subject, sequence",
        consumer,
        wanted,
        everything,
    ):
        raw = _raw(row["place"], row["headers"], row["value"])
        event = parse(raw.headers, raw.value)
        assert isinstance(event, Recorded)
        hold = Hold(row["reason"], row["waits_for"], row["attempts"], row["due"])
        line = lines[row["source"], row["subject"]]
        line.waiting[row["sequence"]] = Waiting(event, raw, hold)
        line.retrying |= row["due"] and row["subject"] in retry
    return lines


async def _lines(tx: Connection, consumer: str, subjects: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], Line]:
    """The rows that exist, locked. One source at a time: without it the key's index would be read as a whole."""
    by_source: dict[str, list[UUID]] = {}
    for source, subject in subjects:
        by_source.setdefault(source, []).append(subject)
    lines: dict[tuple[str, UUID], Line] = {}
    for source in sorted(by_source):
        for row in await tx.fetch(
            "select subject, sequence from gate where consumer = $1 and source = $2 and subject = any($3::uuid[])"
            " order by subject for update",
            consumer,
            source,
            by_source[source],
        ):
            lines[source, row["subject"]] = Line(source, row["subject"], row["sequence"])
    return lines


async def _sources(tx: Connection, consumer: str, subjects: frozenset[UUID]) -> list[tuple[str, UUID]]:
    rows = await tx.fetch(
        "select distinct source, subject from held where consumer = $1 and subject = any($2::uuid[])",
        consumer,
        sorted(subjects),
    )
    return [(row["source"], row["subject"]) for row in rows]


def headers_json(raw: Raw) -> str:
    """Headers as they came; latin-1 keeps every byte, and NUL, which jsonb refuses, is written as its symbol."""
    return json.dumps(
        [[n, None if v is None else v.decode("latin-1").replace("\0", "␀")] for n, v in raw.headers]
    ).replace("\\u0000", "\\u2400")


def _raw(place: str, headers: str, value: bytes | None) -> Raw:
    topic, partition, offset = place.rsplit("/", 2)
    pairs = [(n, None if v is None else v.encode("latin-1", "replace")) for n, v in json.loads(headers)]
    return Raw(topic, int(partition), int(offset), None, value, pairs)


async def save(tx: Connection, consumer: str, lines: Iterable[Line]) -> int:
    """Writes how far each subject came and what is held of it now. Returns how many events are newly held."""
    lines = list(lines)
    moved = [line for line in lines if line.reached > line.sequence]
    if moved:
        await tx.execute(
            "update gate g set sequence = n.sequence"
            " from unnest($2::text[], $3::uuid[], $4::bigint[]) as n (source, subject, sequence)"
            " where g.consumer = $1 and g.source = n.source and g.subject = n.subject",
            consumer,
            [line.source for line in moved],
            [line.subject for line in moved],
            [line.reached for line in moved],
        )
        freed = [line for line in moved if any(w.hold for s, w in line.waiting.items() if s <= line.reached)]
        for line in freed:
            await tx.execute(
                "delete from held where consumer = $1 and source = $2 and subject = $3 and sequence <= $4",
                consumer,
                line.source,
                line.subject,
                line.reached,
            )
    asked = [line.subject for line in lines if line.retrying]
    if asked:
        # A person may ask for one that is not the head: the head has been tried for it now, once.
        await tx.execute(
            "update held set next_try = null where consumer = $1 and subject = any($2::uuid[])"
            " and waits_for = 'predecessor' and next_try is not null",
            consumer,
            asked,
        )
    new = 0
    for line in lines:
        for sequence, item in sorted(line.waiting.items()):
            if sequence <= line.reached:
                continue
            if line.stop is not None and line.stop[0] == sequence:
                await _hold(tx, consumer, line, item, line.stop[1])
                new += item.hold is None
            elif item.hold is None:
                await _hold(tx, consumer, line, item, Hold("waits for an earlier event of its subject", "predecessor"))
                new += 1
    return new


async def _hold(tx: Connection, consumer: str, line: Line, item: Waiting, hold: Hold) -> None:
    raw = item.raw or as_record(item.event)
    attempts = 1 if item.hold is None else item.hold.attempts + 1
    waits_for = "person" if hold.waits_for == "retry" and attempts >= ATTEMPTS else hold.waits_for
    await tx.execute(
        "insert into held (consumer, source, subject, sequence, event_id, type, place, headers, value, reason,"
        " waits_for, attempts, next_try) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
        " clock_timestamp() + $13::interval)"
        " on conflict (consumer, source, subject, sequence) where subject is not null do update set"
        " reason = excluded.reason, waits_for = excluded.waits_for, attempts = excluded.attempts,"
        " next_try = excluded.next_try",
        consumer,
        line.source,
        line.subject,
        item.event.sequence,
        item.event.id,
        item.event.type,
        raw.place,
        headers_json(raw),
        raw.value,
        hold.reason,
        waits_for,
        attempts,
        _back_off(attempts) if waits_for == "retry" else None,
    )


async def discard(tx: Connection, consumer: str, source: str, event: UUID, *, reason: str, actor: str) -> None:
    """Leaves `event` out, in every generation of the consumer; what waits behind it goes on at the next look."""
    await tx.execute(
        "insert into discarded (consumer, source, event_id, reason, actor)"
        " values (split_part($1, '/', 1), $2, $3, $4, $5) on conflict do nothing",
        consumer,
        source,
        event,
        reason,
        actor,
    )
    await tx.execute(
        "update held set next_try = clock_timestamp() where source = $2 and event_id = $3"
        " and split_part(consumer, '/', 1) = split_part($1, '/', 1)",
        consumer,
        source,
        event,
    )


async def discarded(tx: Connection, consumer: str) -> set[UUID]:
    """Which events a person has discarded for this consumer, whatever its generation."""
    rows = await tx.fetch("select event_id from discarded where consumer = split_part($1, '/', 1)", consumer)
    return {row["event_id"] for row in rows}


async def due(tx: Connection, consumer: str, *, everything: bool, after: UUID | None = None) -> list[UUID]:
    """Subjects above `after` whose held head may be tried again, at most PAGE, in order."""
    rows = await tx.fetch(
        "select distinct subject from held where consumer = $1 and subject is not null"
        f" and ({_DUE.format(everything='$2')}) and ($3::uuid is null or subject > $3) order by subject limit {PAGE}",
        consumer,
        everything,
        after,
    )
    return [row["subject"] for row in rows]
