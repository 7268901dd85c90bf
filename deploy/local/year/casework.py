"""What caseworkers do in the year: pure. Every household has somebody, most have a home, a contact and a plan.

What is due next falls around the last day, so that whoever opens the demo has something to do at once.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

from deploy.local.year.arrivals import weekday
from deploy.local.year.steps import Arrive, Correct, Give, Household, Step, Work

# places in the demo's list of people: two of the reception unit, one of the unit for unaccompanied minors
RECEPTION, MINORS = ("Maja Sandgren", "Viktor Almroth"), "Signe Norrby"
_LEASES = ("municipal-lease",) * 5 + ("temporary", "supported", "own-lease")
_ACTIVITIES = (("sfi", "adult-education"), ("civic-orientation", "municipality"), ("work-placement", "company"))
_KINDS = ("home", "visit", "phone", "digital")
_EARLY = date(2018, 6, 30)


def casework(
    rng: Random, households: Sequence[Household], steps: Sequence[Step], known: dict[str, date], last: date
) -> Iterator[Give | Work]:
    """`known`: the day on which each household came to the municipality's knowledge; nothing is done after `last`."""
    arrivals: dict[str, list[Arrive]] = {}
    for step in steps:
        if isinstance(step, Arrive):
            arrivals.setdefault(step.household, []).append(step)
    corrected: dict[str, list[Correct]] = {}
    for step in steps:
        if isinstance(step, Correct):
            corrected.setdefault(step.household, []).append(step)
    for number, household in enumerate(households):
        minor = all(person.minor for person in household.persons)
        yield Give(known[household.key], household.key, MINORS if minor else RECEPTION[number % 2])
        came = arrivals.get(household.key, [])
        if len(came) == 1 and came[0].members is None and household.key not in corrected:
            yield from (step for step in _help(rng, household, came[0], last) if step.day < last)
        elif came:
            told: list[Arrive | Correct] = [*came, *corrected.get(household.key, [])]
            told.sort(key=lambda step: step.day)
            yield from (step for step in _begun(household, told, last) if step.day < last)


def _begun(household: Household, told: Sequence[Arrive | Correct], last: date) -> Iterator[Work]:
    """Those whose arrivals were many or wrong: a home, a contact, and plans of the adults who are there in the end."""
    rng, day = Random(f"{household.key} begun"), told[-1].day
    there: set[int] = set()
    for step in told:
        members = range(len(household.persons)) if step.members is None else step.members
        there = there - {*members} if isinstance(step, Correct) and step.arrived_on is None else there | {*members}
    if household.quota_year is not None:
        yield Work(day, household.key, "home", kind=rng.choice(_LEASES), secured_on=day, available_from=day)
    met = weekday(day + timedelta(days=rng.randint(8, 20)))
    yield from _contacts(rng, met, household.key, min(_around(rng, last), met + timedelta(days=330)))
    planned = weekday(met + timedelta(days=rng.randint(6, 20)))
    follow_up_on = min(_around(rng, last), planned + timedelta(days=330))
    if follow_up_on > planned:
        for adult in sorted(there & {*_adults(household)}):
            yield Work(
                planned, household.key, "plan", adult, goal="swedish", created_on=planned, follow_up_on=follow_up_on,
                activities=(),
            )  # fmt: skip


def _help(rng: Random, household: Household, came: Arrive, last: date) -> Iterator[Work]:
    key, day = household.key, came.day
    if household.quota_year is not None:
        secured = max(household.decided_on, came.arrived_on - timedelta(days=3))
        yield Work(day, key, "home", kind=rng.choice(_LEASES), secured_on=secured, available_from=came.arrived_on)
    met = weekday(day + timedelta(days=rng.randint(8, 20)))
    closes = came.arrived_on <= _EARLY and rng.random() < 0.6
    yield from _contacts(rng, met, key, min(_around(rng, last), met + timedelta(days=330)))
    adults = _adults(household)
    if not adults:
        return
    planned = weekday(met + timedelta(days=rng.randint(6, 20)))
    reviewed = weekday(planned + timedelta(days=rng.randint(80, 100)))
    kind, provider = rng.choice(_ACTIVITIES)
    activity = {"kind": kind, "provider": provider, "starts_on": planned + timedelta(days=14)}
    goal = rng.choice(("work", "studies", "swedish"))
    for adult in adults:
        yield Work(
            planned, key, "plan", adult, goal=goal, created_on=planned, follow_up_on=reviewed, activities=(activity,)
        )
    again = min(_around(rng, last), reviewed + timedelta(days=330))
    if again > reviewed:
        progress = rng.choice(("on-track", "on-track", "behind"))
        for adult in adults:
            yield Work(
                reviewed, key, "follow-up", adult, followed_up_on=reviewed, progress=progress, next_follow_up_on=again
            )
    if closes:
        ended = weekday(reviewed + timedelta(days=rng.randint(20, 60)))
        outcome = rng.choice(("work", "studies", "other-measure"))
        for adult in adults:
            yield Work(ended, key, "end", adult, ended_on=ended, outcome=outcome)
        closed = weekday(ended + timedelta(days=7))
        yield Work(closed, key, "close", closed_on=closed, reason="ordinary-services")
    elif met + timedelta(days=150) < last:
        yield from _contacts(rng, weekday(met + timedelta(days=150)), key, _around(rng, last))


def _contacts(rng: Random, day: date, key: str, following: date) -> Iterator[Work]:
    """The household is reached; one in ten at the second try, a week later. Then they agree on `following`."""
    if rng.random() >= 0.9:
        again = weekday(day + timedelta(days=7))
        yield _contact(rng, day, key, "not-reached", again)
        day = again
    yield _contact(rng, day, key, "reached", max(following, day + timedelta(days=7)))


def _contact(rng: Random, day: date, key: str, outcome: str, following: date) -> Work:
    return Work(
        day, key, "contact", kind=rng.choice(_KINDS), outcome=outcome, contacted_on=day, next_contact_on=following
    )


def _around(rng: Random, last: date) -> date:
    """A few are late on the last day, some are due, most have weeks left."""
    return last + timedelta(days=round(rng.triangular(-6, 45, 12)))


def _adults(household: Household) -> list[int]:
    """The places of those who are 18 to 64 on the day of the decision or notice."""
    day = household.decided_on

    def years(born: date) -> int:
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    return [place for place, person in enumerate(household.persons) if 18 <= years(person.born) < 65]
