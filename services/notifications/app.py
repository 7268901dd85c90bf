"""Wires notifications together: the alerts, the sender, the pages, and the login that all four services share."""

from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from services.notifications import (
    consumers,
    deliveries,
    handlers,
    http,
    inbox,
    pages,
    preferences,
    reminding,
    store,
    store_people,
)
from services.notifications.addresses import Addresses
from services.notifications.offices import office
from services.notifications.sender import Sender
from services.notifications.store_people import Mailbox
from shared.clock import Clock
from shared.database import Connection
from shared.identity import Actor
from shared.process import Service, run
from shared.runtime import Runtime
from shared.settings import Settings
from shared.web.login import Login

DEMO_MAILBOXES = (
    Mailbox("coordinator", "anvisningar@landa.example", "sv"),
    Mailbox("manager", "enhetschefer@landa.example", "sv"),
    Mailbox("secretary", "integrationspriset@landa.example", "sv"),
)


async def send(runtime: Runtime) -> None:
    """The sender of this replica, for ever."""
    if runtime.settings.demo:
        async with runtime.database.transaction() as tx:
            for box in DEMO_MAILBOXES:
                await store_people.set_mailbox(tx, box, "demo", replace=False)
    addresses = Addresses(runtime.database, runtime.vault, runtime.http, runtime.tokens, runtime.settings.services)
    await Sender(runtime.settings, runtime.database, runtime.clock, addresses, runtime.pages.texts).run()


def setup(app: FastAPI, runtime: Runtime) -> None:
    """The routes under /auth; who signs in is kept in the directory. And what pages call an office."""
    runtime.pages.environment.globals["office"] = office

    async def on_login(actor: Actor, email: str | None, language: str) -> None:
        async with runtime.database.transaction() as tx:
            await handlers.enter_directory(tx, runtime.vault, actor, email, language)
            if "jury" in actor.roles:
                await reminding.welcome(tx, actor.sub, runtime.clock.now(), datetime.now(UTC))

    app.include_router(Login(runtime.identity, runtime.http, on_login).router())


async def mails(connection: Connection) -> dict[str, dict[str, int]]:
    """What operators see of the mails: how many are in each state."""
    return {"mail": await store.counts(connection)}


def service(settings: Settings) -> Service:
    """Notifications with these settings."""
    return Service(
        settings,
        here=Path(__file__).parent,
        routers=[http.router, pages.router, inbox.router, deliveries.router, preferences.router],
        consumers=[consumers.alerts(Clock(settings))],
        background=[send, reminding.run],
        setup=setup,
        own=mails,
    )


if __name__ == "__main__":
    run("notifications", service)
