"""B1: how fast a journal is drained into Kafka with every record acknowledged."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.database import Database
from shared.relay import Relay
from shared.settings import Settings
from tests.bench import debezium, workload
from tests.bench.harness import Bench, Measured, Variant, at_least
from tests.bench.stand import Made, Stand

PARTITIONS = 12
PUBLICATION = "bench"


@dataclass
class Filled:
    """A database whose reception journal holds n events, and a topic for them."""

    made: Made
    settings: Settings
    database: Database
    bootstrap: str
    topic: str
    own: asyncpg.Connection

    async def sent(self, n: int, *, in_order: bool) -> None:
        """Asserts that each of the first n events is in the topic, and no first occurrence before its predecessor."""
        seen: dict[bytes, set[int]] = {}
        reached: dict[bytes, int] = {}
        async for batch in workload.read_topic(self.bootstrap, self.topic):
            for record in batch:
                if not record.key:  # a watermark
                    continue
                sequence = int(dict(record.headers)["ce_sequence"])
                known = seen.setdefault(record.key, set())
                if sequence not in known and in_order:
                    assert sequence == reached.get(record.key, 0) + 1, "a first occurrence out of order"
                    reached[record.key] = sequence
                known.add(sequence)
        count = sum(len(sequences) for sequences in seen.values())
        assert count == n, f"{count} of {n} events reached the topic"


async def filled(stand: Stand, n: int) -> Filled:
    bootstrap = await stand.kafka()
    made = await stand.database(logical=True)
    prefix = await stand.topic("reception", PARTITIONS)
    settings, database = await stand.open("reception", made, prefix)
    own = await asyncpg.connect(made.admin_url, server_settings={"search_path": "reception"})
    stand.own.push_async_callback(own.close)
    await workload.write_journal(own, n)
    return Filled(made, settings, database, bootstrap, f"{prefix}.reception", own)


async def run_until(work: Callable[[], Awaitable[None]], done: Callable[[], bool], what: str) -> float:
    """Runs `work` until `done`; returns the seconds. Polls every 2 ms."""
    begun = time.perf_counter()
    task = asyncio.create_task(work())
    try:
        while not done():
            assert time.perf_counter() - begun < 180, f"{what} did not end"
            if task.done():
                task.result()
            await asyncio.sleep(0.002)
        return time.perf_counter() - begun
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ours(stand: Stand, n: int) -> Measured:
    """`shared.relay.Relay` as a service runs it, from its start to the last pointer taken out."""
    there = await filled(stand, n)
    await there.own.execute("insert into outbox select position from journal")
    await there.own.execute("analyze outbox")
    await there.own.execute("checkpoint")
    relay = Relay(there.settings, there.database)
    seconds = await run_until(relay.run, lambda: relay.status.published >= n, "the relay")
    assert await there.own.fetchval("select count(*) from outbox") == 0
    await there.sent(n, in_order=True)
    return Measured(n / seconds, "events/s")


async def naive(stand: Stand, n: int) -> Measured:
    """What tutorials show: take 100 with SKIP LOCKED, send each and wait, delete, commit."""
    there = await filled(stand, n)
    await there.own.execute(
        "create table naive (id bigint primary key, key text not null, sequence bigint not null, payload json not null)"
    )
    await there.own.execute("insert into naive select position, subject::text, sequence, data from journal")
    await there.own.execute("analyze naive; checkpoint")
    begun = time.perf_counter()
    producer = AIOKafkaProducer(bootstrap_servers=there.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        while True:
            async with there.own.transaction():
                rows = await there.own.fetch("select * from naive order by id limit 100 for update skip locked")
                for row in rows:
                    await producer.send_and_wait(
                        there.topic,
                        row["payload"].encode(),
                        key=row["key"].encode(),
                        headers=[("ce_sequence", str(row["sequence"]).encode())],
                    )
                await there.own.execute("delete from naive where id = any($1::bigint[])", [row["id"] for row in rows])
            if not rows:
                break
        seconds = time.perf_counter() - begun
    finally:
        await producer.stop()
    await there.sent(n, in_order=True)
    return Measured(n / seconds, "events/s")


async def faststream_outbox(stand: Stand, n: int) -> Measured:
    there = await filled(stand, n)
    given = {
        "database": there.made.admin_url.replace("postgresql://", "postgresql+asyncpg://"),
        "kafka": there.bootstrap,
        "topic": there.topic,
        "n": n,
    }
    found = await stand.peer("outbox", "faststream_outbox_relay", given)
    await there.sent(n, in_order=False)
    return Measured(n / found["seconds"], "events/s")


# One event a transaction, as commands are committed.
_ONE_BY_ONE = """
do $$
declare one record;
begin
  for one in select position from reception.journal order by position loop
    insert into reception.decoded select * from reception.journal where position = one.position;
    commit;
  end loop;
end $$
"""


async def _committed(there: Filled, slot: str) -> None:
    """The journal's rows once more, in a table that is decoded from here on, each in a transaction of its own."""
    await there.own.execute("create table decoded (like reception.journal including indexes)")
    await there.own.execute("alter table decoded replica identity full")
    await there.own.execute(f"create publication {PUBLICATION} for table reception.decoded")
    await there.own.execute("select pg_create_logical_replication_slot($1, 'pgoutput')", slot)
    await there.own.execute("set synchronous_commit = off")
    await there.own.execute(_ONE_BY_ONE)
    await there.own.execute("set synchronous_commit = on")
    await there.own.execute("checkpoint")


async def logical(stand: Stand, n: int) -> Measured:
    """PostgreSQL's own way to read what was written, in portions, thrown away."""
    there = await filled(stand, n)
    slot = there.made.name
    await _committed(there, slot)
    query = (
        "select data from pg_logical_slot_get_binary_changes($1, null, 5000,"
        f" 'proto_version', '1', 'publication_names', '{PUBLICATION}')"
    )
    rows, begun = 0, time.perf_counter()
    while found := await there.own.fetch(query, slot):
        rows += sum(1 for row in found if row["data"][:1] == b"I")
    seconds = time.perf_counter() - begun
    await there.own.execute("select pg_drop_replication_slot($1)", slot)
    assert rows == n, f"{rows} of {n} rows were decoded"
    return Measured(n / seconds, "events/s")


async def debezium_connector(stand: Stand, n: int) -> Measured:
    """Kafka Connect with Debezium's PostgreSQL connector and its outbox router; by the broker's own clock."""
    there = await filled(stand, n)
    slot = there.made.name
    await _committed(there, slot)
    seconds, cold = await debezium.drain(stand, there.made, there.bootstrap, there.topic, slot, PUBLICATION, n)
    await there.own.execute("select pg_drop_replication_slot($1)", slot)
    await there.sent(n, in_order=True)
    return Measured(n / seconds, "events/s", {"seconds from the JVM's start to the last record": cold})


NAIVE, FASTSTREAM, DEBEZIUM = "naive outbox", "faststream-outbox 0.19.0", "Debezium 3.6.1"
FLOOR = "logical decoding, thrown away"

BENCHES = [
    Bench(
        "B1",
        "The relay drains a journal",
        "100,000 committed events of 5,000 cases to Kafka, acks=all, 12 partitions; events a second from the start to"
        " the last acknowledgement",
        100_000,
        2_000,
        [
            Variant("ours", "ours", ours),
            Variant(FLOOR, "floor", logical, note="one event a transaction, as commands commit; portions of 5,000"),
            Variant(NAIVE, "peer", naive, n=4_000, note="SKIP LOCKED 100, send and wait, delete"),
            Variant(
                FASTSTREAM,
                "peer",
                faststream_outbox,
                n=4_000,
                rounds=3,
                note="fetch 500, flush 500, 16 workers (with its defaults it is several times slower);"
                " keeps no order within a subject, so only the count is asserted",
            ),
            Variant(
                DEBEZIUM,
                "peer",
                debezium_connector,
                rounds=3,
                note="connector and outbox router 3.6.1.Final in Kafka Connect 4.3.0; timed from its first to its last"
                " record by the broker's clock, so that the JVM's start does not count",
            ),
        ],
        [at_least("ours", FLOOR, 0.5), at_least("ours", NAIVE, 20), at_least("ours", DEBEZIUM, 1)],
    )
]
