"""Kafka and FastStream, and the only package that knows them."""

from shared.messaging.inlet import Inlet, Raw, Receive, as_record
from shared.messaging.outlet import Outgoing, Outlet, Rejected, Unsent
from shared.messaging.topics import calm_logs, key_hash, topic

__all__ = [
    "Inlet", "Outgoing", "Outlet", "Raw", "Receive", "Rejected", "Unsent", "as_record", "calm_logs", "key_hash",
    "topic",
]  # fmt: skip
