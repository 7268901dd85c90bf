"""How batches come in: one FastStream subscription per consumer group and topic, acknowledged by hand."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.contracts.envelope import Headers, Recorded, headers, record
from shared.faults import step
from shared.messaging.client import Unpacked, Unreadable, is_cancelled, let_go
from shared.messaging.security import security
from shared.messaging.topics import topic
from shared.settings import Settings

log = structlog.get_logger()

# aiokafka's consumer may poll for ever without getting anything after its broker came back (its issues 1154, 847).
STUCK_SECONDS = 15


@record
class Raw:
    """A record as it came, before anything was believed about it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    fault: str | None = None

    @property
    def source(self) -> str:
        """The service whose topic this is."""
        return self.topic.rpartition(".")[2]

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def as_record(event: Recorded) -> Raw:
    """An event that came from its journal, as the record that Kafka would have given."""
    return Raw(topic("journal", event.source), -1, event.position, None, event.data.encode(), headers(event))


def _raw(one: Any) -> Raw:
    fault = "the name of a header is not UTF-8" if isinstance(one, Unreadable) else None
    return Raw(one.topic, one.partition, one.offset, one.key, one.value, one.headers, fault)


Receive = Callable[[Sequence[Raw]], Awaitable[None]]


async def _strip_headers(message: Any, parse: Callable[[Any], Awaitable[Any]]) -> Any:
    """One undecodable header makes FastStream skip and commit the whole batch: it gets to see none of them.

    Nor any record but the first: what it makes of the others nobody asks for.
    """
    parsed = await parse((replace(message[0], headers=()),))
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
        self._unpolled_since: float | None = None
        self.applying = False
        self.trouble: str | None = "not started"

    def build(self) -> KafkaBroker:
        """A broker with this one subscriber. FastStream's defaults are at most once: every setting here is meant."""
        broker = KafkaBroker(
            self._settings.kafka,
            security=security(self._settings),
            client_id=f"landa-{self._settings.service}-{self._settings.instance}",
            request_timeout_ms=7000,
            retry_backoff_ms=100,
            metadata_max_age_ms=5000,
            allow_auto_create_topics=False,
            consumer_only=True,
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
        try:
            await self._take(message)
        finally:
            # What FastStream decoded is kept in its message, and here that is the message itself: such a circle would
            # keep every batch until the collector's rarest round, hundreds of MB while a service catches up.
            message.raw_message = ()

    async def _take(self, message: Any) -> None:
        records = [_raw(one) for one in message.raw_message]
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
            async with asyncio.timeout(5):
                await message.ack()
        step(f"{self.group}.acknowledged")

    async def run(self) -> None:
        """Connects, keeps polling, and connects anew when the client got stuck. Ends only by cancellation."""
        while True:
            self._broker = self.build()
            self._unpolled_since = None
            try:
                async with asyncio.timeout(20):
                    await self._start(self._broker)
                self.trouble = None
                await self._watch()
                log.warning("consumer made no progress, connecting anew", group=self.group)
            except (KafkaError, OSError, TimeoutError) as error:
                self.trouble = type(error).__name__
            except asyncio.CancelledError:
                # The client cancels futures of its own when it loses its coordinator; that is not for us to end.
                if is_cancelled():
                    raise
                self.trouble = "CancelledError"
            finally:
                await self._close()
            await asyncio.sleep(0.5)

    async def begin_behind(self) -> None:
        """The group will not be given what the topic holds now: it comes from elsewhere, the producer's journal.

        Without Kafka, or when the group is at work already, nothing changes: the gate drops what comes twice.
        """
        look = AIOKafkaConsumer(topic(self._settings.topic_prefix, self.source), bootstrap_servers=self._settings.kafka)
        move = AIOKafkaConsumer(bootstrap_servers=self._settings.kafka, group_id=self.group, enable_auto_commit=False)
        try:
            async with asyncio.timeout(15):
                await look.start()
                ends = await look.end_offsets(look.assignment())
                await move.start()
                move.assign(list(ends))
                await move.commit(ends)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the group begins at the beginning", group=self.group, error=type(error).__name__)
        finally:
            for client in (look, move):
                await let_go(client, client.stop())

    async def _start(self, broker: KafkaBroker) -> None:
        await broker.connect()
        config = broker.config.broker_config
        assert isinstance(config.builder, partial)
        config.builder = partial(Unpacked, **config.builder.keywords)
        await broker.start()

    async def _watch(self) -> None:
        """Returns when nothing was polled for 15 s although partitions are assigned, or none was assigned for 60 s."""
        unassigned_since = time.monotonic()
        while True:
            await asyncio.sleep(1)
            idle = self.seconds_since_poll()
            if idle is not None:
                unassigned_since = time.monotonic()
            if (
                idle is not None and idle > STUCK_SECONDS and not self.applying
            ) or time.monotonic() - unassigned_since > 60:
                return

    async def _close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await let_go(self._client, broker.stop())

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
        # A partition that was just given to us has no stamp yet: its time counts from when that was first seen.
        now = time.time()
        if None not in stamps:
            self._unpolled_since = None
        elif self._unpolled_since is None:
            self._unpolled_since = now
        return now - min(self._unpolled_since or now if stamp is None else stamp / 1000 for stamp in stamps)

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
                async with asyncio.timeout(0.5):
                    total += max(0, end - await client.position(partition))
            except (TimeoutError, KafkaError, IllegalStateError):
                return None
        return total
