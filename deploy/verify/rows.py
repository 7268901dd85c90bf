"""Projection rows against the rows that the journals and Kafka make, from the beginning (I1, I2, I3, I5)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter

from deploy.verify.evidence import Evidence, Gate, facts_of
from deploy.verify.findings import Report
from deploy.verify.site import Site
from services.reporting import projection
from services.reporting.projection import Rows
from shared.contracts.envelope import Fact

CHUNK = 2000
Key = tuple[str, str]


def _hash(values: Iterable[object]) -> bytes:
    plain = (v.astimezone(UTC) if isinstance(v, datetime) else v for v in values)
    return hashlib.blake2b("|".join(map(str, plain)).encode(), digest_size=12).digest()


@dataclass
class Rebuild:
    """The dashboard's rows, folded anew. Facts of one subject come in order."""

    gate: Gate
    rows: Rows = field(default_factory=Rows)
    impossible: list[str] = field(default_factory=list)
    waiting: list[Fact] = field(default_factory=list)
    facts: int = 0
    kept: list[Fact] = field(default_factory=list)
    keeps: bool = False

    def __post_init__(self) -> None:
        self.limits = self.gate.limits()

    def take(self, fact: Fact) -> None:
        limit = self.limits.get((fact.source, fact.subject))
        if fact.source not in self.gate.sources or fact.id in self.gate.discarded:
            return
        # a subject that began while we look is none of this comparison; one that a gate lacks is told with the gates
        if (fact.source, fact.subject) not in self.gate.reached:
            return
        if limit is not None and fact.sequence > limit:
            return
        self.facts += 1
        self.waiting.append(fact)
        if self.keeps:
            self.kept.append(fact)
        if len(self.waiting) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        facts, self.waiting = self.waiting, []
        try:
            self._apply(facts)
        except projection.Impossible:
            for fact in facts:
                try:
                    self._apply([fact])
                except projection.Impossible as error:
                    self.impossible.append(f"{fact.source} {fact.subject} {fact.sequence}, event {fact.id}: {error}")

    def _apply(self, facts: list[Fact]) -> None:
        self.rows.take(projection.applied(self.rows.asked_for(projection.touched(facts)), facts))

    def hashes(self) -> dict[Key, bytes]:
        """(table, key) -> hash of the row, as `stored` makes them."""
        self.flush()
        found: dict[Key, bytes] = {}
        for case in self.rows.cases.values():
            found["case_row", str(case.case)] = _hash(_VALUES["case_row"](case))
            for person in case.persons.values():
                found["person_row", f"{case.case} {person.person}"] = _hash(_VALUES["person_row"](person))
        for table, rows in (
            ("plan_row", self.rows.work.plans),
            ("contact_row", self.rows.work.contacts),
            ("home_row", self.rows.work.homes),
        ):
            for (owner, id), one in rows.items():
                found[table, f"{owner} {id}"] = _hash(_VALUES[table](one))
        for quota in self.rows.quotas.values():
            found["quota_row", f"{quota.subject} {quota.revision}"] = _hash(_VALUES["quota_row"](quota))
        for nomination in self.rows.nominations.values():
            found["nomination_row", str(nomination.nomination)] = _hash(_VALUES["nomination_row"](nomination))
        for told in self.rows.notifications.values():
            found["notification_row", str(told.notification)] = _hash(_VALUES["notification_row"](told))
        return found


_TABLES = {
    "case_row": (
        ("case_id",),
        ("kind", "category", "quota_year", "decided_on", "receive_by", "replaces", "cancelled", "caseworker", "unit",
         "closed_on", "close_reason"),
    ),
    "person_row": (("case_id", "person_id"), ("sex", "age_band", "unaccompanied_minor", "arrived_on")),
    "plan_row": (
        ("case_id", "plan_id"),
        ("person_id", "created_on", "goal", "follow_up_on", "ended_on", "outcome"),
    ),
    "contact_row": (("case_id", "contact_id"), ("kind", "outcome", "contacted_on", "withdrawn")),
    "home_row": (("case_id", "home_id"), ("kind", "secured_on", "withdrawn")),
    "quota_row": (("subject", "revision"), ("quota_year", "target", "decided_on")),
    "nomination_row": (("nomination_id",), ("prize", "prize_year", "nominee_kind", "submitted_at")),
    "notification_row": (
        ("notification_id",),
        ("rule", "channel", "state", "caused_at", "sent_at", "acknowledged_at", "waited_ms"),
    ),
}  # fmt: skip
# A row of the projection says its columns by the same names, ids without `_id`; `astuple` would copy every id.
_VALUES = {table: attrgetter(*(n.removesuffix("_id") for n in columns)) for table, (_, columns) in _TABLES.items()}


async def stored(site: Site, generation: int) -> tuple[dict[Key, bytes], list[str]]:
    """(table, key) -> hash of what the live generation holds, and rows of generations that nobody reads or builds."""
    found: dict[Key, bytes] = {}
    stray: list[str] = []
    async with (
        site.database("reporting") as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        for table, (keys, columns) in _TABLES.items():
            query = f"select {', '.join((*keys, *columns))} from {table} where generation = $1"
            async for row in connection.cursor(query, generation, prefetch=2000):
                values = list(row.values())
                key = " ".join(map(str, values[: len(keys)]))
                found[table, key] = _hash(values[len(keys) :])
            for row in await connection.fetch(
                f"select generation, count(*) as n from {table} where generation not in"
                " (select unnest(array[live, building]) from projection where building is not null"
                " union select live from projection) group by 1"
            ):
                stray.append(f"{table}: {row['n']} rows of generation {row['generation']}")
    return found, stray


async def check_rows(site: Site, evidence: Evidence, kafka: Rebuild | None, report: Report) -> list[Fact]:
    """Stored rows = fold of the journals = fold of Kafka. Returns the facts when stored and folded agree, else []."""
    (gate,) = (g for g in evidence.gates.values() if g.service == "reporting")
    assert gate.generation is not None
    journals = Rebuild(gate, keeps=True)
    for source in gate.sources:
        async for fact in facts_of(site, source):
            journals.take(fact)
    ours = journals.hashes()
    have, stray = await stored(site, gate.generation)
    lost = [f"{table} {key}" for table, key in ours.keys() - have.keys()]
    extra = [f"{table} {key}" for table, key in have.keys() - ours.keys()]
    other = [f"{table} {key}" for table, key in ours.keys() & have.keys() if ours[table, key] != have[table, key]]
    report.lost += report.found_all("I1", f"a row that {gate.consumer} should have", lost)
    report.found_all("I2", f"a row of {gate.consumer} that no event made", extra)
    report.found_all("I5", f"a row of {gate.consumer} is not what the journals make", other)
    report.found_all("I2", "rows of a generation that nobody reads", stray)
    report.found_all("I5", "an event that cannot follow the one before", journals.impossible)
    whole = "not compared with Kafka"
    if kafka is not None:
        theirs = kafka.hashes()
        # what Kafka lacks is told by I1, what it has too much by I2; here, whether the same events make the same rows
        if kafka.facts == journals.facts:
            differs = [f"{t} {k}" for t, k in ours.keys() | theirs.keys() if ours.get((t, k)) != theirs.get((t, k))]
            report.found_all("I5", "rebuilt from Kafka and from the journals, a row differs", differs)
        whole = f"{'=' if theirs == ours else '≠'} {len(theirs):,} rows rebuilt from Kafka {fingerprint(theirs)}"
    report.saw(
        "I5",
        f"{len(have):,} stored rows of {gate.consumer} {fingerprint(have)} = {len(ours):,} rows rebuilt from the"
        f" journals {fingerprint(ours)} {whole}",
    )
    return [] if lost or extra or other else journals.kept


def fingerprint(found: dict[Key, bytes]) -> str:
    """The same eight letters for the same rows, whatever their order."""
    sum_ = sum(int.from_bytes(_hash((*key, value.hex()))) for key, value in found.items())
    return f"{sum_ & 0xFFFFFFFF:08x}"
