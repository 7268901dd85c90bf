"""How the relay's records go out: idempotent, in order per partition, nothing behind a failure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.messaging.client import let_go
from shared.messaging.security import client_options
from shared.messaging.topics import topic
from shared.settings import Settings

BATCH_BYTES = 131_072


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record for a partition."""

    partition: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Rejected(Exception):
    """The broker was reached and refused a record of the batch that begins at `index`: trying again changes nothing."""

    def __init__(self, reason: str, index: int) -> None:
        super().__init__(reason)
        self.index = index


class Unsent(Exception):
    """Only the indices in `acknowledged` were acknowledged. `cause` is Rejected or the client's error.

    `rejected` begin the batches that the broker refused; what else is missing failed for another reason.
    """

    def __init__(self, acknowledged: list[int], cause: BaseException, rejected: Sequence[int] = ()) -> None:
        super().__init__(type(cause).__name__)
        self.acknowledged = acknowledged
        self.cause = cause
        self.rejected = tuple(rejected)


# Answers after which this record will never be taken, whoever sends it.
_FINAL = {"MessageSizeTooLargeError", "InvalidTimestamp", "InvalidTimestampError", "CorruptRecordException"}
_FINAL |= {"RecordListTooLargeError", "RecordTooLargeError", "InvalidMessageError", "PolicyViolationError"}


class Outlet:
    """The relay's producer: idempotent, acks=all. After any failure it is closed; open a new one."""

    def __init__(self, settings: Settings) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka,
            client_id=f"landa-relay-{settings.service}",
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=5000,
            retry_backoff_ms=100,
            metadata_max_age_ms=30_000,
            **client_options(settings),
        )
        self._topic = topic(settings.topic_prefix, settings.service)

    async def open(self) -> int:
        """Connects. Returns the topic's number of partitions. Raises OSError, TimeoutError or KafkaError's kin."""
        try:
            async with asyncio.timeout(10):
                await self._producer.start()
            async with asyncio.timeout(10):
                found = await self._producer.partitions_for(self._topic)
        except KafkaError as error:
            raise OSError(type(error).__name__) from error
        if not found:
            raise OSError(f"topic {self._topic} does not exist; deploy makes the topics before any service starts")
        return len(found)

    async def close(self) -> None:
        """Lets go of the connection, whatever state it is in.

        `stop` waits until what is unsent has gone out. Nothing of it may go out any more, and while Kafka is away that
        wait has no end: each producer left behind would go on trying, with its tasks and sockets. So its sender ends
        first, for which the client has no public way.
        """
        sender = getattr(getattr(self._producer, "_sender", None), "sender_task", None)
        if sender is not None:
            sender.cancel()
        await let_go(self._producer, self._producer.stop())
        if sender is not None:
            self._producer._message_accumulator.fail_all(KafkaError("closed"))

    async def send(self, records: Sequence[Outgoing], *, alone: bool = False) -> None:
        """Sends in order per partition and returns when all are acknowledged. Raises Unsent.

        One batch per partition is under way at a time, so that nothing behind a failure goes out. `alone` sends each
        record in a batch of its own.
        """
        lanes: dict[int, list[int]] = {}
        for index, record in enumerate(records):
            lanes.setdefault(record.partition, []).append(index)
        acknowledged: list[int] = []
        ends = await asyncio.gather(
            *(self._lane(records, lane, acknowledged, alone) for lane in lanes.values()), return_exceptions=True
        )
        failures = [end for end in ends if isinstance(end, BaseException)]
        if failures:
            final = [f for f in failures if isinstance(f, Rejected)]
            raise Unsent(acknowledged, (final or failures)[0], [f.index for f in final])

    async def _lane(self, records: Sequence[Outgoing], lane: list[int], done: list[int], alone: bool) -> None:
        start = 0
        while start < len(lane):
            batch = self._producer.create_batch()
            end = start
            while end < len(lane) and not (alone and end > start):
                record = records[lane[end]]
                taken = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
                if taken is None:
                    break
                end += 1
            try:
                sent = await self._producer.send_batch(batch, self._topic, partition=records[lane[start]].partition)
                await sent
            except KafkaError as error:
                if type(error).__name__ in _FINAL:
                    raise Rejected(type(error).__name__, lane[start]) from error
                raise OSError(type(error).__name__) from error
            done.extend(lane[start:end])
            start = end
