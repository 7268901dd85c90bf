"""F07: members of a consumer group come, go, work slowly and wake up as zombies; each event takes effect once."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy.local.places import CHECKOUT
from tests.faults.afterwards import SLACK, all_is_right, drained
from tests.faults.load import Load
from tests.journeys.people import People
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

REBALANCES = 40


@asynccontextmanager
async def member(people: People, task: str, number: int) -> AsyncIterator[Process]:
    env = {**people.town.supervisor.spec("reporting").env, "LANDA_FAULT": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.member", task, str(number), stdout=PIPE, env=env, cwd=CHECKOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(process: Process, word: str, seconds: float = 60) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(seconds):
        while line := await process.stdout.readline():
            if line.decode().strip() == word:
                return
    raise AssertionError(f"it ended without saying {word!r}")


async def applied(people: People) -> int:
    """How many events of reception the dashboard has applied."""
    connection = await asyncpg.connect(people.town.addresses.databases["reporting"])
    try:
        query = "select coalesce(sum(sequence), 0)::bigint from reporting.gate where source = 'reception'"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


@pytest.mark.long
async def test_forty_rebalances_under_load(people):
    """A second member joins (one rebalance), takes half of the partitions, and leaves (another), again and again."""
    await drained(people, 60)
    await people.quiet_hour()
    async with Load(people, REBALANCES, clients=4) as load:
        async with member(people, "comes-and-goes", REBALANCES) as guest:
            assert guest.stdout is not None
            said = await asyncio.wait_for(guest.stdout.readline(), 110 * SLACK)
            assert int(said) >= REBALANCES
        ended = asyncio.get_running_loop().time()
    await all_is_right("F07", f"{REBALANCES} rebalances", 0, people, load, ended, within=30)


@pytest.mark.long
@pytest.mark.parametrize(
    ("seconds", "what"), [(9, "it holds its rows"), (22, "PostgreSQL has ended its transaction")], ids=["9", "22"]
)
async def test_a_slow_member_stands_still_and_wakes_as_a_zombie(people, seconds, what):
    """Stopped in the middle of a batch, past its session: another member has its partitions when it wakes up."""
    loop = asyncio.get_running_loop()
    await drained(people, 60)
    await people.quiet_hour()
    async with Load(people, seconds) as load, member(people, "slow", 1) as guest:
        await says(guest, "joined")
        await says(guest, "applying")
        os.kill(guest.pid, signal.SIGSTOP)
        over = loop.time() + seconds
        before, until_then = await applied(people), loop.time() + 4
        await until(lambda: asyncio.sleep(0.05, loop.time() > until_then))
        assert await applied(people) > before + 20, "the other partitions wait for the member that stands still"
        await until(lambda: asyncio.sleep(0.05, loop.time() > over), seconds=seconds + 2)
        os.kill(guest.pid, signal.SIGCONT)
        await says(guest, "applying", 30)
        ended = loop.time()
    await all_is_right("F07", f"a zombie wakes after {seconds} s: {what}", 0, people, load, ended, within=30)
