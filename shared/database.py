"""PostgreSQL: one pool per process, transactions opened at the edge, migrations that only go forward."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import structlog

from shared import telemetry
from shared.settings import Settings

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Pool = object

log = structlog.get_logger()

# The database is away or asks to be tried again: nothing is wrong with what was asked. Used by the HTTP edge (503)
# and by consumers (retry the batch for ever).
UNAVAILABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)
_CLOSED = re.compile(r"connection (is|was) closed|pool is clos", re.IGNORECASE)


ACQUIRE_SECONDS = 3.0
BEGIN_SECONDS = 3.0
ROLLBACK_SECONDS = 1.0


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` says that the database is away, rather than that the work is wrong."""
    if isinstance(error, FileNotFoundError | PermissionError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return bool(_CLOSED.search(str(error)))
    return isinstance(error, UNAVAILABLE)


class Database:
    """The pool of one service. `after_commit` callbacks run after each committed transaction (the relay's wake-up)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Pool | None = None
        self.after_commit: list[Callable[[], None]] = []

    async def open(self, *, size: int = 10, seconds: float = 4.5) -> None:
        """Opens the pool; no statement may take longer than `seconds`. Raises what asyncpg raises when it is away."""
        self._pool = await asyncpg.create_pool(
            self._settings.database_url,
            min_size=1,
            max_size=size,
            timeout=3,
            command_timeout=seconds,
            reset=_nothing_to_reset,
            server_settings=self._session(statement_timeout=str(int(seconds * 1000))),
        )

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @property
    def pool(self) -> Pool:
        if self._pool is None:
            raise ConnectionError("the database is not open yet")
        return self._pool

    def _session(self, **extra: str) -> dict[str, str]:
        return {
            "search_path": self._settings.service,
            "application_name": f"landa-{self._settings.service}",
            "timezone": "UTC",
            # a consumer that stands still in a batch holds rows that its successor needs
            "idle_in_transaction_session_timeout": "15000",
            # A host that vanished must not keep the relay's advisory lock for the two hours of the kernel's default.
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "3",
            "tcp_keepalives_count": "3",
            **extra,
        }

    @asynccontextmanager
    async def transaction(
        self, *, isolation: str | None = None, seconds: float | None = None
    ) -> AsyncIterator[Connection]:
        """One request or one batch. Commits at the end, rolls back on any exception; cut off after `seconds`."""
        with telemetry.span("transaction"):
            async with self._held(isolation, False, seconds) as connection:
                yield connection
        for call in self.after_commit:
            call()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """One consistent snapshot for a page or an answer."""
        with telemetry.span("reading"):
            async with self._held("repeatable_read", True, None) as connection:
                yield connection

    @asynccontextmanager
    async def _held(self, isolation: str | None, readonly: bool, seconds: float | None) -> AsyncIterator[Connection]:
        """A transaction on a connection of the pool. A connection that does not answer is cut and never waited for.

        On a half-open one neither BEGIN nor ROLLBACK nor the pool's reset would end by itself.
        """
        connection = await self.pool.acquire(timeout=ACQUIRE_SECONDS)
        cut = asyncio.get_running_loop().call_later(seconds, connection.terminate) if seconds else None
        try:
            held = connection.transaction(isolation=isolation, readonly=readonly)  # type: ignore[arg-type]
            async with _answered(connection, BEGIN_SECONDS):
                await held.start()
            try:
                yield connection
            except BaseException:
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # then the server rolls back
                    async with _answered(connection, ROLLBACK_SECONDS):
                        await held.rollback()
                raise
            await held.commit()
        finally:
            if cut is not None:
                cut.cancel()
            await self.pool.release(connection, timeout=ROLLBACK_SECONDS)

    async def connect(self, *, seconds: float = 60, **session: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of its own, outside the pool, without a statement timeout (relay, listener, journal streams).

        A statement that is not answered in `seconds` raises TimeoutError: a half-open connection says nothing else.
        """
        return await asyncpg.connect(
            self._settings.database_url, timeout=3, server_settings=self._session(**session), command_timeout=seconds
        )


async def close(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Closes a connection of one's own; one that does not answer is cut."""
    try:
        await connection.close(timeout=ROLLBACK_SECONDS)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


async def _nothing_to_reset(_connection: Connection) -> None:
    """Called when a connection comes back, after asyncpg has rolled back what was left open.

    Nobody sets, listens or locks beyond a transaction on a connection of the pool: that is what `connect` is for. So
    its usual four statements would undo nothing, once for each transaction.
    """


@asynccontextmanager
async def _answered(connection: Connection, seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError and cuts the connection when what is inside takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        connection.terminate()
        raise


async def migrate(settings: Settings, folders: Sequence[Path]) -> int:
    """Applies what is new in `folders` (files `0001_name.sql`), each file in a transaction of its own.

    Safe with several replicas starting at once. `:keys` stands for the schema of the person keys. An applied file that
    has only another name now is known by its content. Returns how many files were applied. Raises RuntimeError when an
    applied file was changed afterwards.
    """
    connection = await asyncpg.connect(
        settings.database_url, timeout=5, server_settings={"search_path": settings.service}
    )
    applied = 0
    try:
        await connection.execute("select pg_advisory_lock(hashtext($1))", f"{settings.service}.migrate")
        await connection.execute(
            "create table if not exists migration (folder text, file text, sha256 text not null,"
            " at timestamptz not null default now(), primary key (folder, file))"
        )
        known = {(r["folder"], r["file"]): r["sha256"] for r in await connection.fetch("select * from migration")}
        for folder in folders:
            name = folder.parent.name
            gone = {digest: file for (of, file), digest in known.items() if of == name and not (folder / file).exists()}
            for file in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
                text = file.read_text()
                digest = hashlib.sha256(text.encode()).hexdigest()
                if (name, file.name) in known:
                    if known[name, file.name] != digest:
                        raise RuntimeError(
                            f"migration {name}/{file.name} was changed after it was applied; "
                            "restore the file and write a new one, migrations only go forward"
                        )
                    continue
                if digest in gone:
                    renamed = "update migration set file = $3 where folder = $1 and file = $2"
                    await connection.execute(renamed, name, gone[digest], file.name)
                    continue
                async with connection.transaction():
                    await connection.execute(text.replace(":keys", f"{settings.service}_keys"))
                    await connection.execute("insert into migration values ($1, $2, $3)", name, file.name, digest)
                applied += 1
                log.info("migrated", folder=name, file=file.name)
    finally:
        await connection.close()
    return applied
