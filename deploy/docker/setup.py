"""What must be there before any service starts: roles and schemas, topics, and what each account may do.

Promise: safe to run again; a service can write its own topic, read the topics that it follows, and nothing else.
"""

import asyncio
import logging
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from deploy.docker.secrets_folder import DATABASE
from deploy.local.database import prepare_database
from deploy.local.kafka import SERVICES, Admin, make_topics

FOLLOWS = {
    "reception": (),
    "awards": (),
    "notifications": ("reception", "awards"),
    "reporting": ("reception", "awards", "notifications"),
}
PATIENCE = 180
# the numbers of Kafka's protocol
TOPIC, GROUP = 2, 3
LITERAL, PREFIXED = 3, 4
READ, WRITE, DESCRIBE = 3, 4, 8
ALLOW = 3


class Right(NamedTuple):
    user: str
    resource: int
    name: str
    pattern: int
    operation: int


def rights() -> Iterator[Right]:
    """Every right that is given. To write is to write idempotently, too; to read a group is to commit in it."""
    for service, followed in FOLLOWS.items():
        yield Right(service, TOPIC, f"landa.{service}", LITERAL, WRITE)
        yield Right(service, TOPIC, f"landa.{service}", LITERAL, DESCRIBE)
        for source in followed:
            yield Right(service, TOPIC, f"landa.{source}", LITERAL, READ)
            yield Right(service, TOPIC, f"landa.{source}", LITERAL, DESCRIBE)
        yield Right(service, GROUP, f"landa.{service}.", PREFIXED, READ)


async def _give(bootstrap: str, options: dict[str, Any]) -> None:
    async with Admin(bootstrap, **options) as admin:
        for right in rights():
            request = CreateAclsRequest(
                right.resource, right.name, right.pattern, f"User:{right.user}", "*", right.operation, ALLOW
            )
            # the client knows the request, and has no public method for it
            answer = await admin._send_to_controller(request)
            for code, why in answer.creation_responses:
                if code:
                    raise for_code(code)(f"{right}: {why}")


async def _kafka(bootstrap: str, ca: str, password: str) -> None:
    options: dict[str, Any] = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "admin",
        "sasl_plain_password": password,
        "ssl_context": ssl.create_default_context(cafile=ca),
    }
    await make_topics(bootstrap, **options)
    await _give(bootstrap, options)


async def _patiently(what: str, work: Callable[[], Awaitable[Any]], away: tuple[type[Exception], ...]) -> str | None:
    """None when it is done, else why it is not."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            await work()
        except away as error:
            if time.monotonic() > end:
                return f"{what} is not ready after {PATIENCE} s: {type(error).__name__}: {error}"
            await asyncio.sleep(0.3)
        else:
            print(f"{what} is set up", flush=True)
            return None


async def main() -> int:
    """Environment: LANDA_SECRETS (this container's folder), LANDA_CA, LANDA_KAFKA, LANDA_POSTGRES (host:port)."""
    folder, ca = Path(os.environ["LANDA_SECRETS"]), os.environ["LANDA_CA"]

    def secret(name: str) -> str:
        return (folder / name).read_text().strip()

    passwords = {service: secret(f"{service}_database_password") for service in SERVICES}
    superuser = f"postgres:{secret('postgres_superuser_password')}@{os.environ['LANDA_POSTGRES']}"
    admin_url = f"postgresql://{superuser}/postgres?sslmode=verify-full&sslrootcert={ca}"
    kafka = os.environ["LANDA_KAFKA"]
    late = await asyncio.gather(
        _patiently(
            "PostgreSQL",
            lambda: prepare_database(admin_url, passwords, DATABASE),
            (OSError, TimeoutError, asyncpg.CannotConnectNowError),
        ),
        _patiently(
            "Kafka",
            lambda: _kafka(kafka, ca, secret("kafka_admin_password")),
            (OSError, TimeoutError, KafkaError),
        ),
    )
    for line in filter(None, late):
        print(line, file=sys.stderr)
    return 1 if any(late) else 0


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.exit(asyncio.run(main()))
