"""What stands aside is exactly what was injected, each with its reason (I8)."""

from collections.abc import Collection

from deploy.verify.evidence import Evidence
from deploy.verify.findings import Report
from deploy.verify.site import Site


async def check_parked(site: Site, evidence: Evidence, parked: Collection[str], report: Report) -> None:
    """`parked`: ids of events, subjects or mails, or places in Kafka (`topic/partition/offset`)."""
    met: set[str] = set()
    aside = 0
    surprises: list[str] = []

    def meet(what: str, reason: str | None, *names: object) -> None:
        nonlocal aside
        aside += 1
        known = {str(name) for name in names} & set(parked)
        met.update(known)
        if not known:
            surprises.append(f"{what}: {reason}")
        if not reason:
            report.found("I8", f"stands aside without a reason: {what}")

    for gate in evidence.gates.values():
        heads = {
            (row["source"], row["subject"])
            for row in gate.held
            if row["subject"] and {str(row["event_id"]), str(row["subject"]), row["place"]} & set(parked)
        }
        for row in gate.held:
            if row["waits_for"] == "predecessor" and (row["source"], row["subject"]) in heads:
                aside += 1
                continue
            what = f"{gate.consumer} holds {row['source']} {row['subject']} {row['sequence']} of {row['place']}"
            meet(what, row["reason"], row["event_id"], row["subject"], row["place"])
    for service, journal in evidence.journals.items():
        async with site.database(service) as connection:
            for row in await connection.fetch(
                "select q.subject, q.reason, j.id from quarantine q left join journal j using (position)"
            ):
                meet(f"{journal.source} has {row['subject']} in quarantine", row["reason"], row["subject"], row["id"])
    async with site.database("notifications") as connection:
        for row in await connection.fetch(
            "select m.id, m.reason, m.about, array(select cause::text from notification where mail = m.id) as causes"
            " from mail m where status = 'failed'"
        ):
            meet(f"mail {row['id']} has failed", row["reason"], row["id"], row["about"], *row["causes"])
    report.found_all("I8", "stands aside and was not injected", surprises)
    report.found_all("I8", "was injected and does not stand aside", set(parked) - met)
    report.saw("I8", f"{aside:,} held, quarantined or failed, {len(parked):,} expected")
