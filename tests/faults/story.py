"""A town's story from a seed, as facts of three services and as the records that Kafka would give for them."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.reporting.store import TABLES
from shared.contracts.awards import NominationSubmitted
from shared.contracts.envelope import Fact, Recorded, headers
from shared.contracts.event import Event
from shared.contracts.notifications import NotificationAcknowledged, NotificationSent
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    ArrivalCorrected,
    ArrivalRegistered,
    QuotaSet,
)
from shared.messaging import Raw
from tests.reporting.histories import Writer, member, name
from tests.reporting.test_projection import rows_of

DAY = date(2018, 3, 1)
CATEGORIES = ("quota-refugee", "agency-accommodation", "family-member")


def _case(rng: random.Random, case: str) -> list[Event]:
    """One household: received, now and then corrected or cancelled, arrived and the arrival corrected."""
    size = rng.randint(1, 4)

    def allocation() -> dict[str, Any]:
        return {
            "category": rng.choice(CATEGORIES),
            "quota_year": 2018,
            "decided_on": DAY,
            "receive_by": DAY + timedelta(days=rng.randint(20, 61)),
            "persons": tuple(member(f"{case}/{n}") for n in range(size)),
        }

    events: list[Event] = [AllocationReceived(**allocation())]
    for _ in range(rng.randint(0, 4)):
        some = tuple(name(f"{case}/{n}") for n in range(rng.randint(1, size)))
        match rng.randrange(5):
            case 0:
                size += 1
                events.append(AllocationCorrected(**allocation()))
            case 1:
                events.append(AllocationCancelled(reason="declined"))
            case 2:
                events.append(ArrivalCorrected(arrived_on=None, reason="did-not-arrive", persons=some))
            case _:
                events.append(ArrivalRegistered(arrived_on=DAY + timedelta(days=rng.randint(0, 60)), persons=some))
    return events


def _streams(rng: random.Random, households: int) -> Iterator[tuple[UUID, list[Event]]]:
    for number in range(households):
        yield name(f"case {number}"), _case(rng, f"case {number}")
    targets = [QuotaSet(quota_year=2018, target=t, decided_on=date(2017, 11, 15)) for t in (100, 110)]
    yield name("quota"), list(targets)
    for number in range(households // 4):
        kind = rng.choice(["person", "association"])
        said: dict[str, Any] = {"prize": "integration", "prize_year": 2018, "nominee_kind": kind}
        yield name(f"nomination {number}"), [NominationSubmitted(**said, receipt_wanted=True)]
        cause = name(f"cause {number}")
        sent = NotificationSent(
            rule="allocation-received", channel="inbox", cause=cause, caused_at=datetime.now(UTC), attempts=1
        )
        yield name(f"notice {number}"), [sent, NotificationAcknowledged(rule="allocation-received", cause=cause)]


def story(seed: int, households: int) -> list[Fact]:
    """Facts of all subjects interleaved, in order within each, written down just now."""
    rng = random.Random(seed)
    streams = list(_streams(rng, households))
    turns = [index for index, (_, events) in enumerate(streams) for _ in events]
    rng.shuffle(turns)
    writer, waiting = Writer(), [iter(events) for _, events in streams]
    for index in turns:
        writer.write(streams[index][0], next(waiting[index]))
    return writer.facts


def records(facts: Sequence[Fact]) -> list[Raw]:
    """What Kafka would give for `facts`."""
    now = datetime.now(UTC)
    found = []
    for fact in facts:
        epoch = uuid5(UUID(int=1), fact.source)
        recorded = Recorded(
            fact.id, fact.source, fact.subject, fact.sequence, fact.position, epoch, fact.event.type, fact.at, now,
            fact.event.text(),
        )  # fmt: skip
        key = str(fact.subject).encode()
        found.append(Raw(f"landa.{fact.source}", 0, fact.position, key, recorded.data.encode(), headers(recorded)))
    return found


def delivered(rng: random.Random, given: Sequence[Raw], largest: int) -> Iterator[list[Raw]]:
    """Everything at least twice, in any order, some long after the rest, in batches of up to `largest`."""
    queue = [raw for raw in given for _ in range(rng.randint(2, 3))]
    rng.shuffle(queue)
    late = [raw for raw in queue if rng.random() < 0.1]
    queue += late
    while queue:
        size = rng.randint(1, largest)
        yield queue[:size]
        queue = queue[size:]


async def projected(connection: Any, generation: int) -> str:
    """The hash of everything that reporting keeps in this generation."""
    digest = hashlib.sha256()
    for table in TABLES:
        digest.update(f"{table} {await rows_of(connection, table, generation)}".encode())
    return digest.hexdigest()
