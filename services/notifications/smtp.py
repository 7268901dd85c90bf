"""One conversation with the mail server: every way it can end is a `Result`, and none says more than a code."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import aiosmtplib
from aiosmtplib import SMTP

from services.notifications.retrying import outcome

Phase = Literal["connection", "sender", "recipient", "data"]


@dataclass(frozen=True, slots=True)
class Result:
    """`away`: the server itself, not this mail, was the trouble. `reason`: a code such as `deferred-451`."""

    kind: Literal["accepted", "retry", "refused"]
    reason: str | None = None
    away: bool = False


class Line:
    """A connection that is opened when needed and used for one mail after another."""

    def __init__(self, host: str, port: int, *, timeout: float = 10.0, whole: float = 20.0) -> None:
        self._host, self._port, self._timeout, self._whole = host, port, timeout, whole
        self._client: SMTP | None = None

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Result:
        """Ends within `whole` seconds. Raises nothing that a mail server can cause."""
        try:
            async with asyncio.timeout(self._whole):
                result = await self._try(sender, recipient, message)
        except TimeoutError:
            result = Result("retry", "no-answer", away=True)
        except aiosmtplib.SMTPNotSupported:
            result = Result("refused", "address-not-possible")
        except ValueError:
            result = Result("refused", "address-not-possible")
        except (OSError, aiosmtplib.SMTPException):
            result = Result("retry", "connection-lost", away=True)
        if result.away:
            self._drop()
        return result

    async def _try(self, sender: str, recipient: str, message: bytes) -> Result:
        try:
            if self._client is None or not self._client.is_connected:
                self._drop()
                self._client = SMTP(hostname=self._host, port=self._port, timeout=self._timeout)
                await self._client.connect()
        except aiosmtplib.SMTPResponseException as no:
            return Result("retry", f"turned-away-{no.code}", away=True)
        except TimeoutError:
            return Result("retry", "no-answer", away=True)
        except OSError:
            return Result("retry", "unreachable", away=True)
        phase: Phase
        try:
            await self._client.sendmail(sender, [recipient], message)
            return Result("accepted")
        except aiosmtplib.SMTPRecipientsRefused as no:
            phase, code = "recipient", no.recipients[0].code
        except aiosmtplib.SMTPSenderRefused as no:
            phase, code = "sender", no.code
        except aiosmtplib.SMTPDataError as no:
            phase, code = "data", no.code
        except aiosmtplib.SMTPResponseException as no:
            phase, code = "connection", no.code
        if code == -1:
            return Result("retry", "connection-lost", away=True)
        if outcome(phase, code) == "refused":
            return Result("refused", f"refused-{code}")
        return Result("retry", f"deferred-{code}", away=code == 421 or phase in {"connection", "sender"})

    async def rest(self) -> None:
        """Nothing to send for now: says goodbye, so that the server does not have to hang up."""
        client, self._client = self._client, None
        if client is None or not client.is_connected:
            return
        try:
            async with asyncio.timeout(1.0):
                await client.quit()
        except (OSError, aiosmtplib.SMTPException):
            client.close()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
