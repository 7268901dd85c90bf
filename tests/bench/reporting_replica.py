"""One replica's consumer of reporting: inlet, gate and projection, until it is killed."""

import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial

import structlog
import uvloop

from services.reporting.consumers import DASHBOARD
from shared import generations
from shared.consumer import Receiver
from shared.database import Database
from shared.messaging import Inlet, Raw, calm_logs
from shared.process import calm_collector
from tests.shared.conftest import settings_for


async def main(given: dict[str, str]) -> None:
    settings = settings_for("reporting", given["database"], given["kafka"], given["prefix"], instance=given["instance"])
    database = Database(settings)
    await database.open(size=6, seconds=60)
    receiver = Receiver(
        database,
        f"{DASHBOARD.name}/1",
        generations.marked(DASHBOARD, 1),
        partial(generations.is_current, DASHBOARD.name, 1),
    )

    async def receive(records: Sequence[Raw]) -> None:
        await receiver.receive(records)

    await Inlet(settings, "reception", given["group"], receive).run()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    calm_logs()
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1])))
