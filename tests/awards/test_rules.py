"""The rules of nominations, by example and for every input that hypothesis finds."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.awards import domain, rules
from services.awards.bodies import NominationBody
from services.awards.domain import EMPTY, Nomination, SubmitNomination
from shared.decider import Refused, fold

OPEN = SubmitNomination("integration", 2018, "person", True, frozenset({2018}))


def test_a_nomination_is_submitted_once() -> None:
    (event,) = domain.decide(OPEN, EMPTY)
    state = fold(domain.evolve, [event], EMPTY)
    assert state == Nomination(submitted=True, receipt_wanted=True)
    assert domain.decide(OPEN, state) == []


def test_a_year_that_is_not_open_is_refused_with_the_one_that_is() -> None:
    late = SubmitNomination("integration", 2017, "person", False, frozenset({2018}))
    with pytest.raises(Refused) as no:
        domain.decide(late, EMPTY)
    assert (no.value.code, no.value.field, no.value.facts) == (
        "prize-not-open",
        "prize_year",
        {"year": 2017, "open": 2018},
    )
    assert rules.open_years(date(2018, 12, 31)) == {2018}


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
    assert rules.reference(UUID("01a2039f-6275-7a19-b86c-629238567929")) == "3856-7929"
