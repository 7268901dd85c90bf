"""What the themes on establishment and contacts draw. Each wants `board.casework`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.reporting.board import Dashboard
from services.reporting.figures_casework import Casework
from services.reporting.rules import plan_days
from services.reporting.sections import Language, Section, drawn, largest
from services.reporting.suppression import HIDDEN, Count
from shared.web import charts
from shared.web.charts import Bar, Series


def _work(board: Dashboard) -> Casework:
    assert board.casework is not None
    return board.casework


def _bars(
    key: str, parts: Sequence[tuple[str, Count]], total: Count, says: str, language: Language, year: int,
    late: Sequence[str] = (), **more: int,
) -> Section:  # fmt: skip
    t = language.t
    if not total:
        return Section(key, t(f"{key}.empty", year=year), None)
    bars = [Bar(t(f"{key}.{part}", **more), count, late=part in late) for part, count in parts]
    words = language.words(t(f"{key}.head"))
    figure = charts.horizontal(key, t(f"{key}.title", year=year, **more), bars, words=words, total=total)
    return drawn(key, says, total, [count for _, count in parts], figure, t)


def _largest(key: str, parts: Sequence[tuple[str, Count]], total: Count, language: Language, year: int) -> str:
    t = language.t
    if total == HIDDEN:
        return t("hidden.says")
    says = t(f"{key}.says", n=total, year=year)
    if most := largest([(count, part) for part, count in parts], total):
        says += " " + t(f"{key}.says.largest", largest=t(f"{key}.{most[1]}").lower(), number=most[0])
    return says


def plans_in_time(board: Dashboard, language: Language) -> Section:
    t, found = language.t, _work(board)
    in_time, days = found.plans[0].count, plan_days(date(found.year, 12, 31))
    if found.share_in_time is not None:
        says = t("plans-in-time.says", part=in_time, n=found.due, share=round(found.share_in_time), days=days)
    elif found.due == 0:
        says = t("plans-in-time.says.none-due")
    else:
        says = t("hidden.says")
    parts = [(part.key, part.count) for part in found.plans]
    return _bars("plans-in-time", parts, found.persons, says, language, found.year, late=("overdue",), days=days)


def plan_outcomes(board: Dashboard, language: Language) -> Section:
    found = _work(board)
    parts = [(part.key, part.count) for part in found.outcomes]
    says = _largest("plan-outcomes", parts, found.ended, language, found.year)
    return _bars("plan-outcomes", parts, found.ended, says, language, found.year)


def homes(board: Dashboard, language: Language) -> Section:
    found = _work(board)
    parts = [(part.key, part.count) for part in found.homes]
    says = _largest("homes", parts, found.secured, language, found.year)
    return _bars("homes", parts, found.secured, says, language, found.year)


def contacts(board: Dashboard, language: Language) -> Section:
    t, found = language.t, _work(board)
    if not found.contacts:
        return Section("contacts", t("contacts.empty", year=found.year), None)
    labels = [language.month(date.fromisoformat(f"{one.month}-01")) for one in found.contact_months]
    if any(one.by_outcome for one in found.contact_months):
        series = [
            Series(t(f"contacts.{part.key}"), [one.by_outcome[part.key] for one in found.contact_months])
            for part in found.contact_outcomes
        ]
    else:
        series = [Series(t("contacts.line"), [one.contacts for one in found.contact_months], found.contacts)]
    reached = found.contact_outcomes[0].count
    hidden = HIDDEN in (reached, found.contacts)
    says = t("hidden.says") if hidden else t("contacts.says", n=found.contacts, year=found.year, reached=reached)
    words = replace(language.words(t("chart.month")), unit=t("unit.contacts"))
    title = t("contacts.title", year=found.year)
    figure = charts.stacked("contacts", title, labels, series, words=words)
    return drawn("contacts", says, found.contacts, [one.contacts for one in found.contact_months], figure, t)


def silent(board: Dashboard, language: Language) -> Section:
    t, found = language.t, _work(board)
    if not found.open:
        return Section("silent", t("silent.empty"), None)
    last = found.silent[-1]
    says = t("hidden.says") if last.cases == HIDDEN else t("silent.says", n=last.cases, days=last.first - 1)
    bars = [
        Bar(t("silent.days", first=one.first, last=one.last), one.cases)
        if one.last is not None
        else Bar(t("silent.longer", days=one.first - 1), one.cases, late=True)
        for one in found.silent
    ]
    words = language.words(t("silent.head"))
    figure = charts.horizontal("silent", t("silent.title"), bars, words=words, total=found.open)
    return drawn("silent", says, found.open, [one.cases for one in found.silent], figure, t)


def caseload(board: Dashboard, language: Language) -> Section:
    """Who of the staff has how many: numbered from the heaviest load, and for the unit alone."""
    t, found = language.t, _work(board)
    if found.caseload is None:
        return Section("caseload", t("caseload.inside"), None)
    if not found.caseload:
        return Section("caseload", t("caseload.empty"), None)
    bars = [
        Bar(t("caseload.nobody") if one.caseworker is None else t("caseload.one", number=number), one.cases)
        for number, one in enumerate(found.caseload, 1)
    ]
    total = sum(one.cases for one in found.caseload if isinstance(one.cases, int))
    words = language.words(t("caseload.head"))
    says = t("caseload.says", n=total, staff=sum(one.caseworker is not None for one in found.caseload))
    return Section("caseload", says, charts.horizontal("caseload", t("caseload.title"), bars, words=words, total=total))
