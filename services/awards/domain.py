"""A nomination for a municipal prize: submitted once, for a year that is open. Its words are not seen here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from shared.contracts.awards import NominationSubmitted
from shared.decider import Refused

Prize = Literal["integration"]
NomineeKind = Literal["person", "group", "association", "organisation", "company"]
NominationEvent = NominationSubmitted


@dataclass(frozen=True, slots=True)
class Nomination:
    """What rules ask about one nomination."""

    submitted: bool = False
    receipt_wanted: bool = False


EMPTY = Nomination()


@dataclass(frozen=True, slots=True)
class SubmitNomination:
    """Somebody nominates. `open_years`: those that the prize takes nominations for now."""

    prize: Prize
    prize_year: int
    nominee_kind: NomineeKind
    receipt_wanted: bool
    open_years: frozenset[int]


Command = SubmitNomination


def decide(command: Command, state: Nomination) -> Sequence[NominationEvent]:
    """What follows; nothing when it is submitted already. Refused: `prize-not-open`."""
    match command:
        case SubmitNomination():
            if state.submitted:
                return []
            if command.prize_year not in command.open_years:
                raise Refused(
                    "prize-not-open", field="prize_year", year=command.prize_year, open=min(command.open_years)
                )
            return [
                NominationSubmitted(
                    prize=command.prize,
                    prize_year=command.prize_year,
                    nominee_kind=command.nominee_kind,
                    receipt_wanted=command.receipt_wanted,
                )
            ]
        case _:
            assert_never(command)


def evolve(state: Nomination, event: NominationEvent) -> Nomination:
    """The state after `event`."""
    match event:
        case NominationSubmitted():
            return replace(state, submitted=True, receipt_wanted=event.receipt_wanted)
        case _:
            assert_never(event)
