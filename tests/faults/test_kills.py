"""F01: kill -9 of every process at every named step and at random, while eight people work."""

import asyncio
import random
import signal
from functools import partial

import pytest

from tests.faults.afterwards import all_is_right, drained
from tests.faults.load import Load
from tests.faults.proof import seeds
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

# Between commit, publish and mark; receive, apply, commit and the offset; compose, hand over, mark; an import's batch.
STEPS = {
    "reception": [
        "relay.selected", "relay.acknowledged", "relay.marked", "command.done", "command.committed",
        "reception.import-chunk-done", "reception.import-chunk-committed", "relay.acknowledged@3",
    ],
    "reporting": [
        "dashboard/1.received", "dashboard/1.applied", "dashboard/1.committed",
        "landa.reporting.dashboard.1.reception.acknowledged@5", "dashboard/1.applied@2", "dashboard/1.committed@3",
        "landa.reporting.dashboard.1.awards.acknowledged@3", "dashboard/1.received@4",
    ],
    "notifications": [
        "alerts.applied", "notifications.before-hand-over", "notifications.handed-over", "notifications.marked",
        "notifications.composed", "alerts.committed", "alerts.received",
        "landa.notifications.alerts.reception.acknowledged@3",
    ],
    "awards": [
        "command.committed", "relay.acknowledged", "relay.marked", "relay.selected", "command.done",
        "relay.acknowledged@2", "command.committed@2", "relay.selected@3",
    ],
}  # fmt: skip
ROUNDS = [dict(zip(STEPS, steps, strict=True)) for steps in zip(*STEPS.values(), strict=True)]
SHORT = 1
PROCESSES = ("reception", "notifications", "reporting", "awards", "front", "sinks", "identity", "kafka", "postgres")


@pytest.mark.parametrize(
    "steps",
    [pytest.param(r, id=r["reception"], marks=() if n < SHORT else pytest.mark.long) for n, r in enumerate(ROUNDS)],
)
async def test_each_service_killed_at_a_step(people, steps):
    supervisor = people.town.supervisor
    await drained(people, 60)
    deaths = {service: len(supervisor.deaths.get(service, [])) for service in steps}
    # a step may come before its service is ready: mail and reminders go on while nobody works
    await asyncio.gather(
        *(supervisor.restart(service, {"LANDA_FAULT": step}, wait=False) for service, step in steps.items())
    )
    await drained(people, 60)
    await people.quiet_hour()

    async def died() -> dict[str, list[int]]:
        return {service: supervisor.deaths.get(service, [])[deaths[service] :] for service in steps}

    async with Load(people, seed=ROUNDS.index(steps)) as load:
        seen = await until(died, lambda found: all(found.values()), seconds=60, what="each killed at its step")
        assert {status for statuses in seen.values() for status in statuses} == {-signal.SIGKILL}
        await load.acknowledged(40)
        ended = asyncio.get_running_loop().time()
    what = "each service killed at a named step"
    await all_is_right("F01", what, ROUNDS.index(steps), people, load, ended, within=10)


@pytest.mark.long
@pytest.mark.parametrize("seed", seeds(4))
async def test_any_process_killed_at_random(people, seed):
    supervisor, chance = people.town.supervisor, random.Random(seed)
    await drained(people, 60)
    await people.quiet_hour()
    victims = chance.sample(PROCESSES, len(PROCESSES))
    front = partial(people.http.get, f"{people.town.addresses.public_url}/awards/")
    async with Load(people, seed) as load:
        for victim in victims:
            supervisor.kill(victim)
            await load.acknowledged(chance.randint(1, 25))
        await until(front, lambda answer: answer.status_code < 400, seconds=60, what="everything is back")
        ended = asyncio.get_running_loop().time()
    await all_is_right("F01", "every process killed once, in any order", seed, people, load, ended, within=30)
