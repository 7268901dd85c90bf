"""What must hold after every journey: state is the fold of the journal, and the journal is gapless."""

from importlib import import_module
from uuid import UUID

import asyncpg

from deploy.local.town import Town
from shared.contracts.envelope import Recorded, fact
from shared.decider import fold
from shared.journal import epoch, recorded

WRITERS = ("reception", "notifications", "awards")


async def differing_states(town: Town) -> tuple[int, list[str]]:
    """How many subjects were compared, and which of them differ from the fold of their history."""
    compared, wrong = 0, []
    for service in WRITERS:
        domain = import_module(f"services.{service}.domain")
        store = import_module(f"services.{service}.store")
        connection = await asyncpg.connect(town.addresses.databases[service], server_settings={"search_path": service})
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                incarnation = await epoch(connection)
                rows = await connection.fetch("select *, data::text as data from journal order by subject, sequence")
                histories: dict[UUID, list[Recorded]] = {}
                for row in rows:
                    histories.setdefault(row["subject"], []).append(recorded(row, service, incarnation))
                stored = {subject: (seq, state) async for subject, seq, state in store.states(connection)}
        finally:
            await connection.close()
        for subject in histories.keys() | stored.keys():
            history = histories.get(subject, [])
            folded = fold(domain.evolve, [fact(r).event for r in history], domain.EMPTY)
            sequence, state = stored.get(subject, (0, domain.EMPTY))
            compared += 1
            if [r.sequence for r in history] != list(range(1, sequence + 1)) or folded != state:
                wrong.append(f"{service} {subject}: stored {sequence} {state}, folded {len(history)} {folded}")
    return compared, wrong
