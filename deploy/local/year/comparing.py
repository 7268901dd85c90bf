"""Every figure of the played year against the published tables, asked through the public API; never the generator."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from deploy.local.year.api import Api, No
from deploy.local.year.nominees import JURY
from deploy.local.year.published import YEAR, Published, published

SECONDS = 60.0
# what no table says; it is how the demo's year was ordered
OPEN, DECLINED, NOMINATIONS, KINDS = 12, 2, 10, 5
LAUREATES, UNREAD = 2, [1, 3, 2]
STILL_OPEN_YEAR = YEAR + 1
Say = Callable[[str], None]


class _Findings:
    def __init__(self) -> None:
        self.wrong: list[str] = []

    def equal(self, what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            self.wrong.append(f"{what} is {seen}, and should be {wanted}")


async def compare(public_url: str, identity: str, say: Say) -> list[str]:
    """What is wrong, one sentence each; empty when every figure is right."""
    table, found = published(), _Findings()
    async with Api(public_url, identity) as api:
        try:
            say("waiting until the dashboard has counted everything that reception knows")
            agreed = await _agreed(api)
            found.equal("the reconciliation", agreed, "agrees")
            await _reception(api, table, found)
            await _dashboard(api, table, found)
            await _cases(api, found)
            found.wrong += await _settled(lambda: _alerts(api))
            found.wrong += await _settled(lambda: _nominations(api))
        except No as no:
            found.wrong.append(f"a figure could not be read: {no}")
    return found.wrong


async def _agreed(api: Api) -> str:
    """The reconciliation's word, as soon as it agrees at reception's newest position or time is up."""
    end = time.monotonic() + SECONDS
    while True:
        figures = await api.get("auditor", "/reception/figures")
        badge = await api.get("council", "/reporting/reconciliation")
        badge = badge.get("reconciliation", badge)
        if badge["state"] == "agrees" and badge["position"] == figures["position"]:
            return "agrees"
        if time.monotonic() > end:
            return f"{badge['state']} at {badge['position']} of {figures['position']}: {badge['differences']}"
        await asyncio.sleep(0.2)


async def _settled(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """What is still wrong when nothing is, or time is up: these services hear of things by themselves."""
    end = time.monotonic() + SECONDS
    while (wrong := await look()) and time.monotonic() < end:
        await asyncio.sleep(0.2)
    return wrong


async def _reception(api: Api, table: Published, found: _Findings) -> None:
    figures = await api.get("auditor", "/reception/figures")
    found.equal("reception: persons received", figures["received"], table.total.persons)
    found.equal("reception: open allocations", figures["allocations_open"], OPEN)
    found.equal("reception: cancelled allocations", figures["cancelled"], DECLINED)
    for category, count in table.received.items():
        seen = figures["by_category"].get(category, {})
        found.equal(f"reception: {category}", seen.get("received"), count.persons)
        found.equal(f"reception: {category}, minors", seen.get("unaccompanied_received"), count.minors)
    quotas = {q["quota_year"]: q for q in (await api.get("coordinator", "/reception/quotas"))["quotas"]}
    now, later = quotas.get(YEAR, {}), quotas.get(STILL_OPEN_YEAR, {})
    found.equal(f"reception: quota of {YEAR}", (now.get("target"), now.get("received")), _quota(table))
    found.equal(f"reception: quota of {STILL_OPEN_YEAR}", later.get("target"), table.next_target)
    found.equal(f"reception: received of quota {STILL_OPEN_YEAR}", later.get("received"), 0)


def _quota(table: Published) -> tuple[int, int]:
    return table.target, table.quota_received


async def _dashboard(api: Api, table: Published, found: _Findings) -> None:
    page = await api.get("coordinator", f"/reporting/dashboard.json?year={YEAR}")
    received, quota = page["received"], page["quota"]
    found.equal("dashboard: persons received", received["persons"], table.total.persons)
    found.equal("dashboard: unaccompanied minors", received["unaccompanied_minors"], table.total.minors)
    found.equal("dashboard: sum of the months", sum(m["persons"] for m in received["by_month"]), table.total.persons)
    by_category = {c["category"]: (c["persons"], c["unaccompanied_minors"]) for c in received["by_category"]}
    for category, count in table.received.items():
        found.equal(f"dashboard: {category}", by_category.pop(category, None), (count.persons, count.minors))
    found.equal("dashboard: other categories", {c: n for c, n in by_category.items() if n != (0, 0)}, {})
    found.equal("dashboard: quota and received", (quota["target"], quota["received"]), _quota(table))
    found.equal("dashboard: allocated and still waited for", quota["waiting"], 0)
    found.equal("dashboard: end of the quota's line", _last(quota["by_month"]), table.quota_received)
    days = page["arrival_days"]
    found.equal("dashboard: persons with days to arrival", days["persons"], table.quota_received)
    found.equal("dashboard: sum of the days' bars", sum(b["persons"] for b in days["bins"]), table.quota_received)
    waiting = page["open_cases"]
    found.equal("dashboard: open cases", waiting["cases"], OPEN)
    found.equal("dashboard: sum of open cases by days left", sum(b["cases"] for b in waiting["buckets"]), OPEN)
    following = await api.get("coordinator", f"/reporting/dashboard.json?year={STILL_OPEN_YEAR}")
    found.equal(f"dashboard: quota of {STILL_OPEN_YEAR}", following["quota"]["target"], table.next_target)
    found.equal(f"dashboard: received in {STILL_OPEN_YEAR}", following["received"]["persons"], 0)


def _last(months: list[dict[str, Any]]) -> int | None:
    known = [month["cumulative"] for month in months if month["cumulative"] is not None]
    return known[-1] if known else None


async def _pages(api: Api, role: str, path: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        answer = await api.get(role, f"{path}&after={after}" if after else path)
        found += answer[name]
        after = answer["next"]
    return found


async def _cases(api: Api, found: _Findings) -> None:
    """The open ones show a clock in every state."""
    waiting = await _pages(api, "coordinator", "/reception/cases?status=open&kind=allocated", "cases")
    found.equal("inbox: open allocations", len(waiting), OPEN)
    days = [case["days_left"] for case in waiting]
    states: Mapping[str, bool] = {
        "late": any(n < 0 for n in days),
        "due today": 0 in days,
        "due within a week": any(0 < n <= 7 for n in days),
        "with more than a month": any(n > 30 for n in days),
    }
    for state, there in states.items():
        found.equal(f"inbox: has a case {state}", there, True)


async def _alerts(api: Api) -> list[str]:
    """Every allocation is in the inbox once; no mail is on its way or failed; both services count alike."""
    found = _Findings()
    cases = Counter(
        c["case"] for c in await _pages(api, "coordinator", "/reception/cases?status=all&kind=allocated", "cases")
    )
    unread = await _pages(api, "coordinator", "/notifications/inbox?show=open", "items")
    read = await _pages(api, "coordinator", "/notifications/inbox?show=done", "items")
    read = [item for item in read if item["rule"] == "allocation-received"]
    alerts = Counter(item["about"] for item in [*unread, *read] if item["rule"] == "allocation-received")
    found.equal("notifications: allocations without an alert", (cases - alerts).total(), 0)
    found.equal("notifications: alerts too many", (alerts - cases).total(), 0)
    counts = (await api.get("coordinator", "/notifications/deliveries"))["counts"]
    for state in ("collecting", "waiting", "failed"):
        found.equal(f"notifications: mail {state}", counts.get(state, 0), 0)
    page = await api.get("coordinator", f"/reporting/dashboard.json?year={YEAR}")
    rows = {(row["rule"], row["channel"]): row for row in page["notifications"]}
    inbox = rows.get(("allocation-received", "inbox"), {})
    found.equal("dashboard: alerts", inbox.get("sent"), cases.total())
    found.equal("dashboard: alerts read", inbox.get("acknowledged"), len(read))
    mails = await _pages(api, "coordinator", "/notifications/deliveries?status=sent", "items")
    counted = sum(row["sent"] for (_, channel), row in rows.items() if channel == "email")
    found.equal("dashboard: mails", counted, sum(mail["notifications"] for mail in mails))
    return found.wrong


async def _nominations(api: Api) -> list[str]:
    found = _Findings()
    items = await _pages(api, "secretary", f"/awards/nominations?year={YEAR}", "items")
    found.equal("awards: nominations", len(items), NOMINATIONS)
    found.equal("awards: kinds of nominees", len({item["nominee_kind"] for item in items}), KINDS)
    page = await api.get("coordinator", f"/reporting/dashboard.json?year={YEAR}")
    found.equal("dashboard: nominations", page["nominations"]["nominations"], NOMINATIONS)
    prize = await api.get("secretary", f"/awards/prizes/{YEAR}")
    found.equal("awards: the prize", (prize["phase"], len(prize["laureates"])), ("published", LAUREATES))
    unread = [len([i for i in (await api.get(j, "/awards/jury"))["items"] if i["unread"]]) for j in JURY]
    found.equal("awards: what the jury has to read", unread, UNREAD)
    return found.wrong
