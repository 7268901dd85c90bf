"""The municipality's own dated rules that more than one service counts by. They are routines, not law, and say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class LocalRule:
    """Something is to be done within `days` of a day from `valid_from` to `valid_to`. `source` is shown with it."""

    days: int
    valid_from: date
    valid_to: date | None
    source: str

    def due(self, day: date) -> date:
        return day + timedelta(days=self.days)


SOURCE = "local routine"
WEEKS_WITHOUT_CONTACT = 6

# Counted from a person's arrival: 18 to 64 years old on the day of the decision or notice.
PLAN_WITHIN: tuple[LocalRule, ...] = (LocalRule(60, date(2018, 1, 1), None, SOURCE),)
PLAN_AGES = frozenset({"18-19", "20-64", "unknown"})
# Counted from the last contact, or from the arrival while there was none.
CONTACT_WITHIN: tuple[LocalRule, ...] = (LocalRule(7 * WEEKS_WITHOUT_CONTACT, date(2018, 1, 1), None, SOURCE),)


def in_force(rules: Sequence[LocalRule], day: date) -> LocalRule | None:
    """The rule that holds on `day`; None before there was one."""
    return next((rule for rule in rules if rule.valid_from <= day <= (rule.valid_to or date.max)), None)
