"""F08: everything comes again, shuffled and delayed, in any batches: the same projection, nobody told twice."""

import random
from collections.abc import Sequence
from functools import partial

import pytest

from deploy.verify.recount import recount
from services.notifications.consumers import alerts
from services.reporting import store
from services.reporting.store_figures import counted
from shared.clock import Clock
from shared.consumer import Receiver
from shared.contracts.envelope import Fact
from shared.database import Connection, Database
from tests.faults.proof import Run, record, seeds
from tests.faults.story import DAY, delivered, projected, records, story
from tests.notifications.town import nomination
from tests.reporting.conftest import migrated
from tests.reporting.test_projection import ordered

LARGEST = (2, 40, 2000)


@pytest.mark.parametrize("seed", seeds())
async def test_the_projection_is_the_same_in_every_split(ground, seed):
    facts = story(seed, households=40)
    given = records(facts)
    async with ground.database() as made:
        database = Database(await migrated(made.url("reporting")))
        await database.open()
        try:
            hashes, doubles = [], 0
            for generation, largest in enumerate((0, *LARGEST), 1):
                rng = random.Random(f"{seed}/{largest}")

                async def apply(tx: Connection, batch: Sequence[Fact], generation: int = generation) -> None:
                    await store.apply(tx, generation, batch)

                receiver = Receiver(database, f"dashboard/{generation}", apply)
                batches = delivered(rng, given, largest) if largest else [given]
                outcomes = [await receiver.receive(batch) for batch in batches]
                assert sum(outcome.applied for outcome in outcomes) == len(facts)
                doubles += sum(outcome.dropped for outcome in outcomes)
                again = await receiver.receive(given)
                assert (again.applied, again.dropped, again.held) == (0, len(facts), 0)
                async with database.transaction() as tx:
                    hashes.append(await projected(tx, generation))
                    assert ordered(await counted(tx, generation, DAY)) == ordered(recount(facts, DAY))
            assert await database.pool.fetchval("select count(*) from held") == 0
            assert len(set(hashes)) == 1
            assert doubles > len(facts) * len(LARGEST)
        finally:
            await database.close()
    what = f"reporting: twice and more, shuffled and late, batches of up to {', '.join(map(str, LARGEST))}"
    record(Run(fault="F08", what=what, seed=seed, events=len(facts) * (1 + len(LARGEST))))


@pytest.mark.parametrize("seed", seeds())
async def test_nobody_is_told_twice(ground, seed):
    facts = [fact for fact in story(seed, households=40) if fact.source != "notifications"]
    given, rng = records(facts), random.Random(seed)
    receipts = sum(fact.source == "awards" for fact in facts)
    async with ground.post() as town:
        receiver = Receiver(town.database, "alerts", alerts(Clock(town.settings)).apply)
        told = partial(town.rows, "select id, state->>'ending' as ending, mail from notification order by id")
        async with town.sending():
            for batch in delivered(rng, given, 9):
                await receiver.receive(batch)
            await town.age()

            async def all_told() -> bool:
                return all(row["ending"] == "sent" for row in await told())

            await town.until("every notification is sent", all_told)
            before, mails = await told(), len(town.mail.received)
            assert len(before) == 2 * 40 + 3 * receipts
            for batch in delivered(rng, given, 50):
                await receiver.receive(batch)
            # Past its gate too, as from a journal that was restored.
            await town.react(*facts)
            await town.age()
            # What is told after all that is sent after all that: then nothing else was waiting.
            await town.react(nomination())
            await town.until(
                "the last one",
                partial(town.rows, "select 1 from mail where ended_at is not null having count(*) > $1", mails),
            )
        assert [row for row in await told() if row in before] == before
        assert len(await told()) == len(before) + 3
        assert len(town.mail.received) == mails + 1 == len({mail.id for mail in town.mail.received})
        await town.check()
    record(Run(fault="F08", what="notifications: everything again during and after", seed=seed, events=len(facts)))
