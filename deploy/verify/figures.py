"""The dashboard's figures against a count made the slow way, against reception's own, and against their parts (I6)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime

from deploy.verify.evidence import Evidence
from deploy.verify.findings import Report
from deploy.verify.recount import recount
from deploy.verify.recount_casework import recount_casework
from deploy.verify.site import Site
from services.reception import store_figures as reception
from services.reporting import reconciliation, store_figures
from services.reporting.board import Dashboard
from services.reporting.figures import Counted, dashboard
from services.reporting.figures_casework import Worked
from services.reporting.store_figures_casework import worked
from services.reporting.suppression import Count, exact
from shared.contracts.envelope import Fact


def today_of(site: Site) -> date:
    """The town's date."""
    if site.clock_file is not None and site.clock_file.exists():
        return date.fromisoformat(site.clock_file.read_text().strip()[:10])
    return datetime.now().astimezone().date()


def rows(board: Dashboard) -> Iterator[tuple[str, Count, list[Count]]]:
    """Every total with its parts."""
    received, quota, days, waiting = board.received, board.quota, board.arrival_days, board.open_cases
    found: list[tuple[str, Count, Iterable[Count]]] = [
        ("received by category", received.persons, (c.persons for c in received.by_category)),
        ("received by month", received.persons, (m.persons for m in received.by_month)),
        ("received by sex", received.persons, (g.persons for g in received.by_sex)),
        ("received by age", received.persons, (g.persons for g in received.by_age)),
        *((f"received in {m.month} by category", m.persons, m.by_category.values()) for m in received.by_month),
        (
            "unaccompanied minors by category",
            received.unaccompanied_minors,
            (c.unaccompanied_minors for c in received.by_category),
        ),
        ("allocated, received and waiting", quota.allocated, (quota.received, quota.waiting)),
        ("quota received by month", quota.received, (m.received for m in quota.by_month)),
        *((f"quota year {y.year}", y.allocated, (y.received, y.waiting)) for y in board.quota_years),
        ("days to arrival by bin", days.persons, (b.persons for b in days.bins)),
        ("waiting cases by bucket", waiting.cases, (b.cases for b in waiting.buckets)),
        ("waiting persons by bucket", waiting.persons, (b.persons for b in waiting.buckets)),
        ("nominations by kind", board.nominations.nominations, (k.nominations for k in board.nominations.by_kind)),
    ]
    for what, total, parts in found:
        yield what, total, list(parts)


async def check_figures(site: Site, evidence: Evidence, facts: Sequence[Fact], report: Report) -> None:
    """`facts` is empty when the rows themselves are wrong, which is told already: then only the sums are looked at."""
    (gate,) = (g for g in evidence.gates.values() if g.service == "reporting")
    assert gate.generation is not None
    today = today_of(site)
    async with (
        site.database("reporting") as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        counted = await store_figures.counted(connection, gate.generation, today)
        work = await worked(connection, gate.generation, today)
        ours = await store_figures.own_count(connection, gate.generation)
    totals = 0
    for year in dashboard(counted, today).years:
        for what, total, parts in rows(dashboard(counted, today, year)):
            totals += 1
            if exact(total) != (made := sum(map(exact, parts))):
                report.found("I6", f"{what}, {year}: the total is {total}, its parts make {made}")
    report.saw("I6", f"{totals:,} totals of the dashboard, each the sum of its parts")
    if not facts:
        report.saw("I6", "not recounted: the rows are not what the events make, or there are none")
        return
    slow = recount(facts, today)
    groups, slow_work = 0, recount_casework(facts, today)
    pairs: list[tuple[str, object, object]] = [(part.name, counted, slow) for part in fields(Counted)]
    pairs += [(part.name, work, slow_work) for part in fields(Worked)]
    for name, fast, careful in pairs:
        said, told = sorted(getattr(fast, name), key=str), sorted(getattr(careful, name), key=str)
        groups += len(told)
        if said != told:
            report.found("I6", f"{name}: counted {_only(said, told)}, recounted {_only(told, said)}")
    report.saw("I6", f"{groups:,} groups of {len(facts):,} facts counted by SQL and one case at a time, as of {today}")
    async with (
        site.database("reception") as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        theirs = reconciliation.answer(await reception.figures(connection))
    differences = list(reconciliation.differences(theirs, ours))
    for one in differences:
        report.found("I6", f"{one.figure}: reception says {one.reception}, reporting {one.reporting}")
    report.saw("I6", f"{len(theirs.figures)} figures of reception and of reporting, both after {ours.events:,} events")


def _only(these: Sequence[object], those: Sequence[object]) -> str:
    return str([one for one in these if one not in those][:5])
