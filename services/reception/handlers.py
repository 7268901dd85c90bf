"""Commands on cases and quotas: load, decide, save, announce, in the transaction that the edge opened.

`allocations.py` has those on allocations as they are sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.reception import commands, domain, store, store_casework, store_quotas
from services.reception.bodies import (
    AllocationBody,
    ArrivalBody,
    ArrivalCorrectionBody,
    CancellationBody,
    CoverBody,
    NoticeBody,
    QuotaBody,
    ReinstatementBody,
    WithdrawalBody,
)
from services.reception.case import Case
from services.reception.commands import Command
from services.reception.domain import State
from services.reception.households import NewPerson
from services.reception.people import Desk
from services.reception.quotas import Quota
from services.reception.sight import Sight, sight_of
from shared import journal
from shared.access_log import Action
from shared.contracts.event import Event
from shared.contracts.reception import ReceptionEvent
from shared.database import Connection
from shared.decider import Refused, fold
from shared.identity import Actor
from shared.journal import uuid7
from shared.web.commands import Answer, check_version
from shared.web.problems import Problem

LONGEST_COVER = timedelta(days=366)
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

    async def looked(
        self, action: Action, cases: Sequence[UUID], persons: Sequence[UUID], reason: str | None = None
    ) -> None:
        # The review of looks asks which unit a manager leads: whoever comes by a message's link is not known here yet.
        if "manager" in self.actor.roles and not await store_casework.is_entered(self.tx, self.actor):
            await store_casework.enter_colleague(self.tx, self.actor)
        await self.desk.access.record(self.tx, self.actor, action, self.route, cases, persons, reason)

    async def sight(self) -> Sight:
        return await sight(self.tx, self.actor, self.today)


async def sight(conn: Connection, actor: Actor, today: date) -> Sight:
    """What `actor` may know of today: those they cover for are asked for, every time."""
    covered = await store_casework.covered(conn, actor.sub, today) if "caseworker" in actor.roles else []
    return sight_of(actor.sub, actor.roles, actor.unit, covered)


def after(state: State, events: Sequence[ReceptionEvent]) -> State:
    return fold(domain.evolve, events, state)


def case_answer(status: int, case_id: UUID, version: int, persons: Sequence[UUID] | None = None) -> Answer:
    data: dict[str, Any] = {"case": case_id} | ({"persons": list(persons)} if persons is not None else {})
    return Answer(status, data, location=f"/reception/cases/{case_id}", etag=version)


def new_persons(body: AllocationBody | NoticeBody, ids: Sequence[UUID]) -> tuple[NewPerson, ...]:
    return tuple(person.facts(id) for id, person in zip(ids, body.persons, strict=True))


def begun(
    case_id: UUID, allocation_number: str | None, command: commands.ReceiveAllocation | commands.NotifySettlement
) -> tuple[Sequence[ReceptionEvent], store.Loaded]:
    """A new case's first events, and the case after them. Nothing is stored yet."""
    events = domain.decide(command, None)
    state = after(None, events)
    assert isinstance(state, Case)
    return events, store.Loaded(case_id, len(events), state, allocation_number)


async def load(doing: Doing, case_id: UUID, expected: int | None) -> store.Loaded:
    """The case with its row locked, in the version that the client saw. A case that is not seen is unknown."""
    loaded = await store.load(doing.tx, case_id)
    if loaded is None or not (await doing.sight()).sees(loaded.case):
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
        await store.save(doing.tx, replace(loaded, sequence=sequence, case=state), doing.now)
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


async def set_cover(doing: Doing, body: CoverBody) -> Answer:
    """A colleague of the manager's unit stands in for another. No event: it is the unit's own matter, and logged."""
    people = {one["sub"] for one in await store_casework.caseworkers(doing.tx, doing.actor.unit)}
    for field in ("sub", "for_sub"):
        if getattr(body, field) not in people:
            raise Refused("not-of-your-unit", field=field)
    if body.sub == body.for_sub:
        raise Refused("covers-oneself", field="sub")
    if not doing.today <= body.until <= doing.today + LONGEST_COVER:
        raise Refused("cover-too-long", field="until", day=doing.today + LONGEST_COVER)
    await store_casework.set_cover(doing.tx, body.sub, body.for_sub, body.until, doing.actor.sub)
    await doing.looked("change", [], [], "cover")
    return Answer(200, {}, location="/reception/cover")


async def end_cover(doing: Doing, sub: str, for_sub: str) -> Answer:
    people = {one["sub"] for one in await store_casework.caseworkers(doing.tx, doing.actor.unit)}
    if for_sub not in people:
        raise Refused("not-of-your-unit", field="for_sub")
    if await store_casework.end_cover(doing.tx, sub, for_sub):
        await doing.looked("change", [], [], "cover-ended")
    return Answer(200, {}, location="/reception/cover")


async def notify_settlement(doing: Doing, body: NoticeBody) -> Answer:
    """A household that was not allocated. Doing it twice is told apart by the idempotency key only."""
    case_id, ids = uuid7(), [uuid7() for _ in body.persons]
    events, new = begun(case_id, None, commands.NotifySettlement(body.terms(), new_persons(body, ids), doing.today))
    await store.add(doing.tx, [new])
    await doing.announce(case_id, 0, events)
    people = [(id, case_id, place, p) for place, (id, p) in enumerate(zip(ids, body.persons, strict=True))]
    await doing.desk.keep(doing.tx, people)
    await doing.looked("change", [case_id], ids)
    return case_answer(201, case_id, new.sequence, ids)


async def cancel(doing: Doing, case_id: UUID, body: CancellationBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.CancelAllocation(body.reason))


async def reinstate(doing: Doing, case_id: UUID, body: ReinstatementBody, expected: int) -> Answer:
    """A cancelled allocation holds again, unless another one replaces it."""
    loaded = await load(doing, case_id, expected)
    replaced_by = await store.replacement_of(doing.tx, case_id)
    command = commands.ReinstateAllocation(body.reinstated_on, body.reason, replaced_by, doing.today)
    return case_answer(200, case_id, await decide(doing, loaded, command))


async def withdraw(doing: Doing, case_id: UUID, body: WithdrawalBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.WithdrawNotice(body.reason))


async def register_arrival(doing: Doing, case_id: UUID, body: ArrivalBody, expected: int) -> Answer:
    return await change(doing, case_id, expected, commands.RegisterArrival(body.arrived_on, body.persons, doing.today))


async def correct_arrival(doing: Doing, case_id: UUID, body: ArrivalCorrectionBody, expected: int) -> Answer:
    command = commands.CorrectArrival(body.arrived_on, body.reason, body.persons, doing.today)
    return await change(doing, case_id, expected, command)
