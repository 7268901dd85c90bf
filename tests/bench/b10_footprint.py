"""B10: what a service takes: memory, time to start, and the processor while nothing happens."""

import asyncio
import os
import time
from functools import partial
from pathlib import Path

from deploy.local.kafka import SERVICES
from deploy.local.town import Town
from tests.bench.harness import Bench, Goal, Measured, Summary, Variant, at_most
from tests.bench.stand import Stand
from tests.bench.town import OWN, inside, open_town, town_of

IDLE_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
FLOOR = "a loop and the same libraries"


def megabytes(pid: int) -> dict[str, float]:
    """Rss and Pss: all that is mapped, and its share where others map it too."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return {name: found[name] for name in ("Rss", "Pss")}


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _measure_all(stand: Stand, town: Town, seconds: float) -> dict[str, Measured]:
    """Every service started anew, one after the other; then all of them are idle together."""
    looking = await inside(stand, town)
    started = {}
    for name in SERVICES:
        await town.supervisor.halt(name)
        begun = time.perf_counter()
        await town.supervisor.restart(name)
        started[name] = time.perf_counter() - begun
        pid = town.supervisor.pid(name)
        listening = await looking.fetchval(
            "select count(*) from pg_stat_activity where application_name = $1", f"landa-{name}"
        )
        assert listening > 0 and Path(f"/proc/{pid}").exists(), f"{name} has no connection"
    await asyncio.sleep(seconds / 2)  # consumers join, first comparisons
    pids = {name: town.supervisor.pid(name) for name in SERVICES}
    before, begun = {name: processor_seconds(pid) for name, pid in pids.items()}, time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begun
    found = {}
    for name, pid in pids.items():
        memory = megabytes(pid)
        idle = (processor_seconds(pid) - before[name]) / took * 100
        found[name] = Measured(
            memory["Rss"], "MB", {"PSS MB": memory["Pss"], "ready s": started[name], "idle processor %": idle}
        )
    return found


async def service(name: str, stand: Stand, n: int) -> Measured:
    """The first service of a round measures all four, the others take their figures."""
    left: dict[str, Measured] = stand.started.setdefault("footprints", {})
    if name not in left:
        left |= await _measure_all(stand, town_of(stand), float(n))
    return left.pop(name)


async def floor(stand: Stand, n: int) -> Measured:
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        str(OWN), str(Path(__file__).parent / "peers" / "floor_imports.py"), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        said = await asyncio.wait_for(process.stdout.readline(), 60)
        ready = time.perf_counter() - begun
        assert said == b"ready\n", said
        memory, before = megabytes(process.pid), processor_seconds(process.pid)
        await asyncio.sleep(2)
        idle = (processor_seconds(process.pid) - before) / 2 * 100
    finally:
        process.kill()
        await process.wait()
    return Measured(memory["Rss"], "MB", {"PSS MB": memory["Pss"], "ready s": ready, "idle processor %": idle})


def _each_starts_within(limit: float) -> Goal:
    def met(summary: Summary) -> tuple[bool, str] | None:
        found = [summary.extra(name, "ready s") for name in SERVICES]
        known = [one for one in found if one is not None]
        return (max(known) <= limit, f"{max(known):.3g} s") if known else None

    return Goal(f"each service is ready within {limit:g} s", met)


async def setup(stand: Stand, n: int) -> None:
    stand.own.callback(stand.started.pop, "footprints", None)
    await open_town(stand)


BENCHES = [
    Bench(
        "B10",
        "Memory and start of a service",
        f"each service is stopped and started, nothing happens meanwhile: from its start until `/readyz` says yes;"
        f" then, idle for {IDLE_SECONDS:g} s, resident memory and processor time",
        int(IDLE_SECONDS),
        2,
        [
            *(Variant(name, "ours", partial(service, name)) for name in SERVICES),
            Variant(FLOOR, "floor", floor, note="imported, not used"),
        ],
        [*(at_most(name, 150, "MB") for name in SERVICES), _each_starts_within(3)],
        better="less",
        notes=["RSS counts shared pages in full; PSS divides them among the processes that share them."],
        setup=setup,
    )
]
