"""B3: how fast a topic becomes rows, each event exactly once."""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import Any

import asyncpg

from shared.consumer import Receiver
from shared.contracts.envelope import Fact, fact
from shared.contracts.reception import AllocationReceived, ArrivalRegistered
from shared.database import Connection
from shared.messaging import Inlet, Raw
from tests.bench import faststream_peers, totals, workload
from tests.bench.b1_relay import run_until
from tests.bench.harness import Bench, Measured, Variant, at_least
from tests.bench.stand import Made, Stand

PARTITIONS = 4
DOUBLED = 0.01
BATCH = 2000

_topic: dict[int, tuple[str, int]] = {}


async def setup(stand: Stand, n: int) -> None:
    """One topic for every variant; each reads it in a group of its own."""
    for size in {n, *(v.n for v in BENCHES[0].variants if v.n and v.n < n)}:
        prefix = await stand.topic("reception", PARTITIONS)
        bootstrap = await stand.kafka()
        records = await workload.write_topic(bootstrap, f"{prefix}.reception", size, PARTITIONS, doubled=DOUBLED)
        _topic[size] = (prefix, records)


async def tables(stand: Stand) -> tuple[Made, asyncpg.Connection]:
    """An empty table in a database of its own, and a connection that owns it."""
    made = await stand.database()
    own = await asyncpg.connect(made.urls["reporting"])
    stand.own.push_async_callback(own.close)
    await own.execute(totals.TABLE)
    return made, own


async def ours(stand: Stand, n: int) -> Measured:
    """An inlet (FastStream, raw batches) and a receiver (gate, holds, watermarks), as a service has them."""
    prefix, records = _topic[n]
    made, own = await tables(stand)
    settings, database = await stand.open("reporting", made, prefix)
    receiver = Receiver(database, "totals", partial(_applied, totals.apply))
    seen = 0

    async def receive(batch: Sequence[Raw]) -> None:
        nonlocal seen
        outcome = await receiver.receive(batch)
        assert outcome.held == 0
        seen += len(batch)

    inlet = Inlet(settings, "reception", f"bench.{secrets.token_hex(4)}", receive)
    seconds = await run_until(inlet.run, lambda: seen >= records, "the inlet")
    await totals.right(own, n)
    return Measured(n / seconds, "events/s")


async def _applied(apply: Any, tx: Connection, facts: Sequence[Fact]) -> None:
    await apply(tx, 1, facts)


def _batches(n: int) -> Iterator[list[workload.Turn]]:
    turns = workload.turns(n)
    while batch := list(islice(turns, BATCH)):
        yield batch


async def floor(stand: Stand, n: int) -> Measured:
    """The same events as JSON in memory: read, folded, and per batch the same statements in a transaction."""
    _, own = await tables(stand)
    ready = [[(turn.subject, turn.sequence, *workload.event(turn)) for turn in batch] for batch in _batches(n)]
    begun = time.perf_counter()
    for batch in ready:
        new = {subject for subject, sequence, _, _ in batch if sequence == 1}
        async with own.transaction():
            rows = await totals.read(own, 1, list({subject for subject, _, _, _ in batch} - new))
            for subject, _, kind, text in batch:
                data = json.loads(text)
                if kind == AllocationReceived.type:
                    rows[subject] = totals.Total(data["category"], len(data["persons"]))
                    continue
                row = rows[subject]
                row.events += 1
                row.arrived_on = date.fromisoformat(data["arrived_on"])
                if kind == ArrivalRegistered.type:
                    row.arrivals = len(data["persons"])
            await totals.merge(own, 1, rows)
    seconds = time.perf_counter() - begun
    await totals.right(own, n)
    return Measured(n / seconds, "events/s")


async def merge_alone(stand: Stand, n: int) -> Measured:
    """The rows of each batch, folded beforehand, by COPY and merge: what PostgreSQL needs for the result alone."""
    _, own = await tables(stand)
    rows: dict[Any, totals.Total] = {}
    ready = []
    for turns in _batches(n):
        batch = [fact(workload.recorded(1, turn)) for turn in turns]
        totals.fold(rows, batch)
        ready.append({f.subject: _copy(rows[f.subject]) for f in batch})
    begun = time.perf_counter()
    for batch_rows in ready:
        async with own.transaction():
            await totals.merge(own, 1, batch_rows)
    seconds = time.perf_counter() - begun
    await totals.right(own, n)
    return Measured(n / seconds, "events/s")


def _copy(row: totals.Total) -> totals.Total:
    return totals.Total(row.category, row.persons, row.arrivals, row.arrived_on, row.events)


async def per_message(stand: Stand, n: int) -> Measured:
    return await _peer(stand, n, faststream_peers.per_message)


async def naive_batch(stand: Stand, n: int) -> Measured:
    return await _peer(stand, n, faststream_peers.naive_batch)


async def _peer(stand: Stand, n: int, consume: Any) -> Measured:
    prefix, records = _topic[n]
    made, own = await tables(stand)
    await own.execute("create table inbox (id uuid primary key)")
    seconds = await consume(made.urls["reporting"], await stand.kafka(), f"{prefix}.reception", records)
    await totals.right(own, n)
    return Measured(n / seconds, "events/s")


async def process(environment: str, script: str, stand: Stand, n: int) -> Measured:
    """A peer in an environment of its own."""
    prefix, records = _topic[n]
    made, own = await tables(stand)
    given = {
        "database": made.urls["reporting"],
        "kafka": await stand.kafka(),
        "topic": f"{prefix}.reception",
        "records": records,
        "home": str(stand.where.state),
    }
    found = await stand.peer(environment, script, given)
    await totals.right(own, n)
    return Measured(n / found["seconds"], "events/s")


FLOOR, ALONE = "the same from memory", "COPY and merge alone"
PER_MESSAGE, BATCHED = "FastStream per message", "FastStream batch, naive"
QUIX, FAUST = "Quix Streams 3.28.1", "faust-streaming 0.15.3"

BENCHES = [
    Bench(
        "B3",
        "A topic becomes rows, exactly once",
        "100,000 events of 5,000 cases (and 1 % of them twice) from 4 partitions into one row per case; events a second"
        " from the start of the consumer to the last commit",
        100_000,
        4_000,
        [
            Variant("ours", "ours", ours),
            Variant(
                FLOOR,
                "floor",
                floor,
                note="batches of 2,000 as JSON in memory: json.loads, fold, state, COPY and merge; no Kafka, no gate"
                " and no check of what is read",
            ),
            Variant(
                ALONE,
                "peer",
                merge_alone,
                rounds=3,
                note="no peer: the rows of each batch folded beforehand, for what PostgreSQL alone takes",
            ),
            Variant(
                QUIX,
                "peer",
                partial(process, "quix", "quix_sink"),
                rounds=3,
                note="a BatchingSink with psycopg, executemany in one transaction per batch, sequence in the row",
            ),
            Variant(
                FAUST,
                "peer",
                partial(process, "faust", "faust_agent"),
                n=20_000,
                rounds=3,
                note="take(500), asyncpg executemany in one transaction, sequence in the row",
            ),
            Variant(
                PER_MESSAGE,
                "peer",
                per_message,
                n=2_000,
                rounds=3,
                note="a transaction, an inbox row and an ack per event",
            ),
            Variant(BATCHED, "peer", naive_batch, n=40_000, note="500 at a time, pydantic, an inbox row per event"),
        ],
        [
            at_least("ours", FLOOR, 0.7),
            at_least("ours", BATCHED, 2.5),
            at_least("ours", PER_MESSAGE, 50),
            at_least("ours", QUIX, 2.5),
        ],
        setup=setup,
    )
]
