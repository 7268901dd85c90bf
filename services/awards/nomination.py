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

    A nomination that is the same as one that is not judged stands for itself.
    """
    eligible = {id: n for id, n in nominations.items() if n.standing == "eligible"}
    leading = {id: n.same_as if n.same_as in eligible else id for id, n in eligible.items()}
    found: dict[UUID, tuple[UUID, ...]] = {id: (id,) for id, leader in leading.items() if leader == id}
    for id, leader in leading.items():
        if leader is not None and leader != id:
            found[leader] = (*found.get(leader, (leader,)), id)
    return found


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
