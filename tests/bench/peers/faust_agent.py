"""Projects a topic with faust-streaming into case_total, 500 at a time; prints the seconds."""

import asyncio
import json
import os
import sys
import time
from datetime import date
from uuid import UUID

GIVEN = json.loads(sys.argv[1])
os.environ["FAUST_DATADIR"] = f"{GIVEN['home']}/faust-{os.getpid()}"

import asyncpg  # noqa: E402
import faust  # noqa: E402

OPENED = "insert into case_total values (1, $1, $2, $3, 0, null, 1) on conflict do nothing"
WHERE = "where generation = 1 and case_id = $1 and events ="
ARRIVED = f"update case_total set arrivals = $2, arrived_on = $3, events = events + 1 {WHERE} $4 - 1"
MOVED = f"update case_total set arrived_on = $2, events = events + 1 {WHERE} $3 - 1"

app = faust.App(
    f"bench-{os.getpid()}",
    broker=f"kafka://{GIVEN['kafka']}",
    topic_disable_leader=True,
    web_enabled=False,
    consumer_auto_offset_reset="earliest",
    stream_wait_empty=False,
)
topic = app.topic(GIVEN["topic"], value_serializer="json", key_serializer="raw")
state: dict = {"seen": 0, "begun": time.perf_counter()}


def text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@app.agent(topic)
async def project(stream: faust.Stream) -> None:
    pool = await asyncpg.create_pool(GIVEN["database"], min_size=1, max_size=2)
    async for events in stream.take_events(500, within=0.05):
        opened, arrived, moved = [], [], []
        for event in events:
            head = {name: text(value) for name, value in dict(event.headers).items()}
            subject, kind, sequence, data = (
                UUID(head["ce_subject"]),
                head["ce_type"],
                int(head["ce_sequence"]),
                event.value,
            )
            if kind.endswith("allocation-received.v1"):
                opened.append((subject, data["category"], len(data["persons"])))
            elif kind.endswith("arrival-registered.v1"):
                arrived.append((subject, len(data["persons"]), date.fromisoformat(data["arrived_on"]), sequence))
            else:
                moved.append((subject, date.fromisoformat(data["arrived_on"]), sequence))
        async with pool.acquire() as connection, connection.transaction():
            await connection.executemany(OPENED, opened)
            await connection.executemany(ARRIVED, arrived)
            await connection.executemany(MOVED, moved)
        state["seen"] += len(events)
        if state["seen"] >= GIVEN["records"]:
            print(json.dumps({"seconds": time.perf_counter() - state["begun"]}), flush=True)
            os._exit(0)


async def main() -> None:
    app.finalize()
    await app.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
