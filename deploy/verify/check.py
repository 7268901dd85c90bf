"""The checker: what must hold of the whole town after everything, healed and drained.

Promise: it changes nothing, and a violation is told once, by the invariant that it breaks.
"""

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID

from deploy.verify import drained, evidence, transport
from deploy.verify.audit import check_audit
from deploy.verify.deeds import check_deeds
from deploy.verify.figures import check_figures
from deploy.verify.findings import INVARIANTS, Report
from deploy.verify.ledger import Deed
from deploy.verify.mails import check_mails, check_notifications
from deploy.verify.parity import check_states
from deploy.verify.parked import check_parked
from deploy.verify.private import Canaries, check_private
from deploy.verify.rows import Rebuild, check_rows
from deploy.verify.site import Site
from shared.contracts.envelope import Undecodable, fact

AGAIN = 4


async def verify(
    site: Site,
    *,
    deeds: Sequence[Deed] = (),
    parked: Collection[UUID | str] = (),
    canaries: Sequence[str] = (),
    drained_within: float = 30,
    only: Collection[str] | None = None,
) -> Report:
    """Waits at most `drained_within` seconds for rest, then compares everything, whatever it found.

    `deeds` is what clients saw. `parked`: ids of events, subjects or mails, or places in Kafka, that should stand
    aside. `canaries` were typed in and must be nowhere. `only`: these invariants ("I4"), the others are not reported.
    """
    for _ in range(AGAIN):
        report = await _look(site, deeds, parked, canaries, drained_within, only)
        # a mail that went out while we looked wrote an event: what was found may be no more than that
        if not report.findings or (await evidence.read(site)).events == report.events:
            break
    return report


async def _look(
    site: Site,
    deeds: Sequence[Deed],
    parked: Collection[UUID | str],
    canaries: Sequence[str],
    drained_within: float,
    only: Collection[str] | None,
) -> Report:
    report = Report()
    wanted = set(INVARIANTS) if only is None else set(only)
    aside, words = {str(one) for one in parked}, Canaries(canaries if "I11" in wanted else ())
    passed, left = await drained.wait(site, drained_within)
    report.found_all("I9", f"not at rest after {passed:.1f} s", left)
    report.saw("I9", f"at rest after {passed:.1f} s: outboxes empty, lag 0, {len(site.services)} services ready")
    town = await evidence.read(site)
    for gate in town.gates.values():
        report.found_all("I9", "a consumer stands still", gate.stopped)
        report.found_all("I1", "a consumer has missed records", gate.behind)
    # side by side: while one waits for PostgreSQL or the sinks, another compares
    async with asyncio.TaskGroup() as together:
        together.create_task(_transport(site, town, aside, words, wanted, report))
        if wanted & {"I1", "I2", "I3"}:
            together.create_task(check_deeds(site, town, deeds, report))
        if wanted & {"I1", "I2", "I3", "I9"}:
            together.create_task(check_notifications(site, town, report))
            together.create_task(check_mails(site, report))
        if "I5" in wanted:
            together.create_task(check_states(site, report))
        if "I7" in wanted:
            together.create_task(check_audit(site, report))
        if "I8" in wanted:
            together.create_task(check_parked(site, town, aside, report))
    if "I10" in wanted:
        await drained.check_bounds(site, report)
    report.findings = [f for f in report.findings if f.invariant in wanted]
    report.compared = [line for line in report.compared if line.partition(" ")[0] in wanted]
    return report


async def _transport(
    site: Site, town: evidence.Evidence, aside: set[str], words: Canaries, wanted: set[str], report: Report
) -> None:
    """One reading of Kafka serves four invariants: transport, rows, figures and canaries."""
    (dashboard,) = (gate for gate in town.gates.values() if gate.service == "reporting")
    reread, rebuilt = transport.Reread(town, report, aside), Rebuild(dashboard)
    async for record in transport.records(site):
        first = reread.take(record)
        if words.words:
            words.record(record)
        if first is not None and "I5" in wanted:
            try:
                rebuilt.take(fact(first))
            except Undecodable as error:
                if not {str(first.id), str(first.subject)} & aside:
                    report.found("I5", f"an event that no release can read: {first.source} {first.id}: {error}")
    reread.judge()
    transport.check_gates(town, reread.excused, report)
    if wanted & {"I1", "I2", "I5", "I6"}:
        facts = await check_rows(site, town, rebuilt if "I5" in wanted and not reread.disorder else None, report)
        await check_figures(site, town, facts, report)
    if "I11" in wanted:
        await check_private(site, words, reread.records, report)
