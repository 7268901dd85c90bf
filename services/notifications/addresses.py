"""Where a mail goes, asked at the moment of use: an address is never kept with a mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.notifications import store_people
from services.notifications.rules import MAILBOX, NOMINATOR, PERSON
from shared.clock import STOCKHOLM
from shared.database import Database
from shared.identity import IssuerUnavailable, ServiceTokens
from shared.sealed import CannotOpen, Vault, open_sealed


class NotNow(Exception):
    """The address cannot be had at this moment; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """`facts` fill the text's fields and hold nothing personal. `link` is a secret of the recipient's."""

    email: str = field(repr=False)
    language: str
    facts: Mapping[str, object] = field(default_factory=dict)
    link: str | None = field(default=None, repr=False)


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")


def _calendar(found: Mapping[str, Any]) -> dict[str, object]:
    """The prize's dates in Swedish time, as texts want them; nothing when it has none."""
    if not found.get("closes_at"):
        return {}
    opens, closes = (datetime.fromisoformat(found[name]).astimezone(STOCKHOLM) for name in ("opens_at", "closes_at"))
    # who reads "1 April 00:00" thinks that there is all of 1 April
    last = closes - timedelta(microseconds=1)
    return {
        "opens": opens.date(),
        "opens_clock": _clock(opens),
        "closes": last.date(),
        "closes_clock": _clock(closes) if last.date() == closes.date() else "24:00",
        "ceremony": date.fromisoformat(found["ceremony_on"]),
    }


class Addresses:
    """Asks our own tables for an office's mailbox or a colleague's address, and awards for a nominator."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        http: httpx.AsyncClient,
        tokens: ServiceTokens,
        services: Mapping[str, str],
    ) -> None:
        self._database, self._vault, self._http, self._tokens = database, vault, http, tokens
        self._services = services

    async def of(self, recipient: str, about: UUID) -> Address | None:
        """None when there is no address, and asking again would not bring one. Raises NotNow."""
        if recipient.startswith(NOMINATOR):
            return await self._nominator(about)
        if recipient.startswith(PERSON):
            return await self._colleague(recipient.removeprefix(PERSON))
        async with self._database.reading() as conn:
            box = await store_people.mailbox_of(conn, recipient.removeprefix(MAILBOX))
        return Address(box.address, box.language) if box else None

    async def _colleague(self, sub: str) -> Address | None:
        async with self._database.reading() as conn:
            found = await store_people.recipient(conn, sub)
            if found is None:
                return None
            key, language = found
            rows, keys = await store_people.sealed(conn, [key]), await self._vault.unwrap(conn, [key])
        if key not in rows or key not in keys:
            return None
        try:
            email = open_sealed(keys[key], key, rows[key]).reveal().get("email")
        except CannotOpen:
            return None
        return Address(str(email), language) if email else None

    async def _nominator(self, nomination: UUID) -> Address | None:
        if "awards" not in self._services:
            raise NotNow("address-service-away")
        url = f"{self._services['awards']}/awards/nominations/{nomination}/receipt"
        try:
            headers = {**await self._tokens.headers(), "Accept": "application/json"}
            answer = await self._http.get(url, headers=headers, timeout=4.0)
            if answer.status_code in {404, 410}:
                return None
            answer.raise_for_status()
            found = answer.json()
            facts: dict[str, object] = {
                "reference": str(found["reference"]),
                "prize_year": int(found["prize_year"]),
                **_calendar(found),
            }
            link = str(found["link"]) if found.get("link") else None
            facts["open"] = link is not None
            return Address(str(found["email"]), "en" if found["language"] == "en" else "sv", facts, link)
        except (httpx.HTTPError, IssuerUnavailable, ValueError, KeyError, TypeError):
            raise NotNow("address-service-away") from None
