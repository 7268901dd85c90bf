"""Waiting for a condition: the one way in which a test waits, with a dump of what it saw when time is up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")


async def until(
    look: Callable[[], Awaitable[Seen]],
    good: Callable[[Seen], bool] = bool,
    *,
    seconds: float = 20,
    what: str = "",
) -> Seen:
    """Looks every 20 ms until `good`; fails with the last thing seen. An error while looking counts as not yet.

    The last look is when time is up: a machine that stood still meanwhile is no reason to fail.
    """
    end = time.monotonic() + seconds
    last: object = "nothing was seen"
    while True:
        up = time.monotonic() >= end
        try:
            seen = await look()
            if good(seen):
                return seen
            last = seen
        except Exception as error:
            last = f"{type(error).__name__}: {error}"
        if up:
            raise AssertionError(f"after {seconds} s still not: {what or look}; last seen: {last!r}")
        await asyncio.sleep(0.02)
