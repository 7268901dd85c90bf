"""A projection's generations: one is read, one may be built beside it, and one transaction swaps them.

After the swap that ended a generation no replica applies a batch of it; no page ever sees less than before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import structlog

from shared.consumer import Projection
from shared.database import Connection, Database

log = structlog.get_logger()

NEARLY = 2000
STALL_SECONDS = 2.0
FORGET_SECONDS = 60

BuildFrom = Literal["kafka", "journals"]


class RebuildRunning(Exception):
    """A generation of this projection is being built already."""


async def live_generation(connection: Connection, name: str) -> int:
    """The generation that pages read."""
    found = await connection.fetchval("select live from projection where name = $1", name)
    return int(found or 1)


async def start_rebuild(tx: Connection, name: str, source: BuildFrom) -> int:
    """Asks for a new generation; the processes of the service build it. Returns its number. Raises RebuildRunning."""
    row = await tx.fetchrow("select live, building from projection where name = $1 for update", name)
    if row is None or row["building"] is not None:
        raise RebuildRunning(name)
    await tx.execute(
        "update projection set building = live + 1, build_from = $2, started_at = clock_timestamp() where name = $1",
        name,
        source,
    )
    return int(row["live"]) + 1


_FENCE = "hashtext(current_schema() || '.' || $1)"


async def is_current(name: str, generation: int, tx: Connection) -> bool:
    """Whether the generation is read or built. No swap ends it before this transaction has ended."""
    await tx.execute(f"select pg_advisory_xact_lock_shared({_FENCE})", f"{name}/{generation}")
    query = "select true from projection where name = $1 and $2 in (live, building)"
    return bool(await tx.fetchval(query, name, generation))


async def lacking(tx: Connection, consumer: Projection, live: int, building: int) -> int:
    """How many events the live generation has applied, or seen, that the one being built has not.

    A source with a retired journal is measured by its watermarks: what the live one counts is of the old journal.
    """
    found = await tx.fetchval(
        "with n as (select consumer, source, sum(applied)::bigint as applied, sum(seen)::bigint as seen from ("
        "    select consumer, source, sequence as applied, sequence as seen from gate where consumer in ($1, $2)"
        "    union all select consumer, source, 0, 1 from held"
        "    where consumer in ($1, $2) and subject is not null) s group by 1, 2),"
        " w as (select source, bool_and(behind_since is null) and count(*) = max(partitions) as whole"
        "    from watermark where consumer = $2 group by 1)"
        " select coalesce(sum(case"
        "    when exists (select from retired_epoch r where r.source = s.source)"
        "    then case when coalesce(w.whole, false) then 0 else 1000000000 end"
        "    else greatest(coalesce(a.applied, 0) - coalesce(b.applied, 0),"
        "                  coalesce(a.seen, 0) - coalesce(b.seen, 0), 0) end), 0)::bigint"
        " from unnest($3::text[]) as s (source) left join n a on a.consumer = $1 and a.source = s.source"
        " left join n b on b.consumer = $2 and b.source = s.source left join w on w.source = s.source",
        f"{consumer.name}/{live}",
        f"{consumer.name}/{building}",
        list(consumer.sources),
    )
    return int(found)


async def swap_when_caught_up(
    database: Database, may_stall: Callable[[object], bool], consumer: Projection, live: int, building: int
) -> None:
    """When little is lacking the live generation is stopped for a moment, so that the new one can catch up."""
    async with database.transaction() as tx:
        less = await lacking(tx, consumer, live, building)
    if less > NEARLY or (less and not may_stall((consumer.name, live))):
        return
    async with database.transaction() as tx:
        await tx.execute("set local lock_timeout = '2s'")
        await tx.execute(f"set local statement_timeout = '{FORGET_SECONDS}s'")
        await tx.execute(f"select pg_advisory_xact_lock({_FENCE})", f"{consumer.name}/{live}")
        end = time.monotonic() + STALL_SECONDS
        while await lacking(tx, consumer, live, building):
            if time.monotonic() > end:
                return
            await asyncio.sleep(0.05)
        done = await tx.execute(
            "update projection set live = $3, building = null, build_from = null, started_at = null"
            " where name = $1 and live = $2 and building = $3",
            consumer.name,
            live,
            building,
        )
        if done != "UPDATE 1":
            return
        await consumer.forget(tx, live)
        for table in ("gate", "held", "watermark", "source_epoch"):
            await tx.execute(
                f"delete from {table} where consumer = $1", f"{consumer.name}/{live}", timeout=FORGET_SECONDS
            )
        await tx.execute("select pg_notify('landa', $1)", consumer.name)
    log.info("generation swapped", projection=consumer.name, generation=building)


def marked(consumer: Projection, generation: int) -> Callable[..., Awaitable[None]]:
    """The projection's apply, which also writes down when it last applied something."""

    async def apply(tx: Connection, facts: Sequence[object]) -> None:
        await consumer.apply(tx, generation, facts)  # type: ignore[arg-type]
        await tx.execute(
            "update projection set applied_at = clock_timestamp() where name = $1 and live = $2",
            consumer.name,
            generation,
        )

    return apply
