"""The guide's pictures: who looks at which page, in which languages, and what each file is called."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
FOLDER = GUIDE / "pictures"
WIDE, NARROW = 1280, 320
# one after the other: the year, a record that no consumer can read, and how the next year's prize goes on
Stage = Literal["played", "broken", "closed", "proposed", "decided"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class Shot:
    """A page as one role sees it. `{names}` in `path` are found in the played town; a route's own names are best.

    `both`: in English too. `narrow`: on a telephone, in Swedish. `height`: where the picture is cut off below.
    `typed`: a field -> what is put in before the page's button is pressed. `stage`: what has happened by then.
    """

    name: str
    role: str | None
    path: str
    both: bool = False
    narrow: bool = False
    height: int = 1100
    typed: tuple[tuple[str, str], ...] = ()
    stage: Stage = "played"


@dataclass(frozen=True)
class Picture:
    shot: Shot
    lang: str
    width: int = WIDE

    @property
    def file(self) -> str:
        return f"{self.shot.name}{'-320' if self.width == NARROW else ''}-{self.lang}.webp"


_CASE = "/reception/cases/{case}"
SHOTS = (
    # everybody
    Shot("start", None, "/", both=True),
    Shot("prize", None, "/awards/", both=True),
    Shot("nominate", None, "/awards/nominate", both=True, narrow=True, height=1300),
    Shot("thanks", None, "/awards/thanks/{reference}"),
    Shot("mine", None, "/awards/mine?link={link}"),
    Shot("accessibility", None, "/notifications/accessibility"),
    Shot("privacy", None, "/notifications/privacy"),
    # coordinator
    Shot("start-coordinator", "coordinator", "/"),
    Shot("inbox", "coordinator", "/reception/inbox", both=True, narrow=True),
    Shot("quotas", "coordinator", "/reception/quotas", both=True),
    Shot("imports", "coordinator", "/reception/imports", both=True),
    Shot("import", "coordinator", "/reception/imports/{import_id}", both=True),
    Shot("letter", "coordinator", "/reception/new/allocation", both=True),
    Shot("notice", "coordinator", "/reception/new/notice"),
    Shot("conflict", "coordinator", "/reception/conflicts/{conflict}", both=True),
    Shot("case-new", "coordinator", "/reception/cases/{waiting}"),
    Shot("assign", "coordinator", "/reception/cases/{waiting}/do/assign"),
    Shot("arrive", "coordinator", "/reception/cases/{waiting}/arrive", both=True),
    Shot("correct", "coordinator", f"{_CASE}/correct"),
    Shot("cancel", "coordinator", "/reception/cases/{waiting}/cancel"),
    Shot("unassigned", "coordinator", "/reception/work?show=unassigned"),
    Shot("messages", "coordinator", "/notifications/inbox", both=True),
    Shot("message", "coordinator", "/notifications/inbox/{notification}"),
    Shot("preferences", "coordinator", "/notifications/preferences"),
    Shot("deliveries", "coordinator", "/notifications/deliveries", both=True),
    Shot("delivery", "coordinator", "/notifications/deliveries/{id}"),
    Shot("published", "coordinator", "/reporting/published"),
    Shot("published-table", "coordinator", "/reporting/published/quota/2018?municipality=KALMAR"),
    # caseworker
    Shot("work", "caseworker", "/reception/work", both=True, narrow=True),
    Shot("case", "caseworker", _CASE, both=True, height=1500),
    Shot("case-protected", "caseworker", "/reception/cases/{secret}"),
    Shot("print", "caseworker", f"{_CASE}/print"),
    Shot("search", "caseworker", "/reception/search", typed=(("by", "case"), ("term", "{number}"))),
    Shot("home", "caseworker", f"{_CASE}/do/home"),
    Shot("home-correct", "caseworker", f"{_CASE}/do/home-correct/{{housing}}"),
    Shot("plan", "caseworker", f"{_CASE}/do/plan", both=True),
    Shot("plan-change", "caseworker", f"{_CASE}/do/plan-change/{{plan}}"),
    Shot("activity", "caseworker", f"{_CASE}/do/activity/{{plan}}"),
    Shot("activity-change", "caseworker", f"{_CASE}/do/activity-change/{{plan}}/{{activity}}"),
    Shot("follow-up", "caseworker", f"{_CASE}/do/follow-up/{{plan}}"),
    Shot("plan-end", "caseworker", f"{_CASE}/do/plan-end/{{plan}}"),
    Shot("plan-reopen", "caseworker", "/reception/cases/{ended}/do/plan-reopen/{ended_plan}"),
    Shot("contact", "caseworker", f"{_CASE}/do/contact", both=True),
    Shot("contact-correct", "caseworker", f"{_CASE}/do/contact-correct/{{contact}}"),
    Shot("close", "caseworker", f"{_CASE}/do/close"),
    Shot("reopen", "caseworker", "/reception/cases/{closed}/do/reopen"),
    # manager
    Shot("work-unit", "manager", "/reception/work", both=True, narrow=True),
    Shot("cover", "manager", "/reception/cover", both=True),
    Shot("figure", "manager", "/reception/figures/plans-in-time/overdue?year=2018", both=True),
    Shot("mailboxes", "manager", "/notifications/mailboxes"),
    # councillor
    Shot("dashboard", "council", "/reporting/?year=2018", both=True, narrow=True, height=1400),
    Shot("theme-reception", "council", "/reporting/themes/reception?year=2018"),
    Shot("theme-establishment", "council", "/reporting/themes/establishment?year=2018", both=True),
    Shot("theme-contacts", "council", "/reporting/themes/contacts?year=2018"),
    Shot("theme-notifications", "council", "/reporting/themes/notifications?year=2018"),
    Shot("theme-prize", "council", "/reporting/themes/prize?year=2018"),
    Shot("indicators", "council", "/reporting/indicators"),
    # secretary
    Shot("round", "secretary", "/awards/round", both=True, narrow=True),
    Shot("round-published", "secretary", "/awards/prizes/2018"),
    Shot("lifting", "secretary", "/awards/nominations/{nomination}/recusals/{juror}"),
    Shot("announce", "secretary", "/awards/announce"),
    Shot("nominations", "secretary", "/awards/nominations", both=True),
    Shot("nomination", "secretary", "/awards/nominations/{new_nomination}"),
    Shot("calendar", "secretary", "/awards/prizes/2019/calendar"),
    Shot("proposal", "secretary", "/awards/prizes/2019/proposal", stage="closed"),
    Shot("decision", "secretary", "/awards/prizes/2019/decision", stage="proposed"),
    Shot("publication", "secretary", "/awards/prizes/2019/publication", stage="decided"),
    # jury
    Shot("jury", "jury", "/awards/jury", both=True, narrow=True),
    Shot("reading", "jury", "/awards/jury/{nomination}", both=True),
    Shot("recusal", "jury", "/awards/jury/{nomination}/recusal"),
    # auditor
    Shot("looks", "auditor", "/reception/looks", both=True, narrow=True, height=900),
    # operator
    Shot("services-well", "operator", "/reporting/services"),
    Shot("services", "operator", "/reporting/services", both=True, narrow=True, stage="broken"),
    Shot("operation", "operator", "/reporting/operations/confirm/{discard}", both=True, stage="broken"),
)

_FOR_PROGRAMS = "an answer for programs"
_FILE = "a file"
_ONWARD = "sends its reader on"
_LIKE = "a form like the case's others"
# routes without a picture, and why
UNSHOWN = {
    "/reception/": _ONWARD,
    "/notifications/": _ONWARD,
    "/reception/imports/{import_id}/rows": _FOR_PROGRAMS,
    "/reception/imports/{import_id}/conflicts": _FOR_PROGRAMS,
    "/reception/cases": _FOR_PROGRAMS,
    "/reception/cases/{case}/persons": _FOR_PROGRAMS,
    "/reception/figures": _FOR_PROGRAMS,
    "/reporting/dashboard.json": _FOR_PROGRAMS,
    "/reporting/reconciliation": _FOR_PROGRAMS,
    "/awards/prizes": _FOR_PROGRAMS,
    "/reception/imports/template.csv": _FILE,
    "/reception/imports/{import_id}/report.csv": _FILE,
    "/reporting/tables/{table}.csv": _FILE,
    "/reception/cases/{case}/do/reinstate": _LIKE,
    "/reception/cases/{case}/do/withdraw": _LIKE,
    "/reception/cases/{case}/do/follow-up-correct/{plan}": _LIKE,
    "/reception/cases/{case}/do/follow-up-change/{plan}/{follow_up}": _LIKE,
    "/reception/given": "the list of what was given out, with the form of the list without a caseworker",
}
# the same page in every service: shown once
_CONFIRM = "operations/confirm/{command}"
UNSHOWN |= {f"/{service}/{_CONFIRM}": "as reporting's" for service in ("reception", "notifications", "awards")}


def pictures() -> Iterator[Picture]:
    """Every file in the folder."""
    for shot in SHOTS:
        yield Picture(shot, "sv")
        if shot.both:
            yield Picture(shot, "en")
        if shot.narrow:
            yield Picture(shot, "sv", NARROW)


def shows(shot: Shot, route: str) -> bool:
    """Whether the shot is one of the route's page."""
    pattern = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", route))
    return re.fullmatch(pattern, shot.path.partition("?")[0]) is not None
