"""Who of a new version of a household is who of the known one, and what differs, field by field. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.reception.bodies import PersonBody

FIELDS = tuple(PersonBody.model_fields)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as we hold them now. `content` is None when their key is gone: they match nobody."""

    person: UUID
    content: PersonBody | None


def _number(person: PersonBody) -> object:
    return person.personal_identity_number and person.personal_identity_number[-11:].replace("+", "-")


def _name(person: PersonBody) -> object:
    return person.name.casefold(), person.birth_date


# From the surest to the weakest: somebody keeps their id even when a name was misspelt or a number came later.
_SIGNS: tuple[Callable[[PersonBody], object], ...] = (
    _number,
    _name,
    lambda person: (person.dossier_number, person.birth_date) if person.dossier_number else None,
    lambda person: person.name.casefold(),
    lambda person: (person.birth_date, person.sex),
)


def match(ours: Sequence[Known], theirs: Sequence[PersonBody]) -> list[UUID | None]:
    """For each of `theirs` the id of the same person among `ours`, or None for somebody new. Nobody is taken twice."""
    found: list[UUID | None] = [None] * len(theirs)
    free = {known.person: known.content for known in ours if known.content is not None}
    for sign in _SIGNS:
        for index, person in enumerate(theirs):
            wanted = sign(person)
            if found[index] is not None or not wanted:
                continue
            same = [id for id, content in free.items() if sign(content) == wanted]
            if len(same) == 1 or (same and sign in _SIGNS[:2]):
                found[index] = same[0]
                del free[same[0]]
    return found


def completed(known: Sequence[Known], persons: Sequence[PersonBody]) -> list[PersonBody]:
    """`persons` with what they leave unsaid (a missing column, an empty cell) taken from whom they match."""
    content = {one.person: one.content for one in known}
    found = []
    for id, person in zip(match(known, persons), persons, strict=True):
        ours = content.get(id) if id else None
        unsaid = {name: getattr(ours, name) for name in FIELDS if ours and name not in person.model_fields_set}
        found.append(person.model_copy(update=unsaid))
    return found


def differences(
    ours: dict[str, Any], theirs: dict[str, Any], known: Sequence[Known], persons: Sequence[PersonBody]
) -> list[str]:
    """What differs: `receive_by`, `persons/2/name` (as we hold them, from 1), `person-added`, `person-removed`."""
    fields = [name for name in ours if ours[name] != theirs[name]]
    ids = match(known, persons)
    for number, one in enumerate(known, start=1):
        if one.person not in ids:
            fields.append("person-removed")
        elif one.content is not None:
            other = persons[ids.index(one.person)]
            fields += [
                f"persons/{number}/{name}" for name in FIELDS if getattr(one.content, name) != getattr(other, name)
            ]
    return fields + ["person-added"] * ids.count(None)
