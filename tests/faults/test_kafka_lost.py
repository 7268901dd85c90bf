"""F14: Kafka loses what it was given. It is noticed, read from the journals, published again; nothing doubles."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.local.kafka import PARTITIONS, make_topics
from deploy.local.town import Town
from shared.settings import SERVICES
from tests.faults.afterwards import all_is_right, drained, unpublished
from tests.faults.load import Load
from tests.journeys.people import People
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

TOPICS = [f"landa.{service}" for service in SERVICES]


@asynccontextmanager
async def admin(town: Town) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=town.addresses.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def everything(town: Town) -> None:
    """Its disk is gone: topics, what consumers had committed, the cluster's own id."""
    town.supervisor.kill("kafka")
    await town.supervisor.halt("kafka")
    shutil.rmtree(town.kafka.home / "data")
    await town.supervisor.restart("kafka")
    await make_topics(town.addresses.kafka)


async def every_record(town: Town) -> None:
    """The topics are truncated, as by a retention that somebody set."""
    consumer = AIOKafkaConsumer(bootstrap_servers=town.addresses.kafka)
    await consumer.start()
    ends = await consumer.end_offsets([TopicPartition(name, p) for name in TOPICS for p in range(PARTITIONS)])
    await consumer.stop()
    async with admin(town) as client:
        await client.delete_records({place: RecordsToDelete(end) for place, end in ends.items()})


async def the_topics(town: Town) -> None:
    """Deleted, and made again under the same names: offsets begin at 0, what was committed points beyond the end."""
    async with admin(town) as client:
        await client.delete_topics(TOPICS)

    async def again() -> list[str]:
        return await make_topics(town.addresses.kafka)

    await until(again, seconds=40, what="the topics again")


LOSSES: dict[str, Callable[[Town], Awaitable[None]]] = {
    "its disk": everything,
    "every record": every_record,
    "its topics": the_topics,
}


async def missing(people: People, service: str) -> int:
    """What the watermark has and the consumers of `service` have not, as its metrics say."""
    text = (await people.http.get(people.town.addresses.services[service] + "/metrics")).text
    return sum(int(float(n)) for n in re.findall(r"^landa_consumer_missing\S*\{[^}]*\} (\S+)$", text, re.MULTILINE))


async def published_again(people: People) -> None:
    for service in ("reception", "notifications", "awards"):
        await people.post("operator", f"/{service}/journal/republish", {"subject": None})


@pytest.mark.long
@pytest.mark.parametrize("lost", LOSSES)
async def test_kafka_loses(people, lost):
    town = people.town
    await drained(people, 60)
    await people.quiet_hour()
    async with Load(people, len(lost)) as load:
        await load.acknowledged(20)
        # These two are behind when it happens: what they have not read is nowhere but in the journals.
        await asyncio.gather(town.supervisor.halt("reporting"), town.supervisor.halt("notifications"))
        await load.acknowledged(60)
    for service in ("reception", "awards"):
        await until(partial(unpublished, people, service), lambda left: not left, seconds=30)
    await LOSSES[lost](town)
    await asyncio.gather(town.supervisor.restart("reporting"), town.supervisor.restart("notifications"))
    ended = asyncio.get_running_loop().time()
    await until(lambda: missing(people, "reporting"), lambda n: n > 0, seconds=40, what="the alarm")
    await until(lambda: missing(people, "reporting"), lambda n: n == 0, seconds=60, what="read from the journals")
    await people.agreed()
    await published_again(people)
    await all_is_right("F14", f"Kafka loses {lost}", 0, people, load, ended)
