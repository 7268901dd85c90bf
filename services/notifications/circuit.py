"""While the mail server is away, one sender at a time asks whether it is back; the others wait."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from services.notifications.retrying import Schedule


class Circuit:
    """Opens after `patience` hand-overs in a row that the server failed; the first that it answers closes it."""

    def __init__(self, schedule: Schedule, jitter: Callable[[], float], *, patience: int = 3) -> None:
        self._schedule, self._jitter, self._patience = schedule, jitter, patience
        self._failures = 0
        self._probe_at = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        return self._failures >= self._patience

    async def turn(self) -> bool:
        """Waits until this sender may try; whether it is the one that asks for the others."""
        while self.open:
            left = self._probe_at - time.monotonic()
            if left <= 0 and not self._probing:
                self._probing = True
                return True
            await asyncio.sleep(min(max(left, 0.02), 1.0))
        return False

    def leave(self, probe: bool) -> None:
        """There was nothing to try."""
        if probe:
            self._probing = False

    def well(self, probe: bool) -> None:
        """The server answered, whatever it answered to this mail."""
        self._failures = 0
        self.leave(probe)

    def away(self, probe: bool) -> None:
        """The server did not answer. Each further time the next question waits longer, at most a minute."""
        self._failures += 1
        over = self._failures - self._patience + 1
        wait = min(self._schedule.wait(max(over, 1), self._jitter()) / 15, timedelta(minutes=1))
        self._probe_at = time.monotonic() + wait.total_seconds()
        self.leave(probe)
