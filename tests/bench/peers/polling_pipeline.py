"""An outbox and a projection that are looked at once a second: relay and consumer of the usual kind, in one process."""

import asyncio
import json
import sys

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

given = json.loads(sys.argv[1])


async def relay(pool, producer):
    while True:
        rows = await pool.fetch("select id, subject, data::text as data from outbox")
        sent = [
            await producer.send(given["topic"], row["data"].encode(), key=str(row["subject"]).encode()) for row in rows
        ]
        await asyncio.gather(*sent)
        await pool.execute("delete from outbox where id = any($1::uuid[])", [row["id"] for row in rows])
        await asyncio.sleep(1)


async def project(pool, consumer):
    while True:
        for records in (await consumer.getmany(timeout_ms=100, max_records=5000)).values():
            await pool.executemany(
                "insert into shown (id) values ($1) on conflict do nothing",
                [(record.key.decode(),) for record in records],
            )
        await consumer.commit()
        await asyncio.sleep(1)


async def main():
    pool = await asyncpg.create_pool(given["url"], min_size=2, max_size=4)
    producer = AIOKafkaProducer(bootstrap_servers=given["kafka"], enable_idempotence=True, acks="all")
    consumer = AIOKafkaConsumer(
        given["topic"], bootstrap_servers=given["kafka"], group_id=given["topic"], auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    await producer.start()
    await consumer.start()
    await pool.execute("insert into ready values (true)")
    await asyncio.gather(relay(pool, producer), project(pool, consumer))


uvloop.run(main())
