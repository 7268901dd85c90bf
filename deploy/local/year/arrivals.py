"""When households arrive, and what is mistaken and mended about it: pure; every story ends with everybody received."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

from deploy.local.year.steps import Arrive, Correct, Household

_FIRST, _LAST = date(2018, 1, 2), date(2018, 12, 20)
_LATE = 4
_MISTAKEN = {"wrong-date": 3, "did-not-arrive": 1, "wrong-person": 1, "in two parts": 2}


def weekday(day: date) -> date:
    """`day`, or the Friday before it."""
    return day - timedelta(days=max(0, day.weekday() - 4))


class Stories:
    """Steps from the day a household is known to the day on which it is received whole."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def allocated(self, households: Sequence[Household]) -> Iterator[Arrive | Correct]:
        """Within two months, but for a few who are late and those whom the agency gave longer."""
        rng = self._rng
        in_time = [h for h in households if h.receive_by is None and h.decided_on.month <= 9]
        late = {h.key for h in rng.sample(in_time, k=min(_LATE, len(in_time)))}
        mishaps = self._mishaps([h for h in households if h.key not in late and h.decided_on.month <= 9])
        for household in households:
            days = round(rng.triangular(19, 59, 44))
            if household.receive_by is not None:
                days = rng.randint(70, (household.receive_by - household.decided_on).days)
            elif household.key in late:
                days = rng.randint(66, 85)
            arrived_on = weekday(min(household.decided_on + timedelta(days=days), _LAST))
            yield from self._story(household, arrived_on, arrived_on, mishaps.get(household.key))

    def settled(self, households: Sequence[Household]) -> Iterator[Arrive | Correct]:
        """Some had come before the notice, others come after it."""
        for household in households:
            moved = household.decided_on + timedelta(days=self._rng.randint(-14, 9))
            arrived_on = weekday(max(_FIRST, min(moved, _LAST)))
            yield from self._story(household, arrived_on, max(arrived_on, household.decided_on), None)

    def _mishaps(self, households: Sequence[Household]) -> dict[str, str]:
        """Which household has which story that is not straight."""
        found: dict[str, str] = {}
        for mishap, number in _MISTAKEN.items():
            several = mishap in {"wrong-person", "in two parts"}
            free = [h for h in households if h.key not in found and (len(h.persons) > 2 or not several)]
            found |= {h.key: mishap for h in self._rng.sample(free, k=min(number, len(free)))}
        return found

    def _story(self, household: Household, came: date, known: date, mishap: str | None) -> Iterator[Arrive | Correct]:
        """`came`: the day they all arrived, which nobody can tell before `known`."""
        key, everybody = household.key, tuple(range(len(household.persons)))
        told, mended = known + timedelta(days=self._rng.randrange(3)), known + timedelta(days=5)
        match mishap:
            case "wrong-date":
                yield Arrive(told, key, came - timedelta(days=2))
                yield Correct(mended, key, everybody, came, "wrong-date")
            case "did-not-arrive":
                early = came - timedelta(days=7)
                yield Arrive(early, key, early)
                yield Correct(early + timedelta(days=2), key, everybody, None, "did-not-arrive")
                yield Arrive(told, key, came)
            case "wrong-person":
                yield Arrive(told, key, came)
                yield Correct(mended, key, everybody[-1:], None, "wrong-person")
                yield Arrive(mended + timedelta(days=3), key, came + timedelta(days=2))
            case "in two parts":
                yield Arrive(told, key, came, everybody[:1])
                yield Arrive(mended, key, came + timedelta(days=3), everybody[1:])
            case _:
                yield Arrive(told, key, came)
