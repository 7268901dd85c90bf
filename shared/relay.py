"""Journal to Kafka: every committed event at least once, first occurrences in order within their subject.

The unpublished set is the pointer table `outbox`: select it, send, await every acknowledgement, take it out. Never a
cursor on the position, which loses events under concurrent writers. One active relay per service.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import structlog

from shared import journal, telemetry
from shared.contracts.envelope import headers, watermark_headers
from shared.database import Database, is_unavailable
from shared.faults import step
from shared.messaging import Outgoing, Outlet, Rejected, Unsent
from shared.published import Count
from shared.settings import Settings

if TYPE_CHECKING:
    Own = asyncpg.Connection[asyncpg.Record]

log = structlog.get_logger()

BATCH = 2000
POLL_SECONDS = 0.02
ALONE_ATTEMPTS = 3
SEND_SECONDS = 30
DATABASE_SECONDS = 5

_SELECT = f"""
select {journal._COLUMNS.replace("position,", "j.position,", 1)}, j.key_hash
from (select position from outbox order by position limit {BATCH}) o join journal j using (position)
order by j.position
"""


@dataclass
class Status:
    """What the relay knows of itself, for metrics and pages."""

    leading: bool = False
    connected: bool = False
    backlog: int = 0
    published: int = 0
    quarantined: int = 0
    trouble: str | None = None
    last_ack: float | None = None


class Relay:
    """The relay of one service. `wake` after each commit; `run` for ever."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._wake = asyncio.Event()
        self._quarantined: set[UUID] = set()
        self._suspects: Counter[int] = Counter()
        self._alone = False
        self.status = Status()

    def wake(self) -> None:
        """There may be something to publish."""
        self._wake.set()

    async def run(self) -> None:
        """Leads when it can, waits when another replica leads, connects anew after every failure."""
        while True:
            try:
                connection = await self._database.connect(
                    seconds=DATABASE_SECONDS,
                    synchronous_commit="off",
                    plan_cache_mode="force_generic_plan",
                    enable_hashjoin="off",
                    enable_mergejoin="off",
                    enable_seqscan="off",
                )
                try:
                    await self._lead(connection)
                finally:
                    self.status.leading = self.status.connected = False
                    connection.terminate()
            except Exception as error:
                if not is_unavailable(error):
                    log.error("relay failed", error=type(error).__name__, exc_info=True)
                self.status.trouble = type(error).__name__
            await asyncio.sleep(0.3)

    async def _lead(self, connection: "Own") -> None:
        key = f"{self._settings.service}.relay"
        lock = "select pg_try_advisory_lock(hashtext($1))"
        while not await connection.fetchval(lock, key):
            await asyncio.sleep(0.5)
        self.status.leading = True
        incarnation = await journal.epoch(connection)
        await self._load_quarantine(connection)
        count, pause = Count(), 0.1
        while True:
            # What failed may have been the database, which does not say so on a half-open connection.
            await connection.fetchval("select 1")
            outlet = Outlet(self._settings)
            try:
                partitions = await outlet.open()
                count, pause = count if count.partitions == partitions else Count(partitions), 0.1
                self.status.connected, self.status.trouble = True, None
                await self._publish_until_it_fails(connection, outlet, count, incarnation)
            except (OSError, TimeoutError, Unsent) as error:
                if is_unavailable(error) and connection.is_closed():
                    raise
                self.status.trouble = type(error.cause if isinstance(error, Unsent) else error).__name__
                log.warning("relay makes a new producer", reason=self.status.trouble)
            finally:
                self.status.connected = False
                await outlet.close()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.4)

    async def _load_quarantine(self, connection: "Own") -> None:
        self._quarantined = {row["subject"] for row in await connection.fetch("select subject from quarantine")}
        self.status.quarantined = len(self._quarantined)

    async def _publish_until_it_fails(self, connection: "Own", outlet: Outlet, count: Count, incarnation: UUID) -> None:
        due = time.monotonic() + min(1.0, self._settings.watermark_seconds)
        while True:
            self._wake.clear()
            rows = await connection.fetch(_SELECT)
            if rows:
                await self._publish(connection, outlet, count.partitions, incarnation, rows)
            if time.monotonic() >= due:
                await self._load_quarantine(connection)
                await self._send_watermarks(connection, outlet, incarnation, count)
                due = time.monotonic() + self._settings.watermark_seconds
            if not rows:
                # Never wait_for: it forgets a cancellation that comes together with what it waits for (Python 3.11).
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()

    async def _publish(
        self, connection: "Own", outlet: Outlet, partitions: int, incarnation: UUID, rows: list[asyncpg.Record]
    ) -> None:
        """Sends `rows` and takes the acknowledged ones out of the outbox. Raises Unsent after taking those out."""
        step("relay.selected")
        started = time.time_ns()
        going = [row for row in rows if row["subject"] not in self._quarantined]
        if len(going) < len(rows):
            await self._set_aside(connection, [row["position"] for row in rows if row["subject"] in self._quarantined])
        records = [
            Outgoing(
                row["key_hash"] % partitions,
                str(row["subject"]).encode(),
                row["data"].encode(),
                headers(journal.recorded(row, self._settings.service, incarnation)),
            )
            for row in going
        ]
        failure: Unsent | None = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await outlet.send(records, alone=self._alone)
            sent = going
        except Unsent as error:
            failure = error
            sent = [going[index] for index in error.acknowledged]
        acknowledged = time.time_ns()
        step("relay.acknowledged")
        if sent:
            await connection.execute(
                "delete from outbox where position = any($1::bigint[])",
                [row["position"] for row in sent],
            )
            step("relay.marked")
            self.status.published += len(sent)
            self.status.last_ack = time.time()
            for row in sent:
                telemetry.span_between(
                    "publish",
                    row["type"],
                    row["traceparent"],
                    started,
                    subject=row["subject"],
                    ended_ns=acknowledged,
                    event=str(row["id"]),
                    sequence=row["sequence"],
                )
        if failure is not None:
            await self._learn(connection, going, failure)
            raise failure
        self._alone = False
        self._suspects.clear()

    async def _set_aside(self, connection: "Own", positions: list[int]) -> None:
        """Takes events of quarantined subjects out of the outbox; the release, which waits for this, puts them back."""
        async with connection.transaction():
            await connection.execute("select from quarantine for share")
            await connection.execute(
                "delete from outbox o using journal j, quarantine q"
                " where o.position = any($1::bigint[]) and j.position = o.position and q.subject = j.subject",
                positions,
            )
        await self._load_quarantine(connection)

    async def _learn(self, connection: "Own", going: list[asyncpg.Record], failure: Unsent) -> None:
        """A rejection: next time each goes alone; what is rejected alone three times puts its subject aside."""
        if not isinstance(failure.cause, Rejected):
            return
        if not self._alone:
            self._alone = True
            return
        for row in (going[index] for index in failure.rejected):
            self._suspects[row["position"]] += 1
            if self._suspects[row["position"]] >= ALONE_ATTEMPTS:
                del self._suspects[row["position"]]
                await connection.execute(
                    "insert into quarantine (subject, position, reason) values ($1, $2, $3) on conflict do nothing",
                    row["subject"],
                    row["position"],
                    f"Kafka refuses the event: {failure.cause}",
                )
                await self._load_quarantine(connection)
                log.error("subject put into quarantine", subject=str(row["subject"]), reason=str(failure.cause))

    async def _send_watermarks(self, connection: "Own", outlet: Outlet, incarnation: UUID, count: Count) -> None:
        """Says, per partition, how much has been published so far. Nothing is under way while this runs."""
        marks = await count.marks(connection, self._settings.service, incarnation)
        self.status.backlog = await connection.fetchval("select count(*) from outbox")
        records = [Outgoing(m.partition, b"", None, watermark_headers(m)) for m in marks]
        async with asyncio.timeout(SEND_SECONDS):
            await outlet.send(records)
