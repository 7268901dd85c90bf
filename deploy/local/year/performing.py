"""The player itself: does the plan's steps day by day through the public API, and moves the town's clock."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as hour
from pathlib import Path
from typing import Any, assert_never
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from deploy.local.identity.provider import read_people
from deploy.local.year import files, plan, prize
from deploy.local.year.api import Api, No
from deploy.local.year.households import Person
from deploy.local.year.ledger import Ledger, write_whole
from deploy.local.year.published import published
from deploy.local.year.steps import (
    Acknowledge,
    Announce,
    Arrive,
    Assess,
    Cancel,
    Correct,
    Decide,
    Give,
    Household,
    Import,
    Join,
    Judge,
    LookIn,
    Nominate,
    Notify,
    OfPrize,
    SetQuota,
    SignIn,
    Step,
    Work,
)

_KEYS = UUID("0d7c3f0e-5b7a-5c55-9f5e-2f0c4a7d2018")
_AT_ONCE = 4
_OF_CASES = Arrive | Correct | Cancel | Give | Work
# how long a new file waits for its alerts, so that the coordinator can read them; without Kafka the year goes on
_ALERT_SECONDS = 3.0
Tell = Callable[[dict[str, Any]], None]


@dataclass
class Player:
    """`tell` hears of every day, and what could not be done. `pace`: seconds for the year; 0 = at once."""

    api: Api
    ledger: Ledger
    clock: Path
    files: Path
    tell: Tell
    pace: float = 0.0
    _given: list[Give] = field(default_factory=list)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def play(self, year: plan.Plan) -> None:
        self._given = [step for step in year.steps() if isinstance(step, Give)]
        days = [(day, phases) for day, phases in year.days if not all(self._done(p) for p in phases)]
        began, first = time.monotonic(), days[0][0] if days else plan.LAST_DAY
        whole = (plan.LAST_DAY - plan.FIRST_DAY).days
        sizes = {h.key: len(h.persons) for s in year.steps() for h in _households(s)}
        for day, phases in days:
            await asyncio.sleep(began + self.pace * (day - first).days / whole - time.monotonic())
            self._set_clock(day)
            for phase in phases:
                await asyncio.gather(*(self._perform(step) for step in phase if step.key not in self.ledger))
            received = self._received(year, day, sizes)
            self.tell({"day": day.isoformat(), "received": received, "of": year.persons})
        self._set_clock(plan.LAST_DAY)

    def _done(self, phase: tuple[Step, ...]) -> bool:
        return all(step.key in self.ledger for step in phase)

    def _set_clock(self, day: date) -> None:
        """Eight in the morning of `day`; the town never goes back."""
        now = datetime.combine(day, hour(8), ZoneInfo("Europe/Stockholm"))
        try:
            if datetime.fromisoformat(self.clock.read_text().strip()) >= now:
                return
        except (OSError, ValueError):
            pass
        write_whole(self.clock, now.isoformat().encode())

    def _received(self, year: plan.Plan, day: date, sizes: dict[str, int]) -> int:
        there: dict[str, int] = {}
        for step in year.steps():
            if step.day > day:
                break
            if isinstance(step, Arrive):
                more = sizes[step.household] if step.members is None else len(step.members)
                there[step.household] = min(sizes[step.household], there.get(step.household, 0) + more)
            elif isinstance(step, Correct) and step.arrived_on is None:
                there[step.household] -= len(step.members)
        return sum(there.values())

    async def _perform(self, step: Step) -> None:
        async with self._gate:
            try:
                answer = await self._command(step, uuid5(_KEYS, step.key))
            except No as no:
                # somebody tried the town out on the same household or prize: theirs stands, and the year goes on
                if not (isinstance(step, _OF_CASES | OfPrize) and no.status in {404, 409, 422}):
                    raise
                self.tell({"note": f"{step.key} was left out, because somebody else changed it: {no.code}"})
                answer = {"refused": no.code}
            self.ledger.add(step.key, answer)

    async def _command(self, step: Step, key: UUID) -> dict[str, Any]:
        match step:
            case SetQuota():
                body = {"quota_year": step.year, "target": step.target, "decided_on": step.decided_on.isoformat()}
                return await self.api.post("coordinator", "/reception/quotas", key, body)
            case Import():
                return await self._import(step, key)
            case Notify(household=home):
                people = [_person(person) for person in home.persons]
                body = {"category": home.category, "notified_on": home.decided_on.isoformat(), "persons": people}
                return await self.api.post("coordinator", "/reception/settlement-notices", key, body)
            case Cancel():
                path = "/reception/allocations/{case}/cancellation"
                return await self._change("coordinator", path, step.household, key, {"reason": "declined"})
            case Arrive():
                body = {"arrived_on": step.arrived_on.isoformat()}
                path = "/reception/cases/{case}/arrivals"
                return await self._change("coordinator", path, step.household, key, body, step.members)
            case Correct():
                arrived = step.arrived_on.isoformat() if step.arrived_on else None
                path = "/reception/cases/{case}/arrival-corrections"
                body = {"arrived_on": arrived, "reason": step.reason}
                return await self._change("coordinator", path, step.household, key, body, step.members)
            case Give():
                return await self._give(step, key)
            case Work():
                return await self._work(step, key)
            case Nominate():
                said = {name: getattr(step, name) for name in ("nominee", "citation", "nominator", "email", "language")}
                body = said | {"prize": "integration", "prize_year": step.year, "nominee_kind": step.kind}
                return await self.api.post("secretary", "/awards/nominations", key, body)
            case Announce() | Assess() | Join() | SignIn() | LookIn() | Judge() | Decide():
                return await prize.perform(self.api, self.ledger, step, key)
            case Acknowledge():
                return await self.api.post("coordinator", "/notifications/inbox/acknowledge", key, {})
            case _:
                assert_never(step)

    async def _change(
        self,
        role: str,
        path: str,
        household: str,
        key: UUID,
        body: dict[str, Any],
        members: tuple[int, ...] | None = None,
    ) -> dict[str, Any]:
        """A change to a case in the version that it has now; somebody else's change in between means looking again."""
        case = self.ledger[household]["case"]
        while True:
            seen = await self.api.get(role, f"/reception/cases/{case}")
            if members is not None:
                body = {**body, "persons": [seen["persons"][place]["person"] for place in members]}
            try:
                return await self.api.post(role, path.format(case=case), key, body, version=seen["version"])
            except No as no:
                if no.status != 412:
                    raise

    async def _give(self, step: Give, key: UUID) -> dict[str, Any]:
        """Whoever gets a case has been there once: that is how reception knows its colleagues."""
        who = _colleague(step.to)
        await self.api.get(who["sub"], "/reception/work")
        body = {"caseworker": who["sub"], "unit": who["unit"], "reason": "first"}
        return await self._change("coordinator", "/reception/cases/{case}/assignment", step.household, key, body)

    async def _work(self, step: Work, key: UUID) -> dict[str, Any]:
        to = next(s.to for s in self._given if s.household == step.household)
        role, path = _colleague(to)["sub"], "/reception/cases/{case}/" + _PATHS[step.what]
        if step.what in {"follow-up", "end"}:
            path = path.replace("{plan}", self.ledger[f"plan {step.household} {step.member}"]["plan"])
        body = json.loads(json.dumps(step.said, default=str))
        if step.what == "plan" and step.member is not None:
            seen = await self.api.get(role, f"/reception/cases/{self.ledger[step.household]['case']}")
            body["person"] = seen["persons"][step.member]["person"]
        return await self._change(role, path, step.household, key, body)

    async def _import(self, file: Import, key: UUID) -> dict[str, Any]:
        """Sends the file, waits until it is read to its end, and remembers which case each household is."""
        kept = self.files / file.name
        if not kept.exists():
            write_whole(kept, files.content(file))
        sent = await self.api.post("coordinator", "/reception/imports", key, file=(file.name, kept.read_bytes()))
        path = f"/reception/imports/{sent['import']}"
        while (seen := await self.api.get("coordinator", path))["state"] in {"waiting", "working"}:
            await asyncio.sleep(0.03)
        rows = (await self.api.get("coordinator", f"{path}/rows"))["rows"]
        cases = {row["allocation_number"]: row["case"] for row in rows if row["case"]}
        wrong = sorted({f"line {row['line']}: {row['code']}" for row in rows if row["outcome"] == "refused"})
        if seen["state"] != "done" or wrong or len(cases) != len(file.households):
            raise RuntimeError(f"{file.name} was not taken as it is: {seen['state']}, {seen['reason']}, {wrong}")
        for number, case in cases.items():
            if number not in self.ledger:
                self.ledger.add(number, {"case": case})
        await self._alerts(set(cases.values()))
        return {"import": sent["import"]}

    async def _alerts(self, cases: set[str]) -> None:
        end = time.monotonic() + _ALERT_SECONDS
        while time.monotonic() < end:
            items = (await self.api.get("coordinator", "/notifications/inbox"))["items"]
            if cases <= {item["about"] for item in items}:
                return
            await asyncio.sleep(0.05)


_PATHS = {
    "home": "housing",
    "contact": "contacts",
    "plan": "plans",
    "follow-up": "plans/{plan}/follow-up",
    "end": "plans/{plan}/end",
    "close": "closing",
}


def _colleague(name: str) -> dict[str, Any]:
    return next(person for person in read_people().values() if person["name"] == name)


def _households(step: Step) -> tuple[Household, ...]:
    match step:
        case Import():
            return step.households
        case Notify():
            return (step.household,)
    return ()


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "birth_date": person.born.isoformat(),
        "sex": person.sex,
        "personal_identity_number": person.number,
        "dossier_number": person.dossier,
        "citizenship": person.citizenship,
        "language": person.language,
        "interpreter_needed": person.interpreter,
        "protected_identity": person.protected,
        "unaccompanied_minor": person.minor,
    }


async def perform(public_url: str, identity: str, clock: Path, pace: float) -> None:
    """The whole year, from wherever it stands. Prints a line of JSON for every day that is done."""
    year = plan.plan(plan.SEED, published())
    ledger = Ledger(clock.with_name("played.jsonl"), year)

    def tell(news: dict[str, Any]) -> None:
        print(json.dumps(news), flush=True)

    async with Api(public_url, identity) as api:
        await Player(api, ledger, clock, clock.with_name("allocation-files"), tell, pace).play(year)
