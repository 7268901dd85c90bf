"""What pages and checks read, each in the caller's one snapshot, and the last verdict of the reconciliation."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from services.reporting.figures import Counted
from services.reporting.freshness import Seen
from services.reporting.reconciliation import BY_CATEGORY, Badge, Count, judged
from services.reporting.rules import ACKNOWLEDGED_HOURS, HANDED_OVER_SECONDS, TEMPORARY_PROTECTION_COUNTS_FROM
from services.reporting.store import PROJECTION
from shared.database import Connection
from shared.generations import live_generation

STATUS_TOPIC = "dashboard-status"

# What is counted and what is listed (store_cases.py) is one condition. $1 is the generation, where $2 stands is said.
MEMBERS = "from person_row p join case_row c using (generation, case_id) where generation = $1"
ARRIVED = f"{MEMBERS} and p.arrived_on is not null"
AWAITED = f"{MEMBERS} and c.kind = 'allocation' and p.arrived_on is null and c.cancelled is null"
# $2: from when holders of temporary protection count
OF_QUOTA = f"{MEMBERS} and c.kind = 'allocation' and (c.category <> 'temporary-protection' or c.decided_on >= $2)"
SUMMED = ("cancelled", "withdrawn", "cases", "received")


def consumer(generation: int) -> str:
    """The name under which the gate keeps this generation."""
    return f"{PROJECTION}/{generation}"


async def live(conn: Connection) -> int:
    """The generation that pages read."""
    return await live_generation(conn, PROJECTION)


async def joins_by_hash(conn: Connection) -> None:
    """What counts whole tables never joins row by row, until the caller's transaction ends.

    The planner would, while it has no statistics of many new rows: after a first import, or of a generation that has
    just been built. Six thousand cases then took longer than any statement may.
    """
    await conn.execute("set local enable_nestloop = off")


async def counted(conn: Connection, generation: int, today: date) -> Counted:
    """Everything the dashboard shows, counted in the caller's snapshot; one statement per section."""
    await joins_by_hash(conn)
    # By day first, by month only then: taking dates apart is the dear part, and there are few days.
    received = await conn.fetch(
        "select extract(year from day)::int, extract(month from day)::int, category, sum(n)::int,"
        " sum(minors)::int from ("
        "  select p.arrived_on as day, c.category, count(*) as n,"
        f"  count(*) filter (where p.unaccompanied_minor) as minors {ARRIVED} group by 1, 2) d group by 1, 2, 3",
        generation,
    )
    people = await conn.fetch(
        "select extract(year from day)::int, sex, age_band, sum(n)::int from ("
        "  select arrived_on as day, sex, age_band, count(*) as n from person_row"
        "  where generation = $1 and arrived_on is not null group by 1, 2, 3) d group by 1, 2, 3",
        generation,
    )
    quota = await conn.fetch(
        "select quota_year::int, extract(year from day)::int, extract(month from day)::int, cancelled, replacement,"
        " sum(n)::int from ("
        "  select c.quota_year, p.arrived_on as day, c.cancelled is not null as cancelled,"
        f"  c.replaces is not null as replacement, count(*) as n {OF_QUOTA} group by 1, 2, 3, 4) d"
        " group by 1, 2, 3, 4, 5",
        generation,
        TEMPORARY_PROTECTION_COUNTS_FROM,
    )
    targets = await conn.fetch(
        "select quota_year::int, target, decided_on from quota_row where generation = $1"
        " order by quota_year, subject, revision",
        generation,
    )
    days = await conn.fetch(
        "select extract(year from p.arrived_on)::int, p.arrived_on - c.decided_on, count(*)::int,"
        " (count(*) filter (where p.arrived_on <= (c.decided_on + interval '2 months')::date))::int,"
        " (count(*) filter (where p.arrived_on <= c.receive_by))::int"
        f" {ARRIVED} and c.kind = 'allocation' group by 1, 2",
        generation,
    )
    waiting = await conn.fetch(
        f"select c.receive_by - $2::date, count(distinct c.case_id)::int, count(*)::int {AWAITED} group by 1",
        generation,
        today,
    )
    nominations = await conn.fetch(
        "select prize_year::int, nominee_kind, count(*)::int from nomination_row where generation = $1 group by 1, 2",
        generation,
    )
    notifications = await conn.fetch(
        "select rule, coalesce(channel, 'inbox'), count(*)::int, (count(*) filter (where state = 'sent'))::int,"
        " (count(*) filter (where state = 'failed'))::int, (count(*) filter (where acknowledged_at is not null))::int,"
        " (count(*) filter (where coalesce(waited_ms, 1000 * extract(epoch from sent_at - caused_at))"
        "  <= 1000 * $2))::int,"
        " (count(*) filter (where acknowledged_at - sent_at <= make_interval(hours => $3)))::int"
        " from notification_row where generation = $1 group by 1, 2",
        generation,
        HANDED_OVER_SECONDS,
        ACKNOWLEDGED_HOURS,
    )
    return Counted(
        received=[tuple(r) for r in received],
        people=[tuple(r) for r in people],
        quota=[tuple(r) for r in quota],
        targets=[tuple(r) for r in targets],
        days=[tuple(r) for r in days],
        waiting=[tuple(r) for r in waiting],
        nominations=[tuple(r) for r in nominations],
        notifications=[tuple(r) for r in notifications],
    )


async def seen(conn: Connection, generation: int, sources: Sequence[str]) -> Seen:
    """How far the live generation has come, and what stands still."""
    row = await conn.fetchrow(
        "select (select applied_at from projection where name = $1) as applied_at,"
        " (select max(recorded_at) from reached_row where generation = $2) as newest_fact_at,"
        " (select extract(epoch from clock_timestamp() - max(recorded_at)) from reached_row"
        "  where generation = $2)::float8 as fact_age,"
        " (select count(*) from held where consumer = $3"
        " and held_at < clock_timestamp() - interval '2 seconds')::int as held,"
        " (select count(*) from source_epoch where consumer = $3 and stranger is not null)::int as strangers,"
        " count(w.*)::int as marks, count(w.behind_since)::int as behind, min(w.at) as oldest_mark,"
        " extract(epoch from clock_timestamp() - min(w.at))::float8 as mark_age,"
        " coalesce(max(w.partitions), 0) * $4::int as wanted"
        " from watermark w where w.consumer = $3",
        PROJECTION,
        generation,
        consumer(generation),
        len(sources),
    )
    assert row is not None
    return Seen(**row)


async def own_count(conn: Connection, generation: int) -> Count:
    """Our side of the reconciliation, in the caller's snapshot."""
    await joins_by_hash(conn)
    row = await conn.fetchrow(
        "select coalesce((select position from reached_row where generation = $1 and source = 'reception'), 0)"
        " as position, (select coalesce(sum(sequence), 0)::bigint from gate"
        " where consumer = $2 and source = 'reception') as events",
        generation,
        consumer(generation),
    )
    assert row is not None
    figures = {
        "allocations_open": await conn.fetchval(
            "select count(*) from case_row c where c.generation = $1 and c.kind = 'allocation' and c.cancelled is null"
            " and exists (select from person_row p where p.generation = $1 and p.case_id = c.case_id"
            " and p.arrived_on is null)",
            generation,
        ),
        **dict.fromkeys(SUMMED, 0),
    }
    for group in await conn.fetch(
        "select c.category, count(*)::int as cases, coalesce(sum(p.persons), 0)::int as persons,"
        " coalesce(sum(p.received), 0)::int as received, coalesce(sum(p.minors), 0)::int as unaccompanied_received,"
        " (count(c.cancelled) filter (where c.kind = 'allocation'))::int as cancelled,"
        " (count(c.cancelled) filter (where c.kind = 'settlement'))::int as withdrawn from case_row c left join ("
        "  select case_id, count(*) as persons, count(arrived_on) as received,"
        "  count(arrived_on) filter (where unaccompanied_minor) as minors"
        "  from person_row where generation = $1 group by 1) p using (case_id) where c.generation = $1 group by 1",
        generation,
    ):
        for name in BY_CATEGORY:
            figures[f"{group['category']}.{name}"] = group[name]
        for name in SUMMED:
            figures[name] += group[name]
    return Count(row["position"], row["events"], figures)


async def badge(conn: Connection) -> Badge:
    """The last verdict."""
    found = await conn.fetchval("select badge::text from reconciliation")
    return Badge() if found is None else Badge.read(json.loads(found))


async def judge(tx: Connection, theirs: Count | None, ours: Count, now: datetime) -> Badge:
    """Gives the verdict on one more comparison, keeps it, and tells open pages when it changed."""
    await tx.execute(
        "insert into reconciliation (badge) values ($1) on conflict do nothing", json.dumps(Badge().stored())
    )
    before = Badge.read(json.loads(await tx.fetchval("select badge::text from reconciliation for update")))
    after = judged(before, theirs, ours, now)
    await tx.execute("update reconciliation set badge = $1, checked_at = clock_timestamp()", json.dumps(after.stored()))
    if (after.state, after.differences) != (before.state, before.differences):
        await tx.execute("select pg_notify('landa', $1)", STATUS_TOPIC)
    return after
