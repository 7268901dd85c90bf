"""Commands on cases and quotas: load, decide, save, announce, in the transaction that the edge opened.

`allocations.py` has those on allocations as they are sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from services.reception import commands, domain, store, store_quotas
from services.reception.bodies import (
    AllocationBody,
    ArrivalBody,
    ArrivalCorrectionBody,
    CancellationBody,
    NoticeBody,
    QuotaBody,
)
from services.reception.case import Case
from services.reception.commands import Command
from services.reception.domain import State
from services.reception.households import NewPerson
from services.reception.people import Desk
from services.reception.quotas import Quota
from shared import journal
from shared.access_log import Action
from shared.contracts.event import Event
from shared.contracts.reception import ReceptionEvent
from shared.database import Connection
from shared.decider import fold
from shared.identity import Actor
from shared.journal import uuid7
from shared.web.commands import Answer, check_version
from shared.web.problems import Problem

QUOTAS = UUID("6f0c9a52-5f0e-5a0b-9d3e-3a4d1c1e7a10")


@dataclass(frozen=True, slots=True)
class Doing:
    """One command being done: its transaction, who, when (business time), where, and the desk with the keys."""

    tx: Connection
    actor: Actor
    now: datetime
    today: date
    route: str
    desk: Desk

    async def announce(self, subject: UUID, sequence: int, events: Sequence[Event]) -> None:
        await journal.append(self.tx, subject, sequence, events, at=self.now, actor=self.actor.sub)

    async def looked(self, action: Action, cases: Sequence[UUID], persons: Sequence[UUID]) -> None:
        await self.desk.access.record(self.tx, self.actor, action, self.route, cases, persons)


def after(state: State, events: Sequence[ReceptionEvent]) -> State:
    return fold(domain.evolve, events, state)


def case_answer(status: int, case_id: UUID, version: int, persons: Sequence[UUID] | None = None) -> Answer:
    data: dict[str, Any] = {"case": case_id} | ({"persons": list(persons)} if persons is not None else {})
    return Answer(status, data, location=f"/reception/cases/{case_id}", etag=version)


def new_persons(body: AllocationBody | NoticeBody, ids: Sequence[UUID]) -> tuple[NewPerson, ...]:
    return tuple(person.facts(id) for id, person in zip(ids, body.persons, strict=True))


async def load(doing: Doing, case_id: UUID, expected: int | None) -> store.Loaded:
    """The case with its row locked, in the version that the client saw."""
    loaded = await store.load(doing.tx, case_id)
    if loaded is None:
        raise Problem(404, "unknown-case")
    if expected is not None:
        check_version(expected, loaded.sequence)
    return loaded


async def decide(doing: Doing, loaded: store.Loaded, command: Command) -> int:
    """Decide, save, announce; the case's new version."""
    events = domain.decide(command, loaded.case)
    sequence = loaded.sequence + len(events)
    if events:
        state = after(loaded.case, events)
        assert isinstance(state, Case)
        await store.save(doing.tx, [(loaded.id, sequence, state)])
        await doing.announce(loaded.id, loaded.sequence, events)
    return sequence


async def change(doing: Doing, case_id: UUID, expected: int, command: Command) -> Answer:
    loaded = await load(doing, case_id, expected)
    return case_answer(200, case_id, await decide(doing, loaded, command))


async def set_quota(doing: Doing, body: QuotaBody, expected: int | None) -> Answer:
    """Sets or revises a year's quota. Whoever revises says which version they saw."""
    quota_id = uuid5(QUOTAS, str(body.quota_year))
    sequence, quota = await store_quotas.load(doing.tx, quota_id, body.quota_year)
    events = domain.decide(commands.SetQuota(body.quota_year, body.target, body.decided_on, doing.today), quota)
    if events and sequence:
        if expected is None:
            raise Problem(428, "version-missing", field="If-Match")
        check_version(expected, sequence)
    if events:
        state = after(quota, events)
        assert isinstance(state, Quota)
        await store_quotas.save(doing.tx, quota_id, sequence + len(events), state)
        await doing.announce(quota_id, sequence, events)
    status = 201 if events and not sequence else 200
    return Answer(status, {"quota": quota_id}, location="/reception/quotas", etag=sequence + len(events))


async def notify_settlement(doing: Doing, body: NoticeBody) -> Answer:
    """A household that was not allocated. Doing it twice is told apart by the idempotency key only."""
    case_id, ids = uuid7(), [uuid7() for _ in body.persons]
    await store.open_case(doing.tx, case_id)
    command = commands.NotifySettlement(body.terms(), new_persons(body, ids), doing.today)
    loaded = store.Loaded(case_id, 0, None, None)
    sequence = await decide(doing, loaded, command)
    people = [(id, case_id, place, p) for place, (id, p) in enumerate(zip(ids, body.persons, strict=True))]
    await doing.desk.keep(doing.tx, people)
    await doing.looked("change", [case_id], ids)
    return case_answer(201, case_id, sequence, ids)


async def cancel(doing: Doing, case_id: UUID, body: CancellationBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.CancelAllocation(body.reason))


async def register_arrival(doing: Doing, case_id: UUID, body: ArrivalBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.RegisterArrival(body.arrived_on, body.persons, doing.today))


async def correct_arrival(doing: Doing, case_id: UUID, body: ArrivalCorrectionBody, expected: int) -> Answer:
    command = commands.CorrectArrival(body.arrived_on, body.reason, body.persons, doing.today)
    return await change(doing, case_id, expected, command)
