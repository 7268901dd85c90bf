"""A second member of the dashboard's consumer group, which comes and goes, or works slowly. For tests.

`python -m tests.faults.member comes-and-goes 40` joins again and again until Kafka has made that many generations of
the group, then says how many. `... slow 2` joins once and says `applying` each time before it applies anything, two
seconds late and inside the transaction. The environment is reporting's.
"""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from services.reporting.consumers import DASHBOARD
from shared import generations
from shared.consumer import Receiver
from shared.contracts.envelope import Fact
from shared.database import Connection, Database
from shared.messaging import Inlet, Raw
from shared.settings import load
from tests.waiting import until

SOURCE = "reception"


def _coordinator(inlet: Inlet) -> Any:
    return inlet._client._coordinator


async def main(task: str, number: int) -> None:
    settings = load("reporting")
    database = Database(settings)
    await database.open(size=3, seconds=60)
    generation = int(await database.pool.fetchval("select live from projection where name = $1", DASHBOARD.name))
    name = f"{DASHBOARD.name}/{generation}"
    slowly = number if task == "slow" else 0
    real = generations.marked(DASHBOARD, generation)

    async def apply(tx: Connection, facts: Sequence[Fact]) -> None:
        if slowly:
            print("applying", flush=True)
            await asyncio.sleep(slowly)
        await real(tx, facts)

    receiver = Receiver(database, name, apply, partial(generations.is_current, DASHBOARD.name, generation))

    async def receive(records: Sequence[Raw]) -> None:
        await receiver.receive(records)

    first, turn = None, 0
    while True:
        guest = settings.model_copy(update={"instance": f"guest-{turn}"})
        group = f"{settings.topic_prefix}.reporting.{name.replace('/', '.')}.{SOURCE}"
        inlet = Inlet(guest, SOURCE, group, receive)
        running = asyncio.create_task(inlet.run())
        await until(lambda i=inlet: asyncio.sleep(0, i.seconds_since_poll()), lambda s: s is not None, seconds=60)
        if task == "slow":
            print("joined", flush=True)
            await running
        now = int(_coordinator(inlet).generation)
        first = now if first is None else first
        # A static member leaves without a word, and is missed after its session; this one says that it goes.
        _coordinator(inlet)._group_instance_id = None
        running.cancel()
        await asyncio.wait([running])
        turn += 1
        if now - first >= number:
            print(now - first, flush=True)
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
