"""Who reads the figures, and who of them is inside the unit that a small number is about."""

from services.reporting.disclosure import AREAS, Area
from shared.identity import Actor
from shared.units import Units

READERS = ("council", "manager", "coordinator", "auditor", "operator", "secretary", "caseworker")


def inside(actor: Actor | None, units: Units) -> frozenset[Area]:
    """The areas whose exact numbers this person sees; everybody else sees no small ones.

    Managers of a unit that receives people see what their own staff does. The secretary receives the nominations, and
    so counts them.
    """
    if actor is None:
        return frozenset()
    areas = set[Area]()
    if actor.roles & {"coordinator", "caseworker"} or ("manager" in actor.roles and actor.unit in units.receiving):
        areas |= AREAS
    if "secretary" in actor.roles:
        areas |= {"awards"}
    return frozenset(areas)
