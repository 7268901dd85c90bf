"""Who is inside: for every organisation and every person."""

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.readers import READERS, inside
from shared.identity import Actor
from shared.units import Units

CODES = ("reception", "minors", "education", "schools")


@given(
    st.dictionaries(st.sampled_from(CODES), st.booleans()),
    st.frozensets(st.sampled_from(READERS)),
    st.sampled_from([*CODES, None]),
)
def test_a_manager_sees_small_numbers_exactly_when_the_municipality_says_that_the_unit_receives_people(
    receives: dict[str, bool], roles: frozenset[str], unit: str | None
) -> None:
    names = {"name": {"sv": "a", "en": "b"}}
    units = Units.model_validate({code: names | {"receives_people": so} for code, so in receives.items()})
    always = bool(roles & {"coordinator", "caseworker"})
    areas = inside(Actor("somebody", roles, unit), units)
    assert ("reception" in areas) == (always or ("manager" in roles and receives.get(unit or "", False)))
    assert inside(Actor("somebody", roles, unit), Units({})) <= areas
