"""Waiting until the town is at rest, and whether it can work at all: lag 0, ready, within its bounds (I9, I10)."""

import asyncio
import time
from pathlib import Path

import asyncpg
import httpx

from deploy.verify.evidence import CONSUMERS, WRITERS
from deploy.verify.findings import Report
from deploy.verify.site import Site

# per service: the pool of ten, the relay, the listeners, the consumers' and the migrations' own, and two replicas
MOST_CONNECTIONS = 40
MOST_HELD = 10_000
MOMENT = 1.0
MOST_MEMORY = 600 * 2**20
MOST_SOCKETS = 400

_LEAVING = """
select count(*) from mail where status = 'waiting' and (leased_until > clock_timestamp()
  or next_try between clock_timestamp() - interval '10 seconds' and clock_timestamp())
"""


async def undrained(site: Site) -> tuple[list[str], list[str]]:
    """What is not published yet, and which consumers have not come to the end; both empty at rest."""
    found, behind = list[str](), list[str]()
    events: dict[str, int] = {}
    for source in WRITERS:
        async with site.database(source) as connection:
            row = await connection.fetchrow(
                "select (select count(*) from outbox) as outbox, (select count(*) from journal) as events,"
                " (select count(*) from quarantine q join journal j on j.subject = q.subject"
                "  and j.position >= q.position) as quarantined"
            )
            assert row is not None
            events[source] = row["events"] - row["quarantined"]
            if row["outbox"]:
                found.append(f"{source}: {row['outbox']:,} events in the outbox")
    async with site.database("notifications") as connection:
        # a mail on its way writes an event when it is there, and everything would be looked at once more
        if mails := await connection.fetchval(_LEAVING):
            behind.append(f"{mails:,} mails are being sent")
        due = await connection.fetchval("select count(*) from deadline where next_on <= $1", site.today())
        if due:
            found.append(f"notifications: {due:,} reminders are due")
    for service, consumers in CONSUMERS.items():
        async with site.database(service) as connection:
            for consumer, sources in consumers.items():
                live = await connection.fetchval("select live from projection where name = $1", consumer)
                name = consumer if live is None else f"{consumer}/{live}"
                # said by the last watermark; the next one, ten seconds later at most, may take it back
                missed = await connection.fetchval(
                    "select count(*) from watermark where consumer = $1 and behind_since is not null", name
                )
                if missed:
                    behind.append(f"{name}: watermarks of {missed} partitions say that records are missing")
                for source in sources:
                    seen = await connection.fetchval(
                        "select (select coalesce(sum(sequence), 0) from gate where consumer = $1 and source = $2)::int"
                        " + (select count(*) from held where consumer = $1 and source = $2 and subject is not null)",
                        name,
                        source,
                    )
                    if seen < events[source]:
                        behind.append(f"{name}: {seen:,} of {events[source]:,} events of {source}")
    return found, behind


async def _readiness(site: Site, path: str) -> list[str]:
    found = []
    async with httpx.AsyncClient(timeout=5) as http:
        for name, address in site.services.items():
            try:
                answer = await http.get(f"{address}{path}")
            except httpx.TransportError as error:
                found.append(f"{name}{path}: {type(error).__name__}")
                continue
            if answer.status_code != 200:
                found.append(f"{name}{path}: {answer.status_code} {answer.text[:200]}")
    return found


async def wait(site: Site, seconds: float) -> tuple[float, list[str]]:
    """Until nothing is under way and everything is ready; how long it took, and what was left at the end.

    What a consumer that calls itself ready has not applied is waited for, and left to I1 to tell. What is left in one
    look only is work going on, such as a watermark that has just come: it counts when looks for a second saw no end.
    """
    begun = time.monotonic()
    while True:
        try:
            left, behind = await undrained(site)
            left += await _readiness(site, "/readyz/consumer") + await _readiness(site, "/readyz")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            left, behind = [f"the database: {type(error).__name__}"], []
        passed = time.monotonic() - begun
        if not (left or behind) or passed >= seconds + (MOMENT if left else 0):
            return passed, left
        await asyncio.sleep(0.1)


async def check_bounds(site: Site, report: Report) -> None:
    """Connections, held events, memory and sockets under their caps (I10)."""
    said = []
    for service in site.databases:
        async with site.database(service) as connection:
            # the checker's own is not counted
            n = await connection.fetchval(
                "select count(*) - 1 from pg_stat_activity"
                " where usename = current_user and datname = current_database()"
            )
            held = await connection.fetchval("select count(*) from held")
        said.append(f"{service} {n} connections")
        _cap(report, f"{service}: connections", n, MOST_CONNECTIONS)
        _cap(report, f"{service}: held events", held, MOST_HELD)
    for name, pid in site.pids.items():
        try:
            memory, sockets = _memory(pid), _sockets(pid)
        except OSError:
            continue
        said.append(f"{name} {memory // 2**20} MB, {sockets} sockets")
        _cap(report, f"{name}: bytes of memory", memory, MOST_MEMORY)
        _cap(report, f"{name}: sockets", sockets, MOST_SOCKETS)
    report.saw("I10", "; ".join(said))


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def _sockets(pid: int) -> int:
    return sum(1 for descriptor in Path(f"/proc/{pid}/fd").iterdir() if _is_socket(descriptor))


def _is_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except OSError:
        return False


def _cap(report: Report, what: str, value: int, most: int) -> None:
    if value > most:
        report.found("I10", f"{what}: {value:,}, at most {most:,}")
