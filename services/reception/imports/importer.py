"""Works at waiting files, household by household in transactions of at most 100, and goes on where a kill stopped it.

The lock on the import's row is the lease, so any number of replicas share the work and none does it twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from uuid import UUID

import structlog

from services.reception import allocations
from services.reception.allocations import Received
from services.reception.handlers import Doing
from services.reception.imports import store
from services.reception.imports.drafts import Draft, Fault, Parsed, parse
from services.reception.imports.files import unpack
from services.reception.imports.tables import FileRefused, Format
from services.reception.people import Desk
from shared.database import Connection, is_unavailable
from shared.faults import step
from shared.identity import Actor
from shared.journal import uuid7
from shared.runtime import Runtime

log = structlog.get_logger()
CHUNK = 100
POLL_SECONDS = 1.0
ROUTE = "POST /reception/imports"


@dataclass
class Importer:
    """One per process. `wake` is set when a file has come; the last file read is kept until it is done."""

    desk: Desk
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _read: tuple[UUID, Parsed] | None = None

    async def run(self, runtime: Runtime) -> None:
        """For ever. Raises what the database raises; its caller starts it again."""
        while True:
            self.wake.clear()
            while await self.work(runtime):
                pass
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def work(self, runtime: Runtime) -> bool:
        """One transaction of work at the oldest file; whether there was any."""
        failed: UUID | None = None
        async with runtime.database.transaction() as tx:
            waiting = await store.claim(tx)
            if waiting is None:
                self._read = None
                return False
            try:
                async with tx.transaction():
                    await self._chunk(runtime, tx, waiting)
            except Exception as error:
                if is_unavailable(error):
                    raise
                # A bug of ours must not stop every later file: this one ends here, and says so.
                log.error("import failed", subject=str(waiting.id), error=type(error).__name__)
                failed = waiting.id
                await self._end(tx, waiting.id, {"code": "file-import-failed", "facts": {}})
            await tx.execute("select pg_notify('landa', 'imports'), pg_notify('landa', 'cases')")
            step("reception.import-chunk-done")
        if failed is None:
            step("reception.import-chunk-committed")
        return True

    async def _chunk(self, runtime: Runtime, tx: Connection, waiting: store.Waiting) -> None:
        try:
            parsed = await self._parsed(tx, waiting)
        except FileRefused as refused:
            await self._end(tx, waiting.id, {"code": refused.code, "facts": refused.facts})
            return
        if waiting.state == "waiting":
            await store.start(tx, waiting.id, parsed.rows, len(parsed.drafts), parsed.unused)
        doing = Doing(
            tx,
            Actor(waiting.uploaded_by, frozenset({"coordinator"})),
            runtime.clock.now(),
            runtime.clock.today(),
            ROUTE,
            self.desk,
        )
        drafts = parsed.drafts[waiting.done : waiting.done + CHUNK]
        await store.add_outcomes(tx, waiting.id, await outcomes(doing, drafts, waiting.done))
        if waiting.done + len(drafts) == len(parsed.drafts):
            await self._end(tx, waiting.id, None)

    async def _parsed(self, tx: Connection, waiting: store.Waiting) -> Parsed:
        if self._read is None or self._read[0] != waiting.id:
            content = unpack(await self.desk.open_file(tx, waiting.id, await store.content(tx, waiting.id)))
            parsed = await asyncio.to_thread(parse, content, cast(Format, waiting.format))
            self._read = waiting.id, parsed
        return self._read[1]

    async def _end(self, tx: Connection, import_id: UUID, reason: dict[str, Any] | None) -> None:
        await store.finish(tx, import_id, reason)
        await self.desk.forget_files(tx, [import_id])
        self._read = None


async def outcomes(doing: Doing, drafts: Sequence[Draft], first: int) -> list[store.Outcome]:
    """Receives the faultless ones of `drafts`; what became of each, from ordinal `first`."""
    good = [draft.body for draft in drafts if draft.body is not None]
    received = dict(zip((b.allocation_number for b in good), await allocations.receive(doing, good), strict=True))
    found = []
    for ordinal, draft in enumerate(drafts, start=first):
        if draft.body is None:
            found.append(_refused(ordinal, draft, [*draft.faults, *_rules_too(draft, doing)]))
            continue
        one = received[draft.body.allocation_number]
        if one.outcome == "refused":
            found.append(_refused(ordinal, draft, draft.refused(one.refusals)))
            continue
        outcome, conflict = await _conflict(doing, one, draft) if one.outcome == "changed" else (str(one.outcome), None)
        number = draft.allocation_number
        found.append(store.Outcome(ordinal, draft.line, number, outcome, one.case, conflict))
    touched = [one for one in received.values() if one.case is not None]
    if touched:
        persons = [person for one in touched for person in one.persons]
        await doing.looked("import", [one.case for one in touched if one.case], persons)
    return found


def _rules_too(draft: Draft, doing: Doing) -> list[Fault]:
    """What rules say of the faultless part of a household: everything that is wrong is told at once."""
    if draft.nearly is None:
        return []
    broken = allocations.broken_rules(draft.nearly, doing.today)
    return draft.refused([no for no in broken if no.field not in draft.wrong])


def _refused(ordinal: int, draft: Draft, faults: Sequence[Fault]) -> store.Outcome:
    told = [asdict(fault) for fault in sorted(faults, key=lambda fault: fault.line)]
    return store.Outcome(ordinal, draft.line, draft.allocation_number, "refused", faults=told)


async def _conflict(doing: Doing, received: Received, draft: Draft) -> tuple[str, UUID]:
    """Keeps the file's version for a person to decide; what was decided to keep once stays decided."""
    assert draft.body is not None and received.case is not None
    content = draft.body.model_dump(mode="json", exclude_unset=True)
    digest = doing.desk.digest(content)
    known = await store.known_conflict(doing.tx, received.case, digest)
    if known is not None and known.decision != "take":
        return ("changed" if known.decision is None else "known"), known.id
    conflict_id = known.id if known else uuid7()
    sealed = await doing.desk.seal_file(doing.tx, conflict_id, content)
    await store.open_conflict(doing.tx, conflict_id, received.case, digest, sealed, received.fields)
    return "changed", conflict_id
