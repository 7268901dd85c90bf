"""What a client saw of a command it sent: the only knowledge that is not in the town itself."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """2xx; 4xx or 503; and nobody knows (timed out, 504)."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deed:
    """One command. `key` is its idempotency key; `subject` and `version` are what the answer said, where it did."""

    key: UUID
    route: str
    outcome: Outcome
    subject: UUID | None = None
    version: int | None = None
