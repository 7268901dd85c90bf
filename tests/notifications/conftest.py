"""notifications on a real PostgreSQL and a real mail server."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.notifications import store
from services.notifications.store import Mailbox
from shared.database import Database, migrate
from shared.settings import Settings
from tests.notifications.mail_server import MailServer
from tests.notifications.town import CORPORATE, FOLDERS, Town


@pytest.fixture
async def town(database: Any) -> AsyncIterator[Town]:
    mail = MailServer()
    key = base64.b64encode(bytes(range(32))).decode()
    settings = Settings(
        service="notifications",
        database_url=database.url("notifications"),
        kafka="127.0.0.1:1",
        listen_port=1,
        public_url="http://landa.example:8400",
        demo=True,
        issuer="http://localhost:8400/identity",
        client_id="notifications",
        client_secret="secret",
        session_key=key,  # type: ignore[arg-type]
        master_key=key,  # type: ignore[arg-type]
        smtp=f"127.0.0.1:{mail.port}",
        mail_from="landa@kommunen.example",
    )
    await migrate(settings, FOLDERS)
    pool = Database(settings)
    await pool.open()
    await mail.start()
    made = Town(settings, pool, mail)
    async with pool.transaction() as tx:
        await store.set_mailbox(tx, Mailbox("coordinator", CORPORATE, "sv"), "test")
    try:
        yield made
        await made.check()
    finally:
        await mail.stop()
        await pool.close()
