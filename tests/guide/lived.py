"""A town in which the year has been played, and what its pages are called: something worth seeing on every one."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from playwright.async_api import Page, expect

from deploy.local.identity.provider import read_people
from deploy.local.year.published import DATA
from shared.web.texts import TOWN
from tests.guide.shots import Stage
from tests.journeys.people import People, household
from tests.waiting import until

_HEAD = "Anvisningsnummer;Kategori;Beslutsdatum;Kvotår;Namn;Födelsedatum;Kön"


async def worth_seeing(people: People) -> dict[str, str]:
    """What has to be added to the year, and name -> id for the paths of the shots."""
    found = await _cases(people) | await _prize(people)
    found |= await _imported(people, found["waiting_number"])
    month = {"key": str(uuid4()), "month": f"{datetime.now(TOWN):%Y-%m}-01"}
    drawn = await people.ask("auditor", "POST", "/reception/forms/looks/draw", data=month)
    assert drawn.status_code == 303, drawn.text
    table = (DATA / "migrationsverket_kommuntal_2018_kalmar_lan.csv").read_bytes()
    said = {"year": "2018", "published_on": "2019-02-15"}
    sent = await people.ask("coordinator", "POST", "/reporting/published", files={"file": ("t.csv", table)}, data=said)
    assert sent.status_code in {200, 201}, sent.text
    await people.agreed(90)
    told = await people.get("coordinator", "/notifications/inbox")
    mails = await until(
        lambda: people.get("coordinator", "/notifications/deliveries?status=sent"),
        lambda seen: seen["items"],
        seconds=60,
    )
    return found | {"notification": told["items"][0]["id"], "id": mails["items"][0]["mail"]}


@dataclass(frozen=True)
class _Case:
    said: dict[str, Any]

    @property
    def going_on(self) -> list[dict[str, Any]]:
        return [one for one in self.said["plans"] if not one["ended_on"] and one["activities"]]

    @property
    def ended(self) -> list[dict[str, Any]]:
        return [one for one in self.said["plans"] if one["ended_on"]]

    @property
    def rich(self) -> bool:
        open_case = not self.said["closed"] and self.said["household"] > 2
        return bool(open_case and self.going_on and self.said["homes"] and self.said["contacts"])


async def _cases(people: People) -> dict[str, str]:
    listed = (await people.get("caseworker", "/reception/cases?status=all&limit=500"))["cases"]
    seen = [_Case(await people.get("caseworker", f"/reception/cases/{one['case']}")) for one in listed]
    rich = max((case for case in seen if case.rich), key=lambda case: len(case.said["contacts"]))
    closed = next(case for case in seen if case.said["closed"] and case.ended)
    waiting = (await people.get("coordinator", "/reception/cases?status=open&kind=allocated"))["cases"]
    untouched = next(one for one in waiting if not one["arrived"] and one["days_left"] > 0)
    going_on = rich.going_on[0]
    return {
        "case": rich.said["case"],
        "number": rich.said["allocation_number"] or rich.said["case"],
        "housing": rich.said["homes"][0]["housing"],
        "contact": rich.said["contacts"][0]["contact"],
        "plan": going_on["plan"],
        "activity": going_on["activities"][0]["activity"],
        "closed": closed.said["case"],
        "ended": closed.said["case"],
        "ended_plan": closed.ended[0]["plan"],
        "waiting": untouched["case"],
        "waiting_number": untouched["allocation_number"],
        "secret": await _secret(people),
    }


async def _secret(people: People) -> str:
    """A household that is waited for, one of them under a protected identity; the caseworker has it."""
    body = household(await people.today(), 2, "Edit Provberg")
    body["allocation_number"] = "MIV-2019-00900"
    body["persons"][1]["protected_identity"] = "secrecy-marked"
    return str((await people.give(await people.post("coordinator", "/reception/allocations", body)))["case"])


async def _prize(people: People) -> dict[str, str]:
    came = (await people.get("secretary", "/awards/nominations"))["items"]
    new = next(one for one in came if one["standing"] == "new")
    unread = (await people.get("jury", "/awards/jury"))["items"]
    asked = [await people.ask("service", "GET", f"/awards/nominations/{one['nomination']}/receipt") for one in came]
    receipt = next(answer.json() for answer in asked if answer.status_code == 200)
    path = f"/awards/nominations/{unread[0]['nomination']}"
    juror = await _second_juror(people)
    version = int((await people.ask(juror, "GET", path.replace("nominations", "jury"))).headers["etag"].strip('"'))
    await people.post(juror, f"{path}/recusal", {"reason": "own-organisation"}, version=version)
    (recusal,) = (await people.get("secretary", path))["recusals"]
    return {
        "juror": recusal["juror"],
        "new_nomination": new["nomination"],
        "reference": receipt["reference"],
        "link": receipt["link"].partition("=")[2],
        "nomination": unread[0]["nomination"],
    }


async def _second_juror(people: People) -> str:
    """Somebody of the jury who is not the one of the pictures, as whom `people` can ask from now on."""
    _, sub, *_ = (person["sub"] for person in read_people().values() if "jury" in person["roles"])
    sign_in = f"{people.town.addresses.identity}/identity/demo-token"
    people.tokens[sub] = (await people.http.post(sign_in, json={"sub": sub})).json()["access_token"]
    return sub


async def _imported(people: People, known: str) -> dict[str, str]:
    """A file with a new household, one with a wrong day, and one that we have otherwise."""
    rows = (
        "MIV-2019-00901;Kvot;2019-02-25;2019;Saga Provsten;1980-02-03;Kvinna",
        "MIV-2019-00901;Kvot;2019-02-25;2019;Per Provsten;2011-09-14;Man",
        "MIV-2019-00902;Kvot;2019-02-25;2019;Ada Provholm;1990-13-01;Kvinna",
        f"{known};Kvot;2019-02-20;2019;Ivar Provlund;1976-05-30;Man",
    )
    content = "\n".join((_HEAD, *rows, ""))
    sent = await people.ask("coordinator", "POST", "/reception/imports", files={"file": ("anvisningar.csv", content)})
    made = sent.json()["import"]
    path = f"/reception/imports/{made}"
    await until(lambda: people.get("coordinator", path), lambda seen: seen["state"] == "done", what="the import's end")
    (conflict,) = (await people.get("coordinator", f"{path}/conflicts"))["conflicts"]
    return {"import_id": made, "conflict": conflict["conflict"]}


async def broken(people: People, page: Page) -> dict[str, str]:
    """A record that is none of ours stands in a topic: every consumer of it has held it, and the page shows so."""
    producer = AIOKafkaProducer(bootstrap_servers=people.town.addresses.kafka)
    await producer.start()
    await producer.send_and_wait("landa.reception", b"not an event of ours")
    await producer.stop()
    await page.goto("/reporting/services")
    await expect(page.locator(".alarms li:has(a[href='#held'])")).to_have_count(2)
    link = page.locator("a[href^='/reporting/operations/confirm/discard']").first
    target = re.sub(r"^.*/confirm/", "", str(await link.get_attribute("href")))
    return {"discard": target}


async def closed(people: People, page: Page) -> dict[str, str]:
    """Nominations for the next prize have closed."""
    (people.town.where.state / "clock").write_text("2019-04-03T08:00:00+02:00")
    await expect_phase(people, "closed")
    return {}


async def proposed(people: People, page: Page) -> dict[str, str]:
    """The jury has proposed the nominee of its highest points."""
    await _prize_goes_on(people, "proposal", {"nominations": [(await _first(people))]})
    return {}


async def decided(people: People, page: Page) -> dict[str, str]:
    """The board has decided as the jury proposed."""
    await _prize_goes_on(people, "decision", {"laureates": [(await _first(people))], "decided_on": "2019-04-02"})
    return {}


async def expect_phase(people: People, phase: str) -> None:
    await until(lambda: people.get("secretary", "/awards/prizes/2019"), lambda seen: phase in str(seen), what=phase)


async def _first(people: People) -> str:
    items = (await people.get("jury", "/awards/jury?year=2019"))["items"]
    return str(next(one["nomination"] for one in items if not one["unread"]))


async def _prize_goes_on(people: People, step: str, body: dict[str, Any]) -> None:
    answer = await people.ask("secretary", "GET", "/awards/prizes/2019")
    version = int(answer.headers["etag"].strip('"'))
    await people.post("secretary", f"/awards/prizes/2019/{step}", body, version=version)


# what makes a stage of the one before: a person's page and what the paths may name from then on
MAKES: dict[Stage, Callable[[People, Page], Awaitable[dict[str, str]]]] = {
    "broken": broken,
    "closed": closed,
    "proposed": proposed,
    "decided": decided,
}
