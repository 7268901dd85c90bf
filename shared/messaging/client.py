"""The consumer's client: a record that cannot even be unpacked is handed on as such and stops nothing behind it."""

import asyncio
import time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

log = structlog.get_logger()

SEARCH_SECONDS = 60


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
