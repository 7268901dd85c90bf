"""F02, F03: Kafka is killed or stands still while eight people work, and nobody has to restart anything afterwards.

Known trouble of the client that is meant: aiokafka's producer after an outage (#1017: it may never send again), its
consumer after a broker's restart (#1154, #847: it may poll for ever without getting anything).
"""

import asyncio
import signal

import pytest

from tests.faults.afterwards import SLACK, all_is_right, drained, unpublished
from tests.faults.load import Load
from tests.faults.proof import seeds
from tests.journeys.people import People
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

SERVICES = ("reception", "notifications", "reporting", "awards")


def pause(seconds: float) -> float:
    """People think longer where a fault lasts long: what they do meanwhile only grows what the checker reads."""
    return 0.15 if seconds < 20 else 0.6


async def consuming(people: People, service: str = "reporting") -> int:
    answer = await people.http.get(people.town.addresses.services[service] + "/readyz/consumer")
    return answer.status_code


async def for_seconds(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    await until(lambda: asyncio.sleep(0.05, loop.time() > over), seconds=seconds + 5)


def pids(people: People) -> dict[str, int]:
    return {service: people.town.supervisor.pid(service) for service in SERVICES}


@pytest.mark.long
@pytest.mark.parametrize("seed", seeds(2))
async def test_kafka_is_killed_and_services_start_while_it_is_away(people, seed):
    supervisor = people.town.supervisor
    await drained(people, 60)
    await people.quiet_hour()
    async with Load(people, seed) as load:
        await load.acknowledged(20)
        supervisor.kill("kafka")
        await supervisor.halt("kafka")
        await load.acknowledged(30)
        await asyncio.gather(supervisor.restart("reporting"), supervisor.restart("reception"))
        assert await consuming(people) == 503
        await load.acknowledged(30)
        await supervisor.restart("kafka")
        ended = asyncio.get_running_loop().time()
        await load.acknowledged(20)
    await all_is_right("F02", "Kafka killed, two services started meanwhile", seed, people, load, ended, within=30)


@pytest.mark.parametrize(
    ("issue", "seconds"),
    [
        pytest.param("aiokafka 1154 and 847: consumers after a restart", 0, id="1154, 847"),
        pytest.param("aiokafka 1017: producers after an outage", 25, id="1017", marks=pytest.mark.long),
    ],
)
async def test_the_same_processes_go_on_after_kafka_was_killed(people, issue, seconds):
    """An outage longer than every request timeout, and one of a moment: the services' processes are never replaced."""
    supervisor = people.town.supervisor
    await drained(people, 60)
    await people.quiet_hour()
    before = pids(people)
    async with Load(people, seconds, pause=pause(seconds)) as load:
        await load.acknowledged(20)
        supervisor.kill("kafka")
        await supervisor.halt("kafka")
        await for_seconds(seconds)
        await load.acknowledged(10)
        assert load.longest < 5 * SLACK, "HTTP waited for Kafka"
        await supervisor.restart("kafka")
        ended = asyncio.get_running_loop().time()
        await load.acknowledged(10)
    await all_is_right("F02", f"Kafka killed; {issue}", 0, people, load, ended, within=30)
    assert pids(people) == before


@pytest.mark.parametrize("seconds", [12, pytest.param(45, marks=pytest.mark.long)])
async def test_kafka_stands_still_and_what_was_sent_lands_afterwards(people, seconds):
    """Past request and session timeouts: what lies in its sockets is taken late, after the relay has given it up."""
    supervisor = people.town.supervisor
    loop = asyncio.get_running_loop()
    await drained(people, 60)
    await people.quiet_hour()
    before = pids(people)
    async with Load(people, seconds, pause=pause(seconds)) as load:
        await load.acknowledged(20)
        supervisor.kill("kafka", signal.SIGSTOP)
        try:
            await load.acknowledged(20)
            await for_seconds(seconds)
            left = await unpublished(people, "reception")
            assert left, "nothing waits to be published while Kafka stands still"
        finally:
            supervisor.kill("kafka", signal.SIGCONT)
        ended = loop.time()
        await until(
            lambda: unpublished(people, "reception"),
            lambda now: not now & left,
            seconds=10 * SLACK,
            what="publishing again",
        )
        print(f"published again after {loop.time() - ended:.1f} s")
        await load.acknowledged(20)
    await all_is_right("F03", f"Kafka stands still for {seconds} s", 0, people, load, ended, within=30)
    assert pids(people) == before
