"""What was recorded or published wrong is mended by the page, which holds what is saved."""

from typing import Any
from uuid import uuid4

from tests.awards.conftest import PAGE, Site

ROUND = "/awards/prizes/2018"


async def page(site: Site, path: str) -> str:
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    return (await site.http.get(path, headers=headers)).text


async def send(site: Site, step: str, **typed: Any) -> None:
    headers = PAGE | {"Authorization": (await site.token("secretary"))["Authorization"]}
    sent = site.hidden_of(await page(site, f"{ROUND}/{step}")) | {"key": str(uuid4())} | typed
    answer = await site.http.post(f"/awards/forms/{step}/2018", data=sent, headers=headers)
    assert answer.status_code == 303, answer.text


async def proposed(site: Site) -> str:
    """One nomination, which the jury has proposed."""
    nomination = await site.nominated("Systugan")
    await site.eligible(nomination)
    site.at("2018-12-05T09:00:00+01:00")
    await send(site, "proposal", nominations=nomination)
    return nomination


async def test_a_mistyped_decision_is_mended_until_it_is_public(site: Site) -> None:
    nomination = await proposed(site)
    await send(site, "decision", withheld="criteria-not-met", decided_on="2018-12-03")
    assert "Rätta beslutet" in await page(site, ROUND)
    held = await page(site, f"{ROUND}/decision")
    assert 'value="criteria-not-met" selected' in held and 'value="2018-12-03"' in held and "checked" not in held
    await send(site, "decision", laureates=nomination, decided_on="2018-12-04")
    shown = await page(site, ROUND)
    assert "Kommunstyrelsens beslut rättades" in shown and "Pristagare" in shown
    held = await page(site, f"{ROUND}/decision")
    assert 'value="2018-12-04"' in held and " selected" not in held and "checked" in held
    await send(site, "publication")
    stands = await page(site, f"{ROUND}/decision")
    assert "forms/decision" not in stands and "Beslutet är offentligt" in stands


async def test_who_no_longer_wishes_to_be_named_is_taken_off_the_page(site: Site) -> None:
    nomination = await proposed(site)
    await send(site, "decision", laureates=nomination, decided_on="2018-12-04")
    said = {"laureate_1": nomination, "name_1": "Systugan i hamnen", "motivation_1": "För att alla får sy hos dem."}
    await send(site, "publication", agreed_1="true", **said)
    assert "Systugan i hamnen" in await page(site, "/awards/")
    held = await page(site, f"{ROUND}/publication")
    assert "Rätta det publicerade" in held and "För att alla får sy hos dem." in held and " checked" in held
    await send(site, "publication", **said)
    public = await page(site, "/awards/")
    assert "Systugan" not in public and "Pristagaren vill inte nämnas" in public
    assert "Det publicerade rättades" in await page(site, ROUND)
    assert "För att alla får sy" not in await page(site, f"{ROUND}/publication")
