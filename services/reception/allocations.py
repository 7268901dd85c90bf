"""Allocations as they are sent: received by the hundred, told apart from what is known already, corrected."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, assert_never
from uuid import UUID

from services.reception import commands, store
from services.reception.bodies import AllocationBody
from services.reception.case import Case
from services.reception.handlers import Doing, begun, case_answer, decide, new_persons
from services.reception.households import AllocationTerms, Replaced, faults
from services.reception.matching import Known, completed, differences, match
from shared.contracts.reception import ReceptionEvent
from shared.decider import Refused
from shared.journal import uuid7
from shared.web.commands import Answer
from shared.web.problems import Problem

Outcome = Literal["accepted", "known", "changed", "refused"]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one household that was sent as an allocation. `cancelled`: it is known, and cancelled here."""

    outcome: Outcome
    case: UUID | None = None
    persons: tuple[UUID, ...] = ()
    version: int = 0
    refusals: Sequence[Refused] = ()
    fields: Sequence[str] = field(default=())
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class New:
    """One household as it is stored and announced, unless its allocation number is known already."""

    body: AllocationBody
    terms: AllocationTerms
    ids: Sequence[UUID]
    events: Sequence[ReceptionEvent]
    loaded: store.Loaded


async def receive(doing: Doing, bodies: Sequence[AllocationBody]) -> list[Received]:
    """At most 100 households, each of another allocation number; each is received whole or not at all."""
    # What is replaced must not hold again meanwhile: the household would be waited for twice.
    replaced = await store.by_number(doing.tx, {b.replaces for b in bodies if b.replaces}, unchanged=True)
    done: dict[str, Received] = {}
    good: dict[str, New] = {}
    for body in bodies:
        terms, refusals = _terms(body, replaced)
        ids = [uuid7() for _ in body.persons]
        persons = new_persons(body, ids)
        refusals += faults(terms, persons, doing.today)
        if refusals:
            done[body.allocation_number] = Received("refused", refusals=refusals)
        else:
            command = commands.ReceiveAllocation(terms, persons, doing.today)
            good[body.allocation_number] = New(body, terms, ids, *begun(uuid7(), body.allocation_number, command))
    added = await store.add(doing.tx, [new.loaded for new in good.values()])
    known = await store.lock_numbers(doing.tx, [n for n, new in good.items() if new.loaded.id not in added])
    done |= await _announce(doing, {number: new for number, new in good.items() if number not in known})
    done |= await _compare(doing, {number: (loaded, good[number]) for number, loaded in known.items()})
    return [done[body.allocation_number] for body in bodies]


def _terms(body: AllocationBody, replaced: dict[str, store.Loaded]) -> tuple[AllocationTerms, list[Refused]]:
    if body.replaces is None:
        return body.terms(None), []
    earlier = replaced.get(body.replaces)
    if earlier is None or body.replaces == body.allocation_number:
        return body.terms(None), [Refused("replaced-unknown", field="replaces")]
    return body.terms(Replaced(earlier.id, earlier.case.cancelled is not None, earlier.case.quota_year)), []


async def _announce(doing: Doing, added: dict[str, New]) -> dict[str, Received]:
    if not added:
        return {}
    people = []
    for new in added.values():
        case_id = new.loaded.id
        people += [(id, case_id, place, p) for place, (id, p) in enumerate(zip(new.ids, new.body.persons, strict=True))]
        await doing.announce(case_id, 0, new.events)
    await doing.desk.keep(doing.tx, people)
    return {
        number: Received("accepted", new.loaded.id, tuple(new.ids), new.loaded.sequence)
        for number, new in added.items()
    }


async def _compare(doing: Doing, known: dict[str, tuple[store.Loaded, New]]) -> dict[str, Received]:
    if not known:
        return {}
    people = await doing.desk.open(doing.tx, [loaded.id for loaded, *_ in known.values()])
    done = {}
    for number, (loaded, sent) in known.items():
        theirs = completed(people[loaded.id], sent.body.persons)
        terms = _completed_terms(sent.terms, loaded.case)
        fields = differences(_facts(loaded.case), _facts(terms), people[loaded.id], theirs)
        ids = match(people[loaded.id], theirs)
        persons = tuple(id for id in ids if id is not None)
        outcome: Outcome = "changed" if fields else "known"
        cancelled = loaded.case.cancelled is not None
        done[number] = Received(outcome, loaded.id, persons, loaded.sequence, fields=fields, cancelled=cancelled)
    return done


def _facts(found: Case | AllocationTerms) -> dict[str, Any]:
    """The allocation's own facts, to compare."""
    facts: dict[str, Any] = {"category": found.category, "decided_on": found.decided_on}
    match found:
        case Case():
            return facts | {
                "quota_year": found.quota_year,
                "receive_by": found.receive_by,
                "replaces": found.replaces,
            }
        case AllocationTerms():
            earlier = found.replaces.case if found.replaces else None
            return facts | {"quota_year": found.year(), "receive_by": found.deadline(), "replaces": earlier}
        case _:
            assert_never(found)


def _completed_terms(terms: AllocationTerms, case: Case) -> AllocationTerms:
    """`terms` with what they do not say taken from the case, as far as it does not follow from what they do say."""
    same = (terms.category, terms.decided_on) == (case.category, case.decided_on)
    return AllocationTerms(
        terms.category,
        terms.decided_on,
        case.quota_year if terms.quota_year is None and same else terms.quota_year,
        case.receive_by if terms.receive_by is None and same else terms.receive_by,
        Replaced(case.replaces, True, None) if terms.replaces is None and case.replaces else terms.replaces,
    )


def facts_of_file(body: AllocationBody, case: Case) -> dict[str, Any]:
    """The allocation's own facts as another version of it has them, without what it replaces."""
    facts = _facts(_completed_terms(body.terms(None), case))
    return {name: value for name, value in facts.items() if name != "replaces"}


def broken_rules(body: AllocationBody, today: date) -> list[Refused]:
    """Every rule that the household breaks by itself, whatever it replaces."""
    return faults(body.terms(None), new_persons(body, [UUID(int=0)] * len(body.persons)), today)


async def receive_one(doing: Doing, body: AllocationBody) -> Answer:
    """One household. Raises what is wrong, or that it is known with another content."""
    [received] = await receive(doing, [body])
    if received.cancelled:
        raise Problem(409, "allocation-cancelled", case=received.case)
    match received.outcome:
        case "refused":
            raise received.refusals[0]
        case "changed":
            raise Problem(409, "allocation-differs", case=received.case, fields=tuple(received.fields))
    assert received.case is not None
    await doing.looked("change", [received.case], received.persons)
    status = 201 if received.outcome == "accepted" else 200
    return case_answer(status, received.case, received.version, received.persons)


async def correct(doing: Doing, loaded: store.Loaded, body: AllocationBody) -> int:
    """Takes another version of a known allocation; the case's new version."""
    replaced = await store.by_number(doing.tx, [body.replaces] if body.replaces else [], unchanged=True)
    terms, refusals = _terms(body, replaced)
    if refusals:
        raise refusals[0]
    terms = _completed_terms(terms, loaded.case)
    ours: list[Known] = (await doing.desk.open(doing.tx, [loaded.id]))[loaded.id]
    body = body.model_copy(update={"persons": tuple(completed(ours, body.persons))})
    ids = [id or uuid7() for id in match(ours, body.persons)]
    sequence = await decide(doing, loaded, commands.CorrectAllocation(terms, new_persons(body, ids), doing.today))
    people = [(id, loaded.id, place, p) for place, (id, p) in enumerate(zip(ids, body.persons, strict=True))]
    await doing.desk.keep(doing.tx, people)
    await store.no_longer_members(doing.tx, loaded.id, [k.person for k in ours if k.person not in ids])
    await doing.looked("change", [loaded.id], [*ids, *(k.person for k in ours)])
    return sequence
