"""Everything put together: PostgreSQL, Kafka, identity provider, sinks, the services and the front.

Promise: `async with Town(...)` returns when every page answers, keeps every child alive meanwhile, and leaves no
process behind. The services learn what they need from the environment alone.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from deploy.local import town_secrets
from deploy.local.child import Spec
from deploy.local.database import prepare_database
from deploy.local.kafka import SERVICES, Kafka, make_topics
from deploy.local.kafka_jars import is_fetched
from deploy.local.places import CHECKOUT, Places
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Say, Supervisor

# the town's first morning; the player moves it on
FIRST_DAY = "2018-01-01T08:00:00+01:00"
# an invented name: the figures are Kalmar's, the people are nobody's
MUNICIPALITY = "Tallsunda kommun"
UNITS = CHECKOUT / "deploy/local/identity/units.toml"
# stopped from the last to the first: services end their work while what they need still stands
_PARTS, _SINKS, _SERVICES = 0, 1, 2
# names a child may inherit; everything else of the starter's environment stays outside
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "TZDIR")


@dataclass
class Addresses:
    """Where a running town can be reached. `services`: name -> address without the front."""

    public_url: str
    identity: str
    sinks: str
    smtp: str
    kafka: str
    admin_url: str
    clock_file: str
    services: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)


class Town:
    """`env`: service -> additional environment. `services=()` runs everything but the services.

    `through`: part (`kafka`, `postgres`, `smtp`) -> the port at which the services reach it instead of its own.
    `behind` says the port that whoever listens there passes on to.
    """

    def __init__(
        self,
        where: Places,
        port: int,
        *,
        demo: bool = True,
        services: Sequence[str] = SERVICES,
        env: Mapping[str, Mapping[str, str]] | None = None,
        through: Mapping[str, int] | None = None,
        say: Say = lambda _: None,
    ) -> None:
        self.where, self.port, self.demo, self.services = where, port, demo, tuple(services)
        self._env, self._through, self._say = env or {}, through or {}, say
        self.supervisor = Supervisor(where.state, say)
        self.secrets = town_secrets.load(where, SERVICES)
        names = ("postgres", "kafka", "kafka-proxied", "controller", "identity", "sinks", "smtp", *SERVICES)
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.postgres = Postgres(where, self.ports["postgres"])
        proxied = (self.ports["kafka-proxied"], self._through["kafka"]) if "kafka" in self._through else None
        self.kafka = Kafka(where, self.ports["kafka"], self.ports["controller"], proxied)
        self.addresses = Addresses(
            public_url=f"http://localhost:{port}",
            identity=self._local("identity"),
            sinks=self._local("sinks"),
            smtp=f"{LOOPBACK}:{self.ports['smtp']}",
            kafka=self.kafka.bootstrap,
            admin_url=self.postgres.admin_url,
            clock_file=str(where.state / "clock"),
            services={name: self._local(name) for name in self.services},
        )

    async def __aenter__(self) -> Self:
        clock = self.where.state / "clock"
        if not clock.exists():
            clock.write_text(FIRST_DAY)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_all())
                group.create_task(self._timed(self._identity(), _SINKS))
                group.create_task(self._timed(self._sinks(), _SINKS))
                group.create_task(self._timed(self._front(), _SERVICES))
        except BaseException as raised:
            await self.supervisor.stop()
            first: BaseException = raised
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            if first is raised:
                raise
            raise first from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.supervisor.stop()

    async def _start_all(self) -> None:
        await asyncio.gather(self._start_postgres(), self._start_kafka())
        async with asyncio.TaskGroup() as group:
            for name in self.services:
                group.create_task(self._timed(self._service(name), _SERVICES))

    async def _start_postgres(self) -> None:
        await self._timed(await asyncio.to_thread(self.postgres.spec), _PARTS)
        self.addresses.databases = await prepare_database(
            self.postgres.admin_url, {name: self.secrets.database_passwords[name] for name in SERVICES}
        )

    async def _start_kafka(self) -> None:
        if not is_fetched(self.where):
            self._say("fetching Apache Kafka: 45 files, 44 MB, this once")
        await self._timed(await asyncio.to_thread(self.kafka.spec), _PARTS)
        await make_topics(self.kafka.bootstrap)

    async def _timed(self, spec: Spec, stage: int) -> None:
        begun = time.monotonic()
        await self.supervisor.start(spec, stage)
        self._say(f"{spec.name} is ready ({time.monotonic() - begun:.1f} s)")

    def behind(self, part: str) -> int:
        """The port on which `part` itself can be reached by what stands in front of it."""
        return self.ports["kafka-proxied" if part == "kafka" else part]

    def _way_to(self, part: str) -> str:
        return f"{LOOPBACK}:{self._through.get(part, self.ports[part])}"

    def _local(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def _python(self, name: str, module: str, port: int, env: Mapping[str, str], path: str) -> Spec:
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        own = {
            "LANDA_HOST": LOOPBACK,
            "LANDA_LISTEN_PORT": str(port),
            "LANDA_PUBLIC_URL": self.addresses.public_url,
            "LANDA_DEMO": "1" if self.demo else "0",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(CHECKOUT),
        }
        return Spec(
            name=name,
            argv=(sys.executable, "-m", module),
            env={**inherited, **own, **env, **self._env.get(name, {})},
            cwd=CHECKOUT,
            log=self.where.state / "logs" / f"{name}.log",
            ready=_answers(f"http://{LOOPBACK}:{port}{path}"),
            grace=3,
            patience=90,
        )

    def _identity(self) -> Spec:
        clients = {
            name: {
                "secret": secret,
                "service": True,
                "redirect_uris": [f"{self.addresses.public_url}/auth/callback"] if name == "notifications" else [],
            }
            for name, secret in self.secrets.client_secrets.items()
        }
        env = {
            "LANDA_IDENTITY_STATE": str(self.where.state / "identity"),
            "LANDA_CLIENTS": json.dumps(clients),
        }
        return self._python("identity", "deploy.local.identity", self.ports["identity"], env, "/livez")

    def _sinks(self) -> Spec:
        env = {
            "LANDA_SMTP_PORT": str(self.ports["smtp"]),
            "LANDA_MAIL_FILE": str(self.where.state / "mail.sqlite"),
        }
        return self._python("sinks", "deploy.local.sinks", self.ports["sinks"], env, "/livez")

    def _front(self) -> Spec:
        routes = {f"/{name}": self._local(name) for name in self.services}
        routes |= {"/identity": self._local("identity"), "/mail": self._local("sinks"), "/traces": self._local("sinks")}
        if "notifications" in self.services:
            routes |= {"/": self._local("notifications"), "/auth": self._local("notifications")}
        # a page that always answers: an unknown address is the front's own 404
        return self._python("front", "deploy.local.front", self.port, {"LANDA_ROUTES": json.dumps(routes)}, "/-")

    def _service(self, name: str) -> Spec:
        env = {
            "LANDA_DATABASE_URL": self.addresses.databases[name].replace(
                f"{LOOPBACK}:{self.ports['postgres']}", self._way_to("postgres")
            ),
            "LANDA_KAFKA": self._way_to("kafka"),
            "LANDA_ISSUER": f"{self.addresses.public_url}/identity",
            "LANDA_AUDIENCE": "landa",
            "LANDA_CLIENT_ID": name,
            "LANDA_CLIENT_SECRET": self.secrets.client_secrets[name],
            "LANDA_SESSION_KEY": self.secrets.session_key,
            "LANDA_MASTER_KEY": self.secrets.master_keys[name],
            "LANDA_SERVICES": json.dumps(self.addresses.services),
            "LANDA_SMTP": self._way_to("smtp"),
            "LANDA_MAIL_FROM": "landa@landa.example",
            "LANDA_MUNICIPALITY": MUNICIPALITY,
            "LANDA_UNITS": str(UNITS),
            "LANDA_TRACES_URL": f"{self.addresses.public_url}/traces?subject={{subject}}&lang={{lang}}",
            "LANDA_INSTANCE": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.addresses.sinks,
            "OTEL_SERVICE_NAME": f"landa-{name}",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
        }
        if self.demo:
            env["LANDA_CLOCK_FILE"] = self.addresses.clock_file
        return self._python(name, f"services.{name}.app", self.ports[name], env, "/readyz")


def _answers(url: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                answer = await client.get(url)
        except httpx.TransportError:
            return False
        return answer.status_code < 300 or url.endswith("/-")

    return ready
