"""Another replica in a process of its own: reception's relay and the follower, until it is killed."""

import asyncio
import json
import sys
from contextlib import suppress

from shared.consumer import Receiver
from shared.database import Database
from shared.messaging import Inlet
from shared.relay import Relay
from tests.shared.conftest import Follower, settings_for
from tests.waiting import until


async def main() -> None:
    expected, *given = sys.argv[1:]
    reception, reporting = (json.loads(text) for text in given)
    more = {"watermark_seconds": 0.5, "instance": "1"}
    source, target = (
        settings_for(s["service"], s["database_url"], s["kafka"], s["topic_prefix"], **more)
        for s in (reception, reporting)
    )
    databases = Database(source), Database(target)
    for database in databases:
        await database.open()
    relay = Relay(source, databases[0])
    receiver = Receiver(databases[1], "follower", Follower().apply)

    async def receive(records) -> None:
        await receiver.receive(records)

    inlet = Inlet(target, "reception", f"{target.topic_prefix}.follower", receive)
    running = asyncio.gather(relay.run(), inlet.run())
    await until(inlet.lag, lambda lag: lag is not None, seconds=30)
    with suppress(AssertionError):
        # to lead takes as long as it takes; that it does not is seen in a while
        await until(lambda: asyncio.sleep(0, relay.status.connected), seconds=25 if expected == "leads" else 3)
    print("consumes", "leads" if relay.status.leading else "follows", flush=True)
    await running


asyncio.run(main())
