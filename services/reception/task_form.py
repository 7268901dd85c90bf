"""What a form of a case is: which fields it has, and what it asks for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel

from services.reception.handlers import Doing
from shared.web.commands import Answer

Type = Literal["date", "text", "choices", "select", "checkbox"]


@dataclass(frozen=True)
class Ask:
    """One field. `codes` has a text for each code under `<texts>.<code>`; `open` offers what the case holds."""

    name: str
    type: Type = "date"
    texts: str = ""
    codes: tuple[str, ...] = ()
    required: bool = True
    today: bool = False
    open: str = ""


@dataclass(frozen=True)
class Task:
    """One form. `parts` names the parts of the case in its path; the last one's facts stand in it at first,
    unless it says something `anew`."""

    name: str
    model: type[BaseModel]
    asks: tuple[Ask, ...]
    work: Callable[[Doing, UUID, Mapping[str, UUID], Any, int], Awaitable[Answer]]
    roles: tuple[str, ...] = ("caseworker", "manager")
    parts: tuple[str, ...] = ()
    anew: bool = False


def codes(literal: Any) -> tuple[str, ...]:
    """The codes of a contract's closed list."""
    return get_args(get_args(literal)[0])


WITHDRAWN = Ask("withdrawn", "checkbox", required=False)
