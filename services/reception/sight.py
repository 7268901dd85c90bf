"""Who may know of which case, and of whom in it. Pure. A case that is not seen is answered as one that is not there."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.reception.case import Case


@dataclass(frozen=True, slots=True)
class Sight:
    """`every`: all cases' allocations, for who gives them out. `subs`: whose cases are seen, one's own and covered
    ones. `unit`: the unit whose cases a manager sees."""

    sub: str
    every: bool
    subs: frozenset[str]
    unit: str | None

    def works_with(self, case: Case) -> bool:
        """Whether the household is theirs to help: plans, contacts and names are."""
        return case.caseworker is not None and (case.caseworker in self.subs or self._manages(case))

    def sees(self, case: Case) -> bool:
        return self.every or self.works_with(case)

    def names(self, case: Case, undecided: bool = False) -> bool:
        """Whether they may see who the members are. `undecided`: another version of the allocation waits."""
        if self.works_with(case):
            return True
        given_out = case.caseworker is not None and case.status not in {"open", "partly-arrived"}
        return self.every and (undecided or not given_out)

    def protected(self, case: Case) -> bool:
        """Whether they may look at a protected identity, when they ask for it: who covers for somebody may not."""
        return case.caseworker is not None and (
            (case.caseworker == self.sub and self.sub in self.subs) or self._manages(case)
        )

    def _manages(self, case: Case) -> bool:
        return self.unit is not None and case.unit == self.unit


def sight_of(sub: str, roles: Iterable[str], unit: str | None, covered: Iterable[str]) -> Sight:
    """What somebody with these roles sees; `covered` are those they stand in for today."""
    held = frozenset(roles)
    return Sight(
        sub,
        "coordinator" in held,
        frozenset({sub, *covered}) if "caseworker" in held else frozenset(),
        unit if "manager" in held else None,
    )
