"""Dated rules of the follow-up: what counts towards the quota, and how long two months are."""

from calendar import monthrange
from datetime import date

# Holders of temporary protection are received under the settlement act, and so within the municipality's quota, since
# the ordinance's amendment in force on this day. Source: SFS 2016:39 as amended on 17 June 2024; the Migration Agency
# on additional allocations 2024. Before, they had an allocation key of their own (SFS 2022:1008).
TEMPORARY_PROTECTION_COUNTS_FROM = date(2024, 6, 17)

# Reception within two months of the decision. Source: ordinance SFS 2016:39, section 10.
MONTHS_TO_RECEIVE = 2

# A quota year's allocations may be received until the end of February of the following year; replacement allocations
# during all of it. Source: the Migration Agency's yearly cycle.
LAST_ORDINARY_MONTH = 2


def months_after(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
