"""Keeps a set of children alive.

Promise: a child that dies is started again, with a growing pause; `stop` ends all of them in the reverse order of their
stages; what a killed supervisor left behind is found and ended at the next start, and nothing else ever is.
"""

import asyncio
import contextlib
import fcntl
import functools
import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from deploy.local.child import Child, NotReady, Spec, start_time, until
from deploy.local.ports import is_free

Say = Callable[[str], None]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_LOUD_DEATHS, _LOUD_WINDOW = 10, 60.0


class Refused(RuntimeError):
    """The town cannot start here now; the message holds the remedy."""


class Supervisor:
    """Children by name; `stage` 0 is stopped last. `deaths`: name -> exit statuses nobody asked for."""

    def __init__(self, state: Path, say: Say) -> None:
        self._record = state / "children.json"
        self._say = say
        self._children: dict[str, tuple[int, Child]] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self.deaths: dict[str, list[int]] = {}

    async def start(self, spec: Spec, stage: int, *, wait: bool = True) -> None:
        """Start and wait until ready; from then on the child is kept alive. Raises NotReady.

        Without `wait` it is kept alive from its first moment, and whoever asks looks for its readiness.
        """
        child = Child(spec)
        self._children[spec.name] = (stage, child)
        await child.spawn()
        self._write_record()
        try:
            if wait:
                await child.wait_ready()
        except BaseException:
            await child.stop(grace=0)
            raise
        self._watchers[spec.name] = asyncio.create_task(self._watch(child), name=f"watch {spec.name}")

    def pid(self, name: str) -> int:
        return self._children[name][1].pid

    def spec(self, name: str) -> Spec:
        """How the child is run."""
        return self._children[name][1].spec

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """For tests: what an operator or the kernel may do to a child at any time."""
        os.kill(self.pid(name), number)

    async def restart(self, name: str, env: Mapping[str, str] | None = None, *, wait: bool = True) -> None:
        """Stop the child and start it again with `env` added; `wait` as in `start`."""
        stage, child = self._children[name]
        await self.halt(name)
        spec = replace(child.spec, env={**child.spec.env, **(env or {})})
        await self.start(spec, stage, wait=wait)

    async def stop(self) -> None:
        for stage in sorted({stage for stage, _ in self._children.values()}, reverse=True):
            names = [name for name, (one, _) in self._children.items() if one == stage]
            await asyncio.gather(*(self.halt(name) for name in names))
        self._record.unlink(missing_ok=True)

    async def halt(self, name: str) -> None:
        """Stop the child and leave it stopped; `restart` brings it back."""
        watcher = self._watchers.pop(name, None)
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        await self._children[name][1].stop()

    async def _watch(self, child: Child) -> None:
        name = child.spec.name
        deaths: deque[float] = deque(maxlen=_LOUD_DEATHS)
        pause, loud_until, born = _FIRST_PAUSE, 0.0, time.monotonic()
        while True:
            status = await child.wait()
            now = time.monotonic()
            deaths.append(now)
            self.deaths.setdefault(name, []).append(status)
            # a fault that a test switched on is for one life
            child.spec = replace(
                child.spec, env={key: child.spec.env[key] for key in child.spec.env if key != "LANDA_FAULT"}
            )
            if now - born > _LOUD_WINDOW:
                pause = _FIRST_PAUSE
            if len(deaths) == _LOUD_DEATHS and now - deaths[0] < _LOUD_WINDOW and now > loud_until:
                self._say(
                    f"!!! {name} HAS DIED {_LOUD_DEATHS} TIMES IN A MINUTE and is still tried; see {child.spec.log}"
                )
                loud_until = now + _LOUD_WINDOW
            elif now > loud_until:
                self._say(f"{name} ended ({_words(status)}); starting it again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            born = time.monotonic()
            try:
                await child.spawn()
                self._write_record()
                await child.wait_ready()
            except (NotReady, OSError, TimeoutError) as error:
                await child.stop(grace=0)
                if time.monotonic() > loud_until:
                    self._say(f"{name} did not come back: {str(error).splitlines()[0]}")
            else:
                self._say(f"{name} is back after {time.monotonic() - now:.1f} s")

    def _write_record(self) -> None:
        living = {name: child.identity for name, (_, child) in self._children.items() if child.identity}
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(living))
        temporary.replace(self._record)


def _words(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


class Claim:
    """The right to run the town of one state folder: a lock that the kernel takes back when its holder dies."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._run = state / "run.json"
        self._lock: IO[bytes] | None = None

    async def take(self, port: int | None, facts: Mapping[str, Any]) -> None:
        """Raises Refused when a town runs here already, or somebody else has the port. Ends leftovers of ours."""
        lock = (self._state / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Refused(
                f"The demo of this checkout is already running: {running(self._state).get('address')}"
            ) from None
        self._lock = lock
        try:
            await _end_leftovers(self._state / "children.json")
            if port is not None and not is_free(port):
                raise Refused(
                    f"Port {port} is used by another program. Choose another one: LANDA_PORT={port + 1} make demo"
                )
            self.tell(facts)
        except BaseException:
            self.release()
            raise

    def tell(self, facts: Mapping[str, Any]) -> None:
        """What others may know of the running town: its address and the ports of its parts."""
        temporary = self._run.with_suffix(".new")
        temporary.write_text(json.dumps({"pid": os.getpid(), "start": start_time(os.getpid()), **facts}))
        temporary.replace(self._run)

    def release(self) -> None:
        if self._lock is not None:
            self._run.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


def running(state: Path) -> dict[str, Any]:
    """What the town that runs on this state tells of itself; empty when none runs."""
    try:
        facts: dict[str, Any] = json.loads((state / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts if start_time(facts["pid"]) == facts["start"] else {}


async def _end_leftovers(record: Path) -> None:
    left = _recorded(record)
    for pid, started in left.values():
        if start_time(pid) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        for pid, started in left.values():
            await until(functools.partial(_ended, pid, started))


def _recorded(record: Path) -> dict[str, tuple[int, str]]:
    try:
        left: dict[str, tuple[int, str]] = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return left


def _ended(pid: int, started: str) -> bool:
    return start_time(pid) != started
