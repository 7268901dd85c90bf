"""The town's topics copied under another prefix, so that Kafka can be damaged and the town stays whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.verify import Site
from deploy.verify.transport import records

PARTITIONS = 12


async def mirror(site: Site, damage: Callable[[list[Any]], list[Any]]) -> Site:
    """The site with its records as `damage` leaves them: all records in, what is written out, in order."""
    prefix = f"mirror-{uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=site.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{prefix}.{name}", PARTITIONS, 1) for name in site.services])
    finally:
        await admin.close()
    copied = damage([record async for record in records(site)])
    producer = AIOKafkaProducer(bootstrap_servers=site.kafka)
    await producer.start()
    try:
        for one in copied:
            await producer.send(
                f"{prefix}.{one.topic.rpartition('.')[2]}",
                one.value,
                key=one.key,
                partition=one.partition,
                headers=list(one.headers),
            )
    finally:
        await producer.stop()
    return replace(site, topic_prefix=prefix)
