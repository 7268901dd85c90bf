"""People who use the town through its one address: bearer tokens from its sign-in, commands with keys of their own."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.identity.provider import read_people
from deploy.local.town import Town
from tests.waiting import until


@dataclass
class People:
    """`as_(role)` answers requests as one of the demo's people. Everything goes through the front."""

    town: Town
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, role: str) -> str:
        if role not in self.tokens:
            sign_in = f"{self.town.addresses.identity}/identity"
            if role == "service":
                answer = await self.http.post(
                    f"{sign_in}/token",
                    data={"grant_type": "client_credentials"},
                    auth=("reporting", self.town.secrets.client_secrets["reporting"]),
                )
            else:
                answer = await self.http.post(f"{sign_in}/demo-token", json={"role": role})
            answer.raise_for_status()
            self.tokens[role] = answer.json()["access_token"]
        return self.tokens[role]

    async def ask(self, role: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"accept": "application/json", "authorization": f"Bearer {await self.token(role)}"}
        if method != "GET":
            headers["idempotency-key"] = str(uuid4())
        headers |= more.pop("headers", {})
        return await self.http.request(method, self.town.addresses.public_url + path, headers=headers, **more)

    async def get(self, role: str, path: str, **more: Any) -> Any:
        answer = await self.ask(role, "GET", path, **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    async def post(self, role: str, path: str, body: Any, *, version: int | None = None, key: str | None = None) -> Any:
        """A command, repeated with its key while its outcome is unknown or the service is away."""
        headers = {"idempotency-key": key or str(uuid4())}
        if version is not None:
            headers["if-match"] = f'"{version}"'

        async def once() -> httpx.Response:
            return await self.ask(role, "POST", path, json=body, headers=headers)

        answer = await until(once, lambda a: a.status_code < 500, seconds=40, what=f"an answer of {path}")
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.json() | {"version": int(answer.headers["etag"].strip('"')) if "etag" in answer.headers else None}

    async def today(self) -> date:
        return date.fromisoformat(Path(self.town.addresses.clock_file).read_text()[:10])

    async def now(self) -> datetime:
        """The town's moment, by its clock."""
        return datetime.fromisoformat(Path(self.town.addresses.clock_file).read_text())

    async def wait_until(self, moment: datetime) -> None:
        """The town's clock goes on to `moment`, never back."""
        if moment > await self.now():
            Path(self.town.addresses.clock_file).write_text(moment.isoformat())

    async def announce(self, year: int, minutes: int) -> datetime:
        """A prize of its own year, open for so many minutes of the town's clock; when it closes."""
        closes = await self.now() + timedelta(minutes=minutes)
        calendar = {"opens_at": "2018-01-01T00:00:00", "closes_at": closes.isoformat(), "ceremony_on": "2018-09-03"}
        await self.post("secretary", "/awards/prizes", {"prize_year": year} | calendar)
        return closes

    async def withhold(self, year: int) -> None:
        """A closed prize of which nobody proposed anybody comes to its end, so that it is nobody's work any more."""
        path, today = f"/awards/prizes/{year}", (await self.today()).isoformat()
        edition = await self.ask("secretary", "GET", path)
        version = int(edition.headers["etag"].strip('"'))
        decision = {"withheld": "no-eligible-nominee", "decided_on": today}
        for step, body in (("proposal", {"withhold": True}), ("decision", decision), ("publication", {})):
            version = (await self.post("secretary", f"{path}/{step}", body, version=version))["version"]

    async def allocate(self, persons: int = 2, **more: Any) -> dict[str, Any]:
        """A household is allocated; the answer has `case`, `persons`, `version`."""
        today = await self.today()
        body = household(today, persons) | more
        return await self.post("coordinator", "/reception/allocations", body)

    async def arrive(self, case: dict[str, Any], on: date | None = None) -> dict[str, Any]:
        """Everybody of the household arrives today."""
        day = (on or await self.today()).isoformat()
        path = f"/reception/cases/{case['case']}/arrivals"
        return case | await self.post("coordinator", path, {"arrived_on": day}, version=case["version"])

    async def give(self, case: dict[str, Any], role: str = "caseworker") -> dict[str, Any]:
        """The first of `role` gets the case, once they have been here."""
        who = next(person for person in read_people().values() if role in person["roles"])
        assert (await self.ask(role, "GET", "/reception/work", headers={"accept": "text/html"})).status_code == 200
        body = {"caseworker": who["sub"], "unit": who["unit"], "reason": "first"}
        path = f"/reception/cases/{case['case']}/assignment"
        return case | await self.post("coordinator", path, body, version=case["version"])

    async def agreed(self, seconds: float = 40) -> dict[str, Any]:
        """The dashboard, once reporting's figures agree with reception's at its newest position."""

        async def both() -> tuple[Any, Any]:
            badge = await self.get("council", "/reporting/reconciliation")
            return badge, await self.get("service", "/reception/figures")

        def same(pair: tuple[Any, Any]) -> bool:
            badge, figures = pair
            return badge["state"] == "agrees" and badge["position"] == figures["position"]

        await until(both, same, seconds=seconds, what="agreement between reporting and reception")
        return await self.get("coordinator", "/reporting/dashboard.json")

    async def quiet_hour(self) -> None:
        """As if no mail had gone out in the last hour: otherwise a busy mailbox collects for ten minutes."""
        connection = await asyncpg.connect(self.town.addresses.databases["notifications"])
        try:
            await connection.execute("update notifications.mail set composed_at = composed_at - interval '2 hours'")
        finally:
            await connection.close()

    async def inbox(self) -> list[dict[str, Any]]:
        """Every open item of the coordinators' inbox, page by page."""
        items: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.get("coordinator", f"/notifications/inbox{after}")
            items += page["items"]
            if page["next"] is None:
                return items
            after = f"?{urlencode({'after': page['next']})}"

    async def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.town.addresses.sinks}/mail/messages.json", params={"to": to} if to else {})
        return answer.json()["messages"] if isinstance(answer.json(), dict) else answer.json()


async def peopled(town: Town, http: httpx.AsyncClient) -> People:
    """People in a new town, in the middle of June, with a quota and a prize that is open all year."""
    found = People(town, http)
    (town.where.state / "clock").write_text("2018-06-15T09:00:00+02:00")
    year = {"quota_year": 2018, "target": 110, "decided_on": "2017-11-15"}
    await found.post("coordinator", "/reception/quotas", year, key="01890000-0000-7000-8000-000000000001")
    calendar = {"opens_at": "2018-01-01T00:00:00", "closes_at": "2019-01-01T00:00:00", "ceremony_on": "2019-01-28"}
    prize = {"prize_year": 2018} | calendar
    await found.post("secretary", "/awards/prizes", prize, key="01890000-0000-7000-8000-000000000002")
    return found


def new_number(prefix: str) -> str:
    """Of an allocation: it has a digit, and no run of them, which could be somebody's personal number."""
    return f"{prefix}-1{uuid4().hex[:12].translate(str.maketrans('0123456789', 'ghijklmnop'))}".upper()


def household(today: date, persons: int = 2, name: str = "Saga Provsten") -> dict[str, Any]:
    """An allocation with `persons` invented members, decided ten days before `today`."""
    return {
        "allocation_number": new_number("TEST"),
        "category": "agency-accommodation",
        "decided_on": (today - timedelta(days=10)).isoformat(),
        "quota_year": today.year,
        "persons": [
            {"name": f"{name} {n}", "birth_date": f"19{70 + n}-03-1{n}", "sex": ("female", "male")[n % 2]}
            for n in range(persons)
        ],
    }
