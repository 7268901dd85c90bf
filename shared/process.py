"""A service as a process: HTTP at once, database and Kafka as soon as they are there; what fails is started again."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from shared import health, journal_stream, openapi, operations, telemetry
from shared.access_log import AccessLog
from shared.calls import Caller
from shared.clock import Clock
from shared.consumer import Consumer
from shared.database import Database, is_unavailable, migrate
from shared.identity import Identity, ServiceTokens
from shared.projections import Consumers
from shared.relay import Relay
from shared.runtime import Runtime
from shared.sealed import Vault
from shared.settings import ServiceName, Settings, load
from shared.web import access
from shared.web.commands import Commands, forget_old_keys
from shared.web.house import furnish
from shared.web.pages import Pages
from shared.web.spans import Spans
from shared.web.sse import Hub

log = structlog.get_logger()

LISTEN_SECONDS = 5

Background = Callable[[Runtime], Awaitable[None]]


@dataclass
class Service:
    """What a service's app.py says about itself. `background` callables run for ever, each restarted when it raises.

    `setup(app, runtime)` may add routes that need the runtime. `statuses`, `bodies`: see `shared.web.house.furnish`.
    `own(connection)` is what operators see of this service beside the flow of events.
    """

    settings: Settings
    here: Path
    routers: Sequence[APIRouter]
    consumers: Sequence[Consumer] = ()
    background: Sequence[Background] = ()
    setup: Callable[[FastAPI, Runtime], None] | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    bodies: Mapping[str, int] = field(default_factory=dict)
    own: operations.Own | None = None


@dataclass
class Parts:
    """The machinery of a running service, for health, metrics and operations."""

    runtime: Runtime
    work: Database
    relay: Relay
    consumers: Consumers
    migrated: bool = False
    own: operations.Own | None = None


def build(service: Service) -> FastAPI:
    """The application. Nothing connects before it starts."""
    settings = service.settings
    http = Caller(timeout=4.0, limits=httpx.Limits(max_connections=50))
    identity = Identity(settings, http)
    database, work = Database(settings), Database(settings)
    clock = Clock(settings)
    pages = Pages(
        settings.service,
        service.here / "templates",
        strict=settings.demo,
        today=clock.today if settings.clock_file else None,
    )
    pages.environment.globals |= {
        "demo": settings.demo,
        "municipality": settings.municipality,
        "units": settings.units,
        "traces_url": settings.traces_url,
    }
    own = Runtime(
        settings,
        database,
        clock,
        Hub(),
        identity,
        ServiceTokens(settings, identity.issuer, http),
        http,
        pages,
        Commands(database, settings.master_key),
        Vault(settings.service, settings.master_key, settings.master_key_previous),
        AccessLog(settings.service, settings.master_key, settings.master_key_previous),
        service.extras,
    )
    relay = Relay(settings, database)
    for each in (database, work):
        each.after_commit.append(relay.wake)
    parts = Parts(own, work, relay, Consumers(own, work, service.consumers), own=service.own)
    app = FastAPI(
        title=f"Landa {settings.service}",
        lifespan=_lifespan(service, parts),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.landa = own
    app.state.parts = parts
    app.include_router(health.router)
    for router in (
        *service.routers,
        journal_stream.routes(settings.service),
        operations.routes(settings.service),
        openapi.routes(settings.service),
    ):
        app.include_router(router)
    if service.setup is not None:
        service.setup(app, own)
    access.install(app, identity)
    issuer = urlsplit(settings.issuer)
    furnish(
        app,
        pages,
        statuses=service.statuses,
        bodies=service.bodies,
        form_targets=[f"{issuer.scheme}://{issuer.netloc}"],
    )
    access.check_declared(app)
    app.add_middleware(Spans)
    return app


def _lifespan(service: Service, parts: Parts) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        main = asyncio.create_task(_work(service, parts))
        try:
            with parts.runtime.hub.running():
                yield
        finally:
            main.cancel()
            await asyncio.wait([main], timeout=10)
            await parts.runtime.http.aclose()
            await parts.runtime.database.close()
            await parts.work.close()

    return lifespan


async def _work(service: Service, parts: Parts) -> None:
    """Migrates and opens the database, however long that takes; then relay, consumers and the service's own loops."""
    settings = service.settings
    folders = [Path(__file__).parent / "migrations", service.here / "migrations"]
    while not parts.migrated:
        try:
            await migrate(settings, folders)
            await parts.runtime.database.open()
            await parts.work.open(size=6, seconds=15)
            parts.migrated = True
        except Exception as error:
            if not is_unavailable(error):
                log.critical("cannot start", error=type(error).__name__, why=_why(error), exc_info=True)
                os._exit(3)
            log.warning("database is away", error=type(error).__name__)
            await asyncio.sleep(0.3)
    health.observe(parts)
    loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("relay", parts.relay.run),
        ("consumers", parts.consumers.run),
        ("listener", lambda: _listen(parts)),
        ("gauges", lambda: health.measure(parts)),
        ("housekeeping", lambda: _tidy(parts)),
    ]
    for each in service.background:
        loops.append((getattr(each, "__name__", "background"), lambda call=each: call(parts.runtime)))  # type: ignore[misc]
    async with asyncio.TaskGroup() as group:
        for name, call in loops:
            group.create_task(_for_ever(name, call), name=name)


def _why(error: BaseException) -> str:
    """The text of an error in our own SQL or files; there is no input in it at this point."""
    return (error.args[0] if isinstance(error, asyncpg.PostgresError) else str(error))[:300]


async def _for_ever(name: str, call: Callable[[], Awaitable[None]]) -> None:
    """One of the two places that survive everything: a loop that raises is started again after a pause."""
    pause = 0.2
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await call()
        except Exception as error:
            unavailable = is_unavailable(error)
            log.log(
                30 if unavailable else 40,
                "loop failed",
                loop=name,
                error=type(error).__name__,
                exc_info=not unavailable,
            )
        if asyncio.get_running_loop().time() - started > 30:
            pause = 0.2
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)


async def _listen(parts: Parts) -> None:
    """Passes on what any replica committed to the pages that are open here.

    Nothing is said on this connection for hours, so nothing would tell that it is dead: it is asked now and then.
    """
    connection = await parts.runtime.database.connect()
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _c: gone.set())
    try:
        await connection.add_listener("landa", lambda _c, _pid, _channel, said: parts.runtime.hub.publish(str(said)))
        parts.runtime.hub.publish_all()
        while not gone.is_set():
            await connection.execute("select 1", timeout=LISTEN_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), LISTEN_SECONDS)
    finally:
        with suppress(Exception):
            connection.terminate()


async def _tidy(parts: Parts) -> None:
    """Forgets idempotency keys that are older than a week, once an hour."""
    while True:
        async with parts.work.transaction() as tx:
            await forget_old_keys(tx)
        await asyncio.sleep(3600)


def calm_collector() -> None:
    """What is loaded now stays for ever: the collector passes over it, and comes by less often.

    Batches of thousands of records made it run all the time; a third of a consumer's time went there.
    What a batch makes is gone after it without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def run(name: ServiceName, make: Callable[[Settings], Service]) -> None:
    """`python -m services.<name>.app`: settings, telemetry, server. Ends at SIGTERM."""
    settings = load(name)
    telemetry.start(settings)
    app = build(make(settings))
    calm_collector()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.listen_port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
        proxy_headers=True,
        server_header=False,
    )
