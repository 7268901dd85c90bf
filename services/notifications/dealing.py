"""What deals with which messages, so that they ask for nothing any more. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.notifications.rules import EVENT_RULES, Notice, abouts, notices
from shared.contracts import awards
from shared.contracts.envelope import Fact

TO_ASSESS = ("nomination-submitted", "nomination-corrected")


def dealt_with(fact: Fact) -> Sequence[tuple[str, UUID]]:
    """Of which rules, about which subject, the messages ask for nothing any more after `fact`."""
    over = []
    for rule in EVENT_RULES:
        if isinstance(fact.event, rule.done_by):
            over += [(rule.name, about) for audience in rule.who for about in abouts(audience, fact)]
    if isinstance(fact.event, awards.PrizeCancelled):
        over += [(rule, nomination) for rule in TO_ASSESS for nomination in fact.event.unassessed]
    return over


def in_turns(facts: Sequence[Fact], now: datetime) -> list[tuple[list[Fact], list[Notice]]]:
    """`facts` with their notices, in pieces: what deals with an earlier message is never in one with a later one."""
    turns: list[tuple[list[Fact], list[Notice]]] = [([], [])]
    over = set[tuple[str, UUID]]()
    for fact in facts:
        made = notices(fact, now)
        if any((notice.rule, notice.about) in over for notice in made):
            turns.append(([], []))
            over.clear()
        turns[-1][0].append(fact)
        turns[-1][1].extend(made)
        over.update(dealt_with(fact))
    return turns
