"""Names of topics, the hash that chooses a partition, and the clients' logs kept readable."""

import logging
import time
from uuid import UUID

from aiokafka.partitioner import murmur2

HASH_MASK = 0x7FFFFFFF


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
