"""PostgreSQL 18 on the loopback.

Promise: when `start` returns, it has answered a query; a data folder is whole or absent, and what an earlier run left
behind neither blocks a start nor is ever shared by two servers.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from pathlib import Path

import asyncpg

from deploy.local.child import NotReady, Part, Spec, run_as, tail
from deploy.local.places import Places, postgres_home
from deploy.local.ports import LOOPBACK

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # a statement, its parameters and DETAIL lines can hold a person's data
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "max_wal_size": "512MB",
}


class Postgres(Part):
    """One server; the superuser's password lies in the state, 0600."""

    def __init__(self, where: Places, port: int) -> None:
        self.where = where
        self.port = port
        self.home = where.state / "postgres"
        self.data = self.home / "data"

    @property
    def password(self) -> str:
        path = self.where.state / "postgres.password"
        if not path.exists():
            self.where.secret_file(path, secrets.token_urlsafe(24))
        return path.read_text()

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres:{self.password}@{LOOPBACK}:{self.port}/postgres"

    def spec(self) -> Spec:
        self._bin = postgres_home(self.where) / "bin"
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return Spec(
            name="postgres",
            argv=(str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), *options),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"},
            cwd=self.where.folder("postgres"),
            log=self.where.state / "logs" / "postgres.log",
            user=self.where.user,
            ready=self.ready,
            prepare=self._prepare,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            patience=600,  # recovery after a crash reads all of the WAL
            grace=3,
        )

    async def ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_url, timeout=5)
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise  # not a matter of time
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            return bool(await connection.fetchval("select 1") == 1)
        finally:
            await connection.close()

    async def _prepare(self) -> None:
        if not self.data.exists():
            await self._initdb()
            return
        await self._clear_leftovers()

    async def _initdb(self) -> None:
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        pwfile = self.home / "pwfile"
        self.where.secret_file(pwfile, self.password)
        self.where.own(pwfile)
        log = self.where.state / "logs" / "initdb.log"
        log.parent.mkdir(exist_ok=True)
        argv, extra = run_as(
            (
                str(self._bin / "initdb"), "-D", str(fresh), "-U", "postgres", f"--pwfile={pwfile}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--locale=C", "--data-checksums",
            ),
            self.where.user,
        )  # fmt: skip
        try:
            with log.open("wb") as file:
                made = await asyncio.create_subprocess_exec(
                    *argv, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, cwd=self.home,
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}, start_new_session=True, **extra,
                )  # fmt: skip
                status = await made.wait()
        finally:
            pwfile.unlink(missing_ok=True)
        if status != 0:
            raise NotReady(f"PostgreSQL's data folder could not be made (exit status {status}):\n{tail(log)}")
        fresh.rename(self.data)

    async def _clear_leftovers(self) -> None:
        """End servers that still sit in this data folder, then drop a pid file that names somebody else's process.

        A server's processes work in their data folder, which tells them from a stranger with a reused pid.
        """
        async with asyncio.timeout(60):
            while left := _processes_in(self.data):
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGQUIT)
                await asyncio.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return found
