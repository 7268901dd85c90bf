"""What clients saw against what there is: acknowledged is durable, refused without effect, unknown at most once."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from deploy.verify.evidence import Evidence
from deploy.verify.findings import Report
from deploy.verify.ledger import Deed, Outcome
from deploy.verify.site import Site

# how an answer names its subject
_SUBJECT = {"reception": ("case", "quota"), "awards": ("review", "edition", "nomination")}


def _said(service: str, answer: dict[str, Any]) -> tuple[UUID | None, int | None]:
    """The subject and the version that a stored answer names."""
    data = answer.get("data") or {}
    named = next((data[name] for name in _SUBJECT.get(service, ()) if data.get(name)), None)
    return (UUID(named) if named else None), answer.get("etag")


async def check_deeds(site: Site, evidence: Evidence, deeds: Sequence[Deed], report: Report) -> None:
    by_key = {deed.key: deed for deed in deeds}
    kept, lost, wrong = Counter[UUID](), list[str](), list[str]()
    answers = 0
    for service in site.databases:
        async with site.database(service) as connection, connection.transaction(readonly=True):
            async for row in connection.cursor("select key, route, status, answer from idempotency", prefetch=2000):
                answers += 1
                name = f"{service} {row['route']} {row['key']}"
                if row["status"] is None or not 200 <= row["status"] < 300:
                    wrong.append(f"{name}: an answer {row['status']} is kept")
                    continue
                kept[row["key"]] += 1
                subject, version = _said(service, json.loads(row["answer"] or "{}"))
                if not _has(evidence, subject, version):
                    lost.append(f"{name}: answered {subject} at {version}, which the journal does not have")
                deed = by_key.get(row["key"])
                if deed is not None and deed.outcome is Outcome.REFUSED:
                    wrong.append(f"{name}: was refused to the client, and its answer {row['status']} is kept")
    for deed in deeds:
        name = f"{deed.route} {deed.key}"
        if deed.outcome is Outcome.ACKNOWLEDGED:
            if not kept[deed.key]:
                lost.append(f"{name}: acknowledged, and nothing is kept of it")
            if not _has(evidence, deed.subject, deed.version):
                lost.append(f"{name}: acknowledged {deed.subject} at {deed.version}, which no journal has")
        elif not kept[deed.key] and deed.subject and deed.version and _has(evidence, deed.subject, deed.version):
            wrong.append(f"{name}: {deed.outcome}, nothing kept, and {deed.subject} is at {deed.version}")
        if kept[deed.key] > 1:
            report.doubled += 1
            report.found("I3", f"took effect {kept[deed.key]} times: {name}")
    report.lost += report.found_all("I1", "an acknowledged command", lost)
    report.found_all("I2", "a refused command", wrong)
    outcomes = Counter(deed.outcome for deed in deeds)
    said = ", ".join(f"{outcomes[o]:,} {o}" for o in Outcome)
    report.saw("I1", f"{answers:,} kept answers against the journals; {len(deeds):,} commands of clients: {said}")
    unknown = sum(1 for d in deeds if d.outcome is Outcome.UNKNOWN and kept[d.key])
    report.saw("I2", f"{outcomes[Outcome.REFUSED]:,} refused without effect; {unknown:,} unknown took effect once")


def _has(evidence: Evidence, subject: UUID | None, version: int | None) -> bool:
    if subject is None:
        return True
    most = max((len(j.rows.get(subject, ())) for j in evidence.journals.values()), default=0)
    return most >= (1 if version is None else version)
