"""What a batch writes: as sets, in the order of their keys, only what changed."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.reporting import projection, store_casework
from services.reporting.projection import Case, Nomination, Person, Quota, Rows
from services.reporting.projection_notifications import Notification
from shared.contracts.envelope import Fact
from shared.database import Connection
from shared.generations import FORGET_SECONDS

PROJECTION = "dashboard"
TOPIC = "dashboard"
TABLES = (
    "case_row", "person_row", "quota_row", "nomination_row", "notification_row", "reached_row", *store_casework.TABLES,
)  # fmt: skip


async def apply(tx: Connection, generation: int, facts: Sequence[Fact]) -> None:
    """One batch, in order per subject, in the caller's transaction. Raises projection.Impossible."""
    wanted = projection.touched(facts)
    stored = Rows(
        cases=await _cases(tx, generation, wanted.cases),
        notifications=await _notifications(tx, generation, wanted.notifications),
        work=await store_casework.stored(tx, generation, wanted.work),
    )
    rows = projection.applied(stored, facts)
    await _write_cases(tx, generation, stored.cases, rows.cases)
    await _write_persons(tx, generation, stored.cases, rows.cases)
    await _write_quotas(tx, generation, rows.quotas.values())
    await _write_nominations(tx, generation, rows.nominations.values())
    await _write_notifications(tx, generation, rows.notifications.values())
    await store_casework.write(tx, generation, stored.work, rows.work)
    await _reach(tx, generation, facts)
    await tx.execute("select pg_notify('landa', $1)", TOPIC)


async def forget(tx: Connection, generation: int) -> None:
    """Deletes a generation that nobody reads."""
    for table in TABLES:
        await tx.execute(f"delete from {table} where generation = $1", generation, timeout=FORGET_SECONDS)


async def _cases(tx: Connection, generation: int, wanted: Iterable[UUID]) -> dict[UUID, Case]:
    ids = list(wanted)
    if not ids:
        return {}
    persons: dict[UUID, dict[UUID, Person]] = {}
    for case_id, person_id, *rest in await tx.fetch(
        "select case_id, person_id, sex, age_band, unaccompanied_minor, arrived_on"
        " from person_row where generation = $1 and case_id = any($2::uuid[])",
        generation,
        ids,
    ):
        persons.setdefault(case_id, {})[person_id] = Person(person_id, *rest)
    rows = await tx.fetch(
        "select case_id, kind, category, quota_year, decided_on, receive_by, replaces, cancelled, caseworker, unit,"
        " closed_on, close_reason"
        " from case_row where generation = $1 and case_id = any($2::uuid[])",
        generation,
        ids,
    )
    return {row[0]: Case(*(*row, persons.get(row[0], {}))) for row in rows}


async def _notifications(tx: Connection, generation: int, wanted: Iterable[UUID]) -> dict[UUID, Notification]:
    ids = list(wanted)
    if not ids:
        return {}
    rows = await tx.fetch(
        "select * from notification_row where generation = $1 and notification_id = any($2::uuid[])", generation, ids
    )
    return {
        row["notification_id"]: Notification(
            row["notification_id"], row["rule"], row["channel"], row["state"], row["caused_at"], row["sent_at"],
            row["acknowledged_at"], row["waited_ms"],
        )
        for row in rows
    }  # fmt: skip


async def _write_cases(tx: Connection, generation: int, before: dict[UUID, Case], after: dict[UUID, Case]) -> None:
    rows = [
        columns
        for case_id, case in after.items()
        if (columns := case.columns()) != (before[case_id].columns() if case_id in before else None)
    ]
    if rows:
        rows.sort(key=lambda row: row[0])
        await tx.execute(
            "insert into case_row"
            " (generation, case_id, kind, category, quota_year, decided_on, receive_by, replaces, cancelled,"
            " caseworker, unit, closed_on, close_reason)"
            " select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::date[], $7::date[],"
            " $8::uuid[], $9::text[], $10::text[], $11::text[], $12::date[], $13::text[])"
            " on conflict (generation, case_id) do update set kind = excluded.kind, category = excluded.category,"
            " quota_year = excluded.quota_year, decided_on = excluded.decided_on, receive_by = excluded.receive_by,"
            " replaces = excluded.replaces, cancelled = excluded.cancelled, caseworker = excluded.caseworker,"
            " unit = excluded.unit, closed_on = excluded.closed_on, close_reason = excluded.close_reason",
            generation,
            *map(list, zip(*rows, strict=True)),
        )


async def _write_persons(tx: Connection, generation: int, before: dict[UUID, Case], after: dict[UUID, Case]) -> None:
    changed: list[tuple[UUID, Person]] = []
    gone: list[tuple[UUID, UUID]] = []
    for case_id, case in after.items():
        known = before[case_id].persons if case_id in before else {}
        now = case.persons
        changed += [(case_id, p) for key, p in now.items() if (was := known.get(key)) is not p and was != p]
        gone += [(case_id, key) for key in known if key not in now]
    changed.sort(key=lambda one: (one[0], one[1].person))
    gone.sort()
    if changed:
        await tx.execute(
            "insert into person_row"
            " (generation, case_id, person_id, sex, age_band, unaccompanied_minor, arrived_on)"
            " select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::date[])"
            " on conflict (generation, case_id, person_id) do update set sex = excluded.sex,"
            " age_band = excluded.age_band, unaccompanied_minor = excluded.unaccompanied_minor,"
            " arrived_on = excluded.arrived_on",
            generation,
            [case_id for case_id, _ in changed],
            [p.person for _, p in changed],
            [p.sex for _, p in changed],
            [p.age_band for _, p in changed],
            [p.unaccompanied_minor for _, p in changed],
            [p.arrived_on for _, p in changed],
        )
    if gone:
        await tx.execute(
            "delete from person_row p using unnest($2::uuid[], $3::uuid[]) as gone (case_id, person_id)"
            " where p.generation = $1 and p.case_id = gone.case_id and p.person_id = gone.person_id",
            generation,
            [case_id for case_id, _ in gone],
            [person_id for _, person_id in gone],
        )


async def _write_quotas(tx: Connection, generation: int, quotas: Iterable[Quota]) -> None:
    await tx.executemany(
        "insert into quota_row (generation, subject, revision, quota_year, target, decided_on)"
        " values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        [(generation, q.subject, q.revision, q.quota_year, q.target, q.decided_on) for q in quotas],
    )


async def _write_nominations(tx: Connection, generation: int, found: Iterable[Nomination]) -> None:
    rows = sorted(found, key=lambda n: n.nomination)
    if rows:
        await tx.execute(
            "insert into nomination_row (generation, nomination_id, prize, prize_year, nominee_kind, submitted_at)"
            " select $1, * from unnest($2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::timestamptz[])"
            " on conflict do nothing",
            generation,
            [n.nomination for n in rows],
            [n.prize for n in rows],
            [n.prize_year for n in rows],
            [n.nominee_kind for n in rows],
            [n.submitted_at for n in rows],
        )


async def _write_notifications(tx: Connection, generation: int, found: Iterable[Notification]) -> None:
    rows = sorted(found, key=lambda n: n.notification)
    if rows:
        await tx.execute(
            "insert into notification_row"
            " (generation, notification_id, rule, channel, state, caused_at, sent_at, acknowledged_at, waited_ms)"
            " select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],"
            " $7::timestamptz[], $8::timestamptz[], $9::bigint[])"
            " on conflict (generation, notification_id) do update set channel = excluded.channel,"
            " state = excluded.state, caused_at = excluded.caused_at, sent_at = excluded.sent_at,"
            " acknowledged_at = excluded.acknowledged_at, waited_ms = excluded.waited_ms",
            generation,
            [n.notification for n in rows],
            [n.rule for n in rows],
            [n.channel for n in rows],
            [n.state for n in rows],
            [n.caused_at for n in rows],
            [n.sent_at for n in rows],
            [n.acknowledged_at for n in rows],
            [n.waited_ms for n in rows],
        )


async def _reach(tx: Connection, generation: int, facts: Sequence[Fact]) -> None:
    for source in sorted({fact.source for fact in facts}):
        mine = [fact for fact in facts if fact.source == source]
        await tx.execute(
            "insert into reached_row as r (generation, source, position, recorded_at) values ($1, $2, $3, $4)"
            " on conflict (generation, source) do update set position = greatest(r.position, excluded.position),"
            " recorded_at = greatest(r.recorded_at, excluded.recorded_at)",
            generation,
            source,
            max(fact.position for fact in mine),
            max(fact.recorded_at for fact in mine),
        )
