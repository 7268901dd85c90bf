"""Two versions of one allocation side by side, so that somebody can decide which one holds."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.reception import allocations, store
from services.reception.bodies import AllocationBody
from services.reception.handlers import Doing
from services.reception.matching import completed, match

# What may be seen of a protected person: what the statistics say, and that they are protected.
_OPEN = frozenset({"sex", "protected_identity", "unaccompanied_minor", "interpreter_needed"})


@dataclass(frozen=True, slots=True)
class Said:
    """One field as we have it and as the other version does; of a protected person only that it differs."""

    name: str
    ours: Any
    theirs: Any
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """One person of either version. `name` is None when they are protected by either."""

    name: str | None
    added: bool
    removed: bool
    fields: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    facts: tuple[Said, ...]
    people: tuple[Compared, ...]


async def side_by_side(doing: Doing, case: dict[str, Any], theirs: AllocationBody) -> Versions:
    """What differs between the seen `case` and another version of its allocation. The look is recorded."""
    loaded = await store.find(doing.tx, case["case"])
    assert loaded is not None
    known = (await doing.desk.open(doing.tx, [case["case"]]))[case["case"]]
    persons = completed(known, theirs.persons)
    ids = match(known, persons)
    pairs: list[tuple[UUID | None, Any, Any]] = [
        (one.person, one.content, persons[ids.index(one.person)] if one.person in ids else None) for one in known
    ]
    pairs += [(None, None, person) for id, person in zip(ids, persons, strict=True) if id is None]
    people: list[Compared] = []
    seen: list[UUID] = []
    for id, ours, other in pairs:
        shown = ours or other
        # Whoever is protected by either version stays hidden: that something differs is enough to decide by.
        hidden = any(one is not None and one.protected for one in (ours, other))
        fields = tuple(
            Said(name, getattr(ours, name, None), getattr(other, name), hidden and name not in _OPEN)
            for name in type(shown).model_fields
            if other is not None and getattr(ours, name, None) != getattr(other, name)
        )
        people.append(Compared(None if hidden else shown.name, ours is None, other is None, fields))
        if not hidden and id is not None:
            seen.append(id)
    terms = allocations.facts_of_file(theirs, loaded.case)
    facts = tuple(Said(name, case[name], value) for name, value in terms.items() if case[name] != value)
    if theirs.replaces and theirs.replaces != case["replaces_number"]:
        facts += (Said("replaces", case["replaces_number"], theirs.replaces),)
    await doing.looked("view", [case["case"]], seen)
    return Versions(facts, tuple(people))
