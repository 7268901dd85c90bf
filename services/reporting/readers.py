"""Who reads the figures, and who of them is inside the unit that a small number is about."""

from services.reporting.disclosure import AREAS, Area
from shared.identity import Actor

READERS = ("council", "manager", "coordinator", "auditor", "operator", "secretary", "caseworker")
# The units that receive people: their managers see what their own staff does. Source: the municipality's organisation.
RECEIVING_UNITS = frozenset({"reception", "minors"})


def inside(actor: Actor | None) -> frozenset[Area]:
    """The areas whose exact numbers this person sees; everybody else sees no small ones.

    The secretary receives the nominations, and so counts them.
    """
    if actor is None:
        return frozenset()
    areas = set[Area]()
    if actor.roles & {"coordinator", "caseworker"} or ("manager" in actor.roles and actor.unit in RECEIVING_UNITS):
        areas |= AREAS
    if "secretary" in actor.roles:
        areas |= {"awards"}
    return frozenset(areas)
