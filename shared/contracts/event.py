"""What an event is: a frozen model with a type of its own, whose every field says which class of data it holds."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class DataClass(StrEnum):
    """What kind of data a field may hold. Personal data has no class here: it does not travel in events."""

    IDENTIFIER = "opaque identifier, made by us"
    DATE = "date of a fact"
    CODE = "one of a closed list"
    STATISTIC = "attribute that an indicator needs, in bands or yes/no"
    QUANTITY = "number"


Identifier = Annotated[UUID, DataClass.IDENTIFIER]
Day = Annotated[date, DataClass.DATE]
Year = Annotated[int, Field(ge=2000, le=2100), DataClass.DATE]


class Facts(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Event(Facts):
    """A business fact in the past tense. `type` is `<producer>.<event>.v<N>`, `subject_is` what its subject names."""

    type: ClassVar[str]
    subject_is: ClassVar[str]

    def __init_subclass__(cls, type: str = "", subject_is: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if type:
            cls.type = type
            cls.subject_is = subject_is
            if type in CATALOGUE:
                raise TypeError(f"two events are called {type}")
            CATALOGUE[type] = cls

    def text(self) -> str:
        """Compact JSON, the same bytes for the same facts."""
        return self.model_dump_json()


CATALOGUE: dict[str, type[Event]] = {}

# An old version's JSON object -> the next version's. Registered by `upcaster`, applied at the consumer's edge.
_UPCASTERS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}


def upcaster(old: str, new: str) -> Callable[[Callable[[dict[str, Any]], dict[str, Any]]], Any]:
    """Marks a pure function that turns the data of `old` into the data of `new`."""

    def keep(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        _UPCASTERS[old] = (new, function)
        return function

    return keep


def upcast(type: str, data: str) -> tuple[str, str | dict[str, Any]]:
    """The newest type and its data: the text untouched when it is the newest already."""
    if type not in _UPCASTERS:
        return type, data
    payload = json.loads(data)
    while type in _UPCASTERS:
        type, function = _UPCASTERS[type]
        payload = function(payload)
    return type, payload


def known(type: str) -> bool:
    """Whether this process's catalogue has `type`, or can upcast it."""
    return type in CATALOGUE or type in _UPCASTERS


def _models(annotation: Any) -> Iterator[type[Facts]]:
    if isinstance(annotation, type) and issubclass(annotation, Facts):
        yield annotation
    elif get_origin(annotation) is not None:
        for part in get_args(annotation):
            yield from _models(part)


def _classes(annotation: Any) -> Iterator[DataClass]:
    if isinstance(annotation, DataClass):
        yield annotation
    elif get_origin(annotation) is not None:
        for part in get_args(annotation):
            yield from _classes(part)
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, DataClass):
            yield extra


def data_classes(model: type[Facts], prefix: str = "") -> Iterator[tuple[str, DataClass | None]]:
    """Every field of `model`, dotted, with its data class; None where it is not marked, which a test refuses."""
    for name, field in model.model_fields.items():
        parts = list(_models(field.annotation))
        if parts:
            for part in parts:
                yield from data_classes(part, f"{prefix}{name}.")
            continue
        marks = [m for m in field.metadata if isinstance(m, DataClass)] or list(_classes(field.annotation))
        yield f"{prefix}{name}", marks[0] if marks else None
