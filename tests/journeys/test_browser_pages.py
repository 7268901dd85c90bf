"""Every page of every service, in both languages, on a desk and on a telephone, by day and by night, and on paper."""

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page

from deploy.local.year.published import DATA
from shared.settings import SERVICES
from shared.web.texts import TOWN
from tests.journeys.browser import Visits, faults, picture, too_wide
from tests.journeys.people import People, household, new_number
from tests.journeys.test_roles import concrete, routes
from tests.waiting import until

# who looks, of those who may: the first one found here sees the most
LOOKERS = ("coordinator", "secretary", "manager", "operator", "auditor", "council", "caseworker", "jury")
# pages that need saying: other views of a page, and what one sees when something is wrong
MORE: tuple[tuple[str | None, str], ...] = (
    (None, "/"),
    (None, "/auth/login"),
    (None, "/awards/nothing-is-here"),
    (None, "/awards/mine?link={link}"),
    ("jury", "/"),
    *[("secretary", f"/awards/prizes/2018/{step}") for step in ("calendar", "decision", "publication")],
    ("council", "/"),
    *[("council", f"/reporting/themes/{theme}") for theme in ("establishment", "contacts", "notifications", "prize")],
    *[("manager", f"/reporting/themes/{theme}") for theme in ("establishment", "contacts")],
    ("council", "/reception/inbox"),
    ("manager", "/reception/cases/{case}"),
    ("caseworker", "/reception/work"),
    ("manager", "/reception/work"),
    ("manager", "/reception/work?show=closed"),
    ("coordinator", "/reception/work?show=unassigned&ticked=all"),
    ("coordinator", "/reception/given?case={case}&left={untouched}.changed"),
    ("auditor", "/reception/looks"),
    ("caseworker", "/reception/cases/{secret}"),
    ("coordinator", "/reception/cases/{untouched}"),
    ("coordinator", "/reception/inbox?show=arrived"),
    ("coordinator", "/reception/imports/{import_id}?outcome=accepted"),
    ("operator", "/notifications/deliveries?status=sent"),
    ("operator", "/notifications/inbox"),
    ("coordinator", "/notifications/inbox?show=snoozed&group=reminders"),
    ("coordinator", "/notifications/inbox?show=done"),
    ("council", "/reporting/?year=2017"),
    ("council", "/reporting/themes/reception"),
    ("council", "/reporting/themes/notifications"),
    ("coordinator", "/reporting/themes/prize"),
    ("coordinator", "/reporting/themes/contacts"),
)
# not pages, except the last two: the dashboard's second address, and a page that is there only after a juror's recusal,
# which hides the nomination from the jury's own pages: the secretary's day looks at it
NO_PAGES = re.compile(
    r"/(events|journal|operations(/held|/rebuilds)?|openapi\.json|static/.*|callback)$|^/auth/|^/reporting/dashboard$"
    r"|/recusals/{juror}$"
)
# what another width or another light can change
LOOKS = ("color-contrast", "target-size", "scrollable-region-focusable")


async def examples(people: People) -> dict[str, str]:
    """A town with something on every page: a half-arrived case, a report with a bad row, a conflict, a nomination."""
    half, untouched = await people.allocate(2), await people.allocate(3, category="quota-refugee")
    day = (await people.today()).isoformat()
    body = {"arrived_on": day, "persons": half["persons"][:1]}
    half |= await people.give(half)
    helped = await helped_case(people, half, body)
    secret = await secret_case(people)
    # the log keeps real time
    month = {"key": str(uuid4()), "month": f"{datetime.now(TOWN):%Y-%m}-01"}
    drawn = await people.ask("auditor", "POST", "/reception/forms/looks/draw", data=month)
    assert drawn.status_code == 303, drawn.text
    number = new_number("MIV")
    head = "Anvisningsnummer;Kategori;Beslutsdatum;Kvotår;Namn;Födelsedatum;Kön"
    first = f"{head}\n{number};Kvot;2018-06-01;2018;Saga Provsten;1980-02-03;Kvinna\n"
    again = first.replace("2018-06-01", "2018-06-04") + f"{number}-B;Kvot;2018-06-01;2018;Per Prov;2018-13-01;Man\n"
    for content in (first, again):
        sent = await people.ask("coordinator", "POST", "/reception/imports", files={"file": ("a.csv", content)})
        made = sent.json()["import"]

        async def done(made: str = made) -> Any:
            return (await people.get("coordinator", f"/reception/imports/{made}"))["state"] == "done"

        await until(done, what="the import's end")
    conflicts = await people.get("coordinator", f"/reception/imports/{made}/conflicts")
    nomination = {
        "prize": "integration",
        "nominee": "Integrationsföreningssamarbetsorganisationen Grannkraft",
        "nominee_kind": "association",
        "citation": "De möter nya grannar varje vecka och lär ut staden.",
        "nominator": "Saga Provsten",
        "email": "saga.provsten@landa.example",
    }
    table = (DATA / "migrationsverket_kommuntal_2018_kalmar_lan.csv").read_bytes()
    said = {"year": "2018", "published_on": "2018-06-01"}
    sent = await people.ask("coordinator", "POST", "/reporting/published", files={"file": ("t.csv", table)}, data=said)
    assert sent.status_code in {200, 201}, sent.text
    nominated = await people.post("secretary", "/awards/nominations", nomination)
    subject = f"/awards/nominations/{nominated['nomination']}"
    await people.post("secretary", f"{subject}/assessment", {}, version=1)
    receipt = await people.get("service", f"{subject}/receipt")
    await people.agreed()
    told = (await people.get("coordinator", "/notifications/inbox"))["items"][0]["id"]
    mails = await until(
        lambda: people.get("coordinator", "/notifications/deliveries?status=sent"),
        lambda seen: seen["items"],
        seconds=40,
    )
    return {
        "notification": told,
        "id": mails["items"][0]["mail"],
        "table": "received",
        "case": half["case"],
        "secret": secret,
        **helped,
        "untouched": untouched["case"],
        "import_id": made,
        "conflict": conflicts["conflicts"][0]["conflict"],
        "nomination": nominated["nomination"],
        "link": receipt["link"].partition("=")[2],
        "reference": nominated["reference"],
    }


async def secret_case(people: People) -> str:
    """A household with a protected identity; somebody has asked to see it."""
    body = household(await people.today(), 2)
    body["persons"][1]["protected_identity"] = "secrecy-marked"
    case = await people.give(await people.post("coordinator", "/reception/allocations", body))
    looked = await people.ask("caseworker", "POST", f"/reception/cases/{case['case']}/persons/protected")
    assert looked.status_code == 200
    return str(case["case"])


async def helped_case(people: People, case: dict[str, Any], arrival: dict[str, Any]) -> dict[str, str]:
    """A case with a home, an arrival, a plan with an activity and two follow-ups, a contact and a correction; the
    parts' ids."""
    day, version, found = arrival["arrived_on"], case["version"], dict[str, str]()

    async def do(path: str, body: dict[str, Any], name: str = "") -> None:
        nonlocal version
        made = await people.post("caseworker", f"/reception/cases/{case['case']}/{path}", body, version=version)
        version = made["version"]
        found.update({name: made[name]} if name else {})

    home = {"kind": "municipal-lease", "secured_on": day, "available_from": day, "address": "Provgatan 1"}
    await do("housing", home, "housing")
    await do("arrivals", arrival)
    activity = {"kind": "sfi", "provider": "adult-education", "starts_on": day}
    plan = {"person": case["persons"][0], "created_on": day, "goal": "work", "follow_up_on": "2018-09-15"}
    await do("plans", plan | {"activities": [activity]}, "plan")
    for progress in ("on-track", "behind"):
        followed = {"followed_up_on": day, "progress": progress, "next_follow_up_on": "2018-09-15"}
        await do(f"plans/{found['plan']}/follow-up", followed)
    contact = {"kind": "home", "outcome": "reached", "contacted_on": day, "next_contact_on": "2018-06-27"}
    await do("contacts", contact, "contact")
    await do(f"contacts/{found['contact']}/correction", contact | {"kind": "phone"})
    seen = await people.get("caseworker", f"/reception/cases/{case['case']}")
    [kept] = seen["plans"]
    first = kept["follow_ups"][0]["follow_up"]
    return found | {"activity": kept["activities"][0]["activity"], "follow_up": first}


async def all_pages(people: People, known: dict[str, str]) -> list[tuple[str | None, str]]:
    """Who and where: every route that answers somebody with a page."""
    found: list[tuple[str | None, str]] = [(role, path.format(**known)) for role, path in MORE]
    for service in SERVICES:
        for route in routes(service):
            if route.method != "GET" or NO_PAGES.search(route.path):
                continue
            path = route.path.replace("{case}", known["untouched"]) if route.path.endswith("/cancel") else route.path
            for name, value in known.items():
                path = path.replace(f"{{{name}}}", value)
            path = concrete(path)
            may = frozenset.intersection(*route.needs) if route.needs else frozenset()
            role = next((role for role in LOOKERS if role in may), None)
            if route.needs is not None and role is None:
                continue  # for programs only
            address, accept = people.town.addresses.public_url + path, {"accept": "text/html"}
            answer = await (
                people.ask(role, "GET", path, headers=accept) if role else people.http.get(address, headers=accept)
            )
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                found.append((role, path))
            else:
                assert answer.status_code in {200, 303, 307}, (role, path, answer.status_code)
    return sorted(set(found), key=lambda one: (one[0] or "", one[1]))


async def look(page: Page, origin: str, path: str, lang: str, where: str) -> list[str]:
    """One language of one page: wide in one light, narrow in the other. Its structure is the same in both languages."""
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.context.add_cookies([{"name": "lang", "value": lang, "url": origin}])
    await page.goto(path)
    wrong = [] if await page.locator("html").get_attribute("lang") == lang else [f"{where}: lang is not {lang}"]
    lights: tuple[Any, Any] = ("light", "dark") if lang == "sv" else ("dark", "light")
    for width, light in zip((1280, 320), lights, strict=True):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=light)
        wrong += await faults(page, f"{where} {lang} {width} {light}", None if (lang, width) == ("sv", 1280) else LOOKS)
        await picture(page, re.sub(r"\W+", "-", f"{where} {lang} {width} {light}"))
    await page.set_viewport_size({"width": 800, "height": 900})
    return wrong + await too_wide(page, f"{where} {lang} 800")


@pytest.fixture(scope="module")
async def pages(people: People) -> list[tuple[str | None, str]]:
    found = await all_pages(people, await examples(people))
    assert len(found) > 25
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_every_page_is_readable_by_everybody_everywhere(
    people: People, pages: list[tuple[str | None, str]], visits: Visits, lang: str
) -> None:
    wrong: list[str] = []
    for role in dict.fromkeys(role for role, _ in pages):
        # motion is off: a colour on its way to another is no colour to judge
        async with visits.as_(role, reduced_motion="reduce") as page:
            for _, path in (one for one in pages if one[0] == role):
                name = re.sub(r"[0-9a-f-]{36}", "x", f"{role or 'nobody'} {path}")
                wrong += await look(page, people.town.addresses.public_url, path, lang, name)
    assert wrong == [], "\n".join(wrong)
