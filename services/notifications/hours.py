"""Whose a message is today, and from when it may be mailed: choices, quiet hours and absence, in Swedish legal time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.notifications.rules import PERSON, Group, Notice, Place
from shared.decider import Refused

TOWN = ZoneInfo("Europe/Stockholm")
DAILY_AT = time(7)
# A stand-in who is away has one too; further than this nobody is asked.
FURTHEST = 5

Cadence = Literal["now", "hourly", "daily", "never"]


@dataclass(frozen=True, slots=True)
class Preference:
    """What a person chose. Without `quiet_from` there are no quiet hours, without `absent_from` the person is there."""

    cases: Cadence = "now"
    reminders: Cadence = "now"
    quiet_from: time | None = None
    quiet_to: time | None = None
    absent_from: date | None = None
    absent_to: date | None = None
    stand_in: str | None = None

    def cadence(self, group: Group) -> Cadence:
        return self.reminders if group == "reminders" else self.cases

    def away(self, today: date) -> bool:
        """Whether the person is absent `today`; the last day is one of them."""
        begins, ends = self.absent_from, self.absent_to
        return begins is not None and ends is not None and begins <= today <= ends


USUAL = Preference()


def checked(wanted: Preference, sub: str) -> Preference:
    """`wanted` when it makes sense for `sub`. Refused: the rest of a pair is missing, an end before its beginning, …"""
    for first, second in (("quiet_from", "quiet_to"), ("absent_from", "absent_to")):
        if (getattr(wanted, first) is None) != (getattr(wanted, second) is None):
            raise Refused("both-or-neither", field=second if getattr(wanted, second) is None else first)
    if wanted.quiet_from is not None and wanted.quiet_from == wanted.quiet_to:
        raise Refused("quiet-all-day", field="quiet_to")
    if wanted.absent_from is not None and wanted.absent_to is not None and wanted.absent_to < wanted.absent_from:
        raise Refused("ends-before-it-begins", field="absent_to")
    if wanted.absent_from is not None and wanted.stand_in is None:
        raise Refused("absence-without-stand-in", field="stand_in")
    if wanted.stand_in == sub:
        raise Refused("own-stand-in", field="stand_in")
    return wanted


def holder(sub: str, preferences: Mapping[str, Preference], today: date) -> str:
    """Who gets what is meant for `sub`. Who is away without anybody being there gets it all the same."""
    now, seen = sub, {sub}
    for _ in range(FURTHEST):
        wanted = preferences.get(now, USUAL)
        if not wanted.away(today):
            return now
        if wanted.stand_in is None or wanted.stand_in in seen:
            return sub
        now = wanted.stand_in
        seen.add(now)
    return sub


def place(
    notice: Notice, preferences: Mapping[str, Preference], there: Collection[str], today: date, now: datetime
) -> Place:
    """Where `notice` goes, `today` in business time and `now` in real time. `there`: who has ever signed in."""
    if not notice.recipient.startswith(PERSON):
        return Place(notice.recipient, notice.withheld)
    sub = notice.recipient.removeprefix(PERSON)
    if notice.why != "jurors":  # nobody stands in for a juror
        sub = holder(sub, preferences, today)
    wanted = preferences.get(sub, USUAL)
    cadence, withheld = wanted.cadence(notice.group), notice.withheld
    if notice.channel == "email" and withheld is None:
        withheld = "never-signed-in" if sub not in there else "not-wanted" if cadence == "never" else None
    after = None if cadence == "now" and wanted.quiet_from is None else mail_after(now, cadence, wanted)
    return Place(PERSON + sub, withheld, after)


def mail_after(now: datetime, cadence: Cadence, wanted: Preference = USUAL) -> datetime:
    """The first moment from `now` on, in UTC, at which a mail of this cadence may go."""
    moment = now.astimezone(UTC)
    match cadence:
        case "hourly":
            hour = moment.replace(minute=0, second=0, microsecond=0)
            moment = hour if hour == moment else hour + timedelta(hours=1)
        case "daily":
            moment = _next(moment, DAILY_AT)
        case _:
            pass
    begins, ends = wanted.quiet_from, wanted.quiet_to
    if begins is not None and ends is not None and _quiet(moment.astimezone(TOWN).time(), begins, ends):
        moment = _next(moment, ends)
    return moment


def _quiet(clock: time, begins: time, ends: time) -> bool:
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends


def _next(moment: datetime, clock: time) -> datetime:
    """When the town's clocks next show `clock`: twice in the night with 25 hours, and an hour later in that with 23."""
    day = moment.astimezone(TOWN).date()
    for later in range(3):
        for fold in (0, 1):
            shown = datetime.combine(day + timedelta(days=later), clock.replace(fold=fold), TOWN).astimezone(UTC)
            if shown >= moment:
                return shown
    raise AssertionError("every clock time comes within two days")
