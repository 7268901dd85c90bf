"""A nomination without its words: who it counts as, whether it is eligible, with which others it is one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.awards import IneligibleReason, NomineeKind

Standing: TypeAlias = Literal["new", "eligible", "ineligible", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Nomination:
    """What rules ask about one nomination. `eligible` None: nobody has assessed it since it was last written."""

    prize_year: int
    nominee_kind: NomineeKind
    receipt_wanted: bool = False
    revision: int = 0
    withdrawn: bool = False
    eligible: bool | None = None
    reason: IneligibleReason | None = None
    same_as: UUID | None = None

    @property
    def standing(self) -> Standing:
        if self.withdrawn:
            return "withdrawn"
        return "new" if self.eligible is None else "eligible" if self.eligible else "ineligible"


def candidates(nominations: Mapping[UUID, Nomination]) -> dict[UUID, tuple[UUID, ...]]:
    """What the jury judges: each nominee's leading nomination -> all eligible ones of that nominee, the leading first.

    When the one that the others are the same as is not judged, the earliest of them leads: one nominee is judged once.
    """
    of_nominee: dict[UUID, list[UUID]] = {}
    for id, each in nominations.items():
        if each.standing == "eligible":
            of_nominee.setdefault(each.same_as or id, []).append(id)
    leaders = {nominee if nominee in ids else min(ids): ids for nominee, ids in of_nominee.items()}
    return {leader: (leader, *(id for id in ids if id != leader)) for leader, ids in leaders.items()}


def to_tell(nominations: Mapping[UUID, Nomination], addresses: Mapping[UUID, str | None]) -> tuple[UUID, ...]:
    """One nomination of each address that has not withdrawn: the latest, whose language is theirs now."""
    latest: dict[str, UUID] = {}
    for id in sorted(nominations):
        address = addresses.get(id)
        if address and not nominations[id].withdrawn:
            latest[address.casefold()] = id
    return tuple(sorted(latest.values()))


def same_nominee(nominations: Mapping[UUID, Nomination], of: Iterable[UUID]) -> frozenset[UUID]:
    """Every nomination, eligible or not, whose nominee is that of one of `of`."""
    wanted = set(of)
    leaders = {nominations[id].same_as or id for id in wanted if id in nominations} | wanted
    return frozenset(id for id, n in nominations.items() if id in leaders or n.same_as in leaders) | wanted
