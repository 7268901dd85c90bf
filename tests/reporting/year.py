"""A year whose totals are Kalmar's of 2018, written as facts; names, dates and households are invented.

Source of the totals: the Migration Agency, received by category 2018 (updated 2019-03-25) and quota 2018. That the
110th allocated person is a family member under the act is our assumption.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from shared.contracts.awards import NominationSubmitted
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationReceived, ArrivalRegistered, QuotaSet, SettlementNotified
from tests.reporting.histories import Writer, member, name

RECEIVED = {"quota-refugee": 34, "agency-accommodation": 87, "self-settled": 40, "other": 16, "family-member": 103}
MINORS = {"agency-accommodation": 12, "self-settled": 9, "other": 9}
ALLOCATED = {"quota-refugee": 34, "agency-accommodation": 75, "family-member": 1}
QUOTA = 110
KINDS = ["person"] * 4 + ["association"] * 3 + ["group", "organisation", "company"]


def _households(people: int, chance: random.Random) -> Iterator[int]:
    while people:
        size = min(people, chance.choice([1, 1, 2, 3, 4, 5]))
        yield size
        people -= size


def year_of_2018(seed: int = 4) -> list[Fact]:
    """Everything of the year, in the order in which it was written."""
    chance, writer = random.Random(seed), Writer()
    writer.write(name("quota"), QuotaSet(quota_year=2018, target=QUOTA, decided_on=date(2017, 11, 15)))
    for category, total in RECEIVED.items():
        allocated, minors = ALLOCATED.get(category, 0), MINORS.get(category, 0)
        groups = [
            *((True, False, size) for size in _households(allocated, chance)),
            *((False, True, 1) for _ in range(minors)),
            *((False, False, size) for size in _households(total - allocated - minors, chance)),
        ]
        for number, (is_allocated, minor, size) in enumerate(groups):
            case = name(f"{category} {number}")
            persons = tuple(member(f"{category} {number} {n}", minor=minor) for n in range(size))
            decided = date(2018, 1, 1) + timedelta(days=chance.randint(0, 270))
            opened = (
                AllocationReceived.model_validate(
                    {
                        "category": category,
                        "quota_year": 2018,
                        "decided_on": decided,
                        "receive_by": decided + timedelta(days=60),
                        "persons": persons,
                    }
                )
                if is_allocated
                else SettlementNotified.model_validate(
                    {"category": category, "notified_on": decided, "persons": persons}
                )
            )
            writer.write(case, opened)
            arrived = ArrivalRegistered(
                arrived_on=decided + timedelta(days=chance.randint(5, 90)), persons=tuple(p.person for p in persons)
            )
            writer.write(case, arrived)
    for number, left in enumerate([-9, -2, 0, 3, 5, 9, 12, 20, 25, 41, 50, 58]):
        by = date(2018, 12, 31) + timedelta(days=left)
        writer.write(
            name(f"open {number}"),
            AllocationReceived(
                category="agency-accommodation",
                quota_year=2019,
                decided_on=by - timedelta(days=61),
                receive_by=by,
                persons=(member(f"open {number} a"), member(f"open {number} b")),
            ),
        )
    for number, kind in enumerate(KINDS):
        writer.write(
            name(f"nomination {number}"),
            NominationSubmitted.model_validate(
                {"prize": "integration", "prize_year": 2018, "nominee_kind": kind, "receipt_wanted": False}
            ),
        )
    return writer.facts
