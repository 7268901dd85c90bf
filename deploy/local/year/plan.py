"""The whole year as steps in order: pure, from a seed and the published totals, which it has by construction.

The quota says 110 persons; the table by category has 34 + 87 - 12 = 109 who were allocated (unaccompanied minors are
not, SFS 2016:38 4 §). That the 110th is a family member, allocated in the same household under the act, is OUR
assumption: no source says it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from deploy.local.year.arrivals import Stories, weekday
from deploy.local.year.casework import casework
from deploy.local.year.households import Registry, partition
from deploy.local.year.nominees import prizes
from deploy.local.year.published import CATEGORIES, YEAR, Published
from deploy.local.year.steps import ORDER, Acknowledge, Cancel, Household, Import, Notify, SetQuota, Step

SEED = 20180101
FIRST_DAY, LAST_DAY = date(2018, 1, 2), date(2019, 3, 8)
ALLOCATED_RELATIVES = 1
# two were declined, and others allocated in their place two months later
_DECLINED = (3, 7)
_LAST_DECISIONS = 11
# what is open at the end was decided on these days: two are late, one is due today, the last has 58 days left
OPEN_DECISIONS = tuple(
    date.fromisoformat(f"{day}")
    for day in (
        "2018-12-27", "2019-01-07", "2019-01-08", "2019-01-09", "2019-01-11", "2019-01-15", "2019-01-22",
        "2019-01-29", "2019-02-05", "2019-02-19", "2019-02-28", "2019-03-05",
    )
)  # fmt: skip
_OPEN_SIZES = (4, 1, 3, 2, 1, 5, 2, 6, 1, 3, 4, 1)
_OPEN_FILES = (date(2018, 12, 28), date(2019, 1, 11), date(2019, 1, 30), date(2019, 2, 20), date(2019, 3, 6))
# what is newest at the end waits to be read
_LAST_ACKNOWLEDGED = date(2019, 1, 31)


@dataclass(frozen=True, slots=True)
class Plan:
    """`days`: each day's steps, in phases; the steps of one phase concern different households."""

    days: tuple[tuple[date, tuple[tuple[Step, ...], ...]], ...]
    persons: int

    def steps(self) -> Iterator[Step]:
        return (step for _, phases in self.days for phase in phases for step in phase)


def plan(seed: int, published: Published) -> Plan:
    rng = Random(seed)
    registry = Registry(rng)
    allocated = _protect(_allocated(rng, registry, published), "secrecy-marked")
    declined = _declined(rng, registry, allocated)
    settled = _protect(_settled(rng, registry, published), "protected-registration")
    open_ones = _open(rng, registry)
    stories = Stories(rng)
    steps: list[Step] = [
        SetQuota(FIRST_DAY, YEAR, published.target, date(2017, 11, 15)),
        SetQuota(date(2018, 11, 30), YEAR + 1, published.next_target, date(2018, 11, 28)),
        *(Cancel(weekday(d.decided_on + timedelta(days=24)), d.key) for d in declined),
        *_files([*allocated, *declined, *open_ones]),
        *(Notify(household.decided_on, household) for household in settled),
        *stories.allocated(allocated),
        *stories.settled(settled),
        *prizes(),
    ]
    imports = [step.day for step in steps if isinstance(step, Import)]
    known = {h.key: step.day for step in steps if isinstance(step, Import) for h in step.households}
    known |= {step.household.key: step.day for step in steps if isinstance(step, Notify)}
    steps += list(casework(Random(seed), [*allocated, *settled], steps, known, LAST_DAY))
    steps += [Acknowledge(_read_on(day)) for day in imports if day < _LAST_ACKNOWLEDGED]
    return Plan(tuple(_by_day(steps)), published.total.persons)


def _read_on(day: date) -> date:
    """When the coordinator has read what a file led to: at once, in the summer weeks some days later."""
    return day + timedelta(days=4) if day.month in {6, 7} else day


def file_day(month: int) -> date:
    return weekday(date(YEAR, month, 12))


def _allocated(rng: Random, registry: Registry, published: Published) -> list[Household]:
    """Those who fill the quota of the year, each with a decision in the ten days before its month's file."""
    quota = published.received["quota-refugee"]
    agency = published.received["agency-accommodation"]
    sizes = [("quota-refugee", size) for size in partition(rng, quota.persons, "quota-refugee")]
    rest = agency.persons - agency.minors
    sizes += [("agency-accommodation", size) for size in partition(rng, rest, "agency-accommodation")]
    sizes += [("family-member", ALLOCATED_RELATIVES)]
    rng.shuffle(sizes)
    # more of them before the summer than after, and at least one in every month
    months = [*range(1, _LAST_DECISIONS + 1)]
    months += rng.choices(months, (5, 6, 6, 6, 5, 4, 2, 3, 4, 4, 2), k=len(sizes) - len(months))
    households = []
    for (category, size), month in zip(sizes, sorted(months), strict=True):
        decided = weekday(file_day(month) - timedelta(days=rng.randint(1, 8)))
        decided = max(decided, FIRST_DAY)
        people = registry.household(category, size, decided)
        # the agency may give quota refugees longer than two months, and says so
        longer = category == "quota-refugee" and month <= 7 and rng.random() < 0.5
        by = decided.replace(month=decided.month + 4) if longer else None
        households.append(Household("", category, decided, people, YEAR, by))
    return [
        replace(household, key=f"MIV-{YEAR}-{number:05}")
        for number, household in enumerate(sorted(households, key=lambda h: h.decided_on), 1)
    ]


def _declined(rng: Random, registry: Registry, allocated: list[Household]) -> list[Household]:
    """Households that said no; one of the allocated two months later takes the place of each."""
    declined = []
    for month in _DECLINED:
        decided = file_day(month) - timedelta(days=2)
        people = registry.household("agency-accommodation", rng.randint(2, 4), decided)
        number = f"MIV-{YEAR}-{90000 + month:05}"
        declined.append(Household(number, "agency-accommodation", decided, people, YEAR))
        place = next(at for at, other in enumerate(allocated) if other.decided_on.month == month + 2)
        allocated[place] = replace(allocated[place], replaces=number)
    return declined


def _settled(rng: Random, registry: Registry, published: Published) -> list[Household]:
    """Everybody else: unaccompanied minors one by one, the others in households."""
    kinds: list[tuple[str, int | None]] = []
    for category in CATEGORIES:
        count = published.received[category]
        kinds += [(category, None)] * count.minors
        if category in {"quota-refugee", "agency-accommodation"}:
            continue
        known = ALLOCATED_RELATIVES if category == "family-member" else 0
        kinds += [(category, size) for size in partition(rng, count.persons - count.minors - known, category)]
    rng.shuffle(kinds)
    last = date(YEAR, 12, 12) - FIRST_DAY
    days = sorted(weekday(FIRST_DAY + timedelta(days=rng.randrange(6, last.days))) for _ in kinds)
    return [
        Household(
            f"notice {number:03}",
            category,
            day,
            registry.minor(day) if size is None else registry.household(category, size, day),
        )
        for number, ((category, size), day) in enumerate(zip(kinds, days, strict=True), 1)
    ]


def _open(rng: Random, registry: Registry) -> list[Household]:
    """Next year's first: nobody of them has arrived when the player stops."""
    sizes = rng.sample(_OPEN_SIZES, k=len(_OPEN_SIZES))
    households = []
    for number, (size, decided) in enumerate(zip(sizes, OPEN_DECISIONS, strict=True), 1):
        category = "quota-refugee" if number % 4 == 0 else "agency-accommodation"
        people = registry.household(category, size, decided)
        households.append(Household(f"MIV-{YEAR + 1}-{number:05}", category, decided, people, YEAR + 1))
    return households


def _protect(households: list[Household], how: str) -> list[Household]:
    """One person in the middle of the year lives under a protected identity."""
    place = len(households) // 2
    first, *others = households[place].persons
    households[place] = replace(households[place], persons=(replace(first, protected=how), *others))
    return households


def _files(households: Sequence[Household]) -> Iterator[Import]:
    """One file a month; June's is a workbook, March's in the old encoding."""
    days = [*(file_day(month) for month in range(1, _LAST_DECISIONS + 1)), *_OPEN_FILES]
    before = date.min
    for day in days:
        inside = tuple(sorted((h for h in households if before < h.decided_on <= day), key=lambda h: h.key))
        spring = day.year == YEAR
        yield Import(
            day, inside, "xlsx" if spring and day.month == 6 else "csv-latin-1" if spring and day.month == 3 else "csv"
        )
        before = day


def _by_day(steps: Iterable[Step]) -> Iterator[tuple[date, tuple[tuple[Step, ...], ...]]]:
    days: dict[date, dict[int, list[Step]]] = {}
    for step in steps:
        days.setdefault(step.day, {}).setdefault(ORDER.index(type(step)), []).append(step)
    for day, phases in sorted(days.items()):
        yield day, tuple(tuple(phases[kind]) for kind in sorted(phases))
