"""The town of the compose file, in containers, and people who sign in at Keycloak.

Nothing is skipped here: without a Docker daemon every test fails and says so.
"""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.docker import secrets_folder
from deploy.docker.images import prepare, variables_for
from deploy.local.kafka import SERVICES
from deploy.local.places import CHECKOUT, temporary_state
from deploy.local.ports import free_ports
from deploy.local.town import Addresses
from tests.containers.composed import Composed
from tests.containers.keycloak import Keycloak
from tests.journeys.browser import chromium, visits
from tests.journeys.people import People
from tests.waiting import until

__all__ = ["chromium", "visits"]

COMPOSE = CHECKOUT / "deploy" / "docker" / "compose.yaml"
SWEDEN = ZoneInfo("Europe/Stockholm")
DOMAIN = secrets_folder.DOMAIN


@dataclass
class Site:
    """A town in containers, with what journeys ask of a town. `secrets_at` is the folder of its secrets."""

    addresses: Addresses
    composed: Composed
    keycloak: Keycloak
    secrets_at: Path
    ca: Path

    def secret(self, path: str) -> str:
        return (self.secrets_at / path).read_text()


@pytest.fixture(scope="session", autouse=True)
def names_of_this_machine() -> Iterator[None]:
    """Names under `localhost` are the loopback (RFC 6761): browsers know it, the C library often does not."""
    asked = socket.getaddrinfo

    def answered(host: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        ours = f".{name}".endswith(f".{DOMAIN}")
        return asked("127.0.0.1" if ours else host, *more, **named)

    socket.getaddrinfo = answered
    yield
    socket.getaddrinfo = asked


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    os.environ["TC_MAX_TRIES"] = "60"
    found = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True)
    if found.returncode != 0 or not found.stdout.strip():
        pytest.fail(f"NO DOCKER DAEMON answers: run deploy/docker/daemon. It said: {found.stderr.strip()}")
    return prepare(lambda line: print(f"images: {line}"))


@pytest.fixture(scope="session")
async def site(images: dict[str, str]) -> AsyncIterator[Site]:
    folder = temporary_state()
    port, id_port, kafka, postgres, sinks, *doors = free_ports(5 + len(SERVICES))
    own = dict(zip(SERVICES, doors, strict=True))
    public_url, issuer = f"https://{DOMAIN}:{port}", f"https://id.{DOMAIN}:{id_port}/realms/landa"
    secrets_folder.make(folder / "secrets", public_url, issuer)
    folder.joinpath("clock").write_text(f"{datetime.now(SWEDEN).date().isoformat()}T08:00:00+01:00")
    variables = {
        "LANDA_PORT": str(port),
        "LANDA_ID_PORT": str(id_port),
        "LANDA_KAFKA_PORT": str(kafka),
        "LANDA_SECRETS_FOLDER": str(folder / "secrets"),
        **variables_for(images),
    }
    published = {"kafka": {kafka: kafka}, "postgres": {5432: postgres}, "sinks": {8080: sinks}}
    published |= {name: {8080: door} for name, door in own.items()}
    with Composed(COMPOSE, variables, also_published=published) as composed:
        ca = folder / "secrets" / "ca" / "ca.pem"
        secret = (folder / "secrets").joinpath
        databases = {
            name: secret(name, "landa_database_url").read_text().replace(":5432/", f":{postgres}/").replace(
                "/run/landa/ca/ca.pem", str(ca)
            )
            for name in SERVICES
        }  # fmt: skip
        superuser = secret("postgres", "superuser_password").read_text()
        tls = f"sslmode=verify-full&sslrootcert={ca}"
        addresses = Addresses(
            public_url=public_url,
            identity=issuer,
            sinks=f"http://127.0.0.1:{sinks}",
            smtp="",
            kafka=f"kafka.{DOMAIN}:{kafka}",
            admin_url=f"postgresql://postgres:{superuser}@postgres.{DOMAIN}:{postgres}/postgres?{tls}",
            clock_file=str(folder / "clock"),
            services={name: f"http://127.0.0.1:{door}" for name, door in own.items()},
            databases=databases,
        )
        keycloak = Keycloak(
            issuer,
            public_url,
            ssl.create_default_context(cafile=str(ca)),
            secret("authority", "people_password").read_text(),
            {name: secret(name, "landa_client_secret").read_text() for name in SERVICES},
            secret("keycloak", "admin_password").read_text(),
        )
        found = Site(addresses, composed, keycloak, folder / "secrets", ca)
        await _answers(found)
        yield found
    shutil.rmtree(folder, ignore_errors=True)


async def _answers(site: Site) -> None:
    for name in (*SERVICES, "front", "sinks", "keycloak"):
        site.composed.healthy(name)
    async with site.keycloak.browser() as browser:

        async def discovered() -> bool:
            found = await browser.get(f"{site.keycloak.issuer}/.well-known/openid-configuration")
            return found.status_code == 200

        try:
            await until(discovered, seconds=60, what="Keycloak's realm")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{site.composed.log('keycloak')}") from None
    assert not (fallen := site.composed.fallen()), fallen


class Inhabitants(People):
    """People whose tokens are Keycloak's."""

    async def token(self, role: str) -> str:
        if role not in self.tokens:
            self.tokens[role] = await self.town.keycloak.token(role)  # type: ignore[attr-defined]
        return self.tokens[role]


@pytest.fixture(scope="session")
async def people(site: Site) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=20, verify=site.keycloak.trust) as http:
        found = Inhabitants(site, http)  # type: ignore[arg-type]
        today = datetime.now(SWEDEN).date()
        year = {"quota_year": today.year, "target": 110, "decided_on": f"{today.year - 1}-11-15"}
        await found.post("coordinator", "/reception/quotas", year)
        ends = f"{today.year + 1}-01-01T00:00:00"
        calendar = {
            "opens_at": f"{today.year}-01-01T00:00:00",
            "closes_at": ends,
            "ceremony_on": f"{today.year + 1}-01-28",
        }
        await found.post("secretary", "/awards/prizes", {"prize_year": today.year} | calendar)
        for role in ("coordinator", "manager", "secretary"):
            mailbox = {"role": role, "address": f"{role}@landa.example", "language": "sv"}
            await found.post("operator", "/notifications/mailboxes", mailbox)
        yield found
