"""The consumers of a process: one stream per consumer, and for a projection one more while it is rebuilt.

A rebuild fills a new generation beside the old one, with gates and a consumer group of its own, while pages read the
old one; when the new one has seen at least as much, one transaction swaps them and the old one is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog

from shared import journal_stream
from shared.consumer import Consumer, Projection, Receiver
from shared.database import Connection, Database, is_unavailable
from shared.messaging import Inlet, Raw
from shared.runtime import Runtime

log = structlog.get_logger()

BuildFrom = Literal["kafka", "journals"]
REPUBLISH_SECONDS = 5


class RebuildRunning(Exception):
    """A generation of this projection is being built already."""


async def live_generation(connection: Connection, name: str) -> int:
    """The generation that pages read."""
    found = await connection.fetchval("select live from projection where name = $1", name)
    return int(found or 1)


async def start_rebuild(tx: Connection, name: str, source: BuildFrom) -> int:
    """Asks for a new generation; the processes of the service build it. Returns its number. Raises RebuildRunning."""
    row = await tx.fetchrow("select live, building from projection where name = $1 for update", name)
    if row is None or row["building"] is not None:
        raise RebuildRunning(name)
    await tx.execute(
        "update projection set building = live + 1, build_from = $2, started_at = clock_timestamp() where name = $1",
        name,
        source,
    )
    return int(row["live"]) + 1


@dataclass
class Stream:
    """One consumer, one generation: its receiver, an inlet per source, and the retries of what it holds."""

    receiver: Receiver
    inlets: list[Inlet]
    task: asyncio.Task[None] | None = None


class Consumers:
    """Runs every consumer of a service. `streams` is what runs now, by name (`alerts`, `dashboard/2`)."""

    def __init__(self, runtime: Runtime, database: Database, consumers: Sequence[Consumer]) -> None:
        self._runtime = runtime
        self._database = database
        self._consumers = consumers
        self.streams: dict[str, Stream] = {}

    def _stream(self, consumer: Consumer, generation: int | None) -> Stream:
        if isinstance(consumer, Projection):
            assert generation is not None
            name = f"{consumer.name}/{generation}"
            receiver = Receiver(self._database, name, _marked(consumer, generation))
        else:
            name = consumer.name
            receiver = Receiver(self._database, name, consumer.apply)
        settings = self._runtime.settings
        group = f"{settings.topic_prefix}.{settings.service}.{name.replace('/', '.')}"

        async def receive(records: Sequence[Raw]) -> None:
            await receiver.receive(records)

        inlets = [Inlet(settings, source, f"{group}.{source}", receive) for source in consumer.sources]
        return Stream(receiver, inlets)

    async def run(self) -> None:
        """Starts what should run and stops what should not, as the table `projection` says. Ends by cancellation."""
        try:
            while True:
                try:
                    await self._adjust()
                except Exception as error:
                    if not is_unavailable(error):
                        log.error("consumers cannot be adjusted", error=type(error).__name__, exc_info=True)
                await asyncio.sleep(0.5)
        finally:
            await asyncio.gather(*(self._end(name) for name in list(self.streams)))

    async def _adjust(self) -> None:
        wanted: dict[str, tuple[Consumer, int | None]] = {}
        for consumer in self._consumers:
            if not isinstance(consumer, Projection):
                wanted[consumer.name] = (consumer, None)
                continue
            async with self._database.transaction() as tx:
                await tx.execute("insert into projection (name) values ($1) on conflict do nothing", consumer.name)
                row = await tx.fetchrow("select * from projection where name = $1", consumer.name)
            assert row is not None
            wanted[f"{consumer.name}/{row['live']}"] = (consumer, row["live"])
            if row["building"] is not None:
                wanted[f"{consumer.name}/{row['building']}"] = (consumer, row["building"])
                await self._swap_when_caught_up(consumer, row["live"], row["building"])
        for name in set(self.streams) - set(wanted):
            await self._end(name)
        for name, (consumer, generation) in wanted.items():
            stream = self.streams.get(name)
            if stream is None or stream.task is None or stream.task.done():
                stream = self.streams[name] = self._stream(consumer, generation)
                stream.task = asyncio.create_task(self._flow(consumer, generation, stream), name=f"stream {name}")

    async def _end(self, name: str) -> None:
        stream = self.streams.pop(name)
        if stream.task is not None:
            stream.task.cancel()
            await asyncio.wait([stream.task], timeout=8)

    async def _flow(self, consumer: Consumer, generation: int | None, stream: Stream) -> None:
        try:
            await self._tolerant(partial(stream.receiver.retry_due, everything=True))
            if generation is not None and await self._reads_journals(consumer.name, generation):
                await self._read_journals(consumer, stream)
            async with asyncio.TaskGroup() as group:
                for inlet in stream.inlets:
                    group.create_task(inlet.run())
                group.create_task(self._look_after(stream))
        except Exception:
            log.error("stream ended, it is started again", consumer=stream.receiver.name, exc_info=True)
            raise

    async def _tolerant(self, call: Callable[[], Awaitable[object]]) -> None:
        """Calls until the database is there."""
        while True:
            try:
                await call()
                return
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(0.5)

    async def _look_after(self, stream: Stream) -> None:
        """Tries held events when their time has come, and asks for events that a gap waits for."""
        ticks = 0
        while True:
            await asyncio.sleep(1)
            ticks += 1
            await self._tolerant(stream.receiver.retry_due)
            if ticks % REPUBLISH_SECONDS == 0:
                await self._tolerant(partial(self._ask_for_missing, stream.receiver.name))

    async def _ask_for_missing(self, name: str) -> None:
        async with self._database.transaction() as tx:
            missing = await tx.fetch(
                "select h.source, h.subject, g.sequence + 1 as first from held h"
                " join gate g using (consumer, source, subject) where consumer = $1 and waits_for = 'predecessor'"
                " and not exists (select from held x where x.consumer = h.consumer and x.source = h.source"
                "   and x.subject = h.subject and x.sequence = g.sequence + 1)"
                " group by 1, 2, 3 having min(h.held_at) < clock_timestamp() - make_interval(secs => $2) limit 100",
                name,
                float(REPUBLISH_SECONDS),
            )
        for row in missing:
            await journal_stream.ask_republish(self._runtime, row["source"], row["subject"], row["first"])

    # --- rebuild -------------------------------------------------------------------------------------------------

    async def _reads_journals(self, name: str, generation: int) -> bool:
        async with self._database.reading() as connection:
            return bool(
                await connection.fetchval(
                    "select true from projection where name = $1 and building = $2 and build_from = 'journals'",
                    name,
                    generation,
                )
            )

    async def _read_journals(self, consumer: Consumer, stream: Stream) -> None:
        """Every event of every source from its journal; the gate drops what was read before a restart."""
        for source in consumer.sources:
            async for records in journal_stream.read(self._runtime, source):
                await self._tolerant(partial(stream.receiver.receive, records))
        log.info("journals read", consumer=stream.receiver.name)

    async def _swap_when_caught_up(self, consumer: Projection, live: int, building: int) -> None:
        async with self._locked(consumer.name) as tx:
            if tx is None:
                return
            seen = {
                (row["consumer"], row["source"]): row["events"]
                for row in await tx.fetch(
                    "select consumer, source, sum(events)::bigint as events from ("
                    "  select consumer, source, sum(sequence) as events from gate"
                    "  where consumer = any($1) group by 1, 2"
                    "  union all select consumer, source, count(*) from held where consumer = any($1) group by 1, 2"
                    ") n group by 1, 2",
                    [f"{consumer.name}/{live}", f"{consumer.name}/{building}"],
                )
            }
            behind = [
                source
                for source in consumer.sources
                if seen.get((f"{consumer.name}/{building}", source), 0)
                < seen.get((f"{consumer.name}/{live}", source), 0)
            ]
            if behind:
                return
            await tx.execute(
                "update projection set live = $2, building = null, build_from = null, started_at = null"
                " where name = $1",
                consumer.name,
                building,
            )
            await consumer.forget(tx, live)
            for table in ("gate", "held", "watermark", "source_epoch"):
                await tx.execute(f"delete from {table} where consumer = $1", f"{consumer.name}/{live}")
            await tx.execute("select pg_notify('landa', $1)", consumer.name)
        log.info("generation swapped", projection=consumer.name, generation=building)

    @asynccontextmanager
    async def _locked(self, name: str) -> AsyncIterator[Connection | None]:
        """The projection's row, locked; None when another replica has it or the rebuild has ended."""
        async with self._database.transaction() as tx:
            row = await tx.fetchrow("select building from projection where name = $1 for update skip locked", name)
            yield tx if row is not None and row["building"] is not None else None


def _marked(consumer: Projection, generation: int) -> Callable[..., Awaitable[None]]:
    """The projection's apply, which also writes down when it last applied something."""

    async def apply(tx: Connection, facts: Sequence[object]) -> None:
        await consumer.apply(tx, generation, facts)  # type: ignore[arg-type]
        await tx.execute(
            "update projection set applied_at = clock_timestamp() where name = $1 and live = $2",
            consumer.name,
            generation,
        )

    return apply
