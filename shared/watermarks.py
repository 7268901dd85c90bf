"""What a consumer knows of its sources: their journals' epochs, and whether it has seen all that was published."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from shared.contracts.envelope import Watermark
from shared.database import Connection

log = structlog.get_logger()


class StrangeJournal(Exception):
    """The source's journal has another epoch than the one known: restored from a backup, perhaps. A person decides."""


async def check_epochs(tx: Connection, consumer: str, found: Iterable[tuple[str, UUID]]) -> None:
    """Raises StrangeJournal when a source's journal is not the one this consumer has followed."""
    for source, epoch in found:
        query = "select epoch from source_epoch where consumer = $1 and source = $2"
        known = await tx.fetchval(query, consumer, source)
        if known is None:
            await tx.execute(
                "insert into source_epoch (consumer, source, epoch) values ($1, $2, $3) on conflict do nothing",
                consumer,
                source,
                epoch,
            )
            known = await tx.fetchval(query, consumer, source)
        if known != epoch:
            raise StrangeJournal(f"{source} has a journal of another epoch")


async def remember_strangers(tx: Connection, consumer: str, found: Sequence[tuple[str, UUID]]) -> None:
    """Writes down which unknown epoch stopped which source: the last one in `found`, which was written last."""
    for source, epoch in found:
        await tx.execute(
            "update source_epoch set stranger = $3, stranger_since = coalesce(stranger_since, clock_timestamp())"
            " where consumer = $1 and source = $2 and epoch <> $3",
            consumer,
            source,
            epoch,
        )


async def retired(tx: Connection) -> set[tuple[str, UUID]]:
    """The epochs that were replaced: their records, which stay in the topics for ever, are passed over."""
    return {(row["source"], row["epoch"]) for row in await tx.fetch("select source, epoch from retired_epoch")}


async def accept(tx: Connection, source: str) -> list[str]:
    """Follows the journal that stopped `source` from now on, in every consumer. Returns those that were stopped."""
    rows = await tx.fetch(
        "select consumer, epoch, stranger from source_epoch where source = $1 and stranger is not null"
        " order by stranger_since desc for update",
        source,
    )
    if not rows:
        return []
    new = rows[0]["stranger"]
    await tx.execute("delete from retired_epoch where source = $1 and epoch = $2", source, new)
    await tx.execute(
        "insert into retired_epoch (source, epoch) select distinct source, epoch from source_epoch"
        " where source = $1 and epoch <> $2 on conflict do nothing",
        source,
        new,
    )
    await tx.execute(
        "update source_epoch set epoch = $2, stranger = null, stranger_since = null where source = $1", source, new
    )
    # What the old journal had published says nothing about the new one.
    await tx.execute("delete from watermark where source = $1", source)
    return [row["consumer"] for row in rows]


async def compare(tx: Connection, consumer: str, marks: Sequence[Watermark]) -> None:
    """What the producer says it has published, against what this consumer has seen (applied or held)."""
    newest: dict[tuple[str, int], Watermark] = {}
    for mark in marks:
        newest[mark.source, mark.partition] = mark
    for source in sorted({source for source, _ in newest}):
        these = [mark for (s, _), mark in newest.items() if s == source]
        partitions = these[0].partitions
        seen = {
            row["p"]: row
            for row in await tx.fetch(
                "select p, sum(subjects)::bigint as subjects, sum(events)::bigint as events from ("
                "  select key_hash % $3 as p, count(*) as subjects, sum(sequence) as events from gate"
                "  where consumer = $1 and source = $2 group by 1"
                "  union all select g.key_hash % $3, 0, count(*)"
                "  from held h join gate g using (consumer, source, subject)"
                "  where consumer = $1 and source = $2 group by 1) counted group by p",
                consumer,
                source,
                partitions,
            )
        }
        for mark in these:
            row = seen.get(mark.partition)
            subjects, events = (row["subjects"], row["events"]) if row else (0, 0)
            behind = subjects < mark.subjects or events < mark.events
            if behind:
                log.error("records are missing", consumer=consumer, source=source, partition=mark.partition)
            await tx.execute(
                "insert into watermark as w (consumer, source, partition, partitions, position, subjects, events,"
                " seen_subjects, seen_events, at, behind_since)"
                " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
                "   case when $11 then clock_timestamp() end)"
                " on conflict (consumer, source, partition) do update set partitions = excluded.partitions,"
                " position = excluded.position, subjects = excluded.subjects, events = excluded.events,"
                " seen_subjects = excluded.seen_subjects, seen_events = excluded.seen_events, at = excluded.at,"
                " behind_since = case when $11 then coalesce(w.behind_since, clock_timestamp()) end",
                consumer,
                source,
                mark.partition,
                partitions,
                mark.position,
                mark.subjects,
                mark.events,
                subjects,
                events,
                mark.at,
                behind,
            )
