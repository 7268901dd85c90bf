"""A seeded bug: a patch of our code, made by the test, and the scenario whose checks must see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pytest import MonkeyPatch

from tests.faults.ground import Ground

Scenario = Callable[[Ground], Awaitable[list[str]]]


@dataclass(frozen=True)
class Bug:
    """`sow` puts it in; `scenario` answers what its checks found; one of that must begin with `seen_by`."""

    name: str
    what: str
    sow: Callable[[MonkeyPatch], None]
    scenario: Scenario
    seen_by: str
