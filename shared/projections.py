"""The consumers of a process: one stream per consumer, and for a projection one more while it is rebuilt.

A rebuild fills a new generation beside the old one, with gates and a consumer group of its own, while pages read the
old one; see `shared.generations` for the swap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from shared import generations, journal_stream
from shared.consumer import Consumer, Projection, Receiver
from shared.contracts.envelope import Recorded
from shared.database import Database, is_unavailable
from shared.messaging import Inlet, Raw
from shared.missing import Missing, Patience
from shared.runtime import Runtime

log = structlog.get_logger()

LOOK_SECONDS = 5
LANES = 2


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
        self._missing = Missing(runtime, database)
        self._may_stall = Patience(5).may
        self.streams: dict[str, Stream] = {}

    def complete(self) -> bool:
        """Whether every consumer has a stream; before the first look at the table none has."""
        names = {name.partition("/")[0] for name in self.streams}
        return all(consumer.name in names for consumer in self._consumers)

    def _stream(self, consumer: Consumer, generation: int | None) -> Stream:
        if isinstance(consumer, Projection):
            assert generation is not None
            name = f"{consumer.name}/{generation}"
            current = partial(generations.is_current, consumer.name, generation)
            receiver = Receiver(self._database, name, generations.marked(consumer, generation), current)
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
        building: list[tuple[Projection, int, int]] = []
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
                building.append((consumer, row["live"], row["building"]))
        for name in set(self.streams) - set(wanted):
            await self._end(name)
        for name, (consumer, generation) in wanted.items():
            stream = self.streams.get(name)
            if stream is None or stream.task is None or stream.task.done():
                stream = self.streams[name] = self._stream(consumer, generation)
                stream.task = asyncio.create_task(self._flow(consumer, generation, stream), name=f"stream {name}")
            stream.receiver.rebuilding = any((c, new) == (consumer, generation) for c, _, new in building)
        for projection, live, new in building:
            await generations.swap_when_caught_up(self._database, self._may_stall, projection, live, new)

    async def _end(self, name: str) -> None:
        stream = self.streams.pop(name)
        if stream.task is not None:
            stream.task.cancel()
            await asyncio.wait([stream.task], timeout=8)

    async def _flow(self, consumer: Consumer, generation: int | None, stream: Stream) -> None:
        try:
            await self._tolerant(partial(stream.receiver.retry_due, everything=True))
            if generation is not None and await self._reads_journals(consumer.name, generation):
                # What Kafka holds now is in the journals that are read after this.
                await asyncio.gather(*(inlet.begin_behind() for inlet in stream.inlets))
                await self._read_journals(consumer, stream)
            async with asyncio.TaskGroup() as group:
                for inlet in stream.inlets:
                    group.create_task(inlet.run())
                group.create_task(self._look_after(stream))
        except Exception:
            log.error("stream ended, it is started again", consumer=stream.receiver.name, exc_info=True)
            raise

    async def _tolerant(self, call: Callable[[], Awaitable[object]]) -> None:
        """Calls until what it needs is there."""
        pause = 0.5
        while True:
            try:
                await call()
                return
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)

    async def _look_after(self, stream: Stream) -> None:
        """Tries held events when their time has come, asks for what a gap waits for, reads what a watermark misses."""
        ticks = 0
        while True:
            await asyncio.sleep(1)
            ticks += 1
            await self._tolerant(stream.receiver.retry_due)
            if ticks % LOOK_SECONDS == 0:
                await self._tolerant(partial(self._missing.ask_for_gaps, stream.receiver.name))
                await self._missing.read_journals(stream.receiver)

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
        """Every event of every source from its journal; the gate drops what was read before a restart.

        While the database writes one chunk another one is read and folded.
        """

        async def read(source: str) -> None:
            free = asyncio.Semaphore(LANES)

            async def apply(events: Sequence[Recorded]) -> None:
                await self._tolerant(partial(stream.receiver.receive, events))
                free.release()

            try:
                async with asyncio.TaskGroup() as lanes:
                    async for events in journal_stream.read(self._runtime, source):
                        await free.acquire()
                        lanes.create_task(apply(events))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from errors

        for source in consumer.sources:
            await self._tolerant(partial(read, source))
        log.info("journals read", consumer=stream.receiver.name)
