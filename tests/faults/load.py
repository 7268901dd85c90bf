"""Eight people at work at once while things break, who write down what they were answered.

Every command has its own key and one of three outcomes: acknowledged (2xx), refused (4xx, 503, or nobody listened) and
unknown (504, 502, no answer in time, connection lost). `settle` repeats what is unknown with its key until it is known.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import httpx

from deploy.verify import Deed, Outcome
from tests.journeys.people import People, household
from tests.waiting import until

REASONS = ("declined", "settled-elsewhere", "decision-withdrawn")


@dataclass
class Case:
    """A household as its caseworker knows it."""

    id: str
    persons: list[str]
    version: int
    arrived: int = 0


@dataclass(eq=False)
class Wish:
    """A command, kept with its key; `answers` are all that came for it."""

    role: str
    path: str
    body: Any
    subject: str | None = None
    version: int | None = None
    key: UUID = field(default_factory=uuid4)
    outcome: Outcome = Outcome.UNKNOWN
    answers: list[httpx.Response] = field(default_factory=list)

    @property
    def answer(self) -> httpx.Response:
        return self.answers[-1]


class Load:
    """`async with Load(people, seed) as load:` works until the block ends.

    `longest` is the longest time to an answer in seconds, `late` how often none came in `patience` seconds, `broken`
    what an answer may never be.
    """

    def __init__(
        self, people: People, seed: int = 0, *, clients: int = 8, pause: float = 0.15, patience: float = 5.0
    ) -> None:
        self._people, self._seed, self._clients, self._pause = people, seed, clients, pause
        self._http = httpx.AsyncClient(timeout=patience)
        self._working = False
        self.wishes: list[Wish] = []
        self.longest, self.late = 0.0, 0
        self.broken: list[str] = []

    async def __aenter__(self) -> Self:
        for role in ("coordinator", "secretary"):
            await self._people.token(role)
        self._today = await self._people.today()
        self._working = True
        self._tasks = [asyncio.create_task(self._client(n)) for n in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._working = False
        await asyncio.gather(*self._tasks)

    def count(self) -> Counter[Outcome]:
        """Commands by outcome, as it was before anything was repeated or is now."""
        return Counter(wish.outcome for wish in self.wishes)

    async def acknowledged(self, more: int) -> None:
        """Waits until that many more commands were answered 2xx: proof that work goes on."""
        wanted = self.count()[Outcome.ACKNOWLEDGED] + more
        await until(lambda: asyncio.sleep(0.05, self.count()[Outcome.ACKNOWLEDGED]), lambda n: n >= wanted, seconds=60)

    async def _client(self, number: int) -> None:
        chance = random.Random(self._seed * 1000 + number)
        cases: list[Case] = []
        while self._working:
            await self._act(chance, cases)
            await asyncio.sleep(chance.random() * 2 * self._pause)

    async def _act(self, chance: random.Random, cases: list[Case]) -> None:
        turn = chance.random()
        if turn < 0.08:
            await self._nominate(chance)
        elif turn < 0.12:
            await self._import(chance)
        elif turn < 0.45 or not cases:
            await self._allocate(chance, cases)
        else:
            await self._change(chance, cases, chance.choice(cases))

    async def _allocate(self, chance: random.Random, cases: list[Case]) -> None:
        body = household(self._today, chance.randint(1, 4))
        wish = await self._do(Wish("coordinator", "/reception/allocations", body))
        if wish.outcome is Outcome.ACKNOWLEDGED:
            data = wish.answer.json()
            cases.append(Case(data["case"], data["persons"], _version(wish.answer)))

    async def _change(self, chance: random.Random, cases: list[Case], case: Case) -> None:
        day = self._today - timedelta(days=chance.randint(1, 6))
        path = f"/reception/cases/{case.id}"
        role = "coordinator"
        if not case.arrived and chance.random() < 0.2:
            path, role = f"/reception/allocations/{case.id}/cancellation", "coordinator"
            body: dict[str, Any] = {"reason": chance.choice(REASONS)}
        elif not case.arrived:
            path, body = f"{path}/arrivals", {"arrived_on": day.isoformat()}
        else:
            body = {"arrived_on": day.isoformat(), "reason": "wrong-date", "persons": [chance.choice(case.persons)]}
            path = f"{path}/arrival-corrections"
        case.arrived += 1
        wish = await self._do(Wish(role, path, body, case.id, case.version))
        if wish.outcome is Outcome.ACKNOWLEDGED:
            case.version = _version(wish.answer)
        if wish.outcome is Outcome.UNKNOWN or case.arrived > 3 or "cancellation" in path:
            cases.remove(case)
        elif wish.outcome is Outcome.REFUSED:
            case.arrived -= 1

    async def _nominate(self, chance: random.Random) -> None:
        words = {
            "nominee": "Tuva Hallonstig",
            "nominator": "Edvin Mosslund",
            "citation": "Hjälper alla i huset. " * 3,
        }
        body = {"prize": "integration", "nominee_kind": chance.choice(["person", "group", "company"]), **words}
        await self._do(Wish("secretary", "/awards/nominations", body))

    async def _import(self, chance: random.Random) -> None:
        rows = [household(self._today, chance.randint(1, 3)) for _ in range(chance.randint(2, 5))]
        await self._do(Wish("coordinator", "/reception/imports", rows))

    async def _do(self, wish: Wish) -> Wish:
        self.wishes.append(wish)
        wish.outcome = await self._once(wish)
        return wish

    async def _once(self, wish: Wish) -> Outcome:
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._people.tokens[wish.role]}",
            "idempotency-key": str(wish.key),
        }
        if wish.version is not None:
            headers["if-match"] = f'"{wish.version}"'
        loop = asyncio.get_running_loop()
        begun = loop.time()
        url = self._people.town.addresses.public_url + wish.path
        try:
            answer = await self._http.post(url, json=wish.body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Outcome.REFUSED
        except httpx.TransportError as error:
            self.late += isinstance(error, httpx.ReadTimeout)
            return Outcome.UNKNOWN
        finally:
            self.longest = max(self.longest, loop.time() - begun)
        wish.answers.append(answer)
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            self.broken.append(f"503 without Retry-After: {wish.path}")
        if answer.status_code in (502, 504):
            return Outcome.UNKNOWN
        if answer.status_code >= 500 and answer.status_code != 503:
            said = f"{answer.text[:300]} {dict(answer.headers)}"
            self.broken.append(f"{answer.status_code} {wish.path} {said}")
            return Outcome.UNKNOWN
        return Outcome.ACKNOWLEDGED if answer.status_code < 300 else Outcome.REFUSED

    async def settle(self, seconds: float = 40) -> None:
        """Afterwards nothing is unknown, and whatever is asked again is answered as it was the first time."""
        unknown = [wish for wish in self.wishes if wish.outcome is Outcome.UNKNOWN]

        for wish in unknown:
            await self._until_known(wish, seconds)
        done = [wish for wish in self.wishes if wish.outcome is Outcome.ACKNOWLEDGED]
        again = [wish for wish in unknown if wish.outcome is Outcome.ACKNOWLEDGED]
        again += random.Random(self._seed).sample(done, min(10, len(done)))
        for wish in again:
            first = wish.answer
            await self._until_known(wish, seconds)
            same = (first.status_code, first.json()) == (wish.answer.status_code, wish.answer.json())
            if not same or "idempotent-replayed" not in wish.answer.headers:
                self.broken.append(f"another answer: {wish.path} {first.text} then {wish.answer.text}")
        await self._imports_are_done(seconds)

    async def _until_known(self, wish: Wish, seconds: float) -> None:
        async def look() -> Outcome:
            outcome = await self._once(wish)
            away = outcome is Outcome.REFUSED and (not wish.answers or wish.answer.status_code == 503)
            return Outcome.UNKNOWN if away else outcome

        wish.outcome = await until(look, lambda now: now is not Outcome.UNKNOWN, seconds=seconds, what="an answer")

    async def _imports_are_done(self, seconds: float) -> None:
        for wish in self.wishes:
            if wish.path == "/reception/imports" and wish.outcome is Outcome.ACKNOWLEDGED:
                path = f"/reception/imports/{wish.answer.json()['import']}/rows"
                rows = await until(
                    lambda p=path: self._people.get("coordinator", p),
                    lambda found, w=wish: len(found["rows"]) == len(w.body),
                    seconds=seconds,
                )
                if {row["outcome"] for row in rows["rows"]} != {"accepted"}:
                    self.broken.append(f"an import was not taken in: {rows}")

    async def close(self) -> None:
        with suppress(httpx.HTTPError):
            await self._http.aclose()

    def deeds(self) -> list[Deed]:
        """What the checker holds the town to."""
        return [_deed(wish) for wish in self.wishes]


def _version(answer: httpx.Response) -> int:
    return int(answer.headers["etag"].strip('"'))


def _deed(wish: Wish) -> Deed:
    subject, version = wish.subject, None
    if wish.outcome is Outcome.ACKNOWLEDGED:
        data = wish.answer.json()
        subject = subject or data.get("case") or data.get("nomination")
        version = _version(wish.answer) if "etag" in wish.answer.headers else None
    return Deed(wish.key, "POST " + wish.path, wish.outcome, UUID(subject) if subject else None, version)
