"""What the theme pages draw beside the dashboard's own parts: one section for each indicator."""

from collections.abc import Callable, Sequence

from services.reporting import sections, themes_casework
from services.reporting.board import Dashboard, GroupCount
from services.reporting.rules import ACKNOWLEDGED_HOURS, HANDED_OVER_SECONDS
from services.reporting.sections import Language, Section
from services.reporting.suppression import HIDDEN, Count
from shared.web import charts
from shared.web.charts import Bar, Series
from shared.web.drawing import added


def quota_years(board: Dashboard, language: Language) -> Section:
    t, years = language.t, board.quota_years
    if not years:
        return Section("quota-years", t("quota-years.empty"), None)
    now = next((one for one in years if one.year == board.year), years[-1])
    says = t("quota-years.says", year=now.year, received=now.received, waiting=now.waiting, cancelled=now.cancelled)
    figure = charts.stacked(
        "quota-years",
        t("quota-years.title"),
        [str(one.year) for one in years],
        [
            Series(t("quota-years.received"), [one.received for one in years]),
            Series(t("quota-years.waiting"), [one.waiting for one in years]),
        ],
        marks=Series(t("quota.target"), [one.target for one in years]),
        words=language.words(t("quota-years.head")),
    )
    return Section("quota-years", says, figure)


def _bars(
    key: str, groups: Sequence[tuple[str, Count]], total: Count, language: Language, says: str, year: int
) -> Section:
    t = language.t
    if not total:
        return Section(key, t("received.empty", year=year), None)
    bars = [Bar(label, count) for label, count in groups]
    words = language.words(t("received.table.category"))
    figure = charts.horizontal(key, t(f"{key}.title", year=year), bars, words=words, total=total)
    return sections.drawn(key, says, total, [count for _, count in groups], figure)


def categories(board: Dashboard, language: Language) -> Section:
    t, found = language.t, board.received
    minors = found.unaccompanied_minors
    says = t("hidden.says") if minors == HIDDEN else t("categories.says", n=minors)
    groups = [(t(f"category.{one.category}"), one.persons) for one in found.by_category]
    return _bars("categories", groups, found.persons, language, says, found.year)


def _people(key: str, found: tuple[GroupCount, ...], board: Dashboard, language: Language) -> Section:
    t = language.t
    groups = [(t(f"{key}.{one.group}"), one.persons) for one in found if one.group != "unknown" or one.persons]
    shown = [(count, label) for label, count in groups if isinstance(count, int)]
    largest = max(shown, default=(0, ""))
    says = t(f"{key}.says", group=largest[1].lower(), number=largest[0]) if largest[0] else t("hidden.says")
    return _bars(key, groups, board.received.persons, language, says, board.year)


def sex(board: Dashboard, language: Language) -> Section:
    return _people("sex", board.received.by_sex, board, language)


def age(board: Dashboard, language: Language) -> Section:
    return _people("age", board.received.by_age, board, language)


def _less(whole: Count, part: Count) -> Count:
    return HIDDEN if whole == HIDDEN or part == HIDDEN else whole - part


def _in_time(
    key: str, rows: Sequence[tuple[str, Sequence[tuple[str, Count]]]], whole: Count, part: Count, language: Language
) -> Section:
    t = language.t
    if not whole:
        return Section(key, t("notifications.empty"), None)
    hidden = whole == HIDDEN or part == HIDDEN
    within = {"seconds": HANDED_OVER_SECONDS, "hours": ACKNOWLEDGED_HOURS}
    says = t("notifications.hidden") if hidden else t(f"{key}.says", part=part, whole=whole, **within)
    bars = [
        Bar(t("notifications.bar", label=label, state=t(f"{key}.{state}")), count)
        for label, states in rows
        for state, count in states
    ]
    words = language.words(t("notifications.head"))
    return Section(key, says, charts.horizontal(key, t(f"{key}.title", **within), bars, words=words, total=whole))


def _total(counts: Sequence[Count]) -> Count:
    found = added(counts)
    return HIDDEN if found == HIDDEN else int(found or 0)


def handed_over(board: Dashboard, language: Language) -> Section:
    t, found = language.t, [one for one in board.notifications if one.sent]
    rows = [
        (
            t("notifications.label", rule=language.rule(one.rule), channel=t(f"channel.{one.channel}")),
            (("soon", one.in_time), ("later", _less(one.sent, one.in_time))),
        )
        for one in found
    ]
    whole, part = _total([one.sent for one in found]), _total([one.in_time for one in found])
    return _in_time("handed-over", rows, whole, part, language)


def acknowledged(board: Dashboard, language: Language) -> Section:
    found = [one for one in board.notifications if one.channel == "inbox"]
    rows = [
        (
            language.rule(one.rule),
            (
                ("soon", one.read_in_time),
                ("later", _less(one.acknowledged, one.read_in_time)),
                ("not", _less(one.notifications, one.acknowledged)),
            ),
        )
        for one in found
    ]
    whole, part = _total([one.notifications for one in found]), _total([one.read_in_time for one in found])
    return _in_time("acknowledged", rows, whole, part, language)


SECTIONS: dict[str, Callable[[Dashboard, Language], Section]] = {
    "quota": lambda board, language: sections.quota(board.quota, language),
    "quota-years": quota_years,
    "received": lambda board, language: sections.received(board.received, language),
    "categories": categories,
    "sex": sex,
    "age": age,
    "arrival-days": lambda board, language: sections.arrival_days(board.arrival_days, language),
    "open-cases": lambda board, language: sections.open_cases(board.open_cases, language),
    "plans-in-time": themes_casework.plans_in_time,
    "plan-outcomes": themes_casework.plan_outcomes,
    "homes": themes_casework.homes,
    "contacts": themes_casework.contacts,
    "silent": themes_casework.silent,
    "caseload": themes_casework.caseload,
    "handed-over": handed_over,
    "acknowledged": acknowledged,
    "nominations": lambda board, language: sections.nominations(board.nominations, language),
}
