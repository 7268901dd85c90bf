"""What may happen to a prize's edition, to a nomination and to a review, and what each is afterwards. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from services.awards import prize
from services.awards.commands import (
    Announce,
    Assess,
    Cancel,
    Command,
    CorrectNomination,
    DecidePrize,
    LiftRecusal,
    MarkSame,
    MoveCalendar,
    Propose,
    Publish,
    Recuse,
    Reinstate,
    Score,
    SubmitNomination,
    WithdrawNomination,
    Withhold,
)
from services.awards.edition import Edition, check_held, check_open
from services.awards.nomination import Nomination
from services.awards.review import Review
from shared.contracts.awards import (
    AwardsEvent,
    JurorRecused,
    LaureatesProposed,
    NominationCorrected,
    NominationFoundEligible,
    NominationFoundIneligible,
    NominationScored,
    NominationSubmitted,
    NominationWithdrawn,
    NomineeFoundSame,
    PrizeAnnounced,
    PrizeCalendarMoved,
    PrizeCancelled,
    PrizeDecided,
    PrizePublished,
    PrizeReinstated,
    PrizeWithheld,
    RecusalLifted,
)
from shared.decider import Refused

State: TypeAlias = Edition | Nomination | Review | None
EMPTY: State = None


def decide(command: Command, state: State) -> Sequence[AwardsEvent]:
    """The events that `command` causes; none when it is so already. Raises Refused."""
    match command:
        case Announce() | MoveCalendar() | Cancel() | Reinstate() | Propose() | DecidePrize() | Withhold() | Publish():
            return prize.decide(command, _edition(state))
        case SubmitNomination():
            return _submit(command, state)
        case CorrectNomination():
            return _correct(command, _nomination(state))
        case WithdrawNomination():
            return _withdraw(command, _nomination(state))
        case Assess():
            return _assess(command, _nomination(state))
        case MarkSame():
            return _mark_same(command, _nomination(state))
        case Score():
            return _score(command, _review(state))
        case Recuse():
            return _recuse(command, _review(state))
        case LiftRecusal():
            return _lift(command, _review(state))
        case _:
            assert_never(command)


def _edition(state: State) -> Edition | None:
    if not isinstance(state, Edition | None):
        raise Refused("unknown-edition")
    return state


def _nomination(state: State) -> Nomination:
    if not isinstance(state, Nomination):
        raise Refused("unknown-nomination")
    return state


def _review(state: State) -> Review | None:
    if not isinstance(state, Review | None):
        raise Refused("unknown-nomination")
    return state


def _submit(command: SubmitNomination, state: State) -> list[AwardsEvent]:
    if state is not None:
        return []
    check_open(command.edition, command.prize_year, command.now)
    return [
        NominationSubmitted(
            prize=command.prize,
            prize_year=command.prize_year,
            nominee_kind=command.nominee_kind,
            receipt_wanted=command.receipt_wanted,
        )
    ]


def _correct(command: CorrectNomination, nomination: Nomination) -> list[AwardsEvent]:
    check_open(command.edition, nomination.prize_year, command.now)
    if nomination.withdrawn:
        raise Refused("nomination-withdrawn")
    if command.same_words and command.nominee_kind == nomination.nominee_kind:
        return []
    return [
        NominationCorrected(
            nominee_kind=command.nominee_kind,
            assessed=nomination.eligible is not None,
            prize_year=nomination.prize_year,
        )
    ]


def _withdraw(command: WithdrawNomination, nomination: Nomination) -> list[AwardsEvent]:
    if nomination.withdrawn:
        return []
    check_open(command.edition, nomination.prize_year, command.now)
    return [NominationWithdrawn()]


def _check_judging(edition: Edition | None, year: int) -> None:
    if edition is None:
        raise Refused("prize-unannounced", year=year)
    check_held(edition)
    if edition.proposed is not None:
        raise Refused("proposed-already")


def _check_undecided(edition: Edition | None) -> None:
    if edition is not None:
        check_held(edition)
    if edition is not None and edition.outcome is not None:
        raise Refused("decided-already")


def _assess(command: Assess, nomination: Nomination) -> list[AwardsEvent]:
    _check_judging(command.edition, nomination.prize_year)
    if nomination.withdrawn:
        raise Refused("nomination-withdrawn")
    eligible = command.reason is None
    if (nomination.eligible, nomination.reason) == (eligible, command.reason):
        return []
    if nomination.eligible is not None and command.changed is None:
        raise Refused("why-changed", field="changed")
    changed = None if nomination.eligible is None else command.changed
    if command.reason is None:
        return [NominationFoundEligible(changed=changed)]
    return [NominationFoundIneligible(reason=command.reason, changed=changed)]


def _mark_same(command: MarkSame, nomination: Nomination) -> list[AwardsEvent]:
    _check_judging(command.edition, nomination.prize_year)
    if nomination.same_as == command.same_as:
        return []
    if command.same_as is not None:
        other = command.other
        if other is None or other.prize_year != nomination.prize_year or command.same_as == command.nomination:
            raise Refused("not-another-of-the-year", field="same_as")
        if other.same_as is not None or command.led:
            raise Refused("already-joined", field="same_as")
    return [NomineeFoundSame(same_as=command.same_as)]


def _score(command: Score, review: Review | None) -> list[AwardsEvent]:
    if review is not None and review.recused is not None:
        raise Refused("unknown-nomination")
    _check_judging(command.edition, command.of.prize_year)
    if command.of.standing != "eligible":
        raise Refused("not-eligible")
    same = review is not None and review.score == command.score and review.counts(command.of)
    if same and not command.said:
        return []
    return [
        NominationScored(
            nomination=command.nomination,
            juror=command.juror,
            score=command.score,
            revision=command.of.revision,
        )
    ]


def _recuse(command: Recuse, review: Review | None) -> list[AwardsEvent]:
    if review is not None and review.recused is not None:
        return []
    _check_undecided(command.edition)
    return [JurorRecused(nomination=command.nomination, juror=command.juror, reason=command.reason)]


def _lift(command: LiftRecusal, review: Review | None) -> list[AwardsEvent]:
    if review is None or review.recused is None:
        return []
    _check_undecided(command.edition)
    return [RecusalLifted(nomination=command.nomination, juror=command.juror, reason=command.reason)]


def evolve(state: State, event: AwardsEvent) -> State:
    """The state after `event`."""
    match event:
        case (
            PrizeAnnounced()
            | PrizeCalendarMoved()
            | PrizeCancelled()
            | PrizeReinstated()
            | LaureatesProposed()
            | PrizeDecided()
            | PrizeWithheld()
            | PrizePublished()
        ):
            return prize.evolve(_edition(state), event)
        case NominationSubmitted():
            return Nomination(event.prize_year, event.nominee_kind, event.receipt_wanted)
        case NominationCorrected():
            before = _nomination(state)
            return Nomination(before.prize_year, event.nominee_kind, before.receipt_wanted, before.revision + 1)
        case NominationWithdrawn():
            return replace(_nomination(state), withdrawn=True)
        case NominationFoundEligible():
            return replace(_nomination(state), eligible=True, reason=None)
        case NominationFoundIneligible():
            return replace(_nomination(state), eligible=False, reason=event.reason)
        case NomineeFoundSame():
            return replace(_nomination(state), same_as=event.same_as)
        case NominationScored():
            return Review(event.nomination, event.juror, event.score, event.revision)
        case JurorRecused():
            return Review(event.nomination, event.juror, recused=event.reason)
        case RecusalLifted():
            return Review(event.nomination, event.juror, lifted=event.reason)
        case _:
            assert_never(event)
