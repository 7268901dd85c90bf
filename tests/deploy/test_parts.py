"""PostgreSQL and Kafka as the demo runs them."""

import asyncio
import os

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.kafka import SERVICES, make_topics
from deploy.local.kafka_jars import LIST, kafka_home
from deploy.local.places import PartsMissing, Places
from deploy.local.ports import free_ports


async def test_a_role_owns_its_schemas_and_reaches_no_other(database) -> None:
    for service in SERVICES:
        own = await asyncpg.connect(database.url(service))
        assert await own.fetchval("select current_schema()") == service
        await own.execute(f"create table facts (id int); create table {service}_keys.person_key (id int)")
        await own.close()
    for service in SERVICES:
        own = await asyncpg.connect(database.url(service))
        for other in set(SERVICES) - {service}:
            for table in (f"{other}.facts", f"{other}_keys.person_key"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await own.fetch(f"select * from {table}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await own.execute(f"create table {other}.intruder (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute("create table public.intruder (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute("create schema intruder")
        await own.close()


async def test_a_persons_data_in_a_failed_statement_is_not_logged(database, postgres) -> None:
    if postgres is None:
        pytest.skip("the environment's own PostgreSQL keeps its own log")
    own = await asyncpg.connect(database.url("reception"))
    await own.execute("create table people (name text primary key)")
    await own.execute("insert into people values ($1)", "Invented Person")
    with pytest.raises(asyncpg.UniqueViolationError):
        await own.execute("insert into people values ($1)", "Invented Person")
    with pytest.raises(asyncpg.UniqueViolationError):
        await own.execute("insert into people values ('Invented Person')")
    await own.close()
    log = (postgres.where.state / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Invented" not in log


async def test_topics_are_made_once_and_keep_everything(bootstrap: str) -> None:
    assert await make_topics(bootstrap) == [f"landa.{service}" for service in SERVICES]
    await make_topics(bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = await admin.describe_topics([f"landa.{service}" for service in SERVICES])
        assert [len(topic["partitions"]) for topic in topics] == [12] * len(SERVICES)
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "landa.reception")])
        settings = {row[0]: row[1] for row in answer.resources[0][4]}
        assert settings["retention.ms"] == "-1"
        assert settings["message.timestamp.type"] == "LogAppendTime"
    finally:
        await admin.close()


async def test_a_jar_that_differs_from_its_sum_is_refused(where: Places, tmp_path) -> None:
    lines = LIST.read_text().splitlines()
    home = await asyncio.to_thread(kafka_home, where)
    wrong = tmp_path / "jars"
    wrong.write_text("\n".join([*lines[:-1], lines[-1][:-64] + "0" * 64]))
    from deploy.local import kafka_jars

    jars = kafka_jars.pinned(wrong)
    with pytest.raises(PartsMissing, match=r"zstd-jni.* is not the file that was reviewed"):
        kafka_jars.check(jars, home)
    with pytest.raises(PartsMissing, match="missing"):
        kafka_jars.check(kafka_jars.pinned(), tmp_path)


def test_neither_one_process_nor_processes_begun_together_are_given_a_port_twice(monkeypatch) -> None:
    mine = os.getpid()
    found: list[int] = []
    for process in (mine, mine + 1, mine + 2):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        found += [port for _ in range(20) for port in free_ports(3)]
    assert len(set(found)) == len(found) == 180
