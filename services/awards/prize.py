"""What may happen to a prize's edition: announced, moved, cancelled, proposed, decided or withheld, published. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import zip_longest
from typing import assert_never
from uuid import UUID

from services.awards.commands import (
    Announce,
    Cancel,
    DecidePrize,
    EditionCommand,
    MoveCalendar,
    Propose,
    Publish,
    Reinstate,
    Withhold,
)
from services.awards.edition import Edition, check_held, day
from shared.contracts.awards import (
    EditionEvent,
    LaureatesProposed,
    PrizeAnnounced,
    PrizeCalendarMoved,
    PrizeCancelled,
    PrizeDecided,
    PrizePublished,
    PrizeReinstated,
    PrizeWithheld,
)
from shared.decider import Refused

# Ids in one event, 39 bytes each: the journal takes 256 kB.
TOLD_AT_ONCE = 5_000


def decide(command: EditionCommand, state: Edition | None) -> Sequence[EditionEvent]:
    """The events that `command` causes. Raises Refused."""
    match command:
        case Announce():
            return _announce(command, state)
        case Cancel():
            return _cancel(command, _known(state))
        case Reinstate():
            return _reinstate(command, _known(state))
        case MoveCalendar():
            return _move(command, _held(state))
        case Propose():
            return _propose(command, _held(state))
        case DecidePrize():
            return _decide_prize(command, _held(state))
        case Withhold():
            return _withhold(command, _held(state))
        case Publish():
            return _publish(command, _held(state))
        case _:
            assert_never(command)


def _known(state: Edition | None) -> Edition:
    if state is None:
        raise Refused("unknown-edition")
    return state


def _held(state: Edition | None) -> Edition:
    edition = _known(state)
    check_held(edition)
    return edition


def _check_calendar(opens_at: datetime, closes_at: datetime, ceremony_on: date, now: datetime) -> None:
    if closes_at <= opens_at:
        raise Refused("closes-before-opening", field="closes_at")
    if closes_at <= now:
        raise Refused("closes-in-the-past", field="closes_at")
    if ceremony_on < day(closes_at):
        raise Refused("ceremony-before-closing", field="ceremony_on")


def _announce(command: Announce, state: Edition | None) -> list[EditionEvent]:
    if state is not None and state.cancelled is not None:
        raise Refused("announced-and-cancelled", field="prize_year", year=command.prize_year)
    if state is not None:
        raise Refused("already-announced", field="prize_year", year=command.prize_year)
    _check_calendar(command.opens_at, command.closes_at, command.ceremony_on, command.now)
    return [
        PrizeAnnounced(
            prize=command.prize,
            prize_year=command.prize_year,
            opens_at=command.opens_at,
            closes_at=command.closes_at,
            ceremony_on=command.ceremony_on,
        )
    ]


def _move(command: MoveCalendar, edition: Edition) -> list[EditionEvent]:
    before = (edition.opens_at, edition.closes_at, edition.ceremony_on)
    if before == (command.opens_at, command.closes_at, command.ceremony_on):
        return []
    if edition.published:
        raise Refused("already-published")
    if command.opens_at != edition.opens_at and edition.opens_at <= command.now:
        raise Refused("opened-already", field="opens_at")
    if command.closes_at != edition.closes_at and edition.proposed is not None:
        raise Refused("proposed-already", field="closes_at")
    if before[:2] != (command.opens_at, command.closes_at):
        _check_calendar(command.opens_at, command.closes_at, command.ceremony_on, command.now)
    elif command.ceremony_on < day(edition.closes_at):
        raise Refused("ceremony-before-closing", field="ceremony_on")
    return [
        PrizeCalendarMoved(
            opens_at=command.opens_at,
            closes_at=command.closes_at,
            ceremony_on=command.ceremony_on,
            reason=command.reason,
            tell=part,
        )
        for part in _parts(command.tell) or [()]
    ]


def _parts(ids: Sequence[UUID], size: int = TOLD_AT_ONCE) -> list[tuple[UUID, ...]]:
    """As many as one event carries at a time."""
    return [tuple(ids[at : at + size]) for at in range(0, len(ids), size)]


def _cancel(command: Cancel, edition: Edition) -> list[EditionEvent]:
    """Until the jury has proposed; from then on it is the board that withholds the prize."""
    if edition.cancelled is not None:
        return []
    if edition.proposed is not None:
        raise Refused("proposed-so-withheld")
    half = TOLD_AT_ONCE // 2
    parts = zip_longest(_parts(command.tell, half), _parts(command.unassessed, half), fillvalue=())
    return [PrizeCancelled(reason=command.reason, tell=told, unassessed=left) for told, left in parts] or [
        PrizeCancelled(reason=command.reason)
    ]


def _reinstate(command: Reinstate, edition: Edition) -> list[EditionEvent]:
    if edition.cancelled is None:
        return []
    return [PrizeReinstated(tell=part) for part in _parts(command.tell) or [()]]


def _propose(command: Propose, edition: Edition) -> list[EditionEvent]:
    if edition.outcome is not None:
        raise Refused("decided-already")
    if command.now < edition.closes_at:
        raise Refused("still-open")
    _check_eligible(command.nominations, command.eligible, "nominations")
    if edition.proposed == command.nominations:
        return []
    return [LaureatesProposed(nominations=command.nominations, proposed_on=command.today)]


def _check_eligible(named: Sequence[UUID], eligible: frozenset[UUID], field: str) -> None:
    if len(set(named)) != len(named) or not eligible.issuperset(named):
        raise Refused("not-eligible", field=field)


def _check_decision(edition: Edition, decided_on: date, today: date) -> None:
    """A decision that was recorded wrong is recorded anew, until it is public."""
    if edition.proposed is None:
        raise Refused("not-proposed")
    if edition.published:
        raise Refused("already-published")
    if decided_on > today:
        raise Refused("decided-in-the-future", field="decided_on")
    if decided_on < day(edition.closes_at):
        raise Refused("decided-before-closing", field="decided_on")


def _decide_prize(command: DecidePrize, edition: Edition) -> list[EditionEvent]:
    decided = ("decided", edition.laureates, edition.decided_on)
    if (edition.outcome, command.laureates, command.decided_on) == decided:
        return []
    _check_decision(edition, command.decided_on, command.today)
    if not command.laureates:
        raise Refused("nobody-chosen", field="laureates")
    _check_eligible(command.laureates, command.eligible, "laureates")
    return [PrizeDecided(laureates=command.laureates, decided_on=command.decided_on)]


def _withhold(command: Withhold, edition: Edition) -> list[EditionEvent]:
    if (edition.outcome, edition.withheld, edition.decided_on) == ("withheld", command.reason, command.decided_on):
        return []
    _check_decision(edition, command.decided_on, command.today)
    return [PrizeWithheld(reason=command.reason, decided_on=command.decided_on)]


def _publish(command: Publish, edition: Edition) -> list[EditionEvent]:
    if edition.outcome is None:
        raise Refused("not-decided")
    if edition.published and edition.named == command.named and not command.said:
        return []
    if not set(command.named) <= set(edition.laureates):
        raise Refused("not-a-laureate", field="named")
    return [PrizePublished(named=command.named)]


def evolve(state: Edition | None, event: EditionEvent) -> Edition:
    """The edition after `event`."""
    match event:
        case PrizeAnnounced():
            return Edition(event.prize, event.prize_year, event.opens_at, event.closes_at, event.ceremony_on)
        case PrizeCalendarMoved():
            return replace(
                _known(state), opens_at=event.opens_at, closes_at=event.closes_at, ceremony_on=event.ceremony_on
            )
        case PrizeCancelled():
            return replace(_known(state), cancelled=event.reason)
        case PrizeReinstated():
            return replace(_known(state), cancelled=None)
        case LaureatesProposed():
            return replace(_known(state), proposed=event.nominations)
        case PrizeDecided():
            decided = replace(_known(state), outcome="decided", withheld=None, decided_on=event.decided_on)
            return replace(decided, laureates=event.laureates)
        case PrizeWithheld():
            withheld = replace(_known(state), outcome="withheld", withheld=event.reason, decided_on=event.decided_on)
            return replace(withheld, laureates=())
        case PrizePublished():
            return replace(_known(state), published=True, named=event.named)
        case _:
            assert_never(event)
