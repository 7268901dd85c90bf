"""Plays the year: a process of its own, started again when it dies, that goes on where it was.

`python -m deploy.local.play` is the player; `play` keeps it alive and shows how far it is; `compare` judges the town.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from deploy.local.child import open_log, run_as, tail
from deploy.local.places import CHECKOUT
from deploy.local.supervisor import Say
from deploy.local.town import Addresses
from deploy.local.year import comparing
from deploy.local.year.ledger import AnotherPlan
from deploy.local.year.performing import perform
from deploy.local.year.plan import FIRST_DAY, LAST_DAY

# long enough to see the chart grow
PACE = 45.0
_FRUITLESS, _PAUSE = 5, 0.3
_OTHER_YEAR = 3
_BAR = 30


async def play(addresses: Addresses, say: Say, pace: float | None = None) -> None:
    """Returns when the year is played, or when the player failed five times in a row without getting further."""
    asked = {
        "public_url": addresses.public_url,
        "identity": addresses.identity,
        "clock_file": addresses.clock_file,
        "pace": _pace(say) if pace is None else pace,
    }
    log = Path(addresses.clock_file).parent / "logs" / "player.log"
    progress, fruitless = _Progress(say), 0
    while fruitless < _FRUITLESS:
        days = progress.days
        status = await _one_life(asked, log, progress)
        progress.end_line()
        if status == 0:
            say("the year is played" if progress.days else "the year was played before: the town goes on with its data")
            return
        if status == _OTHER_YEAR:
            say("this town was begun by another edition of the year and stays as it is; `make clean` makes a new one")
            return
        # who kills it wants to see it come back; what counts is a player that ends by itself
        fruitless = 0 if progress.days > days else fruitless + (status > 0)
        say(f"the player ended ({f'signal {-status}' if status < 0 else f'exit status {status}'}); it goes on")
        await asyncio.sleep(_PAUSE * (1 + fruitless))
    say(f"!!! the player cannot go on; the town stays as it is. Its log {log} ends:\n{tail(log, 6)}")


async def compare(addresses: Addresses, say: Say) -> list[str]:
    """Every figure against the published tables; what is wrong, empty when nothing is."""
    return await comparing.compare(addresses.public_url, addresses.identity, say)


def _pace(say: Say) -> float:
    text = os.environ.get("LANDA_PACE", "")
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text or PACE)) <= 86_400:
            return seconds
    say(f"LANDA_PACE={text} is no number of seconds from 0 to 86400: the year takes {PACE:.0f} s")
    return PACE


async def _one_life(asked: Mapping[str, Any], log: Path, progress: "_Progress") -> int:
    argv, extra = run_as((sys.executable, "-m", "deploy.local.play"), None)
    with open_log(log) as errors:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            cwd=CHECKOUT,
            env={**os.environ, "LANDA_PLAY": json.dumps(asked), "PYTHONPATH": str(CHECKOUT)},
            start_new_session=True,
            **extra,
        )
    try:
        await _listen(process, progress)
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _listen(process: Process, progress: "_Progress") -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        with contextlib.suppress(ValueError, KeyError):
            progress.hear(json.loads(line))


class _Progress:
    """On a terminal one line that grows, elsewhere a line for each month."""

    def __init__(self, say: Say) -> None:
        self._say, self._began = say, time.monotonic()
        self._month, self._last = "", ""
        self._terminal = sys.stdout.isatty()
        self.days = 0

    def hear(self, news: Mapping[str, Any]) -> None:
        if "note" in news:
            self.end_line()
            self._say(news["note"])
            return
        day = date.fromisoformat(news["day"])
        self.days += 1
        text = f"{news['received']:3} of {news['of']} received"
        if self._terminal:
            full = round(_BAR * (day - FIRST_DAY).days / (LAST_DAY - FIRST_DAY).days)
            self._last = f"  {day}  {'█' * full}{'░' * (_BAR - full)}  {text}"
            sys.stdout.write(f"\r{self._last}\x1b[K\r")
            sys.stdout.flush()
        elif f"{day:%Y-%m}" != self._month:
            if self._month:
                self._say(f"{self._month}: {self._last}")
            self._month = f"{day:%Y-%m}"
        if not self._terminal:
            self._last = text

    def end_line(self) -> None:
        if self._terminal and self._last:
            sys.stdout.write(f"{self._last}\x1b[K\n")
            sys.stdout.flush()
        elif self._month:
            self._say(f"{self._month}: {self._last}")
        self._month = self._last = ""


def _main() -> int:
    asked = json.loads(os.environ["LANDA_PLAY"])
    try:
        asyncio.run(perform(asked["public_url"], asked["identity"], Path(asked["clock_file"]), asked["pace"]))
    except AnotherPlan:
        return _OTHER_YEAR
    return 0


if __name__ == "__main__":
    raise SystemExit(_main())
