"""Kafka and FastStream, and the only module that knows them: how batches come in and how the relay's records go out."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.partitioner import murmur2
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.contracts.envelope import Headers
from shared.settings import Settings

log = structlog.get_logger()

HASH_MASK = 0x7FFFFFFF
BATCH_BYTES = 131_072


def topic(prefix: str, service: str) -> str:
    """The topic that holds everything `service` says. `prefix` is `landa`, unless installations share a Kafka."""
    return f"{prefix}.{service}"


def key_hash(subject: UUID) -> int:
    """Kafka's own hash of the record key; the partition is this modulo the number of partitions."""
    return int(murmur2(str(subject).encode())) & HASH_MASK


class _Calmer(logging.Filter):
    """aiokafka wrote 5,800 lines in a minute without a broker: at most one line of a kind in five seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if len(self._last) > 200:
            self._last.clear()
        if now - self._last.get(str(record.msg), -60.0) < 5:
            return False
        self._last[str(record.msg)] = now
        return True


def calm_logs() -> None:
    """Keeps the clients' logs readable while a broker is away. Filters sit on loggers, so each child needs its own."""
    calmer = _Calmer()
    for name in ("aiokafka", "aiokafka.conn", "aiokafka.client", "aiokafka.cluster", "aiokafka.producer.sender"):
        logging.getLogger(name).addFilter(calmer)
    for name in ("aiokafka.consumer.group_coordinator", "aiokafka.consumer.fetcher", "faststream"):
        logging.getLogger(name).addFilter(calmer)


# --- in -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it came, before anything was believed about it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def source(self) -> str:
        """The service whose topic this is."""
        return self.topic.rpartition(".")[2]

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


Receive = Callable[[Sequence[Raw]], Awaitable[None]]


async def _strip_headers(message: Any, parse: Callable[[Any], Awaitable[Any]]) -> Any:
    """One undecodable header makes FastStream skip and commit the whole batch: it gets to see none of them."""
    parsed = await parse(tuple(replace(record, headers=()) for record in message))
    parsed.raw_message = message
    return parsed


async def _hand_on(message: Any) -> Any:
    return message


class Inlet:
    """One subscription of one consumer group to one topic. `receive` applies a batch and commits its own transaction.

    `receive` raises only when the infrastructure is away: the batch is then given again after a pause, for ever.
    """

    def __init__(self, settings: Settings, source: str, group: str, receive: Receive) -> None:
        self._settings = settings
        self.source = source
        self.group = group
        self._receive = receive
        self._pause = 0.2
        self._broker: KafkaBroker | None = None
        self._subscriber: Any = None
        self.applying = False
        self.trouble: str | None = "not started"

    def build(self) -> KafkaBroker:
        """A broker with this one subscriber. FastStream's defaults are at most once: every setting here is meant."""
        broker = KafkaBroker(
            self._settings.kafka,
            client_id=f"landa-{self._settings.service}-{self._settings.instance}",
            request_timeout_ms=7000,
            retry_backoff_ms=100,
            metadata_max_age_ms=5000,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
            graceful_timeout=5,
        )
        self._subscriber = broker.subscriber(
            topic(self._settings.topic_prefix, self.source),
            batch=True,
            max_records=2000,
            batch_timeout_ms=20,
            group_id=self.group,
            group_instance_id=f"{self.group}.{self._settings.instance}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            parser=_strip_headers,
            decoder=_hand_on,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=60_000,
            fetch_max_wait_ms=100,
        )
        self._subscriber(self._on_batch)
        return broker

    async def _on_batch(self, message: Any) -> None:
        records = [
            Raw(r.topic, r.partition, r.offset, r.key, r.value, tuple((n, v) for n, v in r.headers))
            for r in message.raw_message
        ]
        self.applying = True
        try:
            await self._receive(records)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (a handler that raises under MANUAL would lose the batch)
            self.trouble = type(error).__name__
            log.warning("batch waits", group=self.group, source=self.source, error=type(error).__name__)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, 5.0)
            with suppress(IllegalStateError):
                await message.nack()
            return
        finally:
            self.applying = False
        self._pause = 0.2
        self.trouble = None
        # An older offset left behind is harmless, the gate drops what comes twice; so neither wait long nor fail.
        with suppress(CommitFailedError, IllegalStateError, TimeoutError, KafkaError):
            await asyncio.wait_for(message.ack(), 5)

    async def run(self) -> None:
        """Connects, keeps polling, and connects anew when the client got stuck. Ends only by cancellation."""
        while True:
            self._broker = self.build()
            try:
                await asyncio.wait_for(self._broker.start(), 20)
                self.trouble = None
                await self._watch()
                log.warning("consumer made no progress, connecting anew", group=self.group)
            except (KafkaError, OSError, TimeoutError) as error:
                self.trouble = type(error).__name__
            finally:
                await self._close()
            await asyncio.sleep(0.5)

    async def _watch(self) -> None:
        """Returns when nothing was polled for 30 s although partitions are assigned, or none was assigned for 60 s."""
        unassigned_since = time.monotonic()
        while True:
            await asyncio.sleep(1)
            idle = self.seconds_since_poll()
            if idle is not None:
                unassigned_since = time.monotonic()
            if (idle is not None and idle > 30 and not self.applying) or time.monotonic() - unassigned_since > 60:
                return

    async def _close(self) -> None:
        if self._broker is not None:
            with suppress(KafkaError, OSError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._broker.stop(), 6)
            self._broker = None

    @property
    def _client(self) -> Any:
        return getattr(self._subscriber, "consumer", None)

    def seconds_since_poll(self) -> float | None:
        """The longest time since an assigned partition was last polled; None when none is assigned."""
        client = self._client
        if client is None:
            return None
        stamps = [client.last_poll_timestamp(partition) for partition in client.assignment()]
        if not stamps:
            return None
        return time.time() - min(stamp or 0 for stamp in stamps) / 1000

    async def lag(self) -> int | None:
        """Records between the positions and the ends of the assigned partitions; None when that is not known."""
        client = self._client
        if client is None or not client.assignment():
            return None
        total = 0
        for partition in client.assignment():
            end = client.highwater(partition)
            if end is None:
                return None
            try:
                total += max(0, end - await asyncio.wait_for(client.position(partition), 0.5))
            except (TimeoutError, KafkaError, IllegalStateError):
                return None
        return total


# --- out ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record for a partition."""

    partition: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Rejected(Exception):
    """The broker was reached and refused a record: trying again changes nothing."""


class Unsent(Exception):
    """Only the indices in `acknowledged` were acknowledged. `cause` is Rejected or the client's error."""

    def __init__(self, acknowledged: list[int], cause: BaseException) -> None:
        super().__init__(type(cause).__name__)
        self.acknowledged = acknowledged
        self.cause = cause


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
        )
        self._topic = topic(settings.topic_prefix, settings.service)

    async def open(self) -> int:
        """Connects. Returns the topic's number of partitions. Raises OSError, TimeoutError or KafkaError's kin."""
        try:
            await asyncio.wait_for(self._producer.start(), 10)
            found = await asyncio.wait_for(self._producer.partitions_for(self._topic), 10)
        except KafkaError as error:
            raise OSError(type(error).__name__) from error
        if not found:
            raise OSError(f"topic {self._topic} does not exist; deploy makes the topics before any service starts")
        return len(found)

    async def close(self) -> None:
        """Lets go of the connection, whatever state it is in."""
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(self._producer.stop(), 2)

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
            raise Unsent(acknowledged, (final or failures)[0])

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
                    raise Rejected(type(error).__name__) from error
                raise OSError(type(error).__name__) from error
            done.extend(lane[start:end])
            start = end
