"""Journal against Kafka against gates: nothing lost, nothing invented, in order (I1, I2, I4)."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.verify.evidence import Evidence, Gate, Journal, digest
from deploy.verify.findings import Report
from deploy.verify.site import Site
from shared.contracts.envelope import Recorded, Undecodable, Watermark, parse
from shared.messaging import topic
from shared.settings import SERVICES


async def records(site: Site) -> AsyncIterator[Any]:
    """Every record of every partition of every topic, in order within each, up to the ends as they are now."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=site.kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=10_000,
        # one request is under way at a time: it must not wait for news of the partitions that are read already
        fetch_max_wait_ms=20,
        **site.kafka_options,
    )
    await consumer.start()
    try:
        partitions = await _partitions(site)
        if not partitions:
            return
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            async for record in _partition(consumer, partition, ends[partition]):
                yield record
    finally:
        await consumer.stop()


async def _partitions(site: Site) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=site.kafka, request_timeout_ms=10_000, **site.kafka_options)
    await admin.start()
    try:
        found = await admin.describe_topics([topic(site.topic_prefix, service) for service in SERVICES])
    finally:
        await admin.close()
    return sorted(TopicPartition(one["topic"], p["partition"]) for one in found for p in one["partitions"])


async def _partition(consumer: Any, partition: TopicPartition, end: int) -> AsyncIterator[Any]:
    """Where aiokafka cannot unpack a record, one at a time from there on; that one comes as Unreadable."""
    following, most = await consumer.position(partition), 5000
    while following < end:
        try:
            found = await consumer.getmany(partition, timeout_ms=500, max_records=most)
        except UnicodeDecodeError:
            if most == 1:
                yield Unreadable(partition.topic, partition.partition, following)
                following += 1
            most = 1
            consumer.seek(partition, following)
            continue
        for record in found.get(partition, ()):
            following = record.offset + 1
            if record.offset < end:
                yield record
        following = max(following, await consumer.position(partition))


@dataclass(frozen=True)
class Unreadable:
    """A record that cannot be unpacked: the name of a header is not UTF-8."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[()] = ()


@dataclass
class _Subject:
    reached: int = 0
    seen: set[int] = field(default_factory=set)
    partitions: set[int] = field(default_factory=set)


@dataclass
class Reread:
    """What Kafka holds, compared as it comes. `take` says whether a record is an event's first occurrence."""

    evidence: Evidence
    report: Report
    parked: set[str]
    subjects: dict[tuple[str, UUID], _Subject] = field(default_factory=dict)
    records: int = 0
    again: int = 0
    marks: int = 0
    partitions: set[tuple[str, int]] = field(default_factory=set)
    garbage: int = 0
    excused: set[tuple[str, UUID]] = field(default_factory=set)
    ghosts: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)

    def take(self, record: Any) -> Recorded | None:
        self.records += 1
        self.partitions.add((record.topic, record.partition))
        place = f"{record.topic}/{record.partition}/{record.offset}"
        try:
            found = parse(record.headers, record.value)
        except Undecodable:
            # nobody's event: whoever holds it shows it until a person ends it, which is looked at by I8
            self.garbage += 1
            return None
        if isinstance(found, Watermark):
            self.marks += 1
            return None
        return found if self._is_first(found, record, place) else None

    def _is_first(self, event: Recorded, record: Any, place: str) -> bool:
        source = record.topic.rpartition(".")[2]
        journal = self.evidence.journals.get(source)
        if journal is None or event.source != source:
            self._ghost(event, place, "no service of ours writes this topic in that name")
            return False
        if event.epoch != journal.epoch:
            if not all((source, event.epoch) in g.retired for g in self.evidence.gates.values() if source in g.sources):
                self._ghost(event, place, "a journal of another epoch")
            return False
        rows = journal.rows.get(event.subject, ())
        if event.sequence > len(rows):
            self._ghost(event, place, "no row in the journal")
            return False
        if rows[event.sequence - 1] != digest(event):
            self._ghost(event, place, "the row in the journal says something else")
            return False
        if record.key != str(event.subject).encode():
            self._ghost(event, place, "the key is not the subject")
        known = self.subjects.setdefault((source, event.subject), _Subject())
        known.partitions.add(record.partition)
        if event.sequence in known.seen:
            self.again += 1
            return False
        known.seen.add(event.sequence)
        if event.sequence != known.reached + 1:
            self.disorder.append(f"{source} {event.subject}: {event.sequence} came after {known.reached} ({place})")
        known.reached = max(known.reached, event.sequence)
        return True

    def _ghost(self, event: Recorded, place: str, why: str) -> None:
        discarded = any(event.id in gate.discarded for gate in self.evidence.gates.values())
        if discarded or {place, str(event.id), str(event.subject)} & self.parked:
            self.excused.add((event.source, event.subject))
        else:
            self.ghosts.append(f"{place}, event {event.id} of {event.source} {event.subject}: {why}")

    def judge(self) -> None:
        """The findings, after the last record."""
        report, lost = self.report, list[str]()
        for source, journal in self.evidence.journals.items():
            for subject, rows in journal.rows.items():
                known = self.subjects.get((source, subject))
                if known is not None and len(known.seen) == len(rows):
                    continue
                lost += self._missing(journal, subject, set() if known is None else known.seen)
        moved = [f"{s} {u}: {sorted(k.partitions)}" for (s, u), k in self.subjects.items() if len(k.partitions) > 1]
        gaps = [gap for journal in self.evidence.journals.values() for gap in journal.gaps]
        # What is lost leaves a gap behind it in Kafka: it is told once, as lost.
        gone = {line.rpartition(" ")[0] for line in lost}
        disorder = [line for line in self.disorder if line.partition(":")[0] not in gone]
        report.lost += report.found_all("I1", "in the journal and not in Kafka", lost)
        report.found_all("I2", "in Kafka without a committed row", self.ghosts)
        report.out_of_order += report.found_all("I4", "out of order in Kafka", disorder)
        report.out_of_order += report.found_all("I4", "not gapless in the journal", gaps)
        report.found_all("I4", "a subject in more than one partition", moved)
        topics = Counter(name for name, _ in self.partitions)
        events = sum(len(k.seen) for k in self.subjects.values())
        report.events = self.evidence.events
        report.saw(
            "I1", f"{self.evidence.events:,} journal rows of {len(self.evidence.journals)} services against Kafka"
        )
        report.saw(
            "I2",
            f"{self.records:,} records read again against the journals: {events:,} events, {self.again:,} of them"
            f" repeated, {self.marks:,} watermarks, {self.garbage:,} that are no event",
        )
        report.saw(
            "I4",
            f"{events:,} events of {len(self.subjects):,} subjects in {len(self.partitions)} partitions of"
            f" {len(topics)} topics, 1..n without a gap; {len(self.evidence.gates)} consumers",
        )

    @staticmethod
    def _missing(journal: Journal, subject: UUID, seen: set[int]) -> list[str]:
        held_back = journal.quarantined.get(subject)
        return [
            f"{journal.source} {subject} {sequence}"
            for sequence in range(1, len(journal.rows[subject]) + 1)
            if sequence not in seen
            and (subject, sequence) not in journal.waiting
            and (held_back is None or sequence < held_back)
        ]


def check_gates(evidence: Evidence, excused: set[tuple[str, UUID]], report: Report) -> None:
    """Every consumer has come to the end of every subject it follows, or visibly holds what is left (I1, I2).

    `excused`: subjects of forged events that a person has discarded, or that were injected.
    """
    compared = 0
    for gate in evidence.gates.values():
        lost, ghosts = list[str](), list[str]()
        held = Counter((row["source"], row["subject"]) for row in gate.held if row["subject"] is not None)
        known = set()
        for source in gate.sources:
            journal = evidence.journals[source]
            for subject, rows in journal.rows.items():
                key = (source, subject)
                known.add(key)
                compared += 1
                reached = gate.reached.get(key, 0)
                goal = journal.quarantined.get(subject, len(rows) + 1) - 1
                if reached + held[key] < goal and not any((subject, n) in journal.waiting for n in range(1, goal + 1)):
                    lost.append(f"{gate.consumer} {source} {subject}: {reached} of {len(rows)}")
                if reached > len(rows):
                    ghosts.append(f"{gate.consumer} {source} {subject}: {reached}, the journal has {len(rows)}")
        known |= excused
        ghosts += [
            f"{gate.consumer} {source} {subject}: the journal does not know it"
            for (source, subject), reached in gate.reached.items()
            if reached and (source, subject) not in known
        ]
        report.lost += report.found_all("I1", "a consumer has not applied", lost)
        report.found_all("I2", "a consumer has applied more than was committed", ghosts)
    report.saw("I1", f"{compared:,} gates of {_names(evidence.gates)} against the journals' last sequences")


def _names(gates: dict[str, Gate]) -> str:
    return ", ".join(sorted(gates))
