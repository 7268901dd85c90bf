"""Drains n rows of the journal with faststream-outbox into Kafka; prints the seconds."""

import asyncio
import json
import sys
import time

import uvloop
from faststream.kafka import KafkaBroker
from faststream_outbox import OutboxBroker, make_outbox_table
from faststream_outbox.annotations import OutboxMessage
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

FILL = """
insert into peer_outbox (queue, payload, headers)
select 'events', convert_to(data::text, 'UTF8'),
  jsonb_build_object('content-type', 'application/json', 'key', subject::text, 'ce_sequence', sequence::text)
from reception.journal order by position
"""


async def main(given: dict) -> None:
    metadata = MetaData()
    table = make_outbox_table(metadata, table_name="peer_outbox")
    engine = create_async_engine(given["database"], pool_size=20)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(text(FILL))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("analyze peer_outbox"))
    outbox = OutboxBroker(engine, outbox_table=table, logger=None)
    kafka = KafkaBroker(given["kafka"], acks="all", enable_idempotence=True, logger=None)
    done = asyncio.Event()
    sent = 0

    @outbox.subscriber(
        "events", max_workers=16, fetch_batch_size=500, terminal_flush_batch_size=500,
        min_fetch_interval=0.01, max_fetch_interval=0.1,
    )  # fmt: skip
    async def relay(body: dict, message: OutboxMessage) -> None:
        nonlocal sent
        headers = message.headers
        await kafka.publish(
            body, given["topic"], key=headers["key"].encode(), headers={"ce_sequence": headers["ce_sequence"]}
        )
        sent += 1
        if sent >= given["n"]:
            done.set()

    await kafka.connect()
    begun = time.perf_counter()
    await outbox.start()
    await done.wait()
    while True:
        async with engine.connect() as connection:
            if not (await connection.execute(text("select count(*) from peer_outbox"))).scalar_one():
                break
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - begun
    await outbox.stop()
    await kafka.stop()
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
