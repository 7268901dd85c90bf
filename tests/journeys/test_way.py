"""`make trace`: an event's way through the real town, with times that follow one another and without guesses."""

import asyncio
import re
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from deploy.local import __main__ as command
from deploy.local.page import Reader
from deploy.local.supervisor import Claim
from tests.journeys.people import People
from tests.waiting import until

WHOLE = {"request", "committed", "answered", "published", "applied", "page told", "mail handed over"}
STARVED = 2_000  # milliseconds


@asynccontextmanager
async def open_page(people: People, role: str, path: str):
    """Somebody has a page open that listens."""
    headers = {"authorization": f"Bearer {await people.token(role)}"}
    async with people.http.stream("GET", people.town.addresses.public_url + path, headers=headers, timeout=60) as page:
        lines = page.aiter_lines()
        while not (await anext(lines)).startswith("event: ready"):
            pass
        listening = asyncio.create_task(_read(lines))
        yield
        listening.cancel()


async def _read(lines: Any) -> None:
    async for _ in lines:
        pass


async def listening(people: People, service: str) -> int:
    """How many open pages the service knows of, as its metrics say."""
    text = (await people.http.get(people.town.addresses.services[service] + "/metrics")).text
    (found,) = re.findall(r"^landa_pages_open\S*(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    return int(float(found))


async def test_the_way_of_an_event_is_whole_and_in_order(people: People, monkeypatch, capsys) -> None:
    async def ways() -> list[dict[str, Any]]:
        found = await people.http.get(f"{people.town.addresses.sinks}/traces/ways.json", params={"subject": subject})
        return list(found.json()["ways"])

    async def ways_of_a_quiet_hour() -> list[dict[str, Any]]:
        await people.quiet_hour()  # again and again: a mail that still waited for an earlier test makes the hour busy
        return await ways()

    async with open_page(people, "council", "/reporting/events"):
        subject = (case := await people.allocate(2))["case"]

        def whole(found: list[dict[str, Any]]) -> bool:
            return bool(found) and {step["what"] for step in found[0]["steps"]} == WHOLE

        ((way),) = await until(ways_of_a_quiet_hour, whole, seconds=40, what="the whole way")
    assert (way["type"], way["sequence"], way["subject"]) == ("reception.allocation-received.v1", 1, subject)
    first = {}
    for step in way["steps"]:
        first.setdefault((step["what"], step["service"]), step["ms"])
    assert first["request", "reception"] == 0 == min(first.values())
    for service in ("reporting", "notifications"):
        # published is when the word of it came back: a process that waits for the machine hears it later
        assert first["applied", service] > first["committed", "reception"] - STARVED
    assert first["mail handed over", "notifications"] > first["applied", "notifications"]
    assert first["page told", "reporting"] > first["committed", "reception"] - STARVED
    assert not any("mail" in words or "commit" in words for words in way["unseen"])

    await until(lambda: listening(people, "reporting"), lambda n: n == 0, what="nobody has a page open")
    await people.arrive(case)

    def applied(found: list[dict[str, Any]]) -> bool:
        by = {step["service"] for step in found[0]["steps"] if step["what"] == "applied"}
        return len(found) == 2 and by == {"reporting", "notifications"}

    two = await until(ways, applied, what="the second event")
    assert two[0]["type"] == "reception.arrival-registered.v1"
    # an arrival is no mail either: said, not guessed
    assert any("a page of reporting: none was open" in words for words in two[0]["unseen"])
    assert any(words.startswith("a mail: ") for words in two[0]["unseen"])

    claim = Claim(people.town.where.state)
    claim.tell({"sinks": people.town.addresses.sinks})
    monkeypatch.setattr(command, "places", lambda: people.town.where)
    assert await command._trace(subject, way["event"]) == 0
    told = capsys.readouterr().out
    assert "mail handed over" in told and f"EVENT={two[0]['event']}" in told and "acknowledged by Kafka" in told
    assert await command._trace(str(uuid4()), None) == 1
    assert "No span tells" in capsys.readouterr().out
    page = await people.http.get(f"{people.town.addresses.public_url}/traces", params={"subject": subject})
    assert Reader("sv").t("way.title") in page.text and way["event"] in page.text and "Provsten" not in page.text
