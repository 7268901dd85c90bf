"""Decide and evolve: how a rule says no, and how a state is folded from its history."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import TypeVar

State = TypeVar("State")
Happened = TypeVar("Happened")


class Refused(Exception):
    """A rule says no. `code` is kebab case and has a text in `texts.toml` (`refusal.<code>.what` and `.mend`).

    `field` names the input at fault, when one is; `facts` fill the text's placeholders and hold no personal data.
    """

    def __init__(self, code: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.facts = facts


def fold(evolve: Callable[[State, Happened], State], events: Iterable[Happened], state: State) -> State:
    """The state after `events`, in order, from `state`."""
    return reduce(evolve, events, state)


def changed(events: Sequence[Happened]) -> bool:
    """Whether a decision changes anything: an empty one means that it was so already."""
    return bool(events)
