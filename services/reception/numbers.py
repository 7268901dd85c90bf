"""Numbers that name people and decisions: which are well formed, and which must not be taken for another. Pure."""

import re
from datetime import date

_PERSONAL = re.compile(
    r"(?P<century>\d\d)?(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<sign>[-+])?(?P<rest>\d{4})", re.A
)
_ALLOCATION = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9/.-]{2,39}", re.A)


def luhn(digits: str) -> bool:
    """Whether the last digit of ten is the check digit of the nine before it. Source: SKV 704."""
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(digits))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_day(century: str | None, year: str, month: str, day: str) -> bool:
    """A coordination number adds 60 to the day, and may have 00 for a month or a day that is not known."""
    number, coordination = int(day), int(day) > 60
    number -= 60 * coordination
    if coordination and (number == 0 or month == "00"):
        return number <= 31 and int(month) <= 12
    years = [int(century + year)] if century else [1900 + int(year), 2000 + int(year)]
    for candidate in years:
        try:
            date(candidate, int(month), number)
        except ValueError:
            continue
        return True
    return False


def personal_number(text: str) -> str | None:
    """The personal identity or coordination number in `text` with its sign, or None when it is neither.

    Its date is not compared with the date of birth: where a day's numbers are used up, neighbouring days are given.
    """
    found = _PERSONAL.fullmatch(re.sub(r"\s", "", text).replace("−", "-").replace("–", "-"))
    if found is None:
        return None
    century, year, month, day, sign, rest = found.group("century", "year", "month", "day", "sign", "rest")
    if not luhn(year + month + day + rest) or not _is_day(century, year, month, day):
        return None
    return f"{century or ''}{year}{month}{day}{'-' if century else sign or '-'}{rest}"


def allocation_number(text: str) -> str | None:
    """The agency's number of a decision as we keep it, or None: it has a digit, and is nobody's personal number."""
    number = text.strip().upper()
    return number if _ALLOCATION.fullmatch(number) and personal_number(number) is None else None
