"""Which days may be said of a case: not in the future, not before it began, not absurdly far ahead. Pure."""

from datetime import date

from services.reception import rules
from services.reception.case import Case
from shared.decider import Refused

FARTHEST_MONTHS = 12


def begun(case: Case) -> date:
    """The first day that something can be done for the household; a settled one was there before its notice."""
    settled = case.kind == "settled"
    return rules.add_months(case.decided_on, -rules.LATE_NOTICE_MONTHS) if settled else case.decided_on


def happened(case: Case, day: date, field: str, today: date) -> None:
    if day > today:
        raise Refused("day-in-future", field=field, today=today)
    if day < begun(case):
        raise Refused("date-before-case", field=field, day=begun(case))


def comes(day: date, after: date, field: str) -> None:
    """`day` comes after `after`, within a year."""
    if day <= after:
        raise Refused("not-after", field=field, day=after)
    last = rules.add_months(after, FARTHEST_MONTHS)
    if day > last:
        raise Refused("day-too-far", field=field, day=last)


def is_open(case: Case) -> None:
    """Nothing new is done in a case that is over; what was said of it may still be corrected."""
    is_expected(case)
    if case.closed is not None:
        raise Refused("case-closed")


def is_expected(case: Case) -> None:
    """The allocation holds, or the notice stands."""
    if case.cancelled is not None:
        raise Refused("case-cancelled" if case.kind == "allocated" else "notice-withdrawn")
