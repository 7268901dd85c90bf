"""The prize from its calendar to its publication: to the second, whatever happens in between, and for every juror."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.awards import commands as c
from services.awards.domain import EMPTY, State, decide, evolve
from services.awards.edition import STOCKHOLM, Edition, at_work, current, instant
from services.awards.nomination import Nomination, candidates
from services.awards.review import Review
from shared.contracts.event import Event
from shared.decider import Refused, fold
from shared.journal import LARGEST

SECOND = timedelta(seconds=1)
OPENS, CLOSES = datetime(2018, 9, 30, 22, tzinfo=UTC), datetime(2018, 10, 31, 23, tzinfo=UTC)
EDITION = Edition("integration", 2018, OPENS, CLOSES, date(2019, 1, 28))
A, B, C, D = (UUID(int=n) for n in range(1, 5))
ANNA, BO, CILLA = (UUID(int=n) for n in range(101, 104))
FINE = Nomination(2018, "person", eligible=True)


def submit(now: datetime, edition: Edition | None = EDITION) -> c.SubmitNomination:
    return c.SubmitNomination("integration", 2018, "person", True, edition, now)


def refused(command: c.Command, state: State) -> str:
    with pytest.raises(Refused) as no:
        decide(command, state)
    return no.value.code


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (OPENS - SECOND, "prize-not-yet-open"),
        (OPENS, None),
        (CLOSES - SECOND, None),
        (CLOSES - timedelta(microseconds=1), None),
        (CLOSES, "prize-closed"),
    ],
)
def test_a_nomination_is_taken_from_the_second_of_opening_until_before_that_of_closing(
    now: datetime, code: str | None
) -> None:
    nomination = Nomination(2018, "person", receipt_wanted=True)
    correct = c.CorrectNomination("group", False, EDITION, now)
    withdraw = c.WithdrawNomination(EDITION, now)
    if code is None:
        (event,) = decide(submit(now), EMPTY)
        assert fold(evolve, [event], EMPTY) == nomination
        assert decide(submit(now), nomination) == []
        assert len(decide(correct, nomination)) == len(decide(withdraw, nomination)) == 1
    else:
        assert refused(submit(now), EMPTY) == refused(correct, nomination) == refused(withdraw, nomination) == code
    assert refused(submit(now, None), EMPTY) == "prize-unannounced"


@pytest.mark.parametrize(
    ("local", "side", "utc"),
    [
        # the night of 25 March 2018 has no hour from 02:00; that of 28 October has it twice
        ("2018-03-25T01:59:59", "closes_at", "2018-03-25T00:59:59"),
        ("2018-03-25T03:00:00", "closes_at", "2018-03-25T01:00:00"),
        ("2018-03-25T02:30:00", "opens_at", None),
        ("2018-10-28T02:30:00", "opens_at", "2018-10-28T00:30:00"),
        ("2018-10-28T02:30:00", "closes_at", "2018-10-28T01:30:00"),
        ("2018-10-28T03:00:00", "closes_at", "2018-10-28T02:00:00"),
        ("2018-10-31T23:59:59", "closes_at", "2018-10-31T22:59:59"),
        ("2018-07-01T08:00:00Z", "opens_at", "2018-07-01T08:00:00"),
    ],
)
def test_a_wall_clock_time_is_one_moment_also_in_the_nights_of_23_and_25_hours(
    local: str, side: Any, utc: str | None
) -> None:
    if utc is None:
        with pytest.raises(Refused, match="time-does-not-exist"):
            instant(datetime.fromisoformat(local), side)
    else:
        assert instant(datetime.fromisoformat(local), side) == datetime.fromisoformat(f"{utc}Z")


@given(
    st.datetimes(*map(datetime.fromisoformat, ("2017-01-01", "2030-01-01"))), st.sampled_from(["opens_at", "closes_at"])
)
def test_any_time_that_exists_is_read_back_as_it_was_typed_and_closing_is_never_before_opening(
    local: datetime, side: Any
) -> None:
    try:
        found = instant(local, side)
    except Refused:
        assert local.month == 3 and local.hour == 2
        return
    assert found.astimezone(STOCKHOLM).replace(tzinfo=None) == local.replace(microsecond=0)
    assert instant(local, "opens_at") <= instant(local, "closes_at")


def test_a_calendar_makes_sense_and_is_moved_with_a_reason_until_it_is_too_late() -> None:
    early = OPENS - timedelta(days=30)
    announce = c.Announce("integration", 2018, OPENS, CLOSES, date(2019, 1, 28), early)
    assert fold(evolve, decide(announce, None), EMPTY) == EDITION
    for change, code in (
        ({"closes_at": OPENS}, "closes-before-opening"),
        ({"now": CLOSES}, "closes-in-the-past"),
        ({"ceremony_on": date(2018, 10, 31)}, "ceremony-before-closing"),
    ):
        assert refused(replace(announce, **change), None) == code  # type: ignore[arg-type]
    assert refused(announce, EDITION) == "already-announced"
    later = CLOSES + timedelta(days=7)
    move = c.MoveCalendar(OPENS, later, date(2019, 1, 28), "few-nominations", CLOSES)
    moved = fold(evolve, decide(move, EDITION), EDITION)
    assert isinstance(moved, Edition) and moved.is_open(CLOSES) and not moved.is_open(later)
    assert decide(replace(move, now=later), moved) == []
    assert refused(replace(move, opens_at=OPENS - SECOND), EDITION) == "opened-already"
    assert refused(move, replace(EDITION, proposed=())) == "proposed-already"
    everybody = tuple(uuid4() for _ in range(12_001))
    told = decide(replace(move, tell=everybody), EDITION)
    assert tuple(id for event in told for id in event.tell) == everybody  # type: ignore[union-attr]
    assert all(len(event.text()) < LARGEST for event in told) and fold(evolve, told, EDITION) == moved
    ceremony = c.MoveCalendar(OPENS, CLOSES, date(2019, 2, 25), "council-meeting-moved", later)
    assert len(decide(ceremony, replace(EDITION, proposed=(A,)))) == 1
    assert refused(ceremony, replace(EDITION, published=True)) == "already-published"


def test_a_correction_is_assessed_anew_and_an_assessment_changes_with_a_reason_only() -> None:
    new = Nomination(2018, "person")
    eligible = c.Assess(None, None, EDITION)
    found = fold(evolve, decide(eligible, new), new)
    assert found == FINE and decide(eligible, found) == []
    other = c.Assess("laureate-before", None, EDITION)
    assert refused(other, found) == "why-changed"
    assert fold(evolve, decide(replace(other, changed="new-information"), found), found) == replace(
        FINE, eligible=False, reason="laureate-before"
    )
    (event,) = decide(c.CorrectNomination("group", False, EDITION, OPENS), FINE)
    (unassessed,) = decide(c.CorrectNomination("group", False, EDITION, OPENS), new)
    assert (event.assessed, unassessed.assessed) == (True, False)  # type: ignore[union-attr]
    corrected = fold(evolve, [event], FINE)
    assert corrected == Nomination(2018, "group", revision=1)
    assert decide(c.CorrectNomination("person", True, EDITION, OPENS), FINE) == []
    assert refused(eligible, replace(new, withdrawn=True)) == "nomination-withdrawn"
    assert refused(c.Assess(None, None, replace(EDITION, proposed=())), new) == "proposed-already"


def test_the_same_nominee_is_one_candidate_and_chains_are_refused() -> None:
    join = c.MarkSame(B, A, FINE, False, EDITION)
    joined = fold(evolve, decide(join, FINE), FINE)
    assert isinstance(joined, Nomination) and joined.same_as == A
    assert candidates({A: FINE, B: joined, C: FINE}) == {A: (A, B), C: (C,)}
    gone = replace(FINE, withdrawn=True)
    assert candidates({A: gone, B: joined}) == {B: (B,)}
    assert candidates({A: gone, B: joined, C: joined}) == {B: (B, C)}
    assert candidates({A: FINE, B: joined, C: joined}) == {A: (A, B, C)}
    assert refused(replace(join, other=None), FINE) == "not-another-of-the-year"
    assert refused(replace(join, same_as=B), FINE) == "not-another-of-the-year"
    assert refused(replace(join, other=Nomination(2017, "person")), FINE) == "not-another-of-the-year"
    assert refused(replace(join, other=joined), FINE) == refused(replace(join, led=True), FINE) == "already-joined"
    assert fold(evolve, decide(c.MarkSame(B, None, None, False, EDITION), joined), joined) == FINE


def score(juror: UUID, points: int, **more: Any) -> c.Score:
    return c.Score(
        **({"nomination": A, "juror": juror, "score": points, "said": False, "of": FINE} | more), edition=EDITION
    )


def test_points_count_for_the_text_that_was_read_and_recusal_ends_them() -> None:
    review = fold(evolve, decide(score(ANNA, 7), None), None)
    assert isinstance(review, Review) and review.counts(FINE) and not review.counts(replace(FINE, revision=1))
    assert decide(score(ANNA, 7), review) == []
    assert len(decide(score(ANNA, 7, said=True), review)) == 1
    assert len(decide(score(ANNA, 7, of=replace(FINE, revision=1)), review)) == 1
    assert refused(score(ANNA, 7, of=Nomination(2018, "person")), None) == "not-eligible"
    recuse = c.Recuse(A, ANNA, "own-organisation", EDITION)
    away = fold(evolve, decide(recuse, review), review)
    assert away == Review(A, ANNA, recused="own-organisation")
    assert decide(recuse, away) == [] and refused(score(ANNA, 9), away) == "unknown-nomination"
    assert refused(replace(recuse, edition=replace(EDITION, outcome="decided")), review) == "decided-already"
    lift = c.LiftRecusal(A, ANNA, "found-impartial", EDITION)
    assert decide(lift, None) == [] and decide(lift, review) == []
    assert refused(replace(lift, edition=replace(EDITION, outcome="decided")), away) == "decided-already"
    back = fold(evolve, decide(lift, away), away)
    assert back == Review(A, ANNA, lifted="found-impartial") and not back.counts(FINE)
    assert fold(evolve, decide(score(ANNA, 7), back), back) == review


def test_proposed_decided_or_withheld_then_published() -> None:
    after, today = CLOSES + timedelta(days=20), date(2018, 11, 20)
    propose = c.Propose((A,), frozenset({A, B}), today, after)
    assert refused(replace(propose, now=CLOSES - SECOND), EDITION) == "still-open"
    assert refused(replace(propose, nominations=(C,)), EDITION) == "not-eligible"
    assert refused(replace(propose, nominations=(A, A)), EDITION) == "not-eligible"
    proposed = fold(evolve, decide(propose, EDITION), EDITION)
    assert decide(propose, proposed) == [] and len(decide(replace(propose, nominations=()), proposed)) == 1
    choose = c.DecidePrize((A, B), frozenset({A, B}), date(2018, 12, 4), date(2018, 12, 4))
    assert refused(choose, EDITION) == "not-proposed"
    for change, code in (
        ({"laureates": ()}, "nobody-chosen"),
        ({"laureates": (C,)}, "not-eligible"),
        ({"today": date(2018, 12, 3)}, "decided-in-the-future"),
        ({"decided_on": date(2018, 10, 1)}, "decided-before-closing"),
    ):
        assert refused(replace(choose, **change), proposed) == code  # type: ignore[arg-type]
    decided = fold(evolve, decide(choose, proposed), proposed)
    assert decide(choose, decided) == []
    withhold = c.Withhold("criteria-not-met", date(2018, 12, 4), date(2018, 12, 4))
    assert refused(propose, decided) == "decided-already"
    withheld = fold(evolve, decide(withhold, proposed), proposed)
    assert isinstance(withheld, Edition) and withheld.phase(after) == "withheld" and decide(withhold, withheld) == []
    # what was recorded wrong is recorded anew, each way, and nothing of the first remains
    assert fold(evolve, decide(withhold, decided), decided) == withheld
    assert fold(evolve, decide(choose, withheld), withheld) == decided
    later = replace(choose, decided_on=date(2018, 12, 5), today=date(2018, 12, 5))
    (mended,) = decide(later, decided)
    assert mended.decided_on == date(2018, 12, 5)  # type: ignore[union-attr]
    publish = c.Publish((A,))
    assert refused(publish, proposed) == "not-decided" and refused(c.Publish((C,)), decided) == "not-a-laureate"
    public = fold(evolve, decide(publish, decided), decided)
    assert isinstance(public, Edition) and (public.named, public.laureates, public.published) == ((A,), (A, B), True)
    assert decide(publish, public) == [] and refused(later, public) == refused(withhold, public) == "already-published"
    # who no longer wishes to be named is not, and words are mended
    assert len(decide(replace(publish, said=True), public)) == 1
    unnamed = fold(evolve, decide(c.Publish(()), public), public)
    assert unnamed == replace(public, named=())


def test_which_edition_is_meant() -> None:
    before = replace(
        EDITION, prize_year=2017, opens_at=OPENS - timedelta(days=365), closes_at=CLOSES - timedelta(days=365)
    )
    both = (EDITION, before)
    found = [current(both, now) for now in (OPENS - timedelta(days=99), OPENS, CLOSES)]
    assert [e and e.prize_year for e in found] == [2018, 2018, 2018]
    assert current(both, before.opens_at) == before and current((), OPENS) is None
    assert at_work(both, OPENS) == before
    assert at_work((EDITION, replace(before, outcome="decided")), CLOSES) == EDITION


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 10), st.booleans()), max_size=25))
def test_any_history_of_a_nomination_and_its_review_folds_to_the_same_state(
    doings: list[tuple[int, int, bool]],
) -> None:
    nomination, review, edition = EMPTY, EMPTY, EDITION
    histories: dict[str, list[Event]] = {"nomination": [], "review": []}
    for kind, number, flag in doings:
        of = nomination if isinstance(nomination, Nomination) else FINE
        command: c.Command = (
            submit(OPENS, edition),
            c.CorrectNomination("group" if flag else "person", flag, edition, OPENS),
            c.WithdrawNomination(edition, OPENS),
            c.Assess("unserious" if flag else None, "new-information" if number > 5 else None, edition),
            c.MarkSame(A, B if flag else None, FINE, False, edition),
            score(ANNA, number, of=of, said=flag),
            c.Recuse(A, ANNA, "own-interest", edition),
            submit(OPENS, edition),
        )[kind]
        reviewing = isinstance(command, c.Score | c.Recuse)
        before = review if reviewing else nomination
        try:
            events = decide(command, before)
        except Refused:
            continue
        after = fold(evolve, events, before)
        # the same command again is no second event, once nothing new is said
        again = replace(command, said=False) if isinstance(command, c.Score) else command
        again = replace(again, same_words=True) if isinstance(again, c.CorrectNomination) else again
        assert decide(again, after) == []
        histories["review" if reviewing else "nomination"] += events
        nomination, review = (nomination, after) if reviewing else (after, review)
    assert fold(evolve, histories["nomination"], EMPTY) == nomination
    assert fold(evolve, histories["review"], EMPTY) == review
