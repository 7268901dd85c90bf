"""B4: a projection is rebuilt from zero in a running town while its pages are read."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.database import in_database
from deploy.local.kafka import PARTITIONS
from deploy.local.places import places, temporary_state
from deploy.local.ports import free_ports
from deploy.local.town import Town
from shared import generations
from tests.bench import workload
from tests.bench.harness import Bench, Goal, Measured, Summary, Variant, at_least
from tests.bench.stand import Stand

LARGEST_MB = 500
DASHBOARD = "dashboard"


@dataclass
class Place:
    """A town whose reception has written n events that reporting shows."""

    town: Town
    admin: asyncpg.Connection
    n: int
    reads: dict[str, int] = field(default_factory=dict)

    def database(self, service: str) -> str:
        return in_database(self.town.addresses.admin_url, "landa")


_place: list[Place] = []


async def setup(stand: Stand, n: int) -> None:
    """Journal and topic are filled, as after years; reporting catches up from Kafka."""
    state = temporary_state()
    stand.own.callback(shutil.rmtree, state, ignore_errors=True)
    town = Town(places(state), free_ports(1)[0])
    await stand.own.enter_async_context(town)
    admin = await asyncpg.connect(in_database(town.addresses.admin_url, "landa"), command_timeout=600)
    stand.own.push_async_callback(admin.close)
    await admin.execute("set search_path = reception")
    epoch = await admin.fetchval("select epoch from journal_epoch")
    await workload.write_journal(admin, n)
    await workload.write_topic(town.addresses.kafka, "landa.reception", n, PARTITIONS, epoch=epoch)
    await admin.execute("set search_path = reporting")
    end = time.monotonic() + 600
    while await _applied(admin, 1) < n:
        assert time.monotonic() < end, "reporting did not catch up"
        await asyncio.sleep(0.5)
    await admin.execute("vacuum analyze")
    _place[:] = [Place(town, admin, n)]


async def _applied(admin: asyncpg.Connection, generation: int) -> int:
    query = "select coalesce(sum(sequence), 0) from gate where consumer = $1 and source = 'reception'"
    return int(await admin.fetchval(query, f"{DASHBOARD}/{generation}"))


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def _read_pages(place: Place, stop: asyncio.Event) -> tuple[int, list[float]]:
    """Reads the dashboard four times a second until told to stop; every answer must be whole and as before."""
    base = place.town.addresses
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(f"{base.identity}/identity/demo-token", json={"role": "council"})
        head = {"authorization": f"Bearer {answer.json()['access_token']}"}
        url = f"{base.services['reporting']}/reporting/dashboard.json"

        async def read() -> tuple[int, dict[str, Any]]:
            found = await client.get(url, headers=head)
            return found.status_code, found.json() if found.status_code == 200 else {}

        _, one = await read()
        # reminders of so many cases go on for a while, and are counted
        figures = one.keys() - {"as_of", "reconciliation", "notifications"}
        assert figures, "the dashboard cannot be read before the rebuild"
        failed, took = 0, []
        while not stop.is_set():
            begun = time.perf_counter()
            try:
                status, found = await read()
            except httpx.HTTPError:
                status, found = 0, {}
            took.append(time.perf_counter() - begun)
            failed += status != 200 or any(found[name] != one[name] for name in figures)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.25)
        return failed, took


async def rebuilt(source: generations.BuildFrom, stand: Stand, n: int) -> Measured:
    """Asks as an operator does, waits for the swap; pages are read meanwhile, the process's memory is watched."""
    place = _place[0]
    await _calm(place)
    stop = asyncio.Event()
    reading = asyncio.create_task(_read_pages(place, stop))
    await asyncio.sleep(1)
    begun = time.perf_counter()
    async with place.admin.transaction():
        generation = await generations.start_rebuild(place.admin, DASHBOARD, source)
    pid, most = place.town.supervisor.pid("reporting"), 0.0
    while await place.admin.fetchval("select live from projection where name = $1", DASHBOARD) != generation:
        assert time.perf_counter() - begun < 600, "the generation was not swapped"
        assert not reading.done(), reading.exception()
        most = max(most, _memory_mb(pid))
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - begun
    await asyncio.sleep(0.5)
    stop.set()
    failed, took = await reading
    assert failed == 0, f"{failed} of {len(took)} reads failed or showed something else"
    assert most < LARGEST_MB, f"reporting took {most:.0f} MB"
    await _right(place.admin, n, generation)
    worst = sorted(took)[int(len(took) * 0.99)] * 1000
    return Measured(n / seconds, "events/s", {"seconds": seconds, "MB": most, "reads": len(took), "read p99 ms": worst})


async def _calm(place: Place) -> None:
    """Until reporting has passed over what an earlier generation's group still had to read."""
    async with asyncio.timeout(240), httpx.AsyncClient(timeout=5) as client:
        url = f"{place.town.addresses.services['reporting']}/readyz/consumer"
        while (await client.get(url)).status_code != 200:
            await asyncio.sleep(0.3)


async def from_journals(stand: Stand, n: int) -> Measured:
    return await rebuilt("journals", stand, n)


async def from_kafka(stand: Stand, n: int) -> Measured:
    return await rebuilt("kafka", stand, n)


async def _right(admin: asyncpg.Connection, n: int, generation: int) -> None:
    cases = n // workload.PER_CASE
    last = date.fromordinal(workload.FIRST_DAY.toordinal() + workload.PER_CASE)
    early = date.fromordinal(workload.FIRST_DAY.toordinal() + 2)
    found = await admin.fetchrow(
        "select (select count(*) from case_row where generation = $1), count(*),"
        " count(*) filter (where arrived_on = $2), count(*) filter (where arrived_on = $3)"
        " from person_row where generation = $1",
        generation,
        last,
        early,
    )
    assert tuple(found) == (cases, 2 * cases, cases, cases), tuple(found)
    assert await _applied(admin, generation) == n
    assert await admin.fetchval("select count(*) from case_row where generation <> $1", generation) == 0


_COLUMNS = {
    "case_row": [
        "generation",
        "case_id",
        "kind",
        "category",
        "quota_year",
        "decided_on",
        "receive_by",
        "replaces",
        "cancelled",
    ],
    "person_row": ["generation", "case_id", "person_id", "sex", "age_band", "unaccompanied_minor", "arrived_on"],
}


def _rows(history: list[tuple[str, str]], case: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What reporting keeps of one case, by plain json and dictionaries."""
    opened = json.loads(history[0][1])
    arrived: dict[str, date] = {}
    for _, text in history[1:]:
        data = json.loads(text)
        day = date.fromisoformat(data["arrived_on"])
        for person in data["persons"]:
            arrived[person] = day
    yield (
        "case_row",
        (
            1, case, "allocation", opened["category"], opened["quota_year"], date.fromisoformat(opened["decided_on"]),
            date.fromisoformat(opened["receive_by"]), None, None,
        ),
    )  # fmt: skip
    for one in opened["persons"]:
        yield (
            "person_row",
            (
                1, case, one["person"], one["sex"], one["age_band"], one["unaccompanied_minor"],
                arrived.get(one["person"]),
            ),
        )  # fmt: skip


async def floor(stand: Stand, n: int) -> Measured:
    """A cursor over the journal in order of subjects, each history folded, the rows by COPY into empty tables."""
    place = _place[0]
    own = await asyncpg.connect(place.database("reporting"), command_timeout=600)
    stand.own.push_async_callback(own.close)
    await own.execute("drop schema if exists bench cascade; create schema bench; set search_path = bench")
    begun = time.perf_counter()
    for table in ("case_row", "person_row"):
        await own.execute(f"create table {table} (like reporting.{table} including all)")
    ready: dict[str, list[tuple[Any, ...]]] = {"case_row": [], "person_row": []}

    async def flush() -> None:
        for table, rows in ready.items():
            await own.copy_records_to_table(table, records=rows, columns=_COLUMNS[table])
            rows.clear()

    subject, history = None, []
    async with own.transaction():
        query = "select subject, type, data::text from reception.journal order by subject, sequence"
        async for row in own.cursor(query, prefetch=5000):
            if row[0] != subject:
                if history:
                    for table, values in _rows(history, subject):
                        ready[table].append(values)
                    if len(ready["case_row"]) == 5000:
                        await flush()
                subject, history = row[0], []
            history.append((row[1], row[2]))
        for table, values in _rows(history, subject):
            ready[table].append(values)
        await flush()
    seconds = time.perf_counter() - begun
    assert await own.fetchval("select count(*) from case_row") == n // workload.PER_CASE
    assert await own.fetchval("select count(*) from person_row where arrived_on is not null") == n // 10
    await own.execute("drop schema bench cascade")
    return Measured(n / seconds, "events/s", {"seconds": seconds})


async def eventsourcing(stand: Stand, n: int) -> Measured:
    made = await stand.database()
    found = await stand.peer(
        "eventsourcing", "eventsourcing_projection", {"database": made.admin_url, "n": n, "per_case": workload.PER_CASE}
    )
    assert (found["cases"], found["events"]) == (n // workload.PER_CASE, n), found
    return Measured(n / found["seconds"], "events/s")


def _seconds(of: str, most: float) -> Goal:
    """Goals in seconds are for a million events; another size is converted."""

    def met(summary: Summary) -> tuple[bool, str] | None:
        if of not in summary.lines:
            return None
        found = 1_000_000 / summary.lines[of].median
        return found <= most, f"{found:.3g} s"

    return Goal(f"{of}: 1,000,000 events in ≤ {most:g} s", met)


JOURNALS, KAFKA, FLOOR = "ours, from the journals", "ours, from Kafka", "cursor by subject, COPY of the result"

BENCHES = [
    Bench(
        "B4",
        "A rebuild while pages are read",
        "1,000,000 events of 50,000 cases into reporting's tables, beside the generation that is read four times a"
        " second; from the operator's word to the swap, in a whole running town",
        1_000_000,
        4_000,
        [
            Variant(JOURNALS, "ours", from_journals),
            Variant(
                FLOOR, "floor", floor, note="straight from the producer's table, json.loads, no check, no gate, no HTTP"
            ),
            Variant(KAFKA, "ours", from_kafka, rounds=1, note="once: it takes minutes"),
            Variant(
                "eventsourcing 9.5.6",
                "peer",
                eventsourcing,
                n=2_000,
                rounds=3,
                note="a Projection with a PostgreSQL tracking recorder, an upsert per event",
            ),
        ],
        [at_least(JOURNALS, FLOOR, 0.5), _seconds(JOURNALS, 10), _seconds(KAFKA, 40)],
        notes=[f"0 failed reads and less than {LARGEST_MB} MB of memory are asserted in every run."],
        setup=setup,
    )
]
