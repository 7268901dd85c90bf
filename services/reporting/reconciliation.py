"""Whether our figures are the source's: compared only when both have counted the same events, and said in one word.

Pure. A difference at one and the same point, twice in a row, is an alarm and stays one until the figures agree again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

State = Literal["agrees", "catching-up", "differs", "unknown"]
BY_CATEGORY = ("cases", "persons", "received", "unaccompanied_received")
# cancelled: allocations; withdrawn: settlement notices. A case of either sort is still one of the cases.
TOTALS = ("cases", "received", "allocations_open", "cancelled", "withdrawn")


@dataclass(frozen=True, slots=True)
class Count:
    """Figures at one point of the source's journal: its highest position and the number of events up to there."""

    position: int
    events: int
    figures: Mapping[str, int]

    def same_point(self, other: "Count") -> bool:
        return (self.position, self.events) == (other.position, other.events)


@dataclass(frozen=True, slots=True)
class Difference:
    figure: str
    reception: int
    reporting: int


@dataclass(frozen=True, slots=True)
class Badge:
    """What the page shows. `position` is where reception stood at the last answer; `agreed_*` the last agreement.

    `strikes` counts comparisons in a row, at an equal point, that did not agree.
    """

    state: State = "unknown"
    position: int | None = None
    checked_at: datetime | None = None
    agreed_position: int | None = None
    agreed_at: datetime | None = None
    differences: tuple[Difference, ...] = ()
    strikes: int = 0

    def stored(self) -> dict[str, Any]:
        """For JSON."""
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Badge":
        times = {k: datetime.fromisoformat(stored[k]) if stored[k] else None for k in ("checked_at", "agreed_at")}
        differences = tuple(Difference(**d) for d in stored["differences"])
        return cls(**{**stored, **times, "differences": differences})


def answer(document: Mapping[str, Any]) -> Count:
    """Reception's `GET /reception/figures`. Raises KeyError, TypeError or ValueError when it is not what was agreed."""
    figures = {name: int(document[name]) for name in TOTALS}
    for category, counts in document["by_category"].items():
        figures |= {f"{category}.{name}": int(counts[name]) for name in BY_CATEGORY}
    return Count(int(document["position"]), int(document["events"]), figures)


def differences(theirs: Count, ours: Count) -> Iterator[Difference]:
    """A figure that one side does not name is zero there: a category without anybody may be left out."""
    for name in sorted({*theirs.figures, *ours.figures}):
        there, here = theirs.figures.get(name, 0), ours.figures.get(name, 0)
        if there != here:
            yield Difference(name, there, here)


def judged(before: Badge, theirs: Count | None, ours: Count, now: datetime) -> Badge:
    """The badge after one more look. `theirs` is None when reception did not answer."""
    alarm = before.state == "differs"
    if theirs is None:
        return before if alarm else replace(before, state="unknown")
    seen = replace(before, position=theirs.position, checked_at=now)
    if not theirs.same_point(ours):
        return seen if alarm else replace(seen, state="catching-up")
    found = tuple(differences(theirs, ours))
    if not found:
        return Badge("agrees", theirs.position, now, theirs.position, now)
    strikes = before.strikes + 1
    state: State = "differs" if alarm or strikes >= 2 else "catching-up"
    return replace(seen, state=state, differences=found, strikes=strikes)
