"""When the figures were last true, as far as anybody can know: pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["verified", "unverified", "silent", "behind", "held", "stopped"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the consumer's own tables say: watermarks that all fit, the oldest of them, and what does not go on.

    `marks` and `wanted` count (source, partition) pairs with a watermark, and how many there should be.
    """

    applied_at: datetime | None
    newest_fact_at: datetime | None
    marks: int
    wanted: int
    behind: int
    oldest_mark: datetime | None
    mark_age: float | None
    held: int
    strangers: int
    fact_age: float | None = None


@dataclass(frozen=True, slots=True)
class Freshness:
    """`verified_at`: everything that every source had published by then is in the figures."""

    state: State
    applied_at: datetime | None
    newest_fact_at: datetime | None
    verified_at: datetime | None
    held: int


# A backlog's watermarks are as old as the backlog, and fit: that they fit says nothing about now.
BACKLOG_SECONDS = 10.0


def freshness(seen: Seen, silent_after: float, *, source_ahead: bool = False) -> Freshness:
    """`silent_after`: seconds without a watermark after which nobody knows what is missing.

    `source_ahead`: reception has just said that it has events which are not counted here.
    """
    backlog = source_ahead and (seen.fact_age is None or seen.fact_age > BACKLOG_SECONDS)
    complete = seen.wanted > 0 and seen.marks >= seen.wanted and seen.behind == 0 and not backlog
    state: State
    if seen.strangers:
        state = "stopped"
    elif seen.held:
        state = "held"
    elif seen.behind or backlog:
        state = "behind"
    elif not complete:
        state = "unverified"
    elif seen.mark_age is None or seen.mark_age > silent_after:
        state = "silent"
    else:
        state = "verified"
    return Freshness(state, seen.applied_at, seen.newest_fact_at, seen.oldest_mark if complete else None, seen.held)
