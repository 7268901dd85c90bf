"""Every damage to the town is found by its own invariant and by no other. Each is undone, so the town stays whole."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.database import DATABASE, in_database
from deploy.verify import Deed, Outcome, Site, site_of, verify
from deploy.verify.drained import MOST_CONNECTIONS
from tests.verify.mirror import mirror
from tests.waiting import until

# the whole town is slow to come back where other things run besides
pytestmark = pytest.mark.timeout(400)

CANARY = "Spegelfågel Söderort"

YEAR = 2015  # a prize of its own: another one may be at its decision already


async def nominated(people) -> str:
    said = {"nominee": "Odlarna", "nominee_kind": "group", "nominator": "Saga Provsten", "citation": "De delar " * 5}
    made = await people.post("secretary", "/awards/nominations", said | {"prize_year": YEAR})
    return str(made["nomination"])


# What is damaged and mended must be the same rows: no mail is made in between.
MAILS_ARE_OUT = """
select count(*) > 0 and bool_and(status = 'sent') and not exists(
  select from notifications.notification where channel = 'email' and mail is null and not withheld)
from notifications.mail
"""


@pytest.fixture(scope="module")
async def site(people, superuser) -> Site:
    await people.arrive(await people.allocate(3))
    await people.allocate(1)
    await people.announce(YEAR, minutes=600)
    await nominated(people)
    await people.post(
        "secretary", f"/awards/nominations/{await nominated(people)}/assessment", {"reason": "unserious"}, version=1
    )
    await people.agreed()
    await until(lambda: superuser.fetchval(MAILS_ARE_OUT), seconds=30, what="every mail is out")
    found = site_of(people.town)
    assert (await verify(found)).findings == []
    return found


@pytest.fixture(scope="module")
async def superuser(people) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(in_database(people.town.addresses.admin_url, DATABASE))
    # as if a trigger did not stop anybody
    await connection.execute("set session_replication_role = replica")
    yield connection
    await connection.close()


async def broken(site: Site, **more) -> set[str]:
    report = await verify(site, drained_within=more.pop("drained_within", 1), **more)
    print("\n".join(report.lines()))
    return {finding.invariant for finding in report.findings}


async def whole(site: Site) -> None:
    """Waits until nothing is found any more: what comes next is damage of its own."""
    await until(lambda: verify(site, drained_within=0), lambda r: not r.findings, seconds=30, what="a whole town")


ONE_OF = "create temporary table kept as select * from {0} where {1} limit 1"
BACK = "insert into {0} select * from kept; drop table kept"
OTHER_SEX = (
    "update reporting.person_row set sex = case sex when 'female' then 'male' when 'male' then 'female' else sex end"
)
CHANGED = {
    "a juror got no reminder": (
        "I1",
        "insert into notifications.directory (sub, recipient, roles) values ('left-out', gen_random_uuid(), '{jury}');"
        " update notifications.deadline set raised = 14 where kind = 'reading'",
        "delete from notifications.directory where sub = 'left-out';"
        " update notifications.deadline set raised = null where kind = 'reading'",
    ),
    "a row of a projection is gone": (
        "I1",
        ONE_OF.format("reporting.person_row", "true")
        + "; delete from reporting.person_row p using kept k where p.person_id = k.person_id",
        BACK.format("reporting.person_row"),
    ),
    "a gate has not come to the end": (
        "I1",
        ONE_OF.format("notifications.gate", "sequence > 1")
        + "; update notifications.gate g set sequence = g.sequence - 1 from kept k where g.subject = k.subject",
        "update notifications.gate g set sequence = k.sequence from kept k where g.subject = k.subject;"
        " drop table kept",
    ),
    "a gate is ahead of the journal": (
        "I2",
        ONE_OF.format("notifications.gate", "true")
        + "; update notifications.gate g set sequence = g.sequence + 1 from kept k where g.subject = k.subject",
        "update notifications.gate g set sequence = k.sequence from kept k where g.subject = k.subject;"
        " drop table kept",
    ),
    "a row that no event made": (
        "I2",
        "insert into reporting.nomination_row select live, gen_random_uuid(), 'ghost', 2018, 'person', now()"
        " from reporting.projection",
        "delete from reporting.nomination_row where prize = 'ghost'",
    ),
    "an inbox item too much": (
        "I3",
        ONE_OF.format("notifications.notification", "channel = 'inbox' and rule = 'allocation-received'")
        + "; update kept set id = gen_random_uuid(), sequence = 0, state = '{}';"
        " insert into notifications.notification select * from kept",
        "delete from notifications.notification n using kept k where n.id = k.id; drop table kept",
    ),
    "a mail that carries something else": (
        "I3",
        "update notifications.mail set notifications = notifications + 1",
        "update notifications.mail set notifications = notifications - 1",
    ),
    "a deadline that no case has": (
        "I5",
        "insert into notifications.deadline (id, case_id, kind, due_on)"
        " values (gen_random_uuid(), gen_random_uuid(), 'reception', '2018-12-01')",
        "delete from notifications.deadline where due_on = '2018-12-01'",
    ),
    "a reminder that nobody got": (
        "I1",
        ONE_OF.format("notifications.deadline", "kind = 'reception' and raised is null")
        + "; update notifications.deadline d set raised = 14 from kept k where d.id = k.id",
        "update notifications.deadline d set raised = null from kept k where d.id = k.id; drop table kept",
    ),
    "a message that still asks for what has been dealt with": (
        "I5",
        ONE_OF.format(
            "notifications.notification",
            "channel = 'inbox' and rule = 'nomination-submitted' and settled_at is not null"
            " and acknowledged_at is null",
        )
        + "; update notifications.notification n set settled_at = null from kept k where n.id = k.id",
        "update notifications.notification n set settled_at = k.settled_at from kept k where n.id = k.id;"
        " drop table kept",
    ),
    "a message that was settled by nothing": (
        "I5",
        ONE_OF.format(
            "notifications.notification",
            "channel = 'inbox' and rule = 'nomination-submitted' and settled_at is null",
        )
        + "; update notifications.notification n set settled_at = now() from kept k where n.id = k.id",
        "update notifications.notification n set settled_at = null from kept k where n.id = k.id; drop table kept",
    ),
    "a row that the events do not make": (
        "I5",
        OTHER_SEX,
        OTHER_SEX,
    ),
    "a state that is not the fold": (
        "I5",
        "update notifications.notification set state = jsonb_set(state, '{attempts}',"
        " to_jsonb((state->>'attempts')::int + 7)) where state->>'ending' = 'sent'",
        "update notifications.notification set state = jsonb_set(state, '{attempts}',"
        " to_jsonb((state->>'attempts')::int - 7)) where state->>'ending' = 'sent'",
    ),
    "a figure of reception": (
        "I6",
        "update reception.cases set arrived = arrived + 1",
        "update reception.cases set arrived = arrived - 1",
    ),
    "an entry of the access log": (
        "I7",
        "update reception.access_log set reason = 'other' where position = 1",
        "update reception.access_log set reason = null where position = 1",
    ),
    "an event stands aside": (
        "I8",
        "insert into notifications.held (consumer, source, place, headers, value, reason, waits_for)"
        " values ('alerts', 'reception', 'landa.reception/0/999999999', '[]', '\\x00', 'unreadable', 'person')",
        "delete from notifications.held where place = 'landa.reception/0/999999999'",
    ),
    "a name in a table": (
        "I11",
        f"insert into reception.colleagues values ('canary', 'By {CANARY}')",
        "delete from reception.colleagues where sub = 'canary'",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
async def test_a_change_behind_the_towns_back_is_found(site, superuser, name):
    invariant, damage, undo = CHANGED[name]
    await superuser.execute(damage)
    try:
        found = await broken(site, canaries=[CANARY])
    finally:
        await superuser.execute(undo)
    # a watermark may have seen the damage; the next one takes it back
    await whole(site)
    assert found == {invariant}


def _one_subject(records):
    """Where the records of a case stand that came to its arrival, and came once each: other tests publish again."""
    places: dict[bytes, list[int]] = {}
    for i, record in enumerate(records):
        places.setdefault(record.key, []).append(i)
    for found in places.values():
        about = [dict(records[i].headers) for i in found]
        if [(a.get("ce_type"), a.get("ce_sequence")) for a in about[:2]] == [
            (b"reception.allocation-received.v1", b"1"),
            (b"reception.arrival-registered.v1", b"2"),
        ] and len({a["ce_id"] for a in about}) == len(found):
            return found
    raise AssertionError("no case has an arrival")


def _without_the_last(records):
    last = _one_subject(records)[-1]
    return records[:last] + records[last + 1 :]


def _forged(records):
    event = next(r for r in records if r.key)
    headers = [(n, str(uuid4()).encode() if n in {"ce_id", "ce_subject"} else v) for n, v in event.headers]
    return [*records, replace(event, headers=headers)]


def _swapped(records):
    first, second, *_ = _one_subject(records)
    changed = list(records)
    changed[first], changed[second] = records[second], records[first]
    return changed


def _with_a_name(records):
    event = next(r for r in records if r.key)
    return [*records, replace(event, headers=[*event.headers, ("note", CANARY.encode())])]


IN_KAFKA = {"I1": _without_the_last, "I2": _forged, "I4": _swapped, "I11": _with_a_name}


@pytest.mark.parametrize("invariant", IN_KAFKA)
async def test_a_change_in_kafka_is_found(site, invariant):
    damaged = await mirror(site, IN_KAFKA[invariant])
    # the mirror stays in the broker, so its files are not looked at
    assert await broken(replace(damaged, segments=None), canaries=[CANARY]) == {invariant}


async def test_a_faithful_mirror_has_no_finding_and_repetitions_are_none(site):
    assert await broken(await mirror(site, lambda records: [*records, *records])) == set()


async def test_a_service_that_does_not_answer_is_found(site, people):
    process = people.town.supervisor.pid("awards")
    os.kill(process, signal.SIGSTOP)
    try:
        found = await broken(site)
    finally:
        os.kill(process, signal.SIGCONT)
    # it has lost its connections meanwhile, and makes them anew
    await whole(site)
    assert found == {"I9"}


async def test_too_many_connections_are_found(site):
    async with AsyncExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            await stack.enter_async_context(site.database("awards"))
        assert await broken(site) == {"I10"}


async def test_what_clients_saw_is_held_against_the_town(site, superuser):
    kept: UUID = await superuser.fetchval("select key from reception.idempotency limit 1")
    lost = Deed(uuid4(), "POST /reception/allocations", Outcome.ACKNOWLEDGED, uuid4(), 1)
    ghost = Deed(kept, "POST /reception/allocations", Outcome.REFUSED)
    unknown = Deed(uuid4(), "POST /reception/allocations", Outcome.UNKNOWN)
    assert await broken(site, deeds=[lost]) == {"I1"}
    assert await broken(site, deeds=[ghost]) == {"I2"}
    assert await broken(site, deeds=[unknown, replace(unknown, key=kept)]) == set()


async def test_what_was_to_stand_aside_and_does_not_is_found(site):
    assert await broken(site, parked=[uuid4()]) == {"I8"}


async def test_only_some_invariants_can_be_asked_for(site):
    report = await verify(site, only={"I4", "I7"})
    assert {line.partition(" ")[0] for line in report.compared} == {"I4", "I7"}
