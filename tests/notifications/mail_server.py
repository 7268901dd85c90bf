"""A real mail server in this loop that misbehaves on demand: greylists, refuses, hangs, hangs up after 250, is away."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_ports

Mood = Callable[[str, int], str]


@dataclass
class Received:
    to: str
    message: EmailMessage

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])


def kind(_recipient: str, _attempt: int) -> str:
    return "250 OK"


@dataclass
class MailServer:
    """`at_rcpt` and `at_data` choose the answer by recipient and how often it was tried: a reply, `hang` or `reset`."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    at_rcpt: Mood = kind
    at_data: Mood = kind
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _open: set[Any] = field(default_factory=set)

    async def start(self) -> None:
        def line() -> SMTP:
            self.connections += 1
            protocol = SMTP(self, enable_SMTPUTF8=False, hostname="mail.example", loop=asyncio.get_running_loop())
            self._open.add(protocol)
            return protocol

        self._server = await asyncio.get_running_loop().create_server(line, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for protocol in self._open:
            if protocol.transport is not None:
                protocol.transport.abort()
        self._open.clear()

    async def handle_RCPT(self, server: Any, _s: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        self.tried[address] += 1
        answer = self.at_rcpt(address, self.tried[address])
        if answer == "hang":
            await asyncio.Event().wait()
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _s: Session, envelope: Envelope) -> str:
        to = envelope.rcpt_tos[0]
        answer = self.at_data(to, self.tried[to])
        if answer == "hang":
            await asyncio.Event().wait()
        if answer.startswith("250") or answer == "reset":
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            self.received.append(Received(to, message))  # type: ignore[arg-type]
        if answer == "reset":
            server.transport.abort()
            return "250 OK"
        return answer
