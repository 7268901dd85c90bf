"""One child process.

Promise: it cannot outlive the process that started it, its output is in one file, and `ready` is a condition that was
seen to hold, never a guess. Spawn from the main thread: the kernel ties the death signal to the parent *thread*.
"""

import asyncio
import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

LOG_LIMIT = 5_000_000
_PR_SET_PDEATHSIG = 1


class NotReady(RuntimeError):
    """A child died or stayed silent before it was ready; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Spec:
    """What to run. `ready` answers once, yes or no; `prepare` runs before each start."""

    name: str
    argv: tuple[str, ...]
    log: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    ready: Callable[[], Awaitable[bool]] | None = None
    prepare: Callable[[], Awaitable[None]] | None = None
    stop_signal: int = signal.SIGTERM
    patience: float = 60.0
    grace: float = 8.0


@functools.cache
def _setpriv() -> str | None:
    found = shutil.which("setpriv")
    if found is None:
        return None
    text = subprocess.run([found, "--help"], capture_output=True, text=True).stdout
    return found if "--pdeathsig" in text else None


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run_as(argv: tuple[str, ...], user: tuple[int, int] | None) -> tuple[list[str], dict[str, Any]]:
    """The argv and the spawn arguments that drop rights to `user` first and then tie the child to this thread."""
    setpriv = _setpriv()
    if setpriv is not None:
        drop = [f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups"] if user else []
        return [setpriv, *drop, "--pdeathsig", "KILL", "--", *argv], {}
    rights: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    return list(argv), {**rights, "preexec_fn": _die_with_parent}


def start_time(pid: int) -> str | None:
    """The kernel's start time of a living process, which together with the pid names it for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells of, such as the end of a stranger's process. The caller sets the limit."""
    while not condition():
        await asyncio.sleep(0.02)


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def tail(path: Path, lines: int = 15) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


class Child:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.process: asyncio.subprocess.Process | None = None
        self.identity: tuple[int, str] | None = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def spawn(self) -> None:
        spec = self.spec
        if spec.prepare is not None:
            await spec.prepare()
        argv, extra = run_as(spec.argv, spec.user)
        with open_log(spec.log) as log:
            self.process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=spec.cwd,
                env=dict(spec.env),
                # Ctrl-C reaches the whole terminal group; the order of stopping is the supervisor's to decide
                start_new_session=True,
                **extra,
            )
        self.identity = (self.process.pid, start_time(self.process.pid) or "")

    async def wait_ready(self) -> None:
        """Raises NotReady when the child dies first or its patience runs out."""
        if self.spec.ready is None:
            return
        assert self.process is not None
        deadline = time.monotonic() + self.spec.patience
        pause = 0.02
        while True:
            if not self.alive:
                raise NotReady(
                    f"{self.spec.name} ended with exit status {self.process.returncode} before it was ready. "
                    f"Its log {self.spec.log} ends:\n{tail(self.spec.log)}"
                )
            if await self.spec.ready():
                return
            if time.monotonic() > deadline:
                raise NotReady(
                    f"{self.spec.name} was not ready after {self.spec.patience:.0f} s. "
                    f"Its log {self.spec.log} ends:\n{tail(self.spec.log)}"
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.25)

    async def start(self) -> None:
        await self.spawn()
        try:
            await self.wait_ready()
        except BaseException:
            await self.stop(grace=0)
            raise

    async def stop(self, grace: float | None = None) -> None:
        """Ask, wait `grace` seconds, then kill. Safe to call twice."""
        if self.process is None or not self.alive:
            return
        limit = self.spec.grace if grace is None else grace
        if limit > 0:
            self._send(self.spec.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), limit)
        if self.alive:
            self._send(signal.SIGKILL)
            await self.process.wait()

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    async def wait(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    def _send(self, number: int) -> None:
        if self.process is not None and self.alive:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class Part:
    """What a test starts, stops and kills by itself, without a supervisor. `spec` says how it runs."""

    child: Child | None = None

    def spec(self) -> Spec:
        raise NotImplementedError

    async def start(self) -> None:
        """Start and wait until ready; one that was killed is waited for, since it may still hold its data's lock."""
        await self.stop(grace=0)
        self.child = Child(await asyncio.to_thread(self.spec))
        await self.child.start()

    async def stop(self, grace: float | None = None) -> None:
        if self.child is not None:
            await self.child.stop(grace)

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()
