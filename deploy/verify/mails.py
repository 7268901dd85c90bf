"""Notifications, mails and what the mail server got, against the events that caused them (I1, I2, I3, I9)."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from deploy.verify.evidence import Evidence, facts_of
from deploy.verify.findings import Report
from deploy.verify.site import Site
from services.notifications import rules

# what is due and nobody takes: longer than the longest collecting, and than a retry that is being made now
OVERDUE = rules.COLLECT_WHEN_BUSY + timedelta(minutes=2)


async def _wanted(site: Site, evidence: Evidence) -> dict[UUID, tuple[str, str, str]]:
    """Notification id -> cause, channel, recipient: what the facts that alerts has applied call for."""
    gate = evidence.gates["alerts"]
    limits, found = gate.limits(), dict[UUID, tuple[str, str, str]]()
    for source in gate.sources:
        async for fact in facts_of(site, source):
            limit = limits.get((source, fact.subject))
            if fact.id in gate.discarded or (limit is not None and fact.sequence > limit):
                continue
            for notice in rules.notices(fact, fact.recorded_at):
                found[notice.id] = (str(notice.cause), notice.channel, notice.recipient)
    return found


async def check_notifications(site: Site, evidence: Evidence, report: Report) -> None:
    """One notification per event, channel and recipient, and none that nothing called for."""
    wanted = await _wanted(site, evidence)
    causes = {id: source for source in ("reception", "awards") for id in evidence.journals[source].ids}
    pairs, have, ghosts, doubles = Counter(wanted.values()), set[UUID](), list[str](), list[str]()
    async with site.database("notifications") as connection, connection.transaction(readonly=True):
        async for row in connection.cursor("select id, cause, channel, recipient from notification", prefetch=5000):
            have.add(row["id"])
            if row["id"] in wanted:
                continue
            what = f"{row['channel']} {row['id']} to {row['recipient']} because of {row['cause']}"
            again = row["cause"] in causes and (str(row["cause"]), row["channel"], row["recipient"]) in pairs
            (doubles if again else ghosts).append(what)
    lost = [f"{id} because of {wanted[id][0]}" for id in wanted.keys() - have]
    report.lost += report.found_all("I1", "a notification that an event calls for", lost)
    report.found_all("I2", "a notification that no event calls for", ghosts)
    report.doubled += report.found_all("I3", "a second notification of one event to one recipient", doubles)
    report.saw("I3", f"{len(have):,} notifications of {len(wanted):,} pairs of event and recipient, each once")


_SENT_OTHERWISE = """
select m.id::text || ' is ' || m.status || ', its notification ' || n.id::text || ' ' || (n.state->>'ending') as what
from mail m join notification n on n.mail = m.id
where (m.status = 'sent') <> (n.state->>'ending' = 'sent') or (m.status = 'failed') and n.state->>'ending' <> 'failed'
"""
_COUNTED_OTHERWISE = """
select m.id::text || ' says ' || m.notifications || ' notifications and has ' || count(n.id) as what
from mail m left join notification n on n.mail = m.id group by m.id having count(n.id) <> m.notifications
"""
_OVERDUE = """
select 'mail ' || id::text as what from mail where status = 'waiting' and next_try < clock_timestamp() - $1::interval
  and (leased_until is null or leased_until < clock_timestamp() - $1::interval)
union all
select 'notification ' || id::text from notification where channel = 'email' and mail is null and not withheld
  and created_at < clock_timestamp() - $1::interval
"""


async def check_mails(site: Site, report: Report) -> None:
    """Each mail handed over once; the same Message-ID may have come more often, and no other."""
    async with site.database("notifications") as connection, connection.transaction(readonly=True):
        status = {row["id"]: row["status"] for row in await connection.fetch("select id, status from mail")}
        under_way = await connection.fetchval(
            "select count(*) from notification where channel = 'email' and mail is null and not withheld"
        )
        endings = [row["what"] for row in await connection.fetch(_SENT_OTHERWISE)]
        counts = [row["what"] for row in await connection.fetch(_COUNTED_OTHERWISE)]
        overdue = [row["what"] for row in await connection.fetch(_OVERDUE, OVERDUE)]
    report.found_all("I3", "a mail and its notification disagree", endings)
    report.found_all("I3", "a mail carries something else than was decided", counts)
    report.found_all("I9", "due for long and not sent", overdue)
    by_status = Counter(status.values())
    said = ", ".join(f"{n:,} {s}" for s, n in sorted(by_status.items())) or "none"
    if site.sinks is None:
        report.saw("I3", f"{len(status):,} mails ({said}), {under_way:,} notifications collecting; no mail sink to ask")
        return
    copies = Counter[UUID]()
    strangers = []
    messages = await _messages(site)
    for message in messages:
        try:
            copies[UUID(message["message_id"].strip("<>").partition("@")[0])] += 1
        except ValueError:
            strangers.append(f"message {message['id']} without an id of ours")
    strangers += [f"mail {id}" for id in copies if id not in status]
    lost = [f"mail {id}" for id, how in status.items() if how == "sent" and id not in copies]
    report.lost += report.found_all("I1", "said to be sent and not at the mail server", lost)
    report.found_all("I2", "at the mail server and not in our table", strangers)
    again = sum(n - 1 for n in copies.values())
    report.saw(
        "I3",
        f"{len(status):,} mails ({said}), {under_way:,} notifications collecting; {len(messages):,} messages at the"
        f" mail server, {again:,} of them copies under the same Message-ID",
    )


async def _messages(site: Site) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.get(f"{site.sinks}/mail/messages.json", params={"limit": 10_000_000})
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found
