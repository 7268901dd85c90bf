"""Asks reception for its own count and compares: in the background for ever, and when somebody wants to know now."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import structlog

from services.reporting import store_figures as store
from services.reporting.reconciliation import Badge, Count, answer
from shared.database import is_unavailable
from shared.identity import IssuerUnavailable
from shared.runtime import Runtime

log = structlog.get_logger()

QUIET_SECONDS = 5.0
SOON_SECONDS = 0.5
SOON_TIMES = 8
RETELL_SECONDS = 30.0
FRESH = timedelta(seconds=0.5)

NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, IssuerUnavailable, KeyError, TypeError, ValueError, AttributeError)


async def ask(runtime: Runtime) -> Count | None:
    """Reception's figures at a position of its journal; None when it does not answer as agreed."""
    try:
        found = await runtime.http.get(
            f"{runtime.settings.services['reception']}/reception/figures",
            headers={**await runtime.tokens.headers(), "accept": "application/json"},
            timeout=3.0,
        )
        found.raise_for_status()
        return answer(found.json())
    except NO_ANSWER as error:
        log.warning("reception's figures cannot be had", error=type(error).__name__)
        return None


async def compare(runtime: Runtime) -> Badge:
    """One comparison, or the stored verdict when it is younger than half a second."""
    async with runtime.database.reading() as conn:
        last = await store.badge(conn)
    if last.checked_at is not None and datetime.now(UTC) - last.checked_at < FRESH:
        return last
    theirs = await ask(runtime)
    async with runtime.database.reading() as conn:
        ours = await store.own_count(conn, await store.live(conn))
    async with runtime.database.transaction() as tx:
        verdict = await store.judge(tx, theirs, ours, datetime.now(UTC))
    if verdict.state == "differs":
        log.error("figures differ from reception's", figures=[found.figure for found in verdict.differences])
    return verdict


async def watch(runtime: Runtime) -> None:
    """Compares until cancelled: soon again while catching up or in doubt, otherwise every few seconds."""
    soon, told = 0, 0.0
    while True:
        try:
            verdict = await compare(runtime)
            soon = soon + 1 if verdict.state == "catching-up" else 0
        except Exception as error:
            if not is_unavailable(error):
                raise
            soon = 0
        # The times on an open page would grow old while nothing happens.
        if time.monotonic() - told > RETELL_SECONDS:
            told = time.monotonic()
            runtime.hub.publish(store.STATUS_TOPIC)
        await asyncio.sleep(SOON_SECONDS if 0 < soon <= SOON_TIMES else QUIET_SECONDS)
