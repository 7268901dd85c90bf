"""The quotas by page: entered, changed from the version that was seen, refused at the field; the API's own command."""

import re
from uuid import uuid4

import httpx

from tests.reception.office import Office

HTML = {"accept": "text/html"}


async def enter(
    office: Office, year: int, target: str, day: str, seen: int, role: str = "coordinator"
) -> httpx.Response:
    form = {"key": str(uuid4()), "sequence": str(seen), "quota_year": str(year), "target": target, "decided_on": day}
    return await office.ask(role, "POST", "/reception/forms/quota", data=form, headers=HTML)


async def page(office: Office, year: int, role: str = "coordinator", lang: str = "sv") -> str:
    found = await office.ask(role, "GET", f"/reception/quotas?year={year}&lang={lang}", headers=HTML)
    assert found.status_code == 200, found.text
    return found.text


async def test_a_quota_is_entered_and_changed_and_stands_on_the_inbox(reception: Office) -> None:
    inbox = await reception.ask("coordinator", "GET", "/reception/inbox", headers=HTML)
    assert "kommuntalet för 2018 är inte infört" in inbox.text
    assert "Inte infört" in await page(reception, 2018)
    first = await enter(reception, 2018, "1 240", "2017-11-15", 0)
    assert first.headers["location"] == "/reception/quotas?year=2018&done=true"
    told = await page(reception, 2018)
    assert 'value="1240"' in told and 'name="sequence" value="1"' in told
    await enter(reception, 2018, "230", "2018-03-01", 1)
    assert [event for _, event in await reception.events()] == [
        {"quota_year": 2018, "target": 1240, "decided_on": "2017-11-15"},
        {"quota_year": 2018, "target": 230, "decided_on": "2018-03-01"},
    ]
    inbox = await reception.ask("coordinator", "GET", "/reception/inbox", headers=HTML)
    assert re.search(r"0 / 230</b><span><a href=\"/reception/quotas\">", inbox.text)
    assert "what was decided last holds" in await page(reception, 2019, lang="en")


async def test_what_is_wrong_is_told_at_its_field_and_nobody_elses_change_is_lost(reception: Office) -> None:
    persons, day_of = ("target", "Antal personer:"), ("decided_on", "Beslutets dag:")
    for target, day, (where, called) in (
        ("många", "2017-11-15", persons),
        ("", "2017-11-15", persons),
        ("5", "", day_of),
        ("5", "2030-01-01", day_of),
    ):
        told = await enter(reception, 2018, target, day, 0)
        assert (
            told.status_code == 422 and f'href="#f-{where}">{called}' in told.text and f'value="{target}"' in told.text
        )
    assert (await enter(reception, 2018, "100", "2017-11-15", 0)).status_code == 303
    stale = await enter(reception, 2018, "200", "2017-11-20", 0)
    assert stale.status_code == 412 and "har ändrats sedan du öppnade sidan" in stale.text
    assert 'value="200"' in stale.text and 'name="sequence" value="1"' in stale.text
    assert len(await reception.events()) == 1
    unknown = await reception.ask("coordinator", "GET", "/reception/quotas?year=2050", headers=HTML)
    assert unknown.status_code == 404 and "Välj ett år" in unknown.text


async def test_others_read_the_quotas_and_only_coordinators_decide(reception: Office) -> None:
    assert "f-target" not in await page(reception, 2018, "caseworker")
    assert (await enter(reception, 2018, "100", "2017-11-15", 0, "caseworker")).status_code == 403
    assert await reception.events() == []
