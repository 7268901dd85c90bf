"""Taking a file in, and deciding what it changed: the commands of imports."""

import base64
import zlib
from typing import Any, Literal
from uuid import UUID

from services.reception import allocations, handlers
from services.reception.bodies import AllocationBody
from services.reception.handlers import Doing
from services.reception.imports import store
from services.reception.imports.tables import Format
from shared.decider import Refused
from shared.journal import uuid7
from shared.web.commands import Answer
from shared.web.problems import Problem


def pack(content: bytes) -> dict[str, Any]:
    return {"zlib": base64.b64encode(zlib.compress(content, 3)).decode()}


def unpack(packed: dict[str, Any]) -> bytes:
    return zlib.decompress(base64.b64decode(packed["zlib"]))


async def take_in(doing: Doing, content: bytes, format: Format) -> Answer:
    """The file, sealed, to be worked at later."""
    import_id = uuid7()
    sealed = await doing.desk.seal_file(doing.tx, import_id, pack(content))
    await store.add(doing.tx, import_id, format, sealed, doing.now, doing.actor.sub)
    return Answer(202, {"import": import_id}, location=f"/reception/imports/{import_id}")


async def decide_conflict(doing: Doing, conflict_id: UUID, decision: Literal["keep", "take"], expected: int) -> Answer:
    """Keeps ours, or takes the file's version of the allocation."""
    found = await store.conflict(doing.tx, conflict_id)
    if found is None:
        raise Problem(404, "unknown-conflict")
    loaded = await handlers.load(doing, found.case, None)
    found = await store.conflict(doing.tx, conflict_id, lock=True)
    assert found is not None
    if found.decision is not None:
        if found.decision != decision:
            raise Refused("conflict-decided")
        return _answer(found, loaded.sequence)
    loaded = await handlers.load(doing, found.case, expected)
    sequence = loaded.sequence
    if decision == "take":
        assert found.sealed is not None
        content = await doing.desk.open_file(doing.tx, conflict_id, found.sealed)
        sequence = await allocations.correct(doing, loaded, AllocationBody.model_validate(content))
    await store.decide_conflict(doing.tx, conflict_id, decision, doing.actor.sub, doing.now)
    await doing.desk.forget_files(doing.tx, [conflict_id])
    return _answer(found, sequence)


def _answer(found: store.Conflict, sequence: int) -> Answer:
    data = {"conflict": found.id, "case": found.case}
    return Answer(200, data, location=f"/reception/cases/{found.case}", etag=sequence)
