"""F05: PostgreSQL is killed in the middle of commits; what nobody knows afterwards took effect exactly once."""

import asyncio
import random

import pytest

from tests.faults.afterwards import all_is_right, drained
from tests.faults.load import Load
from tests.faults.proof import seeds
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("seed", seeds(3))
async def test_postgresql_is_killed_under_eight_writers(people, seed):
    supervisor, chance = people.town.supervisor, random.Random(seed)
    await drained(people, 60)
    await people.quiet_hour()
    deaths = supervisor.deaths.setdefault("postgres", [])
    async with Load(people, seed, pause=0.01) as load:
        for _ in range(2):
            await load.acknowledged(chance.randint(20, 60))
            before = len(deaths)
            supervisor.kill("postgres")
            await until(lambda n=before: asyncio.sleep(0, len(deaths) > n), seconds=10, what="PostgreSQL's death")
            await load.acknowledged(10)
        ended = asyncio.get_running_loop().time()
    await all_is_right("F05", "PostgreSQL killed twice under 8 writers", seed, people, load, ended, within=30)
