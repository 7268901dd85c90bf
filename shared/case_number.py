"""What a household's case is called where no name may stand: a short number that follows from the case's id alone.

So every service knows it, no event carries it, and it says nothing about anybody. The Migration Agency's allocation
number is another one: a case has that only when it was allocated.

Eight signs are the last 40 bits of the id, which are random; the ninth checks them. Two cases can have the same number
(among 50,000 the risk is one in a thousand), so whoever looks one up gets all that have it. Pure.
"""

import re
from uuid import UUID

# Crockford's base 32: without I, L, O and U, which are read as something else.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("ILO", "110")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def _check(values: list[int]) -> int:
    """Weighs each place by another power of x in GF(32), modulo x^5 + x^2 + 1.

    Whatever sign is wrong, and whichever two are swapped, the sum is another.
    """
    total = 0
    for value in values:
        total = (total ^ value) << 1
        if total & 32:
            total ^= 0b100101
    return total


def case_number(case: UUID) -> str:
    """The number of this case, `K7M3-Q9F2-X`."""
    bits = case.int & (2**40 - 1)
    values = [bits >> shift & 31 for shift in range(35, -1, -5)]
    signs = "".join(SIGNS[value] for value in [*values, _check(values)])
    return f"{signs[:4]}-{signs[4:8]}-{signs[8]}"


def end_of_id(text: str) -> str | None:
    """The last ten hexadecimal digits of the ids of cases with the number `text`; None when it is no case's number.

    Small letters, other dashes or none, and the letters that were left out for their likeness are read as meant.
    """
    signs = _BETWEEN.sub("", text).upper().translate(_MISREAD)
    if len(signs) != 9 or any(sign not in SIGNS for sign in signs):
        return None
    *values, check = [SIGNS.index(sign) for sign in signs]
    if _check(values) != check:
        return None
    bits = 0
    for value in values:
        bits = bits << 5 | value
    return f"{bits:010x}"
