"""Histories that the producing services could have written, and the facts in them by hand."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import strategies as st

from services.reporting.figures import CATEGORIES, NOMINEE_KINDS
from services.reporting.figures_casework import CONTACT_OUTCOMES, HOMES, OUTCOMES
from shared.contracts.awards import NominationSubmitted
from shared.contracts.casework import (
    CaseAssigned,
    CaseClosed,
    CaseReopened,
    ContactCorrected,
    ContactRecorded,
    EstablishmentPlanCorrected,
    EstablishmentPlanCreated,
    EstablishmentPlanEarlierFollowUpCorrected,
    EstablishmentPlanEnded,
    EstablishmentPlanFollowedUp,
    EstablishmentPlanFollowUpCorrected,
    EstablishmentPlanReopened,
    HousingCorrected,
    HousingSecured,
)
from shared.contracts.envelope import Fact
from shared.contracts.event import Event
from shared.contracts.notifications import NotificationAcknowledged, NotificationFailed, NotificationSent
from shared.contracts.reception import (
    AllocationCancelled,
    AllocationCorrected,
    AllocationReceived,
    AllocationReinstated,
    ArrivalCorrected,
    ArrivalRegistered,
    PersonFacts,
    QuotaSet,
    SettlementNoticeWithdrawn,
    SettlementNotified,
)

SPACE = UUID(int=7)
EPOCH = datetime(2018, 1, 1, tzinfo=UTC)


def name(text: str) -> UUID:
    return uuid5(SPACE, text)


@dataclass
class Writer:
    """Writes facts as a journal does: sequences per source and subject, positions per source."""

    facts: list[Fact] = field(default_factory=list)
    sequences: dict[tuple[str, UUID], int] = field(default_factory=dict)

    def write(self, subject: UUID, event: Event, at: datetime = EPOCH) -> Fact:
        source = event.type.partition(".")[0]
        sequence = self.sequences[source, subject] = self.sequences.get((source, subject), 0) + 1
        position = sum(1 for fact in self.facts if fact.source == source) + 1
        recorded_at = EPOCH + timedelta(seconds=len(self.facts))
        fact = Fact(name(f"{source}/{position}"), source, subject, sequence, position, at, recorded_at, event)
        self.facts.append(fact)
        return fact


def member(text: str, *, minor: bool = False) -> PersonFacts:
    return PersonFacts(
        person=name(text), sex="female", age_band="0-17" if minor else "20-64", unaccompanied_minor=minor
    )


days = st.dates(date(2017, 11, 1), date(2019, 3, 31))
members = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)


@st.composite
def case_events(draw: st.DrawFn, case: str) -> list[Event]:
    """One household from its opening on, with corrections, cancellation and arrivals as reception allows them."""
    minor = draw(st.booleans())

    def household(numbers: list[int]) -> tuple[PersonFacts, ...]:
        return tuple(member(f"{case}/{number}", minor=minor) for number in numbers)

    here = draw(members)
    decided_on = draw(days)
    category = st.sampled_from(CATEGORIES)
    events: list[Event] = []
    allocated = draw(st.booleans())

    def allocation() -> dict[str, object]:
        return {
            "category": draw(category),
            "quota_year": draw(st.sampled_from([2017, 2018])),
            "decided_on": decided_on,
            "receive_by": decided_on + timedelta(days=draw(st.integers(0, 70))),
            "persons": household(here),
        }

    if allocated:
        replaces = draw(st.none() | st.just(name("a cancelled case")))
        events.append(AllocationReceived.model_validate({**allocation(), "replaces": replaces}))
    else:
        events.append(SettlementNotified(category=draw(category), notified_on=decided_on, persons=household(here)))
    for _ in range(draw(st.integers(0, 5))):
        numbers = draw(st.lists(st.sampled_from(here), min_size=1, unique=True))
        some = tuple(name(f"{case}/{number}") for number in numbers)
        day = decided_on + timedelta(days=draw(st.integers(0, 120)))
        match draw(st.sampled_from(["arrive", "arrive", "move", "undo", "correct", "cancel"])):
            case "arrive":
                events.append(ArrivalRegistered(arrived_on=day, persons=some))
            case "move":
                events.append(ArrivalCorrected(arrived_on=day, reason="wrong-date", persons=some))
            case "undo":
                events.append(ArrivalCorrected(arrived_on=None, reason="did-not-arrive", persons=some))
            case "correct" if allocated:
                here = draw(members)
                decided_on = draw(days)
                events.append(AllocationCorrected.model_validate(allocation()))
            case "cancel" if allocated:
                ends = [e for e in events if isinstance(e, AllocationCancelled | AllocationReinstated)]
                if ends and isinstance(ends[-1], AllocationCancelled):
                    events.append(AllocationReinstated(reinstated_on=day, reason="agency-reinstated"))
                else:
                    events.append(AllocationCancelled(reason="declined"))
            case "cancel" if not any(isinstance(e, ArrivalRegistered | ArrivalCorrected) for e in events):
                events.append(SettlementNoticeWithdrawn(reason="registered-twice"))
                return events
        events += draw(work_events(case, [name(f"{case}/{number}") for number in here], events))
    return events


@st.composite
def work_events(draw: st.DrawFn, case: str, here: list[UUID], before: list[Event]) -> list[Event]:
    """A few steps of casework that can follow `before`: each thing begins once, changes while it is there, may end."""
    plans = {e.plan for e in before if isinstance(e, EstablishmentPlanCreated)}
    contacts = [e.contact for e in before if isinstance(e, ContactRecorded)]
    homes = [e.housing for e in before if isinstance(e, HousingSecured)]
    ends = [e for e in before if isinstance(e, EstablishmentPlanEnded | EstablishmentPlanReopened)]
    going = plans - {e.plan for e in ends if [x for x in ends if x.plan == e.plan][-1].type.endswith("ended.v1")}
    closing = [e for e in before if isinstance(e, CaseClosed | CaseReopened)]
    day, number = draw(days), len(before)
    plan = {
        "person": draw(st.sampled_from(here)), "created_on": day, "goal": "work", "activities": (),
        "follow_up_on": day + timedelta(days=30),
    }  # fmt: skip
    outcome = draw(st.sampled_from(CONTACT_OUTCOMES))
    contact = {"kind": "visit", "outcome": outcome, "contacted_on": day}
    home = {"kind": draw(st.sampled_from(HOMES)), "secured_on": day, "available_from": day}
    withdrawn = draw(st.booleans())
    match draw(st.sampled_from(["nothing", "plan", "contact", "home", "assign", "close"])):
        case "plan" if not plans or draw(st.booleans()):
            new = name(f"{case}/plan {number}")
            return [EstablishmentPlanCreated.model_validate({"plan": new, **plan})]
        case "plan" if going:
            which = draw(st.sampled_from(sorted(going)))
            ended = EstablishmentPlanEnded.model_validate(
                {"plan": which, "ended_on": day, "outcome": draw(st.sampled_from(OUTCOMES))}
            )
            reopened = EstablishmentPlanReopened(plan=which, follow_up_on=day)
            followed = EstablishmentPlanFollowedUp(
                plan=which, followed_up_on=day, progress="on-track", next_follow_up_on=day
            )
            mended = EstablishmentPlanFollowUpCorrected(
                plan=which,
                followed_up_on=None,
                progress=None,
                next_follow_up_on=day + timedelta(days=9),
                withdrawn=True,
            )
            earlier = EstablishmentPlanEarlierFollowUpCorrected(
                plan=which, follow_up=which, followed_up_on=day, progress="behind"
            )
            corrected = EstablishmentPlanCorrected.model_validate({"plan": which, **plan})
            steps = [[ended], [ended, reopened], [followed], [followed, mended], [followed, earlier], [corrected]]
            return draw(st.sampled_from(steps))
        case "contact" if contacts and draw(st.booleans()):
            old = {"contact": draw(st.sampled_from(contacts)), "withdrawn": withdrawn}
            return [ContactCorrected.model_validate(old | contact)]
        case "contact":
            return [ContactRecorded.model_validate({"contact": name(f"{case}/contact {number}")} | contact)]
        case "home" if homes and draw(st.booleans()):
            old = {"housing": draw(st.sampled_from(homes)), "withdrawn": withdrawn}
            return [HousingCorrected.model_validate(old | home)]
        case "home":
            return [HousingSecured.model_validate({"housing": name(f"{case}/home {number}")} | home)]
        case "assign":
            return [CaseAssigned(caseworker=draw(st.sampled_from(["a", "b"])), unit="reception", reason="first")]
        case "close" if closing and isinstance(closing[-1], CaseClosed):
            return [CaseReopened(reopened_on=day, reason="returned")]
        case "close":
            return [CaseClosed(closed_on=day, reason="plan-ended")]
    return []


# not measured, within ten seconds, just not
WAITED = st.sampled_from([None, 0, 10_000, 10_001, 86_400_000])


@st.composite
def other_events(draw: st.DrawFn, subject: str) -> list[Event]:
    """A quota that is set and revised, a nomination, or a notification's life."""
    match draw(st.sampled_from(["quota", "nomination", "notification"])):
        case "quota":
            year = draw(st.sampled_from([2017, 2018]))
            targets = draw(st.lists(st.integers(0, 200), min_size=1, max_size=3))
            return [QuotaSet(quota_year=year, target=n, decided_on=date(2017, 11, 15)) for n in targets]
        case "nomination":
            kind = draw(st.sampled_from(NOMINEE_KINDS))
            return [
                NominationSubmitted.model_validate(
                    {"prize": "integration", "prize_year": 2018, "nominee_kind": kind, "receipt_wanted": False}
                )
            ]
    cause = name(f"{subject}/cause")
    sent = NotificationSent(
        rule="allocation-received", channel="email", cause=cause, caused_at=EPOCH, attempts=1, waited_ms=draw(WAITED)
    )
    failed = NotificationFailed(
        rule="allocation-received", channel="email", cause=cause, reason="gave-up-after-24-hours", attempts=9
    )
    read = NotificationAcknowledged(rule="allocation-received", cause=cause)
    return draw(st.sampled_from([[sent], [failed], [sent, read], [failed, sent], [read]]))


@st.composite
def histories(draw: st.DrawFn, most: int = 5) -> list[Fact]:
    """Facts of several subjects, interleaved, in order within each."""
    streams = [(name(f"case {n}"), draw(case_events(f"case {n}"))) for n in range(draw(st.integers(1, most)))]
    streams += [(name(f"other {n}"), draw(other_events(f"other {n}"))) for n in range(draw(st.integers(0, 4)))]
    turns = draw(st.permutations([index for index, (_, events) in enumerate(streams) for _ in events]))
    writer = Writer()
    waiting = [iter(events) for _, events in streams]
    for index in turns:
        writer.write(streams[index][0], next(waiting[index]))
    return writer.facts


@st.composite
def splits(draw: st.DrawFn, facts: list[Fact]) -> list[list[Fact]]:
    """The same facts in batches of any size."""
    cuts = sorted(draw(st.sets(st.integers(0, len(facts)), max_size=6)) | {0, len(facts)})
    return [facts[a:b] for a, b in pairwise(cuts) if a < b]
