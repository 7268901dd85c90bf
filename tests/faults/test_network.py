"""F04: the network between services and Kafka, PostgreSQL and the mail server fails in every way that TCP has.

Every request is answered within 5 s, whatever is cut; afterwards every pool works and every page is told of changes.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from deploy.local.places import places, temporary_state
from deploy.local.ports import free_ports
from deploy.local.town import Town
from tests.conftest import QUICK
from tests.faults.afterwards import SLACK, all_is_right, drained
from tests.faults.load import Load
from tests.faults.proof import seeds
from tests.faults.proxy import Proxy
from tests.journeys.people import People, peopled
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

PARTS = ("kafka", "postgres", "smtp")
BROKEN_SECONDS = 8
Break = Callable[[Proxy], Awaitable[object]]


@pytest.fixture(scope="module")
async def proxies() -> AsyncIterator[dict[str, Proxy]]:
    async with AsyncExitStack() as stack:
        made = {part: Proxy(port, 0) for part, port in zip(PARTS, free_ports(len(PARTS)), strict=True)}
        for proxy in made.values():
            await stack.enter_async_context(proxy)
        yield made


@pytest.fixture(scope="module")
async def people(proxies: dict[str, Proxy]) -> AsyncIterator[People]:
    """A town of its own, whose services reach their parts through proxies only."""
    folder = temporary_state()
    through = {part: proxy.port for part, proxy in proxies.items()}
    town = Town(places(folder), free_ports(1)[0], env=QUICK, through=through)
    for part, proxy in proxies.items():
        proxy.target = town.behind(part)
    async with town, httpx.AsyncClient(timeout=10) as http:
        yield await peopled(town, http)
    shutil.rmtree(folder, ignore_errors=True)


async def _held_to_server(proxy: Proxy) -> None:
    proxy.cut("to server")


async def _held_to_client(proxy: Proxy) -> None:
    proxy.cut("to client")


async def _lost_to_client(proxy: Proxy) -> None:
    proxy.cut("to client", "lost")


async def _half_open(proxy: Proxy) -> None:
    proxy.half_open()


async def _late(proxy: Proxy) -> None:
    proxy.delay(0.2)


async def _resets(proxy: Proxy) -> None:
    """Some connections break off, four times a second, until the fault ends."""
    loop = asyncio.get_running_loop()
    for turn in range(4 * BROKEN_SECONDS):
        then = loop.time() + 0.25
        proxy.reset(0.3 if turn else 1.0)
        await until(lambda t=then: asyncio.sleep(0.05, loop.time() > t))


WAYS: dict[str, Break] = {
    "half-open": _half_open,
    "resets": _resets,
    "nothing reaches the server": _held_to_server,
    "no answer comes back": _held_to_client,
    "answers are lost": _lost_to_client,
    "refused": Proxy.refuse,
    "late": _late,
}
CASES = [(part, way) for part in ("postgres", "kafka") for way in WAYS] + [("smtp", "half-open"), ("smtp", "resets")]
SHORT = {("postgres", "half-open"), ("kafka", "half-open")}


@asynccontextmanager
async def open_page(people: People) -> AsyncIterator[list[str]]:
    """A stream that reception's list of cases listens to, opened before the fault; what it was told so far."""
    url = people.town.addresses.services["reception"] + "/reception/events"
    headers = {"authorization": f"Bearer {await people.token('coordinator')}"}
    heard: list[str] = []
    async with people.http.stream("GET", url, headers=headers, timeout=60) as events:

        async def listen() -> None:
            async for line in events.aiter_lines():
                heard.append(line)

        listening = asyncio.create_task(listen())
        await until(lambda: asyncio.sleep(0, heard))
        try:
            yield heard
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def is_told(people: People, heard: list[str]) -> None:
    """The page hears of changes again, and of a change that comes now."""
    await until(lambda: asyncio.sleep(0.05, "data: cases" in heard), seconds=20 * SLACK, what="told after healing")
    heard.clear()
    await people.allocate(1)
    await until(lambda: asyncio.sleep(0.05, "data: cases" in heard), seconds=5 * SLACK, what="told of a new case")


@pytest.mark.parametrize(
    ("part", "way"),
    [
        pytest.param(*case, id=f"{case[0]}: {case[1]}", marks=() if case in SHORT else pytest.mark.long)
        for case in CASES
    ],
)
@pytest.mark.parametrize("seed", seeds(1))
async def test_the_network_fails(people, proxies, part, way, seed):
    loop, proxy = asyncio.get_running_loop(), proxies[part]
    await drained(people, 60)
    await people.quiet_hour()
    async with open_page(people) as heard, Load(people, seed, patience=8) as load:
        await load.acknowledged(20)
        over = loop.time() + BROKEN_SECONDS
        await WAYS[way](proxy)
        if part != "postgres" or way == "late":
            await load.acknowledged(40)
        await until(lambda: asyncio.sleep(0.05, loop.time() > over), seconds=BROKEN_SECONDS + 2)
        await proxy.heal()
        ended = loop.time()
        heard.clear()
        await load.acknowledged(20)
        again = loop.time() - ended
        await is_told(people, heard)
    assert load.late == 0 and load.longest < 5 + 0.5 * SLACK, f"{load.longest:.1f} s, {load.late} without an answer"
    print(f"commands were accepted again after {again:.1f} s")
    what = {"kafka": "broker", "postgres": "database", "smtp": "mail server"}[part]
    await all_is_right("F04", f"network to the {what}: {way}", seed, people, load, ended, within=30)
