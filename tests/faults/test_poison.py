"""F09: one record in a hundred of each kind of poison, through Kafka: parked exactly, tried seldom, healed in order."""

import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from shared import gate, journal
from shared.contracts.event import CATALOGUE
from shared.contracts.reception import QuotaSet
from shared.journal import uuid7
from shared.messaging import Raw, key_hash
from tests.faults.proof import Run, record, seeds
from tests.shared.conftest import House, quota
from tests.shared.test_poison import changed
from tests.shared.test_relay import Flow
from tests.waiting import until

SUBJECTS, EACH = 400, 8
OF_A_KIND = SUBJECTS * EACH // 100
MOON = "reception.moon-landing.v1"

# In place of an event of ours: what the wire says instead, and what is said of it.
INSTEAD = {
    "bad JSON": (lambda r: replace(r, value=b'{"quota_year":'), "release", "data does not fit"),
    "invalid": (lambda r: replace(r, value=b'{"quota_year": "soon"}'), "release", "data does not fit"),
    "not in the catalogue": (lambda r: changed(r, ce_type=MOON.encode()), "release", "type not in the catalogue"),
    "handler bug": (lambda r: r, "person", "KeyError"),
}
# Beside the events: records that nobody of ours writes.
BESIDE = {
    "oversized": (lambda r: replace(r, value=b"x" * 300_000, headers=[("ce_id", b"1")]), "header ce_source is missing"),
    "undecodable header": (lambda r: changed(r, ce_subject=b"\xff\xfe"), "header ce_subject is not UTF-8"),
    "wrong source": (lambda r: changed(r, ce_source=b"/landa/awards"), "the source is not the topic's service"),
    "tombstone": (lambda r: replace(r, value=None), "the record has no data"),
}


def subject_of(record_: Raw) -> UUID:
    return UUID(record_.key.decode())


async def put(house: House, topic: str, records: list[Raw]) -> None:
    """Writes `records` as they are, each to its subject's partition, in order."""
    producer = AIOKafkaProducer(bootstrap_servers=house.reception.kafka, enable_idempotence=True)
    await producer.start()
    sent = [
        await producer.send(topic, value=r.value, key=r.key, headers=list(r.headers), partition=r.partition)
        for r in records
    ]
    for one in sent:
        await one
    await producer.stop()


@asynccontextmanager
async def newer_release():
    """A process that knows the type from the future."""
    CATALOGUE[MOON] = QuotaSet
    try:
        yield
    finally:
        del CATALOGUE[MOON]


@pytest.mark.parametrize("seed", seeds())
async def test_the_parked_set_is_what_was_injected_and_heals_in_order(house, seed):
    rng = random.Random(seed)
    subjects = [uuid7() for _ in range(SUBJECTS)]
    async with house.source.transaction() as tx:
        for subject in subjects:
            await journal.append(tx, subject, 0, [quota(n) for n in range(EACH)], at=datetime.now(UTC), actor="t")
        await tx.execute("delete from outbox")  # this test is the relay
    healthy = [replace(r, partition=key_hash(subject_of(r)) % 4) for r in await house.records()]
    sick = iter(rng.sample(subjects, OF_A_KIND * len(INSTEAD)))
    kinds = {next(sick): (kind, rng.randint(1, EACH)) for kind in INSTEAD for _ in range(OF_A_KIND)}
    expected, stream, ids = {}, [], {kind: set() for kind in INSTEAD}
    for record_ in healthy:
        named = dict(record_.headers)
        subject, sequence, event = subject_of(record_), int(named["ce_sequence"]), named["ce_id"].decode()
        kind, at = kinds.get(subject, ("", EACH + 1))
        if sequence == at:
            change, waits_for, reason = INSTEAD[kind]
            expected[event], ids[kind] = (waits_for, reason), ids[kind] | {event}
            record_ = change(record_)
        elif sequence > at:
            expected[event] = ("predecessor", "waits for an earlier event")
        stream.append(record_)
    house.follower.broken = {UUID(event) for event in ids["handler bug"]}
    garbage = [make(rng.choice(healthy)) for make, _ in BESIDE.values() for _ in range(OF_A_KIND)]
    for one in garbage:
        stream.insert(rng.randrange(len(stream)), replace(one, partition=rng.randrange(4)))
    flowing = sum(EACH if s not in kinds else kinds[s][1] - 1 for s in subjects)

    await put(house, f"{house.reception.topic_prefix}.reception", stream)
    async with Flow(house) as flow:
        await until(
            house.held, lambda held: len(held) == len(expected) + len(garbage), seconds=60, what="the poison is parked"
        )
        await until(house.seen, lambda seen: len(seen) == flowing, what="the healthy flow")
        for _ in range(gate.ATTEMPTS + 4):
            await flow.receiver.retry_due(everything=True)
        held = await house.held()
        parked = {str(row["event_id"]): row for row in held if row["event_id"]}
        assert parked.keys() == expected.keys()
        for event, (waits_for, reason) in expected.items():
            assert (parked[event]["waits_for"], parked[event]["reason"][: len(reason)]) == (waits_for, reason)
            assert parked[event]["attempts"] <= gate.ATTEMPTS or waits_for == "release"
        strange = Counter(row["reason"] for row in held if row["event_id"] is None)
        assert strange == {reason: OF_A_KIND for _, reason in BESIDE.values()}
        assert len(await house.seen()) == flowing

        # The fix: the bug is mended and a person asks for a retry; a newer release starts; the rest is discarded.
        house.follower.broken = set()
        hopeless = ids["bad JSON"] | ids["invalid"]
        async with house.target.transaction() as tx:
            await tx.execute(
                "update held set next_try = clock_timestamp() where waits_for = 'person' and subject is not null"
            )
            for event in hopeless:
                await gate.discard(tx, "follower", "reception", UUID(event), reason="unreadable", actor="operator")
        async with newer_release():
            await flow.receiver.retry_due(everything=True)
        left = await house.held()
        assert [row for row in left if row["event_id"]] == [] and len(left) == len(garbage)
        seen = await house.seen()
    for subject in subjects:
        kind, at = kinds.get(subject, ("", 0))
        whole = [n for n in range(1, EACH + 1) if not (n == at and kind in ("bad JSON", "invalid"))]
        assert [sequence for one, sequence in seen if one == subject] == whole, kind
    record(Run(fault="F09", what=f"{OF_A_KIND} of each of 8 kinds of poison", seed=seed, events=len(stream)))
