"""The operator's page and its commands, on a real database: what is wrong leads, each command is done once and kept."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.reporting import store_figures
from services.reporting.operator.alarms import ORDER, Heard, alarms, flows
from services.reporting.store import apply
from shared import journal
from shared.consumer import Receiver
from shared.contracts.envelope import Fact
from shared.contracts.reception import QuotaSet
from shared.database import Connection
from shared.journal import uuid7
from shared.web.texts import Texts
from tests.reporting.conftest import Reporting, raw
from tests.reporting.year import year_of_2018

HTML = {"accept": "text/html"}
ORIGIN = {"origin": "http://localhost:8400"}
NOW = "2018-06-15T12:00:00+00:00"
EARLIER = "2018-06-15T11:58:00+00:00"


class Sick:
    """Reporting's own projection, with a bug in it for the events in `broken`."""

    def __init__(self, house: Reporting) -> None:
        self.broken: set[UUID] = set()
        self.receiver = Receiver(house.runtime.database, store_figures.consumer(1), self._apply)

    async def _apply(self, tx: Connection, facts: Sequence[Fact]) -> None:
        if any(fact.id in self.broken for fact in facts):
            raise KeyError("Saga Provsten")
        await apply(tx, 1, facts)


@pytest.fixture
async def operator(reporting: Reporting) -> AsyncIterator[httpx.AsyncClient]:
    async with reporting.client("operator") as http:
        http.headers.update(HTML | ORIGIN)
        yield http


async def hidden(http: httpx.AsyncClient, path: str) -> dict[str, str]:
    page = (await http.get(path)).raise_for_status().text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


async def page_of(http: httpx.AsyncClient) -> str:
    return (await http.get("/reporting/services")).raise_for_status().text


async def test_a_held_event_is_seen_and_tried_again_in_order_and_one_is_discarded_for_good(
    reporting: Reporting, operator: httpx.AsyncClient
) -> None:
    facts = year_of_2018()
    histories: dict[UUID, list[Fact]] = {}
    for fact in facts:
        histories.setdefault(fact.subject, []).append(fact)
    first, second = [h for h in histories.values() if len(h) >= 2 and h[0].source == "reception"][:2]
    sick = Sick(reporting)
    sick.broken = {first[0].id, second[0].id}
    await sick.receiver.receive([raw(fact) for fact in facts])
    pool = reporting.runtime.database.pool
    held = {row["event_id"]: row for row in await pool.fetch("select * from held")}
    assert {first[0].id, first[1].id, second[0].id} <= held.keys()

    seen = await page_of(operator)
    assert f"/reporting/operations/confirm/retry?target={held[first[0].id]['id']}" in seen
    assert "2 händelser misslyckades i dashboard/1" in seen
    assert re.search(r"Tjänsten misslyckades[^<]*<br><code[^>]*>KeyError", seen)  # in words, and for who mends it
    assert str(first[0].subject) in seen and "Saga" not in seen
    assert "Tjänsten reception svarar inte." in seen and "Allt flödar" not in seen

    # tried again after the bug was mended: the event and, in order, what waited behind it
    item = held[first[0].id]["id"]
    confirm = f"/reporting/operations/confirm/retry?target={item}"
    form = await hidden(operator, confirm)
    unsaid = await operator.post("/reporting/operations/forms/retry", data=form | {"reason": "x"})
    assert unsaid.status_code == 422 and "Varför gör du det? " in unsaid.text and ">x</textarea>" in unsaid.text
    sick.broken.discard(first[0].id)
    for _ in range(2):  # a double click
        done = await operator.post("/reporting/operations/forms/retry", data=form | {"reason": "felet är rättat nu"})
        assert (done.status_code, done.headers["location"]) == (303, "/reporting/services?done=retry&by=reporting")
    await sick.receiver.retry_due()
    reached = "select sequence from gate where subject = $1"
    assert await pool.fetchval(reached, first[0].subject) == len(first)

    # discarded: the one behind it goes on without it
    item = held[second[0].id]["id"]
    form = await hidden(operator, f"/reporting/operations/confirm/discard?target={item}")
    done = await operator.post("/reporting/operations/forms/discard", data=form | {"reason": "dubblett från provet"})
    assert done.status_code == 303
    await sick.receiver.retry_due()
    assert await pool.fetchval("select count(*) from held where event_id = $1", second[0].id) == 0
    assert await pool.fetchval("select reason from discarded") == "dubblett från provet"

    after = await page_of(operator)
    assert "felet är rättat nu" in after and "dubblett från provet" in after and "Du" in after
    kept = await pool.fetch("select actor, command, target, reason from operator_command order by id")
    assert [(row["actor"], row["command"]) for row in kept] == [("somebody", "retry"), ("somebody", "discard")]
    gone = await operator.get(confirm)
    assert gone.status_code == 409 and "redan hanterad" in gone.text


async def test_quarantine_journal_and_republish_are_done_by_form_and_refused_in_words(
    reporting: Reporting, operator: httpx.AsyncClient
) -> None:
    pool, subject, source = reporting.runtime.database.pool, uuid7(), uuid4()
    async with reporting.runtime.database.transaction() as tx:
        quota = QuotaSet(quota_year=2018, target=1, decided_on="2017-11-15")
        (written,) = await journal.append(tx, subject, 0, [quota], at=await tx.fetchval("select now()"), actor="t")
        await tx.execute("delete from outbox")
        await tx.execute("insert into quarantine values ($1, $2, 'Kafka refuses', now())", subject, written.position)
        epoch = "insert into source_epoch values ('dashboard/1', 'awards', $1, $2, now())"
        await tx.execute(epoch, source, uuid4())
        await tx.execute("insert into projection (name) values ('dashboard')")
    seen = await page_of(operator)
    assert "Kafka vägrar en händelse i reporting" in seen and "har slutat följa awards" in seen

    async def do(command: str, target: object, **more: str) -> httpx.Response:
        form = await hidden(operator, f"/reporting/operations/confirm/{command}?target={target}")
        typed = form | {"target": str(target), "reason": "orsaken är åtgärdad"} | more
        return await operator.post(f"/reporting/operations/forms/{command}", data=typed)

    for command, target, more in (
        ("release", subject, {}),
        ("accept", "awards", {}),
        ("republish", subject, {}),
        ("rebuild", "dashboard", {"source": "journals"}),
    ):
        done = await do(command, target, **more)
        assert (done.status_code, command in done.headers["location"]) == (303, True), done.text
        again = await operator.get(done.headers["location"])
        assert 'role="status"' in again.text
    assert await pool.fetchval("select position from outbox") == written.position
    refused = {
        ("release", subject): "står inte i karantän",
        ("accept", "awards"): "Källan är inte stoppad",
        ("republish", uuid4()): "aldrig skrivit något",
        ("republish", "bagare"): "Ämne",
        ("republish", ""): "Uppgiften saknas",
    }
    for (command, target), words in refused.items():
        answer = await do(command, target)
        assert answer.status_code == 422 and 'role="alert"' in answer.text and words in answer.text, (command, target)
    assert (await do("rebuild", "dashboard")).status_code == 422  # from where was not chosen
    assert await pool.fetchval("select count(*) from operator_command") == 4


async def test_only_operators_see_the_page_and_programs_get_the_same_as_json(
    reporting: Reporting, operator: httpx.AsyncClient
) -> None:
    for role in ("auditor", "coordinator", "service"):
        async with reporting.client(role) as http:
            assert (await http.get("/reporting/services")).status_code == 403
            assert (await http.get("/reporting/operations/confirm/republish")).status_code == 403
    said = (await operator.get("/reporting/services", headers={"accept": "application/json"})).json()
    assert [one["service"] for one in said["services"]] == ["reception", "notifications", "reporting", "awards"]
    assert {alarm["service"] for alarm in said["alarms"] if alarm["kind"] == "silent"} == {
        "reception",
        "notifications",
        "awards",
    }
    moved = await operator.get("/reporting/operations")
    assert (moved.status_code, moved.headers["location"]) == (303, "/reporting/services")
    english = (await operator.get("/reporting/services?lang=en")).text
    assert "reception does not answer." in english and "To do now" in english


@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_what_hinders_an_event_is_said_in_words_above_the_name_of_the_fault(
    lang: str, reporting: Reporting, operator: httpx.AsyncClient
) -> None:
    kinds = [("retry", True), ("release", True), ("person", True), ("person", False), ("predecessor", True)]
    for number, (waits_for, event) in enumerate(kinds):
        await reporting.runtime.database.pool.execute(
            "insert into held (consumer, source, subject, sequence, event_id, type, place, headers, reason, waits_for)"
            " values ('dashboard/1', 'reception', $1, $2, $3, 'some.event.v1', $4, '{}', $5, $6)",
            uuid4() if event else None,
            2 if event else None,
            uuid4() if event else None,
            f"p/0/{number}",
            f"Fault{number}: what it was about",
            waits_for,
        )
    page = unescape((await operator.get("/reporting/services", params={"lang": lang})).text)
    told = reporting.runtime.pages.texts.get
    for number, (waits_for, event) in enumerate(kinds):
        words = told(lang, f"operation.because.{waits_for if event else 'no-event'}")
        fault = "" if waits_for == "predecessor" else f'<br><code class="id soft">Fault{number}</code>'
        assert words + fault in page
    assert "what it was about" not in page and "Fault4" not in page
    items = await reporting.runtime.database.pool.fetch("select id, reason from held order by id")
    for row, (waits_for, event) in zip(items, kinds, strict=True):
        asked = await operator.get(f"/reporting/operations/confirm/discard?target={row['id']}&lang={lang}")
        assert told(lang, f"operation.because.{waits_for if event else 'no-event'}") in unescape(asked.text)


async def test_the_page_stands_when_our_own_database_is_away(reporting: Reporting, operator: httpx.AsyncClient) -> None:
    await reporting.runtime.database.close()
    seen = await page_of(operator)
    assert "reporting når inte sin databas" in seen and "Tjänsten awards svarar inte." in seen


def well() -> dict[str, Any]:
    """What a service says when nothing is wrong."""
    mark = {"consumer": "c", "source": "s", "events": 5, "seen_events": 5, "subjects": 2, "seen_subjects": 2, "at": NOW}
    flow = {"consumer": "c", "source": "s", "building": False, "seconds_since_poll": 0.2, "lag": 0, "applying": False}
    return {
        "answered_at": NOW,
        "relay": {"leading": True, "connected": True, "backlog": 0, "oldest": None},
        "consuming": True,
        "flows": [flow | {"trouble": None}],
        "held": [],
        "heads": [],
        "watermarks": [mark | {"behind_since": None}],
        "stopped": [],
        "quarantine": [],
        "projections": [{"name": "dashboard", "building": None}],
        "own": {"reconciliation": "agrees", "mail": {"failed": 0}},
    }


def head(waits_for: str, held_at: str = EARLIER) -> dict[str, Any]:
    return {"waits_for": waits_for, "consumer": "c", "held_at": held_at, "behind": 2}


WRONG: dict[str, dict[str, Any]] = {
    "unreachable-kafka": {"relay": {"leading": True, "connected": False, "backlog": 0, "oldest": None}},
    "backlog": {"relay": {"leading": False, "connected": False, "backlog": 7, "oldest": EARLIER}},
    "quarantine": {"quarantine": [{"subject": "x", "since": EARLIER}]},
    "stopped": {"stopped": [{"consumer": "c", "source": "s", "stranger_since": EARLIER}]},
    "not-consuming": {"consuming": False},
    "idle": {"flows": [well()["flows"][0] | {"seconds_since_poll": 11.0}]},
    "held": {"heads": [head("person"), head("release")]},
    "gap": {"heads": [head("predecessor")]},
    "retrying": {"heads": [head("retry", NOW)]},
    "missing": {"watermarks": [well()["watermarks"][0] | {"seen_events": 3, "behind_since": EARLIER}]},
    "differs": {"own": {"reconciliation": "differs"}},
    "mail-failed": {"own": {"mail": {"failed": 2}}},
}


def test_each_thing_that_is_wrong_is_one_alarm_and_nothing_else_is() -> None:
    assert alarms([Heard("reporting", well())]) == []
    for kind, change in WRONG.items():
        assert [alarm.kind for alarm in alarms([Heard("reporting", well() | change)])] == [kind], kind
    for why in ("silent", "database", "identity", "strange"):
        assert [alarm.kind for alarm in alarms([Heard("awards", None, why)])] == [why]
    assert set(WRONG) | {"silent", "database", "identity", "strange"} == set(ORDER)
    # figures that differ are mended by a rebuild, unless one runs
    (differs,) = alarms([Heard("reporting", well() | WRONG["differs"])])
    assert (differs.command, differs.target, differs.link) == ("rebuild", "dashboard", "/reporting/")
    rebuilt = well() | WRONG["differs"] | {"projections": [{"name": "dashboard", "building": 2}]}
    assert [alarm.command for alarm in alarms([Heard("reporting", rebuilt)])] == [""]
    # what is on its way is not wrong yet
    young = well() | {"heads": [head("predecessor", NOW)]}
    young["relay"] |= {"backlog": 3, "oldest": NOW}
    young["flows"] = [well()["flows"][0] | {"lag": 9, "applying": True, "seconds_since_poll": 40.0}]
    assert alarms([Heard("reporting", young)]) == []
    everything = [Heard(f"{n}", well() | change) for n, change in enumerate(WRONG.values())]
    assert [alarm.kind for alarm in alarms(list(reversed(everything)))] == [kind for kind in ORDER if kind in WRONG]


def test_every_alarm_and_state_has_words_that_its_facts_fill() -> None:
    texts = Texts("reporting")
    found = [alarm for change in WRONG.values() for alarm in alarms([Heard("reporting", well() | change)])]
    for alarm in found:
        for lang in ("sv", "en"):
            assert texts.get(lang, f"alarm.{alarm.kind}", service=alarm.service, **alarm.facts)
            assert texts.get(lang, f"alarm.{alarm.kind}.short") and texts.get(lang, f"alarm.{alarm.kind}.do")
            assert not alarm.link or texts.get(lang, f"alarm.{alarm.kind}.link")
    stopped = replace(flows([Heard("r", well() | WRONG["stopped"])])[0])
    assert stopped.state == "stopped" and texts.has(f"flow.{stopped.state}")
