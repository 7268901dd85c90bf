"""A case's number: the same everywhere, readable in spite of how people write, and wrong when it is mistyped."""

from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.case_number import SIGNS, case_number, end_of_id

IDS = st.uuids()


def test_the_number_of_a_known_case_never_changes() -> None:
    assert case_number(UUID("0199a2f4-7c31-7b52-9d1e-5f3a8c6e2b47")) == "7A66-WAT7-X"
    assert case_number(UUID(int=0)) == "0000-0000-0"


@given(IDS)
def test_a_number_leads_back_to_the_end_of_the_id(case: UUID) -> None:
    assert end_of_id(case_number(case)) == case.hex[-10:] == str(case)[-10:]


@given(IDS, st.sampled_from(["", " ", "-", "–", " - "]), st.booleans(), st.data())
def test_a_number_is_read_however_it_is_written(case: UUID, between: str, small: bool, data: st.DataObject) -> None:
    written = case_number(case).replace("-", between)
    written = "".join(
        data.draw(st.sampled_from({"0": "0Oo", "1": "1IiLl"}.get(sign, sign))) if sign in "01" else sign
        for sign in written
    )
    assert end_of_id(f" {written.lower() if small else written} ") == case.hex[-10:]


@given(IDS)
def test_one_wrong_sign_is_no_number(case: UUID) -> None:
    signs = case_number(case).replace("-", "")
    for place, right in enumerate(signs):
        for wrong in SIGNS.replace(right, ""):
            assert end_of_id(signs[:place] + wrong + signs[place + 1 :]) is None


@given(IDS)
def test_two_swapped_signs_are_no_number(case: UUID) -> None:
    signs = case_number(case).replace("-", "")
    for a, b in combinations(range(9), 2):
        swapped = list(signs)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        assert end_of_id("".join(swapped)) is None or signs[a] == signs[b]


def test_a_letter_that_is_not_among_the_signs_or_one_too_many_is_no_number() -> None:
    number = case_number(UUID(int=0))
    assert end_of_id(number + "0") is None and end_of_id(number[:-1]) is None and end_of_id("U000-0000-0") is None
