"""When a mail may go and to whom: every hour of the year, both nights on which the clocks change, and every absence."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.hours import TOWN, Preference, checked, holder, mail_after, place
from services.notifications.rules import Notice
from shared.decider import Refused
from tests.notifications.town import NOW

MOMENTS = st.integers(0, 365 * 24 * 60 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n))
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
CADENCES = st.sampled_from(["now", "hourly", "daily"])
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


@given(MOMENTS, CADENCES, CLOCKS, CLOCKS)
@example(AUTUMN + timedelta(minutes=70), "now", time(22), time(2, 30))
@example(SPRING + timedelta(minutes=30), "now", time(22), time(2, 30))
@example(AUTUMN, "daily", time(6), time(8))
def test_mail_is_never_early_never_in_quiet_hours_and_waits_two_days_at_most(
    now: datetime, cadence: str, begins: time, ends: time
) -> None:
    quiet = Preference(quiet_from=begins, quiet_to=ends)
    found = mail_after(now, cadence, quiet if begins != ends else Preference())  # type: ignore[arg-type]
    assert now <= found <= now + timedelta(hours=25 + 25)
    if begins != ends:
        clock = found.astimezone(TOWN).time()
        assert not (begins <= clock < ends if begins < ends else clock >= begins or clock < ends)


@pytest.mark.parametrize(
    ("now", "cadence", "quiet", "then"),
    [
        ("2026-05-04 08:00+02:00", "now", None, "2026-05-04 08:00+02:00"),
        ("2026-05-04 08:00+02:00", "hourly", None, "2026-05-04 08:00+02:00"),
        ("2026-05-04 08:01+02:00", "hourly", None, "2026-05-04 09:00+02:00"),
        ("2026-05-04 07:00:01+02:00", "daily", None, "2026-05-05 07:00+02:00"),
        ("2026-03-28 20:00+01:00", "daily", None, "2026-03-29 07:00+02:00"),
        ("2026-10-24 20:00+02:00", "daily", None, "2026-10-25 07:00+01:00"),
        ("2026-05-04 23:15+02:00", "now", ("22:00", "06:30"), "2026-05-05 06:30+02:00"),
        ("2026-05-04 21:59+02:00", "hourly", ("22:00", "06:30"), "2026-05-05 06:30+02:00"),
        ("2026-05-04 20:00+02:00", "daily", ("06:00", "08:00"), "2026-05-05 08:00+02:00"),
        # the hour from two to three is missing: quiet until half past two is quiet until half past three
        ("2026-03-29 01:30+01:00", "now", ("22:00", "02:30"), "2026-03-29 03:30+02:00"),
        # and comes twice in autumn: the quiet hours come back with it
        ("2026-10-25 02:10+02:00", "now", ("22:00", "02:30"), "2026-10-25 02:30+02:00"),
        ("2026-10-25 02:10+01:00", "now", ("22:00", "02:30"), "2026-10-25 02:30+01:00"),
    ],
)
def test_by_example(now: str, cadence: str, quiet: tuple[str, str] | None, then: str) -> None:
    wanted = Preference()
    if quiet:
        wanted = Preference(quiet_from=time.fromisoformat(quiet[0]), quiet_to=time.fromisoformat(quiet[1]))
    found = mail_after(datetime.fromisoformat(now), cadence, wanted)  # type: ignore[arg-type]
    assert found == datetime.fromisoformat(then)


DAY = date(2026, 7, 10)


def away(stand_in: str | None) -> Preference:
    return Preference(absent_from=DAY - timedelta(days=3), absent_to=DAY, stand_in=stand_in)


def test_a_stand_in_gets_what_comes_on_the_days_of_the_absence() -> None:
    chosen = {"elsa": away("tomas")}
    days = [DAY - timedelta(days=4), DAY - timedelta(days=3), DAY, DAY + timedelta(days=1)]
    assert [holder("elsa", chosen, day) for day in days] == ["elsa", "tomas", "tomas", "elsa"]
    assert holder("elsa", chosen | {"tomas": away("maja")}, DAY) == "maja"


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef").map(away)))
def test_a_message_has_somebody_who_is_there_or_the_one_it_was_for(chosen: dict[str, Preference]) -> None:
    for sub in "abcdef":
        found = holder(sub, chosen, DAY)
        assert found == sub or not chosen.get(found, Preference()).away(DAY)


def test_the_holders_choices_count_and_a_stranger_or_an_unwanted_mail_is_withheld() -> None:
    notice = Notice(
        UUID(int=1), "case-assigned", "email", "person:elsa", UUID(int=2), NOW, UUID(int=3), "caseworker", "cases"
    )
    chosen = {"elsa": away("tomas"), "tomas": Preference(cases="never", reminders="daily")}
    assert place(notice, chosen, {"elsa", "tomas"}, DAY, NOW).withheld == "not-wanted"
    assert place(notice, chosen, {"elsa"}, DAY, NOW).withheld == "never-signed-in"
    found = place(notice, {"elsa": Preference(cases="daily")}, {"elsa"}, DAY, NOW)
    next_morning = datetime(2026, 5, 5, 5, tzinfo=UTC)
    assert (found.holder, found.withheld, found.mail_after) == ("person:elsa", None, next_morning)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Preference(quiet_from=time(22)), "both-or-neither"),
        (Preference(quiet_from=time(22), quiet_to=time(22)), "quiet-all-day"),
        (Preference(absent_to=DAY, stand_in="b"), "both-or-neither"),
        (Preference(absent_from=DAY, absent_to=DAY), "absence-without-stand-in"),
        (Preference(absent_from=DAY, absent_to=DAY - timedelta(days=1), stand_in="b"), "ends-before-it-begins"),
        (Preference(absent_from=DAY, absent_to=DAY, stand_in="a"), "own-stand-in"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: Preference, code: str) -> None:
    with pytest.raises(Refused, match=code):
        checked(wanted, "a")
