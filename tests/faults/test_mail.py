"""F15: a mail server in every mood, and one that is away: tried for a day, a no is final at once, nothing is gone."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifications.retrying import Schedule
from tests.faults.proof import Run, record, seeds
from tests.notifications.town import HURRIED, PACE, allocation, nomination

# What one recipient's server says at RCPT and DATA, attempt by attempt, before it says yes; 550 and 554 are for ever.
MOODS = {
    "kind": ([], []),
    "greylists": (["451 4.7.1 greylisted"] * 3, []),
    "busy": (["421 4.3.2 too busy"], ["250 OK", "452 4.3.1 no room"]),
    "puts off after the text": ([], ["451 later", "451 later"]),
    "hangs": (["hang"], []),
    "hangs after the text": ([], ["hang"]),
    "resets after 250": ([], ["reset", "reset"]),
    "knows nobody": (["550 5.1.1 no such user"] * 99, []),
    "refuses the text": ([], ["554 5.7.1 no"] * 99),
    "puts off, then knows nobody": (["451 4.7.1 greylisted"] + ["550 5.1.1 no such user"] * 98, []),
}
FOR_EVER = {"knows nobody": 1, "refuses the text": 1, "puts off, then knows nobody": 2}
# A day in 144 seconds: 30 s are 50 ms, an hour is 6 s, 30 minutes are 3 s.
COMPRESSED = Schedule(timedelta(seconds=0.05), timedelta(seconds=6), timedelta(seconds=144))


@pytest.mark.parametrize("seed", seeds())
async def test_every_mood_ends_as_it_must_and_nothing_is_gone(ground, seed):
    rng = random.Random(seed)
    facts = [nomination() for _ in range(4 * len(MOODS))]
    mood = {str(fact.subject): name for fact, name in zip(facts, [*MOODS] * 4, strict=True)}
    rng.shuffle(facts)

    def at(place: int):
        def answer(to: str, attempt: int) -> str:
            script = MOODS[mood[to.partition("@")[0]]][place]
            return script[attempt - 1] if attempt <= len(script) else "250 OK"

        return answer

    async with ground.post() as town:
        town.mail.at_rcpt, town.mail.at_data = at(0), at(1)
        for start in range(0, len(facts), 7):
            await town.react(*facts[start : start + 7])
        async with town.sending(senders=2, pace=HURRIED):

            async def ended() -> bool:
                rows = await town.rows("select count(*) filter (where status <> 'waiting') as n from mail")
                return rows[0]["n"] == len(facts)

            await town.until("every mail has an end", ended, seconds=60)
        rows = await town.rows("select recipient, status, attempts, reason from mail")
        for row in rows:
            said = mood[row["recipient"].removeprefix("nominator:")]
            assert row["status"] == ("failed" if said in FOR_EVER else "sent"), (said, row)
            if said in FOR_EVER:
                assert row["attempts"] == FOR_EVER[said], "a no is final at once"
        assert len(rows) == len(facts)
        taken = Counter(received.to.partition("@")[0] for received in town.mail.received)
        ids = {(received.to, received.id) for received in town.mail.received}
        assert taken == {
            to: 3 if name == "resets after 250" else 1 for to, name in mood.items() if name not in FOR_EVER
        }
        assert len(ids) == len(taken), "every attempt has the Message-ID of the first"
        await town.check()
    record(Run(fault="F15", what=f"{len(MOODS)} moods of a mail server", seed=seed, events=len(facts)))


@pytest.mark.parametrize("seed", seeds())
async def test_half_an_hour_without_a_server_delays_and_loses_nothing(ground, seed):
    """The schedule of production, 600 times as fast: away for 3 s, back, everything is out within its next pause."""
    async with ground.post() as town:
        town.secretary = True
        await town.mail.stop()
        async with town.sending(pace=replace(PACE, schedule=COMPRESSED)):
            await town.react(*[nomination() for _ in range(20)])
            began = time.monotonic()
            while time.monotonic() < began + 3:
                await town.react(nomination(), allocation())
                await town.age()
                await town.until("a moment", lambda: asyncio.sleep(0.25, True))
            tries = (await town.rows("select coalesce(sum(attempts), 0)::int as n from mail"))[0]["n"]
            waiting = await town.rows("select status from mail")
            assert {row["status"] for row in waiting} == {"waiting"}
            await town.mail.start()
            back = time.monotonic()

            async def all_sent() -> bool:
                rows = await town.rows("select from notification where state->>'ending' is distinct from 'sent'")
                return not rows

            await town.until("everything is sent", all_sent, seconds=30)
            heal = time.monotonic() - back
        mails = len(town.mail.received)
        assert mails == len({mail.id for mail in town.mail.received}) >= len(waiting)
        assert tries < 3 * len(waiting), f"{tries} attempts at a server that is away"
        await town.check()
    record(
        Run(
            fault="F15",
            what="no server for 30 min (600 times as fast)",
            seed=seed,
            events=mails,
            heal_seconds=round(heal, 1),
        )
    )


def test_the_schedule_of_production_tries_for_a_day_and_neither_storms_nor_sleeps():
    schedule = Schedule()
    for jitter in (0.0, 0.5, 1.0):
        elapsed, attempts, pauses = timedelta(), 0, []
        while elapsed < schedule.give_up:
            attempts += 1
            pauses.append(schedule.wait(attempts, jitter))
            elapsed += pauses[-1]
        assert 24 <= attempts <= 64
        assert pauses[0] >= timedelta(seconds=15) and max(pauses) <= timedelta(hours=1)
        assert elapsed - pauses[-1] >= timedelta(hours=23)
