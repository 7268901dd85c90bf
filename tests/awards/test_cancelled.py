"""A round that was announced by mistake is cancelled, and held after all: nothing is lost, everybody reads it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.awards import commands as c
from services.awards.domain import EMPTY, State, decide, evolve
from services.awards.edition import Edition, at_work, current, open_now
from services.awards.nomination import Nomination
from shared.contracts.awards import PrizeCancelled
from shared.decider import Refused, fold
from shared.journal import LARGEST
from tests.awards.conftest import FILLED, PAGE, Site, same_as_the_journal

OPENS, CLOSES = datetime(2018, 9, 30, 22, tzinfo=UTC), datetime(2018, 10, 31, 23, tzinfo=UTC)
EDITION = Edition("integration", 2018, OPENS, CLOSES, date(2019, 1, 28))
CANCELLED = replace(EDITION, cancelled="announced-in-error")
CANCEL = c.Cancel("announced-in-error")
A, JUROR, LATER = UUID(int=1), UUID(int=101), CLOSES + timedelta(days=1)
NEW, FINE = Nomination(2018, "person"), Nomination(2018, "person", eligible=True)


def test_a_cancelled_round_is_as_before_once_it_is_held_after_all_and_twice_is_once() -> None:
    assert fold(evolve, decide(CANCEL, EDITION), EDITION) == CANCELLED
    assert decide(CANCEL, CANCELLED) == decide(c.Reinstate(), EDITION) == []
    assert fold(evolve, decide(c.Reinstate(), CANCELLED), CANCELLED) == EDITION
    assert CANCELLED.phase(OPENS) == "cancelled" and not CANCELLED.is_open(OPENS)
    assert open_now((CANCELLED,), OPENS) == () and current((CANCELLED,), OPENS) is None
    assert at_work((CANCELLED,), OPENS) is None


def test_everybody_is_told_and_all_that_waits_is_named_however_many_they_are() -> None:
    told, left = tuple(uuid4() for _ in range(5_001)), tuple(uuid4() for _ in range(12_001))
    events = decide(replace(CANCEL, tell=told, unassessed=left), EDITION)
    assert all(isinstance(e, PrizeCancelled) and len(e.text()) < LARGEST for e in events)
    assert tuple(id for e in events for id in e.tell) == told  # type: ignore[union-attr]
    assert tuple(id for e in events for id in e.unassessed) == left  # type: ignore[union-attr]
    assert fold(evolve, events, EDITION) == CANCELLED
    again = decide(c.Reinstate(told), CANCELLED)
    assert tuple(id for e in again for id in e.tell) == told  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (c.MoveCalendar(OPENS, LATER, date(2019, 1, 28), "set-in-error", OPENS), CANCELLED),
        (c.Propose((A,), frozenset({A}), date(2018, 11, 2), LATER), CANCELLED),
        (c.DecidePrize((A,), frozenset({A}), date(2018, 11, 2), date(2018, 11, 2)), CANCELLED),
        (c.Withhold("criteria-not-met", date(2018, 11, 2), date(2018, 11, 2)), CANCELLED),
        (c.Publish(()), CANCELLED),
        (c.SubmitNomination("integration", 2018, "person", True, CANCELLED, OPENS), EMPTY),
        (c.CorrectNomination("group", False, CANCELLED, OPENS), NEW),
        (c.WithdrawNomination(CANCELLED, OPENS), NEW),
        (c.Assess(None, None, CANCELLED), NEW),
        (c.MarkSame(A, None, None, False, CANCELLED), replace(NEW, same_as=JUROR)),
        (c.Score(A, JUROR, 7, False, FINE, CANCELLED), None),
        (c.Recuse(A, JUROR, "own-interest", CANCELLED), None),
    ],
    ids=lambda one: type(one).__name__,
)
def test_nothing_is_taken_judged_or_changed_in_a_cancelled_round(command: c.Command, state: State) -> None:
    with pytest.raises(Refused, match="prize-cancelled"):
        decide(command, state)


def test_a_round_is_cancelled_until_the_jury_has_proposed_and_its_year_is_not_announced_anew() -> None:
    with pytest.raises(Refused, match="proposed-so-withheld"):
        decide(CANCEL, replace(EDITION, proposed=()))
    announce = c.Announce("integration", 2018, OPENS, CLOSES, date(2019, 1, 28), OPENS)
    with pytest.raises(Refused, match="announced-and-cancelled"):
        decide(announce, CANCELLED)


async def send(site: Site, path: str, **typed: str) -> Any:
    """The secretary fills in the page's form."""
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    page = await site.http.get("/awards/prizes/2018/cancellation", headers=headers)
    return await site.http.post(path, data=site.hidden_of(page.text) | typed, headers=headers)


async def round_page(site: Site) -> str:
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    return (await site.http.get("/awards/prizes/2018", headers=headers)).text


async def test_the_page_says_what_it_does_asks_why_and_takes_it_back(site: Site) -> None:
    nomination = await site.nominated(email="greta@exempel.se")
    assessed = await site.nominated("Prövad", email="GRETA@exempel.se")
    await site.eligible(assessed)
    link = await site.link_of(nomination)
    assert "/awards/prizes/2018/cancellation" in await round_page(site)
    unsaid = await send(site, "/awards/forms/cancellation/2018")
    assert unsaid.status_code == 422 and 'href="#f-reason"' in unsaid.text
    assert "2 nomineringar har kommit in" in unsaid.text and "låta den gälla igen" in unsaid.text
    done = await send(site, "/awards/forms/cancellation/2018", reason="announced-in-error")
    assert done.headers["location"] == "/awards/prizes/2018?done=cancelled"
    said = await site.database.pool.fetchval("select data::text from journal where type like '%prize-cancelled%'")
    # both nominators have one address: the later of them is told
    event = {"reason": "announced-in-error", "tell": [assessed], "unassessed": [nomination]}
    assert json.loads(said) == event

    for path in ("/", "/nominate", "/nominate?year=2018", f"/mine?link={link}"):
        public = (await site.http.get(f"/awards{path}", headers=PAGE)).text
        assert "<form method" not in public and "<textarea" not in public
        assert "är inställd" in public, path
    shown = await round_page(site)
    assert "Inställd" in shown and "Den tillkännagavs av misstag" in shown and "/calendar" not in shown
    assert (await site.nominate(await site.service(), prize_year=2018)).json()["code"] == "prize-cancelled"
    body = dict(FILLED) | {"link": link}
    assert (await site.mine("withdrawal", {"link": link}, 1)).json()["code"] == "prize-cancelled"
    assert (await site.mine("correction", body, 1)).json()["code"] == "prize-cancelled"
    told = await site.http.get(f"/awards/nominations/{nomination}/receipt", headers=await site.service())
    assert told.json()["link"] is None
    assert (await site.get("secretary", "/prizes"))["prizes"][0]["cancelled"]

    again = await send(site, "/awards/forms/reinstatement/2018")
    assert again.headers["location"] == "/awards/prizes/2018?done=reinstated"
    assert "Öppen för nominering" in await round_page(site)
    assert (await site.nominate(await site.service(), prize_year=2018)).status_code == 201
    async with site.database.reading() as conn:
        assert "awards.prize-reinstated.v1" in await same_as_the_journal(conn)
    # made after the page was opened: the version that was seen is an older one
    stale = await site.command("secretary", "/prizes/2018/cancellation", {"reason": "not-awarded"}, 1)
    assert stale.status_code == 412
    for role in ("jury", "council", "coordinator"):
        refused = await site.command(role, "/prizes/2018/cancellation", {"reason": "not-awarded"}, 3)
        assert refused.status_code == 403
