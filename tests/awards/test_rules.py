"""The rules of the public form, by example and for every input that hypothesis finds."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.awards import rules
from services.awards.bodies import NominationBody
from shared.contracts.awards import reference


def test_what_looks_like_a_program_is_asked_again() -> None:
    def asked(**sign: object) -> str | None:
        return rules.suspicion(rules.Sign(**({"bait": False, "age": 20.0, "from_this_address": 0} | sign)))  # type: ignore[arg-type]

    assert asked() is None
    assert asked(bait=True) == "bait"
    assert asked(age=0.2) == "too-fast"
    assert asked(age=None) == asked(age=7 * 3600.0) == "too-old"
    assert asked(from_this_address=rules.MOST_PER_HOUR) == "too-many"


def body(**given: object) -> NominationBody:
    usual = {"nominee": "En förening", "nominee_kind": "association", "citation": "x" * 20, "nominator": "Någon"}
    return NominationBody.model_validate(usual | given)


@given(st.text())
def test_no_text_breaks_the_form_or_keeps_control_signs(text: str) -> None:
    try:
        found = body(nominee=text, citation=text + "x" * 20, email=text)
    except ValidationError:
        return
    assert not any(ord(sign) < 32 for sign in found.nominee)
    assert "\r" not in found.citation and "\x00" not in found.citation
    assert found.email is not None and found.email.isascii() and not any(c.isspace() for c in found.email)


def test_a_name_turns_no_words_around_it_and_keeps_its_own_direction() -> None:
    assert body(nominee="Kören \u202eman\u2066").nominee == "Kören man"
    assert body(nominee="نور\u200f 1").nominee == "نور\u200f 1"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("namn@exempel.se", "namn@exempel.se"),
        ("  Namn.Efternamn+pris@Exempel.SE ", "Namn.Efternamn+pris@exempel.se"),
        ("a@åhus.example", "a@xn--hus-tla.example"),
    ],
)
def test_an_address_becomes_the_one_that_travels(typed: str, sent: str) -> None:
    assert body(email=typed).email == sent


@pytest.mark.parametrize(
    "typed",
    ["", "x", "a@b", "a b@c.se", "a@b.se\r\nBcc: c@d.se", "<a@b.se>", "a@b..se", "a@-b.se", "å@b.se", "a@b.se, c@d.se"],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        body(email=typed)


def test_a_reference_says_nothing_about_when() -> None:
    assert reference(UUID("01a2039f-6275-7a19-b86c-629238567929")) == "3856-7929"
