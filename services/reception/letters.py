"""A letter in the hand: what was typed of one household becomes the body of the API's own command, or what is wrong."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from services.reception import rules
from services.reception.bodies import LARGEST_HOUSEHOLD, AllocationBody, NoticeBody, PersonBody
from services.reception.handlers import new_persons
from services.reception.households import faults
from shared.contracts.reception import Category
from shared.decider import Refused
from shared.web.mistakes import Mistake, tell
from shared.web.problems import explain
from shared.web.texts import Texts

Name = Literal["allocation", "notice"]
PERSON = tuple(PersonBody.model_fields)
_PERSON_FIELD = re.compile(r"persons-(\d{1,2})-([a-z_]{1,40})", re.ASCII)
_YES_NO = frozenset({"interpreter_needed", "unaccompanied_minor"})
_MAY_BE_EMPTY = tuple(name for name, field in PersonBody.model_fields.items() if field.default is None)
_CHOSEN = frozenset({"category", "sex"})


@dataclass(frozen=True)
class Letter:
    """One kind of letter: its fields besides the persons', and the categories it can be about, the usual first."""

    name: Name
    body: type[AllocationBody] | type[NoticeBody]
    fields: tuple[str, ...]
    categories: tuple[Category, ...]


LETTERS = (
    Letter(
        "allocation",
        AllocationBody,
        ("allocation_number", "category", "decided_on", "receive_by", "quota_year", "replaces"),
        ("agency-accommodation", "quota-refugee", "family-member", "temporary-protection"),
    ),
    Letter(
        "notice",
        NoticeBody,
        ("category", "notified_on"),
        ("self-settled", "family-member", "other", "temporary-protection", "agency-accommodation", "quota-refugee"),
    ),
)


def typed(letter: Letter, given: Iterable[tuple[str, object]]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What was typed: of the household, and of each person in order. What is no field of the letter is left out."""
    household: dict[str, str] = {}
    persons: dict[int, dict[str, str]] = {}
    for name, value in given:
        found = _PERSON_FIELD.fullmatch(name)
        if not isinstance(value, str):
            continue
        if name in letter.fields:
            household[name] = value.strip()
        elif found and found[2] in PERSON:
            persons.setdefault(int(found[1]), {})[found[2]] = value.strip()
    return household, [persons[index] for index in sorted(persons)] or [{}]


def shown(household: Mapping[str, str], persons: Sequence[Mapping[str, str]]) -> dict[str, str | list[str]]:
    """The same as the form's fields, the persons counted anew from 0."""
    every: dict[str, str | list[str]] = dict(household)
    for index, person in enumerate(persons):
        every |= {f"persons-{index}-{name}": value for name, value in person.items()}
    return every


def is_blank(person: Mapping[str, str]) -> bool:
    """One too many was asked for: nothing is said of them."""
    return not any(value for name, value in person.items() if (name, value) != ("protected_identity", "none"))


def _said(name: str, value: str) -> object:
    if name in _YES_NO:
        return value == "true"
    return int(value) if name == "quota_year" and value.isascii() and value.isdigit() and len(value) < 9 else value


def _facts(words: Mapping[str, str], whole: bool = False) -> dict[str, object]:
    said = {name: _said(name, value) for name, value in words.items() if value}
    return {**dict.fromkeys(_MAY_BE_EMPTY), **dict.fromkeys(_YES_NO, False), **said} if whole else said


def of_case(
    case: Mapping[str, Any], people: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """An allocation's letter as it would have to be typed for the case as it stands. What follows from the decision's
    day is left to it."""
    category, decided_on = case["category"], case["decided_on"]
    follows = {
        "receive_by": rules.latest_reception(category, decided_on, None),
        "quota_year": decided_on.year,
    }
    facts = {name: case[name] for name in ("allocation_number", "category", "decided_on")}
    facts |= {name: None if case[name] == value else case[name] for name, value in follows.items()}
    facts["replaces"] = case["replaces_number"]
    persons = [{name: _word(person[name]) for name in PERSON} for person in people]
    return {name: _word(value) for name, value in facts.items()}, persons


def _word(value: object) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return "true"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def read(
    letter: Letter,
    household: Mapping[str, str],
    persons: Sequence[Mapping[str, str]],
    texts: Texts,
    lang: str,
    whole: bool = False,
) -> AllocationBody | NoticeBody | tuple[Mistake, ...]:
    """The body of the command, or everything that is wrong with it, each at its field of the form. In a `whole` letter
    what is empty or not ticked of a person is said to be so; else it is not said."""
    places = _places(persons)
    try:
        return letter.body.model_validate(
            {**_facts(household), "persons": [_facts(persons[at], whole) for at in places]}
        )
    except ValidationError as wrong:
        found: dict[str, Mistake] = {}
        for error in wrong.errors(include_input=False, include_url=False):
            where = _where("/".join(str(part) for part in error["loc"]), places)
            kind = error["type"]
            if kind == "missing" and str(error["loc"][-1]) in _CHOSEN:
                kind = "nothing_chosen"
            found.setdefault(where, tell({**error, "type": kind}, where, texts, lang))
        return _as_asked(letter, found.values())


def _as_asked(letter: Letter, found: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """In the order of the form, so that they are mended from the top down."""
    persons = (f"persons-{at}-{name}" for at in range(LARGEST_HOUSEHOLD) for name in PERSON)
    order = {name: at for at, name in enumerate([*letter.fields, "persons", *persons])}
    return tuple(sorted(found, key=lambda one: order.get(one.where, -1)))


def refused(
    letter: Letter,
    body: AllocationBody | NoticeBody,
    persons: Sequence[Mapping[str, str]],
    no: Refused,
    today: date,
    texts: Texts,
    lang: str,
) -> tuple[Mistake, ...]:
    """The rule that said no, with every other rule that the household breaks by itself: all are mended at once."""
    terms = body.terms(None) if isinstance(body, AllocationBody) else body.terms()
    every = faults(terms, new_persons(body, [UUID(int=0)] * len(body.persons)), today)
    if (no.code, no.field) not in [(one.code, one.field) for one in every]:
        every.append(no)
    places = _places(persons)
    told = (explain(texts, lang, one.code, _where(one.field or "", places), one.facts) for one in every)
    return _as_asked(letter, told)


def _places(persons: Sequence[Mapping[str, str]]) -> list[int]:
    """Which of the typed persons are meant; the first always is."""
    return [at for at, person in enumerate(persons) if not is_blank(person)] or [0]


def _where(path: str, places: Sequence[int]) -> str:
    """`persons/0/name`, counted among those who are meant, as the name of the form's field."""
    head, *rest = path.split("/")
    if head != "persons" or len(rest) < 2:
        return head
    return f"persons-{places[int(rest[0])]}-{rest[1]}"


def room(persons: Sequence[object]) -> bool:
    """Whether one more can be added."""
    return len(persons) < LARGEST_HOUSEHOLD
