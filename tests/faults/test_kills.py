"""Kill -9 at every named step: what was answered 2xx has its event once, its effect once, its mail once."""

import asyncio
import signal

import pytest

from tests.journeys.people import People
from tests.waiting import until

STEPS = [
    ("reception", "relay.selected"),
    ("reception", "relay.acknowledged"),
    ("reception", "relay.marked"),
    ("reporting", "dashboard/1.received"),
    ("reporting", "dashboard/1.applied"),
    ("reporting", "dashboard/1.committed"),
    ("notifications", "alerts.applied"),
    ("notifications", "alerts.committed"),
    ("notifications", "notifications.before-hand-over"),
    ("notifications", "notifications.handed-over"),
]


async def everything_is_right(people: People, before: dict, cases: list[dict]) -> None:
    """Figures agree and grew by what was done; each case is one inbox item and stands in exactly one mail."""
    received = sum(len(case["persons"]) for case in cases)
    figures = await until(
        people.agreed, lambda now: now["received"]["persons"] == before["received"]["persons"] + received, seconds=40
    )
    assert figures["as_of"]["held"] == 0
    ids = {case["case"] for case in cases}

    async def inbox() -> list[str]:
        return [item["about"] for item in await people.inbox() if item["about"] in ids]

    about = await until(inbox, lambda seen: len(seen) >= len(ids), seconds=30, what="an inbox item per case")
    assert sorted(about) == sorted(ids)

    async def mails() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for mail in await people.mails():
            for case in ids:
                if case in mail["body"]:
                    found.setdefault(case, set()).add(dict(mail["headers"])["Message-ID"])
        return found

    sent = await until(mails, lambda seen: set(seen) == ids, seconds=40, what="a mail that names each case")
    assert all(len(message_ids) == 1 for message_ids in sent.values()), sent


@pytest.mark.parametrize(("service", "step"), STEPS, ids=[step for _, step in STEPS])
async def test_killed_at(people, service, step):
    supervisor = people.town.supervisor
    await people.quiet_hour()
    before = await people.agreed()
    await supervisor.restart(service, {"LANDA_FAULT": step})
    deaths = len(supervisor.deaths.get(service, []))
    cases = [await people.arrive(await people.allocate()) for _ in range(3)]

    async def died() -> list[int]:
        return supervisor.deaths.get(service, [])[deaths:]

    assert await until(died, seconds=30, what=f"{service} killed at {step}") == [-signal.SIGKILL]
    cases += [await people.arrive(await people.allocate())]
    await everything_is_right(people, before, cases)


async def test_kafka_away_for_ten_seconds_while_work_goes_on(people):
    supervisor = people.town.supervisor
    await people.quiet_hour()
    before = await people.agreed()
    await supervisor.halt("kafka")
    loop = asyncio.get_running_loop()
    back, cases = loop.time() + 10, []
    for _ in range(30):
        started = loop.time()
        cases.append(await people.arrive(await people.allocate(1)))
        assert loop.time() - started < 5, "HTTP waited for Kafka"
    await until(lambda: asyncio.sleep(0.05, loop.time() >= back), what="ten seconds without Kafka")
    ready = await people.http.get(people.town.addresses.services["reception"] + "/readyz")
    assert ready.status_code == 200
    # One service starts while Kafka is away: it comes up, and says that it cannot consume.
    await supervisor.restart("reporting")
    consuming = await people.http.get(people.town.addresses.services["reporting"] + "/readyz/consumer")
    assert consuming.status_code == 503
    await supervisor.restart("kafka")
    await everything_is_right(people, before, cases)

    async def consumes() -> int:
        answer = await people.http.get(people.town.addresses.services["reporting"] + "/readyz/consumer")
        return answer.status_code

    await until(consumes, lambda status: status == 200, seconds=30)


async def test_postgresql_killed_under_work_loses_nothing_that_was_acknowledged(people):
    supervisor = people.town.supervisor
    await people.quiet_hour()
    before = await people.agreed()
    done: list[dict] = []

    async def work() -> None:
        for _ in range(12):
            done.append(await people.arrive(await people.allocate(1)))

    workers = [asyncio.create_task(work()) for _ in range(4)]
    await until(lambda: asyncio.sleep(0, len(done)), lambda n: n > 8)
    supervisor.kill("postgres")
    await asyncio.gather(*workers)
    assert len(done) == 48
    await everything_is_right(people, before, done)
