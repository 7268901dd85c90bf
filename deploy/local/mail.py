"""The mail sink: takes every message over SMTP, sends none on, and shows them on a page.

Promise: a message answered 250 is on disk and shown, also after a restart; the faults a test switches on are the only
way it refuses.
"""

import asyncio
import contextlib
import json
import sqlite3
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.page import lead, page, reader_of, table

MODES = ("ok", "451", "550", "hang", "reset-after-250", "reset-before-250")
_PAGE = 200


class Mailbox:
    """Messages in one SQLite file, newest first when read."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute(
            "create table if not exists messages"
            " (id integer primary key, received text not null, sender text, recipients text not null,"
            " raw blob not null)"
        )

    def keep(self, sender: str | None, recipients: list[str], raw: bytes) -> None:
        self._db.execute(
            "insert into messages (received, sender, recipients, raw) values (?, ?, ?, ?)",
            (datetime.now(UTC).isoformat(timespec="milliseconds"), sender, json.dumps(recipients), raw),
        )

    def read(self, to: str | None = None, limit: int = _PAGE) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "select id, received, sender, recipients, raw from messages where ?1 is null or exists"
            " (select 1 from json_each(recipients) where lower(value) = lower(?1)) order by id desc limit ?2",
            (to, limit),
        )
        return [_as_dict(row) for row in rows]

    def one(self, number: int) -> dict[str, Any] | None:
        row = self._db.execute(
            "select id, received, sender, recipients, raw from messages where id = ?", (number,)
        ).fetchone()
        return _as_dict(row) if row else None

    def count(self) -> int:
        return int(self._db.execute("select count(*) from messages").fetchone()[0])


def _as_dict(row: tuple[int, str, str | None, str, bytes]) -> dict[str, Any]:
    number, received, sender, recipients, raw = row
    message = message_from_bytes(raw, policy=policy)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain", "html"))
    return {
        "id": number,
        "received": received,
        "from": sender,
        "to": json.loads(recipients),
        "subject": str(message.get("Subject", "")),
        "message_id": str(message.get("Message-ID", "")),
        "headers": [[name, str(value)] for name, value in message.items()],
        "body": part.get_content() if part is not None else "",
    }


class Sink:
    """The SMTP side. `mode` is the fault that is switched on."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        self.mode = "ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mode == "451":
            return "451 4.3.0 Try again later"
        if self.mode == "550":
            return "550 5.1.1 Mailbox unavailable"
        if self.mode == "hang":
            await asyncio.Event().wait()
        raw = envelope.content
        assert isinstance(raw, bytes)
        self.box.keep(envelope.mail_from, list(envelope.rcpt_tos), raw)
        if self.mode.startswith("reset"):
            if self.mode == "reset-after-250":
                await server.push("250 2.0.0 Kept")
            _reset(server)
        return "250 2.0.0 Kept"

    @contextlib.asynccontextmanager
    async def listen(self, host: str, port: int) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="mail.demo", data_size_limit=10_000_000, enable_SMTPUTF8=True), host, port
        )
        try:
            yield
        finally:
            server.close()


def _reset(server: SMTP) -> None:
    transport = server.transport
    assert isinstance(transport, asyncio.WriteTransport)
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def routes(box: Mailbox, sink: Sink) -> list[Route]:
    async def listing(request: Request) -> Response:
        t, to = reader_of(request).t, request.query_params.get("to") or None
        messages = box.read(to)
        if not messages:
            return page(request, t("sink.mail"), lead(t("sink.mail.lead")), lead(t("sink.mail.empty")))
        link = Markup('<a href="/mail/{}">{}</a>')
        rows = [
            (
                reader_of(request).time(one["received"]),
                ", ".join(one["to"]),
                link.format(one["id"], one["subject"] or t("sink.mail.no-subject")),
            )
            for one in messages
        ]
        many = t("sink.mail.count", n=box.count(), shown=len(messages))
        caption = t("sink.mail.count-to", to=to, shown=len(messages)) if to else many
        heads = [t(f"sink.mail.{name}") for name in ("received", "to", "subject")]
        return page(request, t("sink.mail"), lead(t("sink.mail.lead")), table(caption, heads, rows))

    async def single(request: Request) -> Response:
        t, one = reader_of(request).t, box.one(request.path_params["number"])
        back = Markup('<p><a href="/mail">{}</a></p>').format(t("sink.mail.all"))
        if one is None:
            return page(request, t("sink.mail.unknown"), back, status=404)
        heads = table(t("sink.mail.headers"), (t("sink.mail.name"), t("sink.mail.value")), one["headers"])
        body = Markup("<pre>{}</pre>").format(one["body"])
        return page(request, one["subject"] or t("sink.mail.no-subject"), body, heads, back)

    async def as_json(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "1000"))
        return JSONResponse({"count": box.count(), "messages": box.read(request.query_params.get("to") or None, limit)})

    async def faults(request: Request) -> Response:
        if request.client is None or request.client.host not in ("127.0.0.1", "::1"):
            return JSONResponse({"detail": "only from this machine"}, 403)
        if request.method == "POST":
            # a JSON body cannot be sent by a page of another site without asking first
            if not request.headers.get("content-type", "").startswith("application/json"):
                return JSONResponse({"detail": "send JSON"}, 415)
            mode = (await request.json()).get("mode")
            if mode not in MODES:
                return JSONResponse({"detail": f"mode is one of {', '.join(MODES)}"}, 422)
            sink.mode = mode
        return JSONResponse({"mode": sink.mode})

    return [
        Route("/mail", listing),
        Route("/mail/", listing),
        Route("/mail/messages.json", as_json),
        Route("/mail/faults", faults, methods=["GET", "POST"]),
        Route("/mail/{number:int}", single),
    ]
