"""Receive a batch, gate by sequence, apply once, hold what cannot go on: one transaction, then the offset moves.

Per consumer, source and subject the gate remembers the last sequence applied. Lower is a double and dropped; next is
applied, and held successors after it; anything else waits in `held`, where staff can see it, while the others flow.
Only a deterministic error holds an event; when the database is away the whole batch is tried again, for ever.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import asyncpg
import structlog

from shared import garbage as garbage_of
from shared import gate, telemetry, watermarks
from shared.contracts.envelope import Fact, Recorded, Undecodable, Watermark, fact, parse
from shared.database import Connection, Database, is_unavailable
from shared.faults import step
from shared.gate import Hold, Line
from shared.messaging import Raw, as_record
from shared.watermarks import StrangeJournal

log = structlog.get_logger()
_visible = telemetry.histogram("landa.commit_to_visible", "s", "from the producer's commit to the consumer's")

# A batch takes a second at most; a database that does not answer is given up, and the batch is given again.
BATCH_SECONDS = 20

ApplyProjection = Callable[[Connection, int, Sequence[Fact]], Awaitable[None]]
ApplyReaction = Callable[[Connection, Sequence[Fact]], Awaitable[None]]
Apply = Callable[[Connection, Sequence[Fact]], Awaitable[None]]
# Asked first in every batch's transaction, and holds until its end: whether this receiver may still apply anything.
Current = Callable[[Connection], Awaitable[bool]]


@dataclass(frozen=True)
class Projection:
    """A read model that can be rebuilt: `apply(tx, generation, facts)`; `forget(tx, generation)` deletes one."""

    name: str
    sources: tuple[str, ...]
    apply: ApplyProjection
    forget: Callable[[Connection, int], Awaitable[None]]


@dataclass(frozen=True)
class Reactor:
    """Acts on facts (mail, commands) and is never rebuilt. Derives its ids from the event. `apply(tx, facts)`."""

    name: str
    sources: tuple[str, ...]
    apply: ApplyReaction


Consumer: TypeAlias = Projection | Reactor
# an event and the record it came in; None from a journal
Arrived: TypeAlias = tuple[Recorded, Raw | None]
Ready: TypeAlias = tuple[Line, Fact, Recorded, Raw | None]


@dataclass
class Outcome:
    """What became of one batch."""

    applied: int = 0
    dropped: int = 0
    held: int = 0
    facts: list[Fact] = field(default_factory=list)


class Receiver:
    """Applies batches for one consumer (and one generation of it), whoever feeds it."""

    def __init__(self, database: Database, name: str, apply: Apply, current: Current | None = None) -> None:
        self._database = database
        self.name = name
        self._apply = apply
        self._current = current
        # Old facts that fill a new generation say nothing about how fast news travels, and belong to no trace.
        self.rebuilding = False

    async def receive(
        self, records: Sequence[Raw | Recorded], *, retry: frozenset[UUID] = frozenset(), everything: bool = False
    ) -> Outcome:
        """One batch, one transaction: records of Kafka's, or events of a journal's.

        `retry` names subjects whose held head may be tried again now. Raises only when the infrastructure is away, and
        StrangeJournal.
        """
        started = time.time_ns()
        events: list[Arrived] = []
        marks: list[Watermark] = []
        garbage: list[tuple[Raw, str]] = []
        epochs: dict[tuple[str, UUID], None] = {}
        for raw in records:
            if isinstance(raw, Recorded):
                epochs[raw.source, raw.epoch] = None
                events.append((raw, None))
                continue
            try:
                if raw.fault is not None:
                    raise Undecodable(raw.fault)
                found = parse(raw.headers, raw.value)
                if found.source != raw.source:
                    raise Undecodable("the source is not the topic's service")
            except Undecodable as error:
                garbage.append((raw, str(error)))
                continue
            epochs.pop((found.source, found.epoch), None)
            epochs[found.source, found.epoch] = None
            if isinstance(found, Watermark):
                marks.append(found)
            else:
                events.append((found, raw))
        if events:
            step(f"{self.name}.received")
        try:
            async with self._database.transaction(seconds=BATCH_SECONDS) as tx:
                if self._current is not None and not await self._current(tx):
                    return Outcome(dropped=len(records))
                outcome = await self._work(tx, events, marks, garbage, retry, everything)
                if outcome.applied:
                    step(f"{self.name}.applied")
        except StrangeJournal:
            async with self._database.transaction() as tx:
                gone = await watermarks.retired(tx)
                await watermarks.remember_strangers(tx, self.name, [epoch for epoch in epochs if epoch not in gone])
            raise
        except (asyncpg.DataError, ValueError, OverflowError) as error:
            if not records:
                raise
            return await self._one_by_one(records, error)
        if outcome.applied:
            step(f"{self.name}.committed")
        now = time.time()
        for done in () if self.rebuilding else outcome.facts:
            _visible(now - done.recorded_at.timestamp(), {"consumer": self.name})
            telemetry.span_between(
                f"apply in {self.name}",
                done.event.type,
                done.traceparent,
                started,
                subject=done.subject,
                event=str(done.id),
                sequence=done.sequence,
            )
        return outcome

    async def _work(
        self,
        tx: Connection,
        events: Sequence[Arrived],
        marks: Sequence[Watermark],
        garbage: Sequence[tuple[Raw, str]],
        retry: frozenset[UUID],
        everything: bool,
    ) -> Outcome:
        outcome = Outcome()
        if gone := await watermarks.retired(tx):
            outcome.dropped = sum((e.source, e.epoch) in gone for e, _ in events)
            events = [(e, raw) for e, raw in events if (e.source, e.epoch) not in gone]
            marks = [m for m in marks if (m.source, m.epoch) not in gone]
        await watermarks.check_epochs(
            tx, self.name, {(e.source, e.epoch) for e, _ in events} | {(m.source, m.epoch) for m in marks}
        )
        await garbage_of.hold(tx, self.name, garbage)
        if events or retry:
            lines = await gate.lock(tx, self.name, [event for event, _ in events], retry, everything=everything)
            discarded = await gate.discarded(tx, self.name)
            ready: list[Ready] = []
            for event, raw in events:
                line = lines[event.source, event.subject]
                if event.sequence <= line.reached or event.sequence in line.waiting:
                    outcome.dropped += 1
                elif event.sequence == line.reached + 1 and not line.waiting and event.id not in discarded:
                    self._step(line, event, raw, ready)
                else:
                    line.waiting[event.sequence] = gate.Waiting(event, raw)
            for line in lines.values():
                if line.waiting:
                    self._walk(line, discarded, ready)
            await self._apply_all(tx, ready, outcome)
            outcome.held = await gate.save(tx, self.name, lines.values())
        await watermarks.compare(tx, self.name, marks)
        return outcome

    def _step(self, line: Line, event: Recorded, raw: Raw | None, ready: list[Ready]) -> bool:
        """Makes the next event of its subject ready; one that this process cannot read stops the subject."""
        try:
            ready.append((line, fact(event), event, raw))
        except Undecodable as error:
            line.waiting.setdefault(event.sequence, gate.Waiting(event, raw))
            line.stop_at(event.sequence, Hold(str(error), "release"))
            return False
        line.reached = event.sequence
        return True

    def _walk(self, line: Line, discarded: set[UUID], ready: list[Ready]) -> None:
        """What waited, as far as it goes on now, in order; everything after that is held."""
        while (item := line.waiting.get(line.reached + 1)) is not None:
            if item.hold is not None and item.hold.waits_for != "predecessor" and not line.retrying:
                break
            if item.event.id in discarded:
                line.reached += 1
            elif not self._step(line, item.event, item.raw, ready):
                break

    async def _apply_all(self, tx: Connection, ready: list[Ready], outcome: Outcome) -> None:
        """All at once; when that fails for a reason of its own, one savepoint per event to find which."""
        if not ready:
            return
        facts = [item for _, item, _, _ in ready]
        try:
            async with tx.transaction():
                await self._apply(tx, facts)
            outcome.facts = facts
        except Exception as error:
            if is_unavailable(error):
                raise
            log.warning("looking for the event that fails", consumer=self.name, error=type(error).__name__)
            stopped: set[int] = set()
            for line, item, event, raw in ready:
                if id(line) in stopped:
                    line.waiting.setdefault(item.sequence, gate.Waiting(event, raw))
                    continue
                try:
                    async with tx.transaction():
                        await self._apply(tx, [item])
                    outcome.facts.append(item)
                except Exception as single:
                    if is_unavailable(single):
                        raise
                    stopped.add(id(line))
                    line.waiting.setdefault(item.sequence, gate.Waiting(event, raw))
                    line.reached = item.sequence - 1
                    line.stop_at(item.sequence, Hold(_reason(single), "retry"))
                    log.error("event held", consumer=self.name, type=item.event.type, id=str(item.id), exc_info=single)
        outcome.applied = len(outcome.facts)

    async def _one_by_one(self, records: Sequence[Raw | Recorded], error: Exception) -> Outcome:
        """A record that the gate's own tables cannot store stops nobody: what fails alone is held as garbage."""
        if len(records) > 1:
            whole = Outcome()
            for raw in records:
                one = await self.receive([raw])
                whole.applied += one.applied
                whole.dropped += one.dropped
                whole.held += one.held
                whole.facts += one.facts
            return whole
        record = as_record(records[0]) if isinstance(records[0], Recorded) else records[0]
        async with self._database.transaction() as tx:
            await garbage_of.hold(tx, self.name, [(record, f"cannot be stored: {type(error).__name__}")])
        return Outcome(held=1)

    async def retry_due(self, *, everything: bool = False) -> int:
        """Tries held heads whose time has come, in order. `everything` includes what waits for a newer release."""
        tried, after = 0, None
        while True:
            async with self._database.transaction() as tx:
                due = await gate.due(tx, self.name, everything=everything, after=after)
            if due:
                await self.receive([], retry=frozenset(due), everything=everything)
            tried += len(due)
            if len(due) < gate.PAGE:
                return tried
            after = due[-1]


def _reason(error: BaseException) -> str:
    """Why, without what: PostgreSQL's detail repeats values."""
    if isinstance(error, asyncpg.PostgresError):
        return f"{type(error).__name__} ({error.sqlstate})"
    return f"{type(error).__name__}: {str(error)[:200]}"
