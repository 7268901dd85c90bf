"""Apache Kafka, one KRaft node on the loopback.

Promise: when `start` returns, the broker has answered a metadata request; topics are made here and nowhere else.
"""

import asyncio
import base64
import logging
import signal
import uuid
from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from deploy.local.child import NotReady, Part, Spec, run_as, tail
from deploy.local.kafka_jars import kafka_home
from deploy.local.places import Places, java_home
from deploy.local.ports import LOOPBACK, answers

PARTITIONS = 12
SERVICES = ("reception", "notifications", "reporting", "awards")
_TOPIC_EXISTS = 36
_JVM = (
    "-Xms128m",
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss",
)
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}{listener}
advertised.listeners=PLAINTEXT://{host}:{port}{advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
log.retention.ms=-1
message.max.bytes=1048588
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
"""


class Kafka(Part):
    """One broker; `port` for clients, `controller_port` for itself.

    `proxied` is a second way in: (the port it listens on, the port that it tells clients to use instead).
    """

    def __init__(self, where: Places, port: int, controller_port: int, proxied: tuple[int, int] | None = None) -> None:
        self.where = where
        self.port = port
        self.controller_port = controller_port
        self.proxied = proxied
        self.bootstrap = f"{LOOPBACK}:{port}"
        self.home = where.state / "kafka"

    def spec(self) -> Spec:
        jars = kafka_home(self.where)
        java = java_home(self.where) / "bin" / "java"
        self._java = (str(java), *_JVM, "-cp", f"{jars}/*")
        return Spec(
            name="kafka",
            argv=(*self._java, "kafka.Kafka", str(self.where.state / "kafka.properties")),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd=self.where.folder("kafka"),
            log=self.where.state / "logs" / "kafka.log",
            user=self.where.user,
            ready=self.ready,
            prepare=self._prepare,
            stop_signal=signal.SIGTERM,
            patience=120,
            grace=3,
        )

    async def ready(self) -> bool:
        if not await answers(self.port):
            return False
        # a broker that is half up makes the client log every try
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        try:
            async with asyncio.timeout(5), Admin(self.bootstrap) as admin:
                return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, TimeoutError, OSError):
            return False
        finally:
            logging.getLogger("aiokafka").setLevel(logging.NOTSET)

    async def _prepare(self) -> None:
        settings = self.where.state / "kafka.properties"
        data = self.home / "data"
        ways = [f",PROXIED://{LOOPBACK}:{port}" for port in self.proxied] if self.proxied else ["", ""]
        settings.write_text(
            _SETTINGS.format(
                host=LOOPBACK, port=self.port, controller=self.controller_port, data=data,
                listener=ways[0], advertised=ways[1],
            )
        )  # fmt: skip
        settings.chmod(0o644)
        if (data / "meta.properties").exists():
            return
        log = self.where.state / "logs" / "kafka-format.log"
        log.parent.mkdir(exist_ok=True)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if cluster.startswith("-"):  # would read as an option
            cluster = "A" + cluster[1:]
        argv, extra = run_as(
            (*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)), self.where.user
        )
        with log.open("wb") as file:
            made = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, cwd=self.home,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, start_new_session=True, **extra,
            )  # fmt: skip
            status = await made.wait()
        if status != 0:
            raise NotReady(f"Kafka's storage could not be formatted (exit status {status}):\n{tail(log)}")


class Admin:
    def __init__(self, bootstrap: str, **options: Any) -> None:
        self.client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10000, **options)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self.client.start()
        except BaseException:
            await self.client.close()
            raise
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()


async def make_topics(
    bootstrap: str, services: Iterable[str] = SERVICES, partitions: int = PARTITIONS, **options: Any
) -> list[str]:
    """One topic per producing service, `landa.<service>`, made if missing; returns when each partition has a leader.

    `options`: how the client proves itself.
    """
    names = [f"landa.{service}" for service in services]
    wanted = [
        NewTopic(
            name=name,
            num_partitions=partitions,
            replication_factor=1,
            topic_configs={"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"},
        )
        for name in names
    ]
    async with asyncio.timeout(60), Admin(bootstrap, **options) as admin:
        answer = await admin.create_topics(wanted)
        for topic, code, *_ in answer.topic_errors:
            if code not in (0, _TOPIC_EXISTS):
                raise for_code(code)(f"topic {topic} could not be made")
        while True:
            topics = await admin.describe_topics(names)
            if all(
                topic["error_code"] == 0
                and len(topic["partitions"]) >= partitions
                and all(one["leader"] >= 0 for one in topic["partitions"])
                for topic in topics
            ):
                return names
            await asyncio.sleep(0.05)
