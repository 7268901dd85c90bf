"""Asks notifications, which knows who has signed in, for the colleagues that cases can be given to."""

from datetime import date
from typing import Any

import httpx
import structlog

from services.reception import store_casework
from shared.database import Connection
from shared.identity import Actor, IssuerUnavailable
from shared.runtime import Runtime

log = structlog.get_logger()
SECONDS = 2.0


async def learn_colleagues(own: Runtime) -> None:
    """Enters those who have signed in and never been here. When nobody answers, the known ones have to do."""
    found = await _asked(own)
    if found:
        async with own.database.transaction() as tx:
            for actor in found:
                await store_casework.meet_colleague(tx, actor)


async def takers(conn: Connection, actor: Actor, today: date) -> tuple[list[dict[str, Any]], dict[str, date]]:
    """Who can be given a case, those of `actor`'s own unit first; and who of all is away, with the last day of it."""
    found = await store_casework.caseworkers(conn)
    found.sort(key=lambda one: one["unit"] != actor.unit)
    return found, await store_casework.away(conn, today) if found else {}


async def _asked(own: Runtime) -> list[Actor]:
    address = own.settings.services.get("notifications")
    if address is None:
        return []
    try:
        answer = await own.http.get(
            f"{address}/notifications/colleagues",
            params={"role": "caseworker"},
            headers={**await own.tokens.headers(), "accept": "application/json"},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        return [_colleague(one) for one in answer.json()["colleagues"]]
    except (httpx.HTTPError, IssuerUnavailable, ValueError, KeyError, TypeError) as error:
        log.warning("colleagues cannot be asked for", error=type(error).__name__)
        return []


def _colleague(one: Any) -> Actor:
    return Actor(str(one["sub"]), frozenset(map(str, one["roles"])), one["unit"], str(one["name"]))
