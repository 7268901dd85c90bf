"""B8: from the start of an HTTP request until the dashboard shows it: in the projection, and on a page that is open."""

import asyncio
import re
import secrets
import time
from collections import Counter
from contextlib import suppress
from functools import partial

import asyncpg
import httpx

from deploy.local.kafka import make_topics
from deploy.local.town import Town
from tests.bench.harness import Bench, Measured, Variant, at_most
from tests.bench.load import Answer, Load, answers
from tests.bench.stand import Stand
from tests.bench.town import (
    ALCHEMY,
    connect,
    inside,
    open_town,
    peer_database,
    percentile,
    pipeline,
    server,
    token,
    town_of,
    until,
)

PAUSE = 0.15  # as landa.js waits before it reads again
_HEADLINES = re.compile(r'<ul class="figures">(.*?)</ul>', re.DOTALL)
_FIGURE = re.compile(r"<b>(.*?)</b>", re.DOTALL)


class OpenPage:
    """The dashboard as a browser holds it open: told by the stream, it reads the fragment again, one at a time.

    `seen`: when the page showed how many waiting households.
    """

    def __init__(self, town: Town, bearer: str) -> None:
        self.base = town.addresses.services["reporting"]
        self.headers = {"authorization": f"Bearer {bearer}", "accept": "text/html"}
        self.seen: list[tuple[float, int]] = []
        self.told = asyncio.Event()

    async def read(self, client: httpx.AsyncClient) -> int:
        answer = await client.get(f"{self.base}/reporting/?fragment=1", headers=self.headers)
        answer.raise_for_status()
        headlines = _HEADLINES.search(answer.text)
        waiting = re.sub(r"\D", "", _FIGURE.findall(headlines[1])[-1]) if headlines else "0"
        self.seen.append((time.time(), int(waiting)))
        return int(waiting)

    async def stay(self, client: httpx.AsyncClient) -> None:
        while True:
            await self.told.wait()
            await asyncio.sleep(PAUSE)
            self.told.clear()
            await self.read(client)

    async def listen(self, client: httpx.AsyncClient) -> None:
        async with client.stream("GET", f"{self.base}/reporting/events", headers=self.headers) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    self.told.set()


async def _commits(conn: "asyncpg.Connection[asyncpg.Record]", table: str, id: str, ids: list[str]) -> dict[str, float]:
    """When the row of each id was committed, by the server's own book."""
    rows = await conn.fetch(
        f"select {id}::text as id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 as at from {table}"
        f" where {id} = any($1::uuid[])",
        ids,
    )
    return {row["id"]: row["at"] for row in rows}


def _accepted(found: list[Answer]) -> list[Answer]:
    """A 503 says that nothing has happened and to come again: it is counted, and anything else is wrong."""
    assert {answer.status for answer in found} <= {201, 503}, Counter(answer.status for answer in found)
    return [answer for answer in found if answer.status == 201]


def figures(
    found: list[Answer], committed: dict[str, float], seen: list[tuple[float, int]], before: int, n: int
) -> Measured:
    """`seen` after `before` that were there already. The page shows the first k, in the order of their commits."""
    assert len(committed) == len(found), f"{len(committed)} of {len(found)} are in the projection"
    due = {answer.case: answer.due for answer in found}
    projected = [(committed[case] - at) * 1000 for case, at in due.items()]
    shown, looks = [], iter(sorted(seen))
    at, count = next(looks)
    for number, case in enumerate(sorted(committed, key=committed.__getitem__), 1):
        while count - before < number:
            at, count = next(looks)
        shown.append((at - due[case]) * 1000)
    seconds = max(a.due + a.ms / 1000 for a in found) - min(a.due for a in found)
    return Measured(
        percentile(projected, 0.99),
        "ms",
        {
            "p50 ms to the projection": percentile(projected, 0.5),
            "p50 ms to the open page": percentile(shown, 0.5),
            "p99 ms to the open page": percentile(shown, 0.99),
            "p99 ms to the answer": percentile([answer.ms for answer in found], 0.99),
            "commands/s": len(found) / seconds,
            "% refused with 503": 100 * (n - len(found)) / n,
        },
    )


async def ours(rate: int, stand: Stand, n: int) -> Measured:
    town = town_of(stand)
    bearer, prefix = await token(town), secrets.token_hex(4)
    port = town.ports["reception"]
    await answers(Load(port, "/reception/allocations", bearer, f"{prefix}-warm", 60, rate=30))
    looking = await inside(stand, town)

    async def projected() -> bool:
        return bool(
            await looking.fetchval(
                "select (select count(*) from reception.cases) ="
                " (select count(*) from reporting.case_row where generation ="
                " (select max(generation) from reporting.case_row))"
            )
        )

    await until(projected, 60, "the dashboard caught up before the run")
    page = OpenPage(town, await token(town, "coordinator"))
    async with httpx.AsyncClient(timeout=30) as client:
        before = await page.read(client)
        page.seen.clear()
        tasks = [asyncio.create_task(page.listen(client)), asyncio.create_task(page.stay(client))]
        try:
            found = await answers(Load(port, "/reception/allocations", bearer, prefix, n, rate=rate))
            accepted = _accepted(found)

            async def shown() -> bool:
                assert not any(task.done() for task in tasks), "the page went away"
                return bool(page.seen) and page.seen[-1][1] >= before + len(accepted)

            await until(shown, 60, f"all {len(accepted)} on the page")
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    assert page.seen[-1][1] == before + len(accepted), f"the page shows {page.seen[-1][1]}, {before} of them before"
    return figures(
        accepted,
        await _commits(looking, "reporting.case_row", "case_id", [a.case for a in accepted]),
        page.seen,
        before,
        n,
    )


async def polling(rate: int, stand: Stand, n: int) -> Measured:
    town = town_of(stand)
    bearer, prefix = await token(town), secrets.token_hex(4)
    url = await peer_database(stand, town)
    given = {"url": url, "audience": "landa", "jwks": f"{town.addresses.identity}/identity/jwks"}
    port = await server(stand, town, "alchemy_http", ALCHEMY, given)
    topic = f"landa.peer{prefix}"
    await make_topics(town.addresses.kafka, [topic.removeprefix("landa.")])
    await pipeline(stand, town, url, topic)
    looking = await connect(stand, url)
    seen: list[tuple[float, int]] = []

    async def page() -> None:
        while True:
            count = await looking.fetchval("select count(*) from shown")
            seen.append((time.time(), count))
            await asyncio.sleep(1)

    task = asyncio.create_task(page())
    try:
        found = await answers(Load(port, "/allocations", bearer, prefix, n, rate=rate))
        accepted = _accepted(found)

        async def shown() -> bool:
            return bool(seen) and seen[-1][1] >= len(accepted)

        await until(shown, 60, f"all {len(accepted)} on the page")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return figures(accepted, await _commits(looking, "shown", "id", [a.case for a in accepted]), seen, 0, n)


async def setup(stand: Stand, n: int) -> None:
    await open_town(stand)


def _bench(name: str, rate: int, n: int) -> Bench:
    return Bench(
        name,
        f"From the request to the dashboard at {rate}/s",
        f"{rate} allocations a second by the clock over HTTP, everything on and all four services at work; p99 of the"
        " time from when the request was due until its row in the projection was committed (by the server's commit"
        " timestamps); and until a page that is open, told by its stream, had read it again",
        n,
        200,
        [
            Variant("ours", "ours", partial(ours, rate)),
            Variant(
                "polling once a second",
                "peer",
                partial(polling, rate),
                rounds=3,
                note="FastAPI and SQLAlchemy; relay, consumer and page each look once a second",
            ),
        ],
        [at_most("ours", 150, "ms"), at_most("ours", 300, "ms", extra="p99 ms to the open page")],
        better="less",
        notes=[
            "The open page waits 150 ms after each word before it reads, as the script of the pages does.",
            "Load, four services, sign-in, sinks, PostgreSQL and Kafka share the machine. `commands/s` says whether the"
            " rate was reached; where it was not, the times are those of the queue.",
        ],
        setup=setup,
    )


BENCHES = [_bench("B8a", 250, 2_000), _bench("B8b", 100, 800)]
