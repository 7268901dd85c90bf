"""What Kafka's client lacks: an end that leaves nothing behind, and a way past a record that it cannot unpack."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

log = structlog.get_logger()

SEARCH_SECONDS = 60


def is_cancelled() -> bool:
    """Whether somebody asked this task to end: the client cancels futures of its own, which is not for us to obey."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def let_go(client: AIOKafkaConsumer | AIOKafkaProducer | None, stopping: Coroutine[Any, Any, None]) -> None:
    """Ends a client: `stopping` within 6 s, then whatever that has left behind. Raises only what cancels the caller.

    While Kafka is away `stop` may fail or hang half way, and stopping again does nothing: the tasks and connections
    that it did not reach would go on for ever, one set for each client made anew.
    """
    await _tried(stopping, 6)
    for end in _ends(client):
        await _tried(end(), 1)
    if is_cancelled():
        raise asyncio.CancelledError


async def _tried(ending: Coroutine[Any, Any, None], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ending
    except asyncio.CancelledError:
        pass
    except Exception as error:  # noqa: BLE001  (what is thrown away may be in any state)
        log.info("a client ended badly", error=type(error).__name__)


def _ends(client: Any) -> list[Any]:
    """How each part of a client ends, for which it has no public way; what has ended already ends again."""
    parts = (
        ("_coordinator", "close"),
        ("_coordinator", "_stop_heartbeat_task"),
        ("_coordinator", "_stop_commit_offsets_refresh_task"),
        ("_fetcher", "close"),
        ("_sender", "close"),
        ("_client", "close"),  # a consumer's
        ("client", "close"),  # a producer's
    )
    found = (getattr(getattr(client, part, None), end, None) for part, end in parts)
    return [end for end in found if end is not None]


class Unreadable(ConsumerRecord):  # type: ignore[misc]
    """Stands for a record that cannot be unpacked."""


class Unpacked(AIOKafkaConsumer):  # type: ignore[misc]
    """Kafka allows any bytes as the name of a header, aiokafka decodes them as UTF-8.

    One such record made every poll of its partition fail for ever, and the records of other partitions that were taken
    out in the same poll were passed over. Here such a poll starts again from what is committed, one record at a time,
    until the record is found; it comes out as Unreadable, with nothing in it but its place.
    """

    _searching_until = 0.0

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        if time.monotonic() < self._searching_until:
            return await self._search(timeout_ms / 1000, max_records or 500)
        try:
            found: dict[TopicPartition, list[Any]] = await super().getmany(
                *partitions, timeout_ms=timeout_ms, max_records=max_records
            )
            return found
        except UnicodeDecodeError:
            log.error("a record cannot be unpacked, looking for it", topics=sorted(self.subscription()))
            await self._back_to_committed()
            self._searching_until = time.monotonic() + SEARCH_SECONDS
            return {}

    async def _back_to_committed(self) -> None:
        for partition in self.assignment():
            committed = await self.committed(partition)
            if committed is None:
                await self.seek_to_beginning(partition)
            else:
                self.seek(partition, committed)

    async def _search(self, timeout: float, most: int) -> dict[TopicPartition, list[Any]]:
        found: dict[TopicPartition, list[Any]] = {}
        count = 0
        for partition in sorted(self.assignment()):
            while count < most:
                try:
                    one = await super().getmany(partition, timeout_ms=0, max_records=1)
                except UnicodeDecodeError:
                    offset = await self.position(partition)
                    self.seek(partition, offset + 1)
                    self._searching_until = 0.0
                    one = {partition: [_unreadable(partition, offset)]}
                if not one:
                    break
                found.setdefault(partition, []).extend(one[partition])
                count += 1
        if not found:
            await asyncio.sleep(timeout)
        return found


def _unreadable(partition: TopicPartition, offset: int) -> Any:
    return Unreadable(partition.topic, partition.partition, offset, -1, -1, None, None, None, -1, -1, ())
