"""The demo's year has the published totals, whatever the seed, and every step of it is one that reception accepts."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.year import files
from deploy.local.year.ledger import AnotherPlan, Ledger
from deploy.local.year.plan import LAST_DAY, OPEN_DECISIONS, SEED, Plan, plan
from deploy.local.year.published import CATEGORIES, Count, published
from deploy.local.year.steps import (
    Arrive,
    Cancel,
    Correct,
    Decide,
    Give,
    Household,
    Import,
    Judge,
    Nominate,
    Notify,
    Work,
)
from services.reception import domain
from services.reception.bodies import AllocationBody, NoticeBody
from services.reception.households import Replaced
from services.reception.imports.drafts import parse
from services.reception.rules import add_months
from shared.contracts.casework import Activity
from shared.decider import fold

TABLE = published()
SPACE = UUID(int=2018)


class Town:
    """Reception's own rules, applied to the plan without a server."""

    def __init__(self) -> None:
        self.cases: dict[str, domain.Case] = {}

    def _do(self, key: str, command: domain.Command) -> None:
        events = domain.decide(command, self.cases.get(key))
        assert events, f"{key}: {command} changes nothing"
        state = fold(domain.evolve, events, self.cases.get(key))
        assert isinstance(state, domain.Case)
        self.cases[key] = state

    def _persons(self, key: str, people: tuple) -> tuple:
        return tuple(body.facts(uuid5(SPACE, f"{key} {place}")) for place, body in enumerate(people))

    def play(self, year: Plan) -> None:
        for step in year.steps():
            match step:
                case Import(day=day):
                    for body in _read(step):
                        self._receive(body, day)
                case Notify(day=day, household=home):
                    body = _notice(home)
                    command = domain.NotifySettlement(body.terms(), self._persons(home.key, body.persons), day)
                    self._do(home.key, command)
                case Cancel(household=key):
                    self._do(key, domain.CancelAllocation("declined"))
                case Arrive(day, key, arrived_on, members):
                    self._do(key, domain.RegisterArrival(arrived_on, self._named(key, members), day))
                case Correct(day, key, members, arrived_on, reason):
                    named = self._named(key, members)
                    assert named
                    self._do(key, domain.CorrectArrival(arrived_on, reason, named, day))
                case Give(household=key, to=to):
                    self._do(key, domain.AssignCase(to, "reception", "first"))
                case Work():
                    self._work(step)

    def _work(self, step: Work) -> None:
        key, day, said = step.household, step.day, dict(step.said)
        case, made = self.cases[key], uuid5(SPACE, step.key)
        match step.what:
            case "home":
                self._do(key, domain.SecureHousing(made, contract_until=None, today=day, **said))
            case "contact":
                self._do(key, domain.RecordContact(made, today=day, **said))
            case "plan":
                activities = tuple(Activity(activity=uuid5(made, "a"), **one) for one in said.pop("activities"))
                person = case.persons[step.member or 0].person
                self._do(key, domain.CreatePlan(made, person, activities=activities, today=day, **said))
            case "follow-up":
                self._do(key, domain.FollowUpPlan(self._plan(step), today=day, **said))
            case "end":
                self._do(key, domain.EndPlan(self._plan(step), today=day, **said))
            case "close":
                self._do(key, domain.CloseCase(today=day, **said))

    def _plan(self, step: Work) -> UUID:
        case = self.cases[step.household]
        return next(p.plan for p in case.plans if p.person == case.persons[step.member or 0].person)

    def _receive(self, body: AllocationBody, day: date) -> None:
        earlier = None
        if body.replaces:
            case = self.cases[body.replaces]
            earlier = Replaced(uuid5(SPACE, body.replaces), case.cancelled is not None, case.quota_year)
        key = body.allocation_number
        self._do(key, domain.ReceiveAllocation(body.terms(earlier), self._persons(key, body.persons), day))

    def _named(self, key: str, members: tuple[int, ...] | None) -> tuple[UUID, ...] | None:
        persons = self.cases[key].persons
        return None if members is None else tuple(persons[place].person for place in members)


def _read(file: Import) -> Iterator[AllocationBody]:
    parsed = parse(files.content(file), "xlsx" if file.format == "xlsx" else "csv")
    assert parsed.unused == ()
    assert [fault for draft in parsed.drafts for fault in draft.faults] == []
    assert [draft.allocation_number for draft in parsed.drafts] == [home.key for home in file.households]
    return (draft.body for draft in parsed.drafts if draft.body)


def _notice(home: Household) -> NoticeBody:
    return NoticeBody.model_validate(
        {
            "category": home.category,
            "notified_on": home.decided_on.isoformat(),
            "persons": [
                {
                    "name": p.name,
                    "birth_date": p.born.isoformat(),
                    "sex": p.sex,
                    "personal_identity_number": p.number,
                    "unaccompanied_minor": p.minor,
                    "protected_identity": p.protected,
                }
                for p in home.persons
            ],
        }
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_any_seed_makes_a_year_that_reception_accepts_and_that_has_the_published_totals(seed: int) -> None:
    town = Town()
    town.play(plan(seed, TABLE))
    received: Counter[str] = Counter()
    minors: Counter[str] = Counter()
    quota = waiting = 0
    for case in town.cases.values():
        for person in case.persons:
            if person.arrived_on is not None:
                assert person.arrived_on.year == 2018
                received[case.category] += 1
                minors[case.category] += person.unaccompanied_minor
                quota += case.kind == "allocated" and case.quota_year == 2018
        waiting += case.cancelled is None and case.status != "arrived"
    assert {c: Count(received[c], minors[c]) for c in CATEGORIES} == TABLE.received
    assert received.total() == TABLE.total.persons == 280
    assert quota == TABLE.quota_received == TABLE.target == 110
    assert waiting == 12
    assert Counter(case.cancelled for case in town.cases.values())["declined"] == 2
    assert sum(case.replaces is not None for case in town.cases.values()) == 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_households_are_plausible_and_nobody_has_anothers_number(seed: int) -> None:
    year = plan(seed, TABLE)
    homes = [h for s in year.steps() for h in (s.households if isinstance(s, Import) else ())]
    homes += [s.household for s in year.steps() if isinstance(s, Notify)]
    people = [person for home in homes for person in home.persons]
    numbers = [person.number for person in people if person.number]
    assert len(set(numbers)) == len(numbers)
    assert 0.2 < len(numbers) / len(people) < 0.5
    assert {len(home.persons) for home in homes} <= set(range(1, 8))
    assert sum(person.protected != "none" for person in people) == 2
    for home in homes:
        adults = [p for p in home.persons if p.born <= home.decided_on - timedelta(days=18 * 365 + 5)]
        assert adults or [p.minor for p in home.persons] == [True]


def test_the_same_seed_makes_the_same_year_and_every_step_has_a_key_of_its_own() -> None:
    year = plan(SEED, TABLE)
    assert year == plan(SEED, TABLE)
    assert year != plan(SEED + 1, TABLE)
    keys = Counter(step.key for step in year.steps())
    assert keys.most_common(1)[0][1] == 1
    assert [step.day for step in year.steps()] == sorted(step.day for step in year.steps())
    assert max(step.day for step in year.steps()) <= LAST_DAY


def test_the_year_has_its_story() -> None:
    steps = list(plan(SEED, TABLE).steps())
    late = [_days_left(decided) for decided in OPEN_DECISIONS]
    assert min(late) < -7
    assert {0, 1, 3, 7, 14, 58} <= set(late)
    assert {s.reason for s in steps if isinstance(s, Correct)} == {"wrong-date", "wrong-person", "did-not-arrive"}
    assert [s.format for s in steps if isinstance(s, Import)].count("xlsx") == 1
    nominated = [s for s in steps if isinstance(s, Nominate)]
    assert [s.year for s in nominated] == [2018] * 10 + [2019] * 5
    assert len({s.kind for s in nominated}) == 5
    assert [s.what for s in steps if isinstance(s, Decide)] == ["calendar", "proposal", "decision", "publication"]
    assert len({s.juror for s in steps if isinstance(s, Judge)}) == 2 + 1
    assert {s.day.month for s in steps if isinstance(s, Import) and s.day.year == 2018} == set(range(1, 13))


def _days_left(decided: date) -> int:
    return (add_months(decided, 2) - LAST_DAY).days


def test_a_ledger_that_a_kill_cut_off_forgets_the_half_line_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "played.jsonl"
    ledger = Ledger(path, "plan")
    ledger.add("one", {"case": "a"})
    ledger.add("two", {"case": "b"})
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        again = Ledger(path, "plan")
        assert ("one" in again, "two" in again) in {(True, True), (True, False), (False, False)}
        again.add("three", {"case": "c"})
        assert Ledger(path, "plan")["three"] == {"case": "c"}
    path.write_bytes(whole)
    with pytest.raises(AnotherPlan):
        Ledger(path, "another plan")
    assert path.read_bytes() == whole
