"""What the theme pages draw beside the dashboard's own parts: one section for each indicator."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.reporting import sections, themes_casework
from services.reporting.board import Dashboard, GroupCount
from services.reporting.rules import ACKNOWLEDGED_HOURS, HANDED_OVER_SECONDS
from services.reporting.sections import Language, Section
from services.reporting.suppression import HIDDEN, Count, exact
from shared.web import charts
from shared.web.charts import Bar, Series
from shared.web.shares import Part, Share, shares


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
        words=replace(language.words(t("quota-years.head")), unit=t("unit.persons")),
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
    return sections.drawn(key, says, total, [count for _, count in groups], figure, t)


def categories(board: Dashboard, language: Language) -> Section:
    t, found = language.t, board.received
    minors = found.unaccompanied_minors
    says = t("hidden.says") if minors == HIDDEN else t("categories.says", n=minors)
    groups = [(t(f"category.{one.category}"), one.persons) for one in found.by_category]
    return _bars("categories", groups, found.persons, language, says, found.year)


def _people(key: str, found: tuple[GroupCount, ...], board: Dashboard, language: Language) -> Section:
    t = language.t
    groups = [(t(f"{key}.{one.group}"), one.persons) for one in found if one.group != "unknown" or one.persons]
    most = sections.largest([(count, label) for label, count in groups], board.received.persons)
    says = t(f"{key}.says", group=most[1].lower(), number=most[0]) if most else t("hidden.largest")
    return _bars(key, groups, board.received.persons, language, says, board.year)


def sex(board: Dashboard, language: Language) -> Section:
    return _people("sex", board.received.by_sex, board, language)


def age(board: Dashboard, language: Language) -> Section:
    return _people("age", board.received.by_age, board, language)


TONES = ("tone-1", "tone-2", "tone-6")


def _less(whole: Count, part: Count) -> Count:
    return HIDDEN if whole == HIDDEN or part == HIDDEN else max(whole - part, 0)


def _in_time(
    key: str, rows: Sequence[tuple[str, Sequence[Count], Count]], states: Sequence[str], language: Language
) -> Section:
    """Each row: its label, a count for each of `states`, and all of them. The first state is what was promised."""
    t = language.t
    within = {"seconds": HANDED_OVER_SECONDS, "hours": ACKNOWLEDGED_HOURS}
    if not rows:
        return Section(key, t("notifications.empty"), None)
    told = [(row[1][0], row[2]) for row in rows if HIDDEN not in (row[1][0], row[2])]
    part, whole = (sum(exact(counts[place]) for counts in told) for place in (0, 1))
    if whole:
        says = t(f"{key}.says", part=part, whole=whole, **within)
        if len(told) < len(rows):
            says += " " + t("notifications.some")
    else:
        says = t("notifications.hidden")
    parts = [Part(t(f"{key}.{state}", **within), tone) for state, tone in zip(states, TONES, strict=False)]
    bars = [
        Share(
            label,
            counts,
            HIDDEN if every == HIDDEN else t("notifications.beside", part=counts[0], whole=every),
            every,
        )
        for label, counts, every in rows
    ]
    words = language.words(t("notifications.head"))
    return Section(key, says, shares(key, t(f"{key}.title", **within), parts, bars, words=words))


def handed_over(board: Dashboard, language: Language) -> Section:
    t = language.t
    rows = [
        (
            t("notifications.label", rule=language.rule(one.rule), channel=t(f"channel.{one.channel}")),
            (one.in_time, _less(one.sent, one.in_time)),
            one.sent,
        )
        for one in board.notifications
        if one.sent
    ]
    return _in_time("handed-over", rows, ("soon", "later"), language)


def acknowledged(board: Dashboard, language: Language) -> Section:
    rows = [
        (
            language.rule(one.rule),
            (
                one.read_in_time,
                _less(one.acknowledged, one.read_in_time),
                _less(one.notifications, one.acknowledged),
            ),
            one.notifications,
        )
        for one in board.notifications
        if one.channel == "inbox"
    ]
    return _in_time("acknowledged", rows, ("soon", "later", "not"), language)


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
