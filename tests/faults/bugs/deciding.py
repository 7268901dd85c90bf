"""Bugs between a request and what it changes: commands that take effect once, looks that are recorded."""

import asyncio
from typing import Any
from uuid import uuid4

from pytest import MonkeyPatch

from shared.access_log import AccessLog
from shared.identity import Actor
from shared.web.commands import Answer, Commands
from tests.faults.bugs.seeded import Bug
from tests.faults.ground import Ground
from tests.shared.parts_of_web import KEY, opened

ACTOR = Actor("5d0f", frozenset({"coordinator"}))
ROUTE = "POST /reception/allocations"


async def repeated(ground: Ground) -> list[str]:
    """A command whose process ends with the commit is repeated with its key, twice and at once."""
    async with ground.database() as database, opened(database.url("reception")) as service:
        await service.pool.execute("create table effect (id uuid primary key default gen_random_uuid())")
        commands, key = Commands(service, KEY), uuid4()

        async def work(tx: Any) -> Answer:
            return Answer(201, {"case": await tx.fetchval("insert into effect default values returning id")})

        first = asyncio.create_task(commands.run(ACTOR, ROUTE, key, {}, work))
        service.after_commit.append(first.cancel)
        await asyncio.wait([first])
        service.after_commit.clear()
        await asyncio.gather(*(commands.run(ACTOR, ROUTE, key, {}, work) for _ in range(2)))
        effects = await service.pool.fetchval("select count(*) from effect")
        return [] if effects == 1 else [f"I3 once: one command took effect {effects} times"]


async def looks(ground: Ground) -> list[str]:
    """Somebody looks at a case three times."""
    async with ground.reception() as office:
        case = (await office.allocate())["case"]
        before = await office.database.pool.fetchval("select count(*) from access_log")
        for _ in range(3):
            await office.get(f"/reception/cases/{case}/persons", "coordinator")
        written = await office.database.pool.fetchval("select count(*) from access_log") - before
        return [] if written == 3 else [f"I7 audit: {written} entries for 3 looks"]


def key_ignored(patch: MonkeyPatch) -> None:
    async def always(self: Commands, actor: Any, route: str, key: Any, body: Any, work: Any, **_: Any) -> Answer:
        async with self._database.transaction() as tx:
            answer: Answer = await work(tx)
            return answer

    patch.setattr(Commands, "run", always)


def key_stored_afterwards(patch: MonkeyPatch) -> None:
    async def afterwards(self: Commands, actor: Any, route: str, key: Any, body: Any, work: Any, **_: Any) -> Answer:
        if await self._database.pool.fetchval("select true from idempotency where key = $1", key):
            return Answer(200, replayed=True)
        async with self._database.transaction() as tx:
            answer: Answer = await work(tx)
        await self._database.pool.execute(
            "insert into idempotency (actor, route, key, body_hash) values ('', $1, $2, '') on conflict do nothing",
            route,
            key,
        )
        return answer

    patch.setattr(Commands, "run", afterwards)


def look_skipped(patch: MonkeyPatch) -> None:
    record = AccessLog.record

    async def changes_only(self: AccessLog, tx: Any, actor: Any, action: str, *given: Any) -> int:
        return 0 if action == "view" else await record(self, tx, actor, action, *given)  # type: ignore[arg-type]

    patch.setattr(AccessLog, "record", changes_only)


BUGS = [
    Bug("key-ignored", "the idempotency key is not looked at", key_ignored, repeated, "I3"),
    Bug("key-afterwards", "the idempotency key is stored after the commit", key_stored_afterwards, repeated, "I3"),
    Bug("look-skipped", "a look at a case leaves no entry", look_skipped, looks, "I7"),
]
