"""Commands: the same key is one effect, however often and concurrently it comes, and a no leaves the key free."""

import asyncio
import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.database import Connection, is_unavailable
from shared.decider import Refused
from shared.identity import Actor
from shared.web.commands import (
    Answer,
    Commands,
    canonical,
    check_version,
    expected_version,
    forget_old_keys,
    key_of,
    transaction,
)
from shared.web.problems import Problem
from tests.shared.parts_of_web import KEY, opened

ACTOR = Actor("5d0f", frozenset({"coordinator"}))
ROUTE = "POST /reception/allocations"


async def effect(tx: Connection) -> Answer:
    case = await tx.fetchval("insert into effect default values returning id")
    return Answer(201, {"case": case, "state": "received"}, f"/reception/cases/{case}", 1)


async def effects(service) -> int:  # type: ignore[no-untyped-def]
    async with service.transaction() as tx:
        return await tx.fetchval("select count(*) from effect")


@pytest.fixture
async def service(database):  # type: ignore[no-untyped-def]
    async with opened(database.url("reception")) as service:
        async with service.transaction() as tx:
            await tx.execute("create table effect (id uuid primary key default gen_random_uuid())")
        yield service


async def test_sixteen_concurrent_repetitions_are_one_effect_with_one_answer(service) -> None:  # type: ignore[no-untyped-def]
    commands, key, woken = Commands(service, KEY), uuid4(), []
    service.after_commit.append(lambda: woken.append(1))
    answers = await asyncio.gather(*(commands.run(ACTOR, ROUTE, key, {"a": 1}, effect) for _ in range(16)))
    assert await effects(service) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 15
    assert len({json.dumps([a.status, a.data, a.location, a.etag]) for a in answers}) == 1
    assert answers[0].headers()["ETag"] == '"1"'
    assert woken


async def test_another_body_is_refused_and_another_actor_or_route_is_another_command(service) -> None:  # type: ignore[no-untyped-def]
    commands, key = Commands(service, KEY), uuid4()
    await commands.run(ACTOR, ROUTE, key, {"a": 1, "b": 2}, effect)
    assert (await commands.run(ACTOR, ROUTE, key, {"b": 2, "a": 1}, effect)).replayed
    with pytest.raises(Problem) as no:
        await commands.run(ACTOR, ROUTE, key, {"a": 2}, effect)
    assert (no.value.status, no.value.code) == (422, "idempotency-key-reused")
    await commands.run(None, ROUTE, key, {"a": 2}, effect)
    await commands.run(ACTOR, "POST /reception/other", key, {"a": 2}, effect)
    assert await effects(service) == 3


async def test_a_refusal_undoes_everything_and_leaves_the_key_free_for_a_waiting_one(service) -> None:  # type: ignore[no-untyped-def]
    commands, key = Commands(service, KEY), uuid4()
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def refused(tx: Connection) -> Answer:
        await effect(tx)
        inside.set()
        await go_on.wait()
        raise Refused("deadline-before-decision")

    first = asyncio.create_task(commands.run(ACTOR, ROUTE, key, {}, refused))
    await inside.wait()
    second = asyncio.create_task(commands.run(ACTOR, ROUTE, key, {}, effect))
    async with service.pool.acquire() as conn:
        while not await conn.fetchval("select exists (select from pg_locks where not granted)"):
            await asyncio.sleep(0.01)
    go_on.set()
    with pytest.raises(Refused):
        await first
    assert not (await second).replayed
    assert await effects(service) == 1


async def test_only_ids_and_only_yes_are_stored(service) -> None:  # type: ignore[no-untyped-def]
    commands = Commands(service, KEY)

    async def chatty(tx: Connection) -> Answer:
        await effect(tx)
        return Answer(201, {"name": "Invented Person"})

    async def negative(tx: Connection) -> Answer:
        return Answer(409)

    for work in (chatty, negative):
        with pytest.raises(ValueError):
            await commands.run(ACTOR, ROUTE, uuid4(), {"name": "Canary"}, work)
    assert await effects(service) == 0
    await commands.run(ACTOR, ROUTE, uuid4(), {"name": "Canary"}, effect)
    async with service.transaction() as tx:
        assert "Canary" not in str(await tx.fetch("select * from idempotency"))
        await tx.execute("update idempotency set created_at = now() - interval '8 days'")
        assert await forget_old_keys(tx) == 1


async def test_a_database_that_does_not_answer_ends_in_time_and_says_what_is_known(service) -> None:  # type: ignore[no-untyped-def]
    commands, loop, scope = Commands(service, KEY), asyncio.get_running_loop(), {"type": "http", "method": "POST"}

    async def slow(tx: Connection) -> Answer:
        await tx.execute("select pg_sleep(30)")
        return Answer(200)

    async def stubborn(tx: Connection) -> Answer:
        try:
            await slow(tx)
        finally:
            await tx.execute("select 1")
        return Answer(200)

    began = loop.time()
    for work in (slow, stubborn):
        with pytest.raises(Exception) as raised:
            await commands.run(ACTOR, ROUTE, uuid4(), {}, work, scope=scope, seconds=0.5)
        assert is_unavailable(raised.value)
        assert scope["landa.effect"] == "none"
    assert loop.time() - began < 3

    async def fine(tx: Connection) -> Answer:
        return Answer(200)

    assert (await commands.run(ACTOR, ROUTE, uuid4(), {}, fine, scope=scope)).status == 200
    assert scope["landa.effect"] == "unknown"


async def test_what_the_server_refuses_at_commit_is_known_to_have_had_no_effect(service) -> None:  # type: ignore[no-untyped-def]
    scope = {"type": "http", "method": "POST"}
    async with service.transaction() as tx:
        await tx.execute("create table late (id int unique deferrable initially deferred)")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with transaction(service, scope=scope) as tx:
            await tx.execute("insert into late values (1), (1)")
    assert scope["landa.effect"] == "none"
    # A connection cut while COMMIT is on its way: nobody knows.
    with pytest.raises(Exception) as raised:
        async with transaction(service, scope=scope) as tx:
            tx.terminate()
    assert is_unavailable(raised.value)
    assert scope["landa.effect"] == "unknown"


@dataclass(frozen=True)
class Command:
    person: UUID
    on: date
    labels: frozenset[str]


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_canonical_bytes_do_not_depend_on_order(body: dict[str, object]) -> None:
    assert canonical(body) == canonical(dict(reversed(body.items())))
    assert canonical(body) != canonical({**body, "more\x00": 1})


class Posted(BaseModel):
    labels: frozenset[str]
    on: date


def test_commands_of_any_shape_have_canonical_bytes() -> None:
    posted = Posted(labels=frozenset({"b", "a"}), on=date(2018, 1, 2))
    assert canonical(posted) == b'{"labels":["a","b"],"on":"2018-01-02"}'
    one = Command(UUID(int=1), date(2018, 1, 2), frozenset({"b", "a"}))
    assert canonical(one) == canonical(Command(UUID(int=1), date(2018, 1, 2), frozenset({"a", "b"})))
    assert canonical(one) != canonical(Command(UUID(int=1), date(2018, 1, 3), frozenset({"a", "b"})))


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda: key_of({}), 400, "idempotency-key-missing"),
        (lambda: key_of({"idempotency-key": "1"}), 400, "idempotency-key-malformed"),
        (lambda: expected_version({}), 428, "version-missing"),
        (lambda: expected_version({"if-match": "*"}), 400, "version-malformed"),
        (lambda: expected_version({"if-match": 'W/"7"'}), 400, "version-malformed"),
        (lambda: expected_version({}, {"sequence": "seven"}), 400, "version-malformed"),
        (lambda: check_version(6, 7), 412, "stale-version"),
    ],
)
def test_a_command_without_its_key_or_version_is_told_so(call, status: int, code: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Problem) as no:
        call()
    assert (no.value.status, no.value.code) == (status, code)
    assert status != 412 or (no.value.headers["ETag"], no.value.facts["current"]) == ('"7"', 7)


def test_keys_and_versions_come_from_headers_or_forms() -> None:
    key = uuid4()
    assert key_of({"idempotency-key": str(key)}) == key_of({}, {"key": key.hex}) == key
    assert expected_version({"if-match": '"7"'}) == expected_version({}, {"sequence": "7"}) == 7
    check_version(7, 7)
