"""Notifications, mails and what the mail server got, against the events that caused them (I1, I2, I3, I9)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from deploy.verify.evidence import Evidence, facts_of
from deploy.verify.findings import Report
from deploy.verify.site import Site
from services.notifications import deadlines, dealing, prizes, rules, store_deadlines
from services.notifications.collecting import COLLECT_WHEN_BUSY
from services.notifications.deadlines import Deadline, KnownCase, Progress
from services.notifications.prizes import KnownPrize
from shared.contracts.awards import EditionEvent, ReviewEvent, juror_id
from shared.contracts.envelope import Fact
from shared.contracts.reception import CaseEvent

# what is due and nobody takes: longer than the longest collecting, and than a retry that is being made now
OVERDUE = COLLECT_WHEN_BUSY + timedelta(minutes=2)


@dataclass
class Wanted:
    """What the facts that alerts has applied call for. `alerts`: notification -> cause, channel, recipient.

    `reminders`: those of every deadline that ever ran, also where it moved on; `running`: the deadlines that run now.
    `asked`: notification -> when its cause was recorded; `dealt_with`: rule and subject -> since when nothing is asked.
    `people`: who has ever signed in; `readers`: the jurors who have read anything, and so may have nothing left.
    """

    people: frozenset[str]
    readers: set[UUID] = field(default_factory=set)
    alerts: dict[UUID, tuple[str, str, str]] = field(default_factory=dict)
    reminders: set[UUID] = field(default_factory=set)
    running: dict[UUID, Deadline] = field(default_factory=dict)
    asked: dict[UUID, datetime] = field(default_factory=dict)
    dealt_with: dict[tuple[str, UUID], datetime] = field(default_factory=dict)
    _known: tuple[UUID, KnownCase | KnownPrize | None] | None = None

    def is_over(self, id: UUID, rule: str, about: UUID) -> bool:
        """Whether the message asks for nothing any more: what was dealt with may have been asked for anew."""
        when = self.dealt_with.get((rule, about))
        return when is not None and when >= self.asked.get(id, when)

    def take(self, fact: Fact) -> None:
        for notice in rules.notices(fact, fact.recorded_at):
            self.alerts[notice.id] = (str(notice.cause), notice.channel, notice.recipient)
            self.asked[notice.id] = fact.recorded_at
        for pair in dealing.dealt_with(fact):
            self.dealt_with[pair] = max(fact.recorded_at, self.dealt_with.get(pair, fact.recorded_at))
        if isinstance(fact.event, ReviewEvent):
            self.readers.add(fact.event.juror)
        known = self._known[1] if self._known is not None and self._known[0] == fact.subject else None
        after: KnownCase | KnownPrize | None
        if isinstance(fact.event, CaseEvent):
            assert not isinstance(known, KnownPrize)
            after = deadlines.evolve(known, fact.event)
        elif isinstance(fact.event, EditionEvent):
            assert not isinstance(known, KnownCase)
            after = prizes.evolve(known, fact.event)
        else:
            return
        before = {d.id for d in _running(fact.subject, known)}
        self._known = (fact.subject, after)
        now = {d.id: d for d in _running(fact.subject, after)}
        for gone in before - now.keys():
            del self.running[gone]
        for one in now.values():
            if self.running.get(one.id) != one:
                self.running[one.id] = one
                for step in rules.steps_of(one):
                    self.reminders |= {n.id for n in rules.reminders(one, step, fact.at, self.people)}


def _running(id: UUID, known: KnownCase | KnownPrize | None) -> list[Deadline]:
    return prizes.deadlines(id, known) if isinstance(known, KnownPrize) else deadlines.deadlines(id, known)


async def _wanted(site: Site, evidence: Evidence) -> Wanted:
    """Facts of one case or edition come together and in order."""
    async with site.database("notifications") as connection:
        people = frozenset(row["sub"] for row in await connection.fetch("select sub from directory"))
    gate, found = evidence.gates["alerts"], Wanted(people)
    limits = gate.limits()
    for source in gate.sources:
        async for fact in facts_of(site, source):
            limit = limits.get((source, fact.subject))
            if fact.id not in gate.discarded and (limit is None or fact.sequence <= limit):
                found.take(fact)
    return found


async def check_notifications(site: Site, evidence: Evidence, report: Report) -> None:
    """One notification per event, channel and recipient, and none that nothing called for."""
    called = await _wanted(site, evidence)
    wanted = called.alerts
    causes = {id: source for source in ("reception", "awards") for id in evidence.journals[source].ids}
    pairs, have, ghosts, doubles = Counter(wanted.values()), set[UUID](), list[str](), list[str]()
    stale, early = list[str](), list[str]()
    async with site.database("notifications") as connection, connection.transaction(readonly=True):
        async for row in connection.cursor(_NOTIFICATIONS, prefetch=5000):
            have.add(row["id"])
            if row["rule"] in SETTLED_BY_EVENTS:
                over = called.is_over(row["id"], row["rule"], row["about"])
                if over and row["asks"]:
                    stale.append(f"{row['channel']} {row['id']} about {row['about']}")
                if row["settled"] and not over:
                    early.append(f"{row['channel']} {row['id']} about {row['about']}")
            if row["id"] in wanted or row["id"] in called.reminders:
                continue
            what = f"{row['channel']} {row['id']} to {row['recipient']} because of {row['cause']}"
            again = row["cause"] in causes and (str(row["cause"]), row["channel"], row["recipient"]) in pairs
            (doubles if again else ghosts).append(what)
    lost = [f"{id} because of {wanted[id][0]}" for id in wanted.keys() - have]
    report.lost += report.found_all("I1", "a notification that an event calls for", lost)
    report.found_all("I2", "a notification that no event calls for", ghosts)
    report.doubled += report.found_all("I3", "a second notification of one event to one recipient", doubles)
    report.found_all("I5", "a message still asks for what has been dealt with", stale)
    report.found_all("I5", "a message was settled and nothing has dealt with it", early)
    report.saw("I3", f"{len(have):,} notifications of {len(wanted):,} pairs of event and recipient, each once")
    await _check_deadlines(site, called, have, report)


async def _check_deadlines(site: Site, called: Wanted, have: set[UUID], report: Report) -> None:
    """The deadlines are those of the history, and each that has come was reminded of: every juror who has not begun."""
    stored, lost, today = dict[UUID, Deadline](), list[str](), site.today()
    async with site.database("notifications") as connection, connection.transaction(readonly=True):
        jurors = [row["sub"] for row in await connection.fetch("select sub from directory where 'jury' = any(roles)")]
        jurors = [sub for sub in jurors if juror_id(sub) not in called.readers]
        async for row in connection.cursor("select * from deadline", prefetch=5000):
            one = store_deadlines.running_of(row).deadline
            stored[one.id] = one
            come = deadlines.due(rules.steps_of(one), Progress(one.due_on, row["told_on"]), today)
            last = min((step for step in (come, row["raised"]) if step is not None), default=None)
            if last is not None and any(n.id not in have for n in rules.reminders(one, last, EPOCH, jurors)):
                lost.append(f"{one.kind} of {one.about} on {one.due_on}, {last} days left")
        late = [r["what"] for r in await connection.fetch(_SETTLED_AND_MAILED)]
    wrong = [str(id) for id in stored.keys() | called.running.keys() if stored.get(id) != called.running.get(id)]
    report.found_all("I5", "a deadline is not what the history makes", wrong)
    report.lost += report.found_all("I1", "a reminder that has come and nobody got", lost)
    report.found_all("I3", "a reminder was taken back and mailed", late)
    report.saw("I5", f"{len(stored):,} deadlines that run, {len(have & called.reminders):,} reminders")


SETTLED_BY_EVENTS = {rule.name for rule in rules.EVENT_RULES if rule.done_by}
_NOTIFICATIONS = """
select id, cause, channel, recipient, rule, about, settled_at is not null as settled,
  channel = 'inbox' and acknowledged_at is null and settled_at is null as asks
from notification
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED_AND_MAILED = """
select id::text as what from notification where channel = 'email' and (state->>'settled')::bool and mail is not null
"""
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
  and mail_after < clock_timestamp() - $1::interval
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
