"""Kafka Connect in one process with Debezium's PostgreSQL connector, from jars that are compared with their sums."""

import asyncio
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.child import tail
from deploy.local.kafka_jars import kafka_home
from deploy.local.places import java_home
from deploy.local.ports import free_ports
from tests.bench import workload
from tests.bench.stand import Made, PeerFailed, Stand

JARS = Path(__file__).with_name("debezium-jars.sha256")
SECONDS = 180

_WORKER = """\
bootstrap.servers={kafka}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
header.converter=org.apache.kafka.connect.storage.SimpleHeaderConverter
offset.storage.file.filename={home}/offsets
offset.flush.interval.ms=1000
listeners=http://127.0.0.1:{port}
plugin.discovery=only_scan
producer.batch.size=131072
producer.linger.ms=5
"""
_CONNECTOR = """\
name=bench
connector.class=io.debezium.connector.postgresql.PostgresConnector
plugin.name=pgoutput
database.hostname={host}
database.port={database_port}
database.user={user}
database.password={password}
database.dbname={database}
topic.prefix=bench
slot.name={slot}
publication.name={publication}
publication.autocreate.mode=disabled
snapshot.mode=no_data
table.include.list=reception.decoded
tombstones.on.delete=false
max.batch.size=8192
max.queue.size=32768
transforms=outbox
transforms.outbox.type=io.debezium.transforms.outbox.EventRouter
transforms.outbox.table.field.event.id=id
transforms.outbox.table.field.event.key=subject
transforms.outbox.table.field.event.payload=data
transforms.outbox.table.fields.additional.placement=sequence:header:ce_sequence,type:header:ce_type
transforms.outbox.route.by.field=actor
transforms.outbox.route.topic.replacement={topic}
"""


async def drain(
    stand: Stand, made: Made, kafka: str, topic: str, slot: str, publication: str, n: int
) -> tuple[float, float]:
    """Seconds from the first to the last record by the broker's clock, and from the JVM's start. Raises PeerFailed."""
    jars, more = kafka_home(stand.where), kafka_home(stand.where, JARS)
    home = stand.where.state / f"connect-{slot}"
    home.mkdir()
    (port,) = free_ports(1)
    to = urlsplit(made.admin_url)
    worker, connector, log = home / "worker.properties", home / "connector.properties", home / "log"
    worker.write_text(_WORKER.format(kafka=kafka, home=home, port=port))
    connector.write_text(
        _CONNECTOR.format(
            host=to.hostname, database_port=to.port, user=to.username, password=to.password, database=made.name,
            slot=slot, publication=publication, topic=topic,
        )
    )  # fmt: skip
    argv = (
        str(java_home(stand.where) / "bin" / "java"), "-Xms512m", "-Xmx1g", "-XX:+UseParallelGC",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*:{more}/*",
        "org.apache.kafka.connect.cli.ConnectStandalone", str(worker), str(connector),
    )  # fmt: skip
    begun = time.perf_counter()
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, cwd=home,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )  # fmt: skip
    try:
        while (reached := await workload.ends(kafka, topic)) < n:
            if process.returncode is not None or time.perf_counter() - begun > SECONDS:
                raise PeerFailed(f"Debezium brought {reached} of {n} events:\n{tail(log)}")
            await asyncio.sleep(0.25)
        cold = time.perf_counter() - begun
    finally:
        if process.returncode is None:
            process.kill()  # it takes ten seconds to stop, and nothing of it is needed any more
            await process.wait()
    stamps = [record.timestamp async for batch in workload.read_topic(kafka, topic) for record in batch]
    return max((max(stamps) - min(stamps)) / 1000, 0.001), cold
