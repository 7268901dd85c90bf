"""State is the fold of the journal, for every subject of every service that writes (I5)."""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any
from uuid import UUID

from deploy.verify.evidence import WRITERS, recorded_rows
from deploy.verify.findings import Report
from deploy.verify.site import Site
from shared.contracts.envelope import fact


async def differing_states(site: Site, service: str) -> tuple[int, list[str]]:
    """How many subjects were compared, and which of them differ from the fold of their history. In one snapshot."""
    domain = import_module(f"services.{service}.domain")
    store = import_module(f"services.{service}.store")
    compared, wrong, unknown = 0, list[str](), dict[UUID, tuple[int, Any]]()
    async with site.database(service) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        async for subject, sequence, state in store.states(connection):
            unknown[subject] = (sequence, state)
        async for subject, reached, folded in _folds(connection, service, domain):
            sequence, state = unknown.pop(subject, (0, domain.EMPTY))
            compared += 1
            if (reached, folded) != (sequence, state):
                wrong.append(f"{service} {subject}: stored at {sequence}, the journal at {reached}")
        for subject, (sequence, state) in unknown.items():
            compared += 1
            if (sequence, state) != (0, domain.EMPTY):
                wrong.append(f"{service} {subject}: stored at {sequence}, the journal has nothing")
    return compared, wrong


async def _folds(connection: Any, service: str, domain: Any) -> AsyncIterator[tuple[UUID, int, Any]]:
    subject, reached, state = None, 0, domain.EMPTY
    async for row in recorded_rows(connection, service):
        if row.subject != subject:
            if subject is not None:
                yield subject, reached, state
            subject, state = row.subject, domain.EMPTY
        reached, state = row.sequence, domain.evolve(state, fact(row).event)
    if subject is not None:
        yield subject, reached, state


async def check_states(site: Site, report: Report) -> None:
    compared = 0
    for service in WRITERS:
        one, wrong = await differing_states(site, service)
        compared += one
        report.found_all("I5", "the stored state is not the fold of its journal", wrong)
    report.saw("I5", f"{compared:,} stored states of {len(WRITERS)} services = the fold of their journals")
