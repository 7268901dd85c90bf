"""After a fault: healed by itself within the limit, drained, checked; one line for the proof."""

import asyncio
import os
import re

import asyncpg

from deploy.verify import Outcome, site_of, verify
from shared.settings import SERVICES
from tests.faults.load import Load
from tests.faults.proof import Run, record
from tests.journeys.people import People
from tests.waiting import until

_BROKE = re.compile(r'"level": ?"(error|critical)"|Error\b|Exception|^  File ')
# On a machine that does other things besides, limits in seconds mean little: LANDA_TEST_SLACK=5 stretches them.
SLACK = float(os.environ.get("LANDA_TEST_SLACK", "1"))


# What the people at work type in: it may stand nowhere in plain.
CANARIES = ("Provsten", "Hallonstig", "Mosslund")


async def unpublished(people: People, service: str) -> set[int]:
    """Positions of the events that are in the journal and not yet acknowledged by Kafka."""
    connection = await asyncpg.connect(people.town.addresses.databases[service], timeout=5)
    try:
        return {row["position"] for row in await connection.fetch(f"select position from {service}.outbox")}
    finally:
        await connection.close()


async def undone(people: People) -> list[str]:
    """What is not as it is on a quiet day: who does not answer, does not consume, has something left."""
    places = people.town.addresses
    wanted = [f"{places.public_url}/awards/", f"{places.identity}/livez", f"{places.sinks}/livez"]
    for address in places.services.values():
        wanted += [f"{address}/readyz", f"{address}/readyz/consumer"]
    answers = await asyncio.gather(*(people.http.get(url) for url in wanted))
    found = [f"{answer.status_code} {answer.url}" for answer in answers if answer.status_code >= 400]
    for service in SERVICES:
        connection = await asyncpg.connect(places.databases[service], timeout=5)
        try:
            if left := await connection.fetchval(f"select count(*) from {service}.outbox"):
                found.append(f"{left} events of {service} are not published")
            if held := await connection.fetchval(
                f"select count(*) from {service}.held where waits_for in ('retry', 'predecessor')"
            ):
                found.append(f"{service} holds {held} events")
        finally:
            await connection.close()
    return found


async def drained(people: People, seconds: float) -> list[str]:
    """Everything answers, everything is published and applied. Returns what was the last to be so."""
    last: list[str] = []

    async def look() -> list[str]:
        nonlocal last
        found = await undone(people)
        last = found or last
        if found:
            # what heals has the processor to itself meanwhile: one look asks everybody
            await asyncio.sleep(0.1)
        return found

    await until(look, lambda found: not found, seconds=seconds, what="a quiet town")
    return last


def errors_logged(people: People) -> list[str]:
    """Where the town's processes say that they broke, the last twenty lines of each that do."""
    found = []
    for path in sorted((people.town.where.state / "logs").glob("*.log")):
        lines = [line for line in path.read_text(errors="replace").splitlines() if _BROKE.search(line)]
        found += [f"{path.name}: {line[:600]}" for line in lines[-20:]]
    return found


async def all_is_right(
    fault: str, what: str, seed: int, people: People, load: Load, ended: float, within: float | None = None
) -> Run:
    """Waits until it healed (`ended`: the loop's time when the fault ended), settles, checks, writes down."""
    last = await drained(people, 120)
    heal = asyncio.get_running_loop().time() - ended
    count = load.count()
    await load.settle()
    await people.agreed()
    deeds = load.deeds()
    await load.close()
    report = await verify(site_of(people.town), deeds=deeds, canaries=CANARIES, drained_within=60)
    run = Run(
        fault=fault,
        what=what,
        seed=seed,
        acknowledged=count[Outcome.ACKNOWLEDGED],
        refused=count[Outcome.REFUSED],
        unknown=count[Outcome.UNKNOWN],
        events=report.events,
        lost=report.lost,
        doubled=report.doubled,
        out_of_order=report.out_of_order,
        violations=len(report.findings) + len(load.broken),
        heal_seconds=round(heal, 1),
    )
    record(run)
    print(f"{run}; longest answer {load.longest:.1f} s, {load.late} too late; last to heal: {last}")
    print(*report.lines(), sep="\n")
    if load.broken:
        print(*errors_logged(people), sep="\n")
    assert load.broken == [], load.broken
    assert report.findings == []
    assert count[Outcome.ACKNOWLEDGED] > 0
    assert within is None or heal < within * SLACK, f"healed after {heal:.1f} s"
    return run
