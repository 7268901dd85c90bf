"""What is wrong with a household as it is sent, all at once, and the statistics that leave in its event. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.reception import rules
from shared.contracts.reception import Category, PersonFacts, Sex
from shared.decider import Refused


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A member of the household as rules need it. The date of birth stays out of every event and every repr."""

    person: UUID
    sex: Sex
    birth_date: date = field(repr=False)
    unaccompanied_minor: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    """The earlier allocation that this one replaces."""

    case: UUID
    cancelled: bool
    quota_year: int | None


@dataclass(frozen=True, slots=True)
class AllocationTerms:
    """What the decision says of the household as a whole."""

    category: Category
    decided_on: date
    quota_year: int | None = None
    receive_by: date | None = None
    replaces: Replaced | None = None

    def year(self) -> int:
        return self.decided_on.year if self.quota_year is None else self.quota_year

    def deadline(self) -> date:
        found = rules.latest_reception(self.category, self.decided_on, self.receive_by)
        if found is None:
            raise Refused("no-reception-period", field="receive_by")
        return found


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """What a settlement notice says of the household as a whole."""

    category: Category
    notified_on: date


Terms: TypeAlias = AllocationTerms | NoticeTerms


def facts_of(day: date, persons: Sequence[NewPerson]) -> tuple[PersonFacts, ...]:
    """The statistics of a household; ages count on `day`, the decision's or the notice's."""
    return tuple(
        PersonFacts(
            person=p.person,
            sex=p.sex,
            age_band=rules.age_band(day, p.birth_date),
            unaccompanied_minor=p.unaccompanied_minor,
        )
        for p in persons
    )


def faults(terms: Terms, persons: Sequence[NewPerson], today: date) -> list[Refused]:
    """Every rule that the household breaks; fields of persons are named `persons/<index>/<field>`."""
    found = list(_allocation(terms, today) if isinstance(terms, AllocationTerms) else _notice(terms, today))
    day = terms.decided_on if isinstance(terms, AllocationTerms) else terms.notified_on
    adults = any(rules.age_on(day, p.birth_date) >= 18 for p in persons)
    for index, person in enumerate(persons):
        found += _person(terms, person, f"persons/{index}", day, adults, today)
    minors = all(p.unaccompanied_minor for p in persons)
    if isinstance(terms, NoticeTerms) and terms.category in rules.MINORS_ONLY_IN_NOTICES and not minors:
        found.append(Refused("comes-as-allocation", field="category"))
    return found


def _allocation(terms: AllocationTerms, today: date) -> Iterator[Refused]:
    if terms.category not in rules.ALLOCATED_CATEGORIES:
        yield Refused("comes-as-notice", field="category")
    if terms.decided_on > today:
        yield Refused("date-in-future", field="decided_on", today=today)
    if terms.decided_on < rules.ACT_IN_FORCE:
        yield Refused("before-the-act", field="decided_on", day=rules.ACT_IN_FORCE)
    elif (
        terms.receive_by is None
        and terms.category in rules.ALLOCATED_CATEGORIES
        and rules.reception_period(terms.category, terms.decided_on) is None
    ):
        yield Refused("no-reception-period", field="receive_by")
    if terms.receive_by is not None:
        last = rules.add_months(terms.decided_on, rules.LONGEST_RESPITE_MONTHS)
        if terms.receive_by < terms.decided_on:
            yield Refused("deadline-before-decision", field="receive_by", day=terms.decided_on)
        elif terms.receive_by > last:
            yield Refused("deadline-too-late", field="receive_by", day=last)
    if abs(terms.year() - terms.decided_on.year) > 1:
        yield Refused("quota-year-far-from-decision", field="quota_year", year=terms.decided_on.year)
    if terms.replaces is not None:
        yield from _replacement(terms, terms.replaces)


def _replacement(terms: AllocationTerms, replaced: Replaced) -> Iterator[Refused]:
    """Source: SFS 2016:39 10 a §: after a broken-off allocation, no later than the following calendar year."""
    if not replaced.cancelled:
        yield Refused("replaced-not-cancelled", field="replaces")
    elif replaced.quota_year is not None and terms.decided_on.year > replaced.quota_year + 1:
        yield Refused("replaced-too-long-ago", field="replaces", year=replaced.quota_year + 1)


def _notice(terms: NoticeTerms, today: date) -> Iterator[Refused]:
    if terms.notified_on > today:
        yield Refused("date-in-future", field="notified_on", today=today)
    if terms.notified_on < rules.ACT_IN_FORCE:
        yield Refused("before-the-act", field="notified_on", day=rules.ACT_IN_FORCE)


def _person(terms: Terms, person: NewPerson, where: str, day: date, adults: bool, today: date) -> Iterator[Refused]:
    if person.birth_date > today:
        yield Refused("birth-date-in-future", field=f"{where}/birth_date", today=today)
    elif rules.age_on(day, person.birth_date) > rules.OLDEST_YEARS:
        yield Refused("birth-date-too-early", field=f"{where}/birth_date", n=rules.OLDEST_YEARS)
    if not person.unaccompanied_minor:
        return
    if rules.age_on(day, person.birth_date) >= 18:
        yield Refused("unaccompanied-adult", field=f"{where}/unaccompanied_minor")
    elif adults:
        yield Refused("unaccompanied-with-adult", field=f"{where}/unaccompanied_minor")
    # SFS 2016:38 4 §: the act does not cover unaccompanied minors, except those resettled within the quota.
    if isinstance(terms, AllocationTerms) and terms.category != "quota-refugee":
        yield Refused("unaccompanied-not-allocated", field=f"{where}/unaccompanied_minor")
