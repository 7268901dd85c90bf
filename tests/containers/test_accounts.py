"""One account per service with the least rights: each of these tries what it may not."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from deploy.docker import certificates
from deploy.docker.setup import FOLLOWS
from deploy.local.database import url_for
from deploy.local.kafka import SERVICES
from tests.containers.conftest import Site
from tests.waiting import until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120, func_only=True)]
STRANGERS = certificates.authority("somebody else's")


def account(site: Site, user: str, password: str | None = None, ca: Path | None = None) -> dict[str, Any]:
    """How a client proves itself as `user`; what is given replaces what is right."""
    at = "setup/kafka_admin_password" if user == "admin" else f"{user}/landa_kafka_password"
    return {
        "bootstrap_servers": site.addresses.kafka,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password or site.secret(at),
        "ssl_context": ssl.create_default_context(cafile=str(ca or site.ca)),
        "request_timeout_ms": 8000,
    }


async def write(options: dict[str, Any], topic: str) -> int:
    """Idempotent, as the relay writes. The offset."""
    producer = AIOKafkaProducer(**options, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        return int((await producer.send_and_wait(topic, b"{}", key=b"not-ours", partition=0)).offset)
    finally:
        with suppress(Exception):
            await producer.stop()


async def read(options: dict[str, Any], topic: str, group: str | None) -> int:
    """Partitions that came; raises what the broker says."""
    consumer = AIOKafkaConsumer(
        topic, **options, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:

        async def polled() -> Any:
            await consumer.getmany(timeout_ms=200)
            return consumer.assignment()

        end = asyncio.get_running_loop().time() + 15
        while not await polled():
            assert asyncio.get_running_loop().time() < end, "no partition was assigned"
        return len(consumer.assignment())
    finally:
        await consumer.stop()


async def refused(by: type[Exception], work: Callable[[], Awaitable[Any]]) -> None:
    with pytest.raises(by):
        await asyncio.wait_for(work(), 30)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_its_own_topic_only(site: Site, service: str) -> None:
    for other in SERVICES:
        if other != service:
            await refused(TopicAuthorizationFailedError, lambda to=other: write(account(site, service), f"landa.{to}"))


async def test_what_is_refused_is_the_topic_and_not_the_way_it_is_written(site: Site) -> None:
    own = "landa.reporting"  # nobody follows it
    offset = await write(account(site, "reporting"), own)
    admin = AIOKafkaAdminClient(**account(site, "admin"))
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(own, 0): RecordsToDelete(before_offset=offset + 1)})
    finally:
        await admin.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_what_it_follows_and_nothing_else(site: Site, service: str) -> None:
    for other in SERVICES:
        topic, group = f"landa.{other}", f"landa.{service}.a-test"
        if other in FOLLOWS[service]:
            assert await read(account(site, service), topic, group) == 12
        elif other != service:
            await refused(
                TopicAuthorizationFailedError, lambda at=topic, by=group: read(account(site, service), at, by)
            )


async def test_a_service_joins_groups_of_its_own_only(site: Site) -> None:
    for group in ("landa.notifications.alerts.reception", "landa.reportingx", "anything"):
        work = lambda by=group: read(account(site, "reporting"), "landa.reception", by)  # noqa: E731
        await refused(GroupAuthorizationFailedError, work)


async def test_a_service_makes_no_topics_and_gives_no_rights(site: Site) -> None:
    admin = AIOKafkaAdminClient(**account(site, "reception"))
    await admin.start()
    try:
        assert set(await admin.list_topics()) <= {"landa.reception"}
    finally:
        await admin.close()


async def test_kafka_talks_to_nobody_without_tls_and_a_password(site: Site, tmp_path: Path) -> None:
    strange = tmp_path / "ca.pem"
    strange.write_text(STRANGERS.certificate)
    right = account(site, "reporting")
    wrong: dict[str, dict[str, Any]] = {
        "plain text": {"bootstrap_servers": site.addresses.kafka, "request_timeout_ms": 4000},
        "a password in plain text": right | {"security_protocol": "SASL_PLAINTEXT"},
        "TLS, but nobody": {k: v for k, v in right.items() if not k.startswith("sasl")} | {"security_protocol": "SSL"},
        "a wrong password": account(site, "reporting", password="not this one"),
        "another's password": account(site, "reporting", password=site.secret("awards/landa_kafka_password")),
        "nobody we know": account(site, "reporting") | {"sasl_plain_username": "somebody"},
        "another authority": account(site, "reporting", ca=strange),
    }
    for name, options in wrong.items():
        producer = AIOKafkaProducer(**options)
        with pytest.raises((KafkaConnectionError, AuthenticationFailedError)):
            await asyncio.wait_for(producer.start(), 30)
            pytest.fail(name)
        await producer.stop()


async def test_an_account_gets_a_new_password_and_the_old_one_is_worth_nothing(site: Site) -> None:
    accounts, kafka = site.secrets_at / "kafka" / "accounts", site.composed.containers["kafka"]
    old, before = site.secret("awards/landa_kafka_password"), accounts.read_text()
    for stale, fresh in ((old, "quite-another-one"), ("quite-another-one", old)):
        accounts.unlink()
        accounts.write_text(before.replace(old, fresh))
        done = kafka.get_wrapped_container().exec_run(["bash", "/etc/landa/renew.sh", "awards"])
        assert done.exit_code == 0, done.output.decode()

        async def renewed(password: str = fresh) -> bool:
            producer = AIOKafkaProducer(**account(site, "awards", password=password))
            try:
                await producer.start()
            finally:
                await producer.stop()
            return True

        await until(renewed)
        producer = AIOKafkaProducer(**account(site, "awards", password=stale))
        with pytest.raises((KafkaConnectionError, AuthenticationFailedError)):
            await producer.start()
        await producer.stop()


async def test_kafka_proves_that_it_is_the_one_that_was_meant(site: Site, tmp_path: Path) -> None:
    strange = tmp_path / "ca.pem"
    strange.write_text(STRANGERS.certificate)
    host, _, port = site.addresses.kafka.partition(":")
    for trust, name in ((strange, host), (site.ca, "postgres.landa.localhost")):
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                host, int(port), ssl=ssl.create_default_context(cafile=str(trust)), server_hostname=name
            )


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_no_schema_but_its_own(site: Site, service: str) -> None:
    connection = await asyncpg.connect(site.addresses.databases[service])
    try:
        assert await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        assert await connection.fetchval("select count(*) >= 0 from journal")
        for other in SERVICES:
            if other != service:
                for table in (f"{other}.journal", f"{other}_keys.person_key"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.fetch(f"select * from {table}")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f'create table "{other}".mine (id int)')
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f'set role "{other}"')
        for ask in (
            "create table public.mine (id int)",
            "create role mine",
            "create schema mine",
            "create database mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(ask)
    finally:
        await connection.close()


async def test_postgresql_talks_to_nobody_without_tls_and_a_password(site: Site, tmp_path: Path) -> None:
    strange = tmp_path / "ca.pem"
    strange.write_text(STRANGERS.certificate)
    url = site.addresses.databases["awards"]
    parts = urlsplit(url)
    plain = parts._replace(query="sslmode=disable").geturl()
    nobody = asyncpg.InvalidAuthorizationSpecificationError
    wrong: dict[str, tuple[str, type[Exception] | tuple[type[Exception], ...]]] = {
        "plain text": (plain, nobody),
        "another authority": (url.replace(str(site.ca), str(strange)), ssl.SSLCertVerificationError),
        "another host's certificate": (url.replace("postgres.landa", "kafka.landa"), ssl.SSLCertVerificationError),
        "a wrong password": (url_for(url, "awards", "not-this-one"), asyncpg.InvalidPasswordError),
        "another's password": (url_for(url, "reception", parts.password or ""), asyncpg.InvalidPasswordError),
        "the superuser in plain text": (site.addresses.admin_url.split("?")[0] + "?sslmode=disable", nobody),
        "another database": (url.replace("/landa?", "/postgres?"), nobody),
    }
    for name, (address, error) in wrong.items():
        with pytest.raises(error):
            await asyncpg.connect(address, timeout=10)
            pytest.fail(name)
