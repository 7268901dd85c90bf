"""What is known of many things after a batch of facts about them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.envelope import Fact

Known = TypeVar("Known")


def subjects(facts: Sequence[Fact], events: Any) -> set[UUID]:
    """What those of `facts` are about that are among `events`, a union of event types."""
    return {fact.subject for fact in facts if isinstance(fact.event, events)}


def folded(
    known: Mapping[UUID, Known], facts: Sequence[Fact], events: Any, evolve: Callable[[Known | None, Any], Known | None]
) -> dict[UUID, Known]:
    """`known` after those of `facts` that are among `events`; what `evolve` knows nothing of stays out."""
    found = dict(known)
    for fact in facts:
        if isinstance(fact.event, events):
            after = evolve(found.get(fact.subject), fact.event)
            if after is not None:
                found[fact.subject] = after
    return found
