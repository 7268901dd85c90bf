"""One table's numbers with the sums that hold between them: which of them may be shown. Pure."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from services.reporting.suppression import HIDDEN, Count, Sum, exact, hidden


@dataclass
class Cells:
    """The numbers of one table while it is looked over; `shown` answers after `close`."""

    smallest_shown: int
    values: dict[Hashable, int] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    follows: list[tuple[Hashable, Hashable]] = field(default_factory=list)
    gone: frozenset[Hashable] = frozenset()

    def put(self, key: Hashable, value: Count) -> None:
        self.values[key] = exact(value)

    def add_up(self, total: Hashable, parts: Iterable[Hashable]) -> None:
        self.sums.append(Sum(total, tuple(parts)))

    def split(self, total: Hashable, part: Hashable, rest: Hashable) -> None:
        """What is not in `part` is computed by every reader, though no page shows it."""
        self.values[rest] = self.values[total] - self.values[part]
        self.add_up(total, (part, rest))

    def close(self, chosen: Iterable[Hashable] = ()) -> None:
        self.gone = hidden(self.values, self.sums, self.smallest_shown, self.follows, chosen)

    def shown(self, key: Hashable) -> Count:
        return HIDDEN if key in self.gone else self.values[key]
