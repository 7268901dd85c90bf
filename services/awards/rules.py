"""The numbers of the public form: how long a text may be, how fast a person can be."""

from dataclasses import dataclass
from typing import Literal

CITATION_SHORTEST = 20
CITATION_LONGEST = 4000

# A form that comes back sooner was not read by a person; one that is older may be a copy that somebody keeps sending.
TOO_FAST_SECONDS = 3.0
TOO_OLD_SECONDS = 6 * 3600

# From one address. A town hall, a school or a library is one address, too.
MOST_PER_HOUR = 30


Suspicion = Literal["bait", "too-fast", "too-old", "too-many"]


@dataclass(frozen=True, slots=True)
class Sign:
    """What the public form shows of how it was sent. `age` None: the form's time is not ours, or has run out."""

    bait: bool
    age: float | None
    from_this_address: int


def suspicion(sign: Sign) -> Suspicion | None:
    """Why the form is shown again rather than taken, with everything that was typed; None when it is taken."""
    if sign.bait:
        return "bait"
    if sign.age is None or sign.age > TOO_OLD_SECONDS:
        return "too-old"
    if sign.age < TOO_FAST_SECONDS:
        return "too-fast"
    if sign.from_this_address >= MOST_PER_HOUR:
        return "too-many"
    return None
