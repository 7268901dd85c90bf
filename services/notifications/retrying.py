"""How often a mail is tried, how long, and what a mail server's no means. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a hand-over is repeated. Real time; the defaults are those of production."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(hours=24)

    def wait(self, attempts: int, jitter: float) -> timedelta:
        """How long to wait after `attempts` (1, 2, …): doubling, between half and all of it by `jitter` (0 to 1)."""
        full: timedelta = min(self.first * (1 << min(attempts - 1, 20)), self.longest)
        return full * (0.5 + 0.5 * jitter)

    def over(self, composed_at: datetime, now: datetime) -> bool:
        """Whether the time for trying has passed."""
        return now - composed_at >= self.give_up


Outcome = Literal["retry", "refused"]


def outcome(phase: Literal["connection", "sender", "recipient", "data"], code: int | None) -> Outcome:
    """What a mail server's no means for one mail. `code` is None when it did not say anything.

    Only a permanent no to this recipient or this message is final. One to the connection or to our sender address is
    our own fault, the same for every mail, and is tried again while somebody mends it.
    """
    if phase in {"recipient", "data"} and code is not None and 500 <= code <= 599:
        return "refused"
    return "retry"
