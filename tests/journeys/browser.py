"""Chromium for journeys: one per run, a context per person, and a page whose script errors fail the test."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.local.identity.provider import read_people
from shared.web.texts import Texts, catalogues, read
from tests.journeys.people import People

# the same engine with and without what surrounds it on a desk, which costs as much again and is never seen here
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("LANDA_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
# a folder: every page that is looked at is kept there as a picture
PICTURES = os.environ.get("LANDA_PICTURES")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
# one small machine may run everything at once: patience costs nothing where nothing is wrong
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None or not Path(CHROMIUM).is_file():
        reason = "NO BROWSER: the browser journeys did not run. Install chromium, or name yours by LANDA_CHROMIUM."
        if os.environ.get("LANDA_NOTHING_SKIPPED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        await browser.close()


@dataclass
class Visits:
    """`as_(role)` is a page of somebody who has signed in by the sign-in page; `as_(None)` of nobody."""

    browser: Browser
    people: People
    kept: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def as_(self, role: str | None, **options: Any) -> AsyncIterator[Page]:
        if role is not None and role not in self.kept:
            async with self.as_(None) as page:
                await sign_in(page, role)
                self.kept[role] = await page.context.storage_state()
        context = await self.browser.new_context(
            base_url=self.people.town.addresses.public_url,
            storage_state=self.kept.get(role) if role else None,
            **{"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "sv-SE", **options},
        )
        context.set_default_timeout(PATIENCE)
        errors: list[str] = []

        def heard(kind: str, text: str) -> None:
            # Chromium calls every refused form "the server responded with a status of 422"; those are asked for here.
            if kind == "error" and "with a status of 4" not in text:
                errors.append(text)

        context.on("console", lambda message: heard(message.type, f"{message.text} ({message.location.get('url')})"))
        context.on("weberror", lambda error: heard("error", str(error.error)))
        try:
            yield await context.new_page()
            assert errors == [], "\n".join(errors)
        finally:
            await context.close()


@pytest.fixture
async def visits(chromium: Browser, people: People) -> Visits:
    return Visits(chromium, people)


def name_of(role: str) -> str:
    """Whom the tests choose on the sign-in page; never one whose language is not the product's own."""
    return str(next(p["name"] for p in read_people().values() if role in p["roles"] and p["language"] == "sv"))


async def sign_in(page: Page, role: str, name: str | None = None) -> None:
    """As the first with `role`, or as `name`."""
    who = name or name_of(role)
    await page.goto("/")
    await page.locator("header").get_by_role("link", name=said("nav.login"), exact=True).click()
    await page.get_by_role("button", name=who).click()
    await expect(page.locator(".me")).to_contain_text(who)


@cache
def _texts(service: str) -> Texts:
    return Texts(service)


def said(key: str, service: str = "reception", lang: str = "sv", **fields: object) -> str:
    """The words of the product, so that a better word does not break a journey."""
    return _texts(service).get(lang, key, **fields)


def button(page: Page, key: str, service: str = "reception") -> Any:
    return page.locator("main").get_by_role("button", name=said(key, service), exact=True)


@cache
def _keys() -> frozenset[str]:
    return frozenset(key for catalogue in catalogues() for key in read(catalogue))


async def faults(page: Page, where: str, rules: Sequence[str] | None = None) -> list[str]:
    """What is wrong with the page as it is now: for a reader with a machine, and for one with a small screen."""
    # a colour on its way to another is no colour to judge
    await page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => null)")
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": list(rules)} if rules else {})
    wrong = [
        f"{where}: {one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for one in await page.evaluate("options => axe.run(options).then(found => found.violations)", options)
        for node in one["nodes"]
    ]
    wrong += await too_wide(page, where)
    words = await page.evaluate("document.body.innerText")
    dotted = set(re.findall(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+", words))
    wrong += [f"{where}: a text's key instead of its words: {key}" for key in sorted(dotted & _keys())]
    return wrong


async def too_wide(page: Page, where: str) -> list[str]:
    """What makes the whole page move sideways."""
    found = await page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1
             && document.scrollingElement.scrollWidth > innerWidth).slice(0, 3).map((e) => e.outerHTML.slice(0, 120))"""
    )
    return [f"{where}: wider than the window: {element}" for element in found]


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
