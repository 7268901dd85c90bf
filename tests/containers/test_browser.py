"""A person with a browser: in by Keycloak's page, at work over TLS, and out of both."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from deploy.docker.realm import person_for
from tests.containers.conftest import Site
from tests.containers.keycloak import username
from tests.journeys.browser import Visits, said

pytestmark = [pytest.mark.containers, pytest.mark.timeout(180, func_only=True)]


async def ask_to_sign_in(page: Page) -> None:
    await page.goto("/")
    await page.locator("header").get_by_role("link", name=said("nav.login"), exact=True).click()


async def sign_in(page: Page, site: Site, role: str) -> None:
    await ask_to_sign_in(page)
    await page.locator("#username").fill(username(role))
    await page.locator("#password").fill(site.keycloak.people_password)
    await page.locator("#kc-login").click()
    await expect(page.locator(".me")).to_contain_text(person_for(role)["name"])


async def test_a_coordinator_signs_in_sees_the_inbox_and_signs_out_of_both(
    visits: Visits, site: Site, people: Any
) -> None:
    case = await people.allocate(2)
    # the authority is this run's own; that it is checked is proven elsewhere
    async with visits.as_(None, ignore_https_errors=True) as page:
        await sign_in(page, site, "coordinator")
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == "landa_session"]
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        await page.goto(f"/reception/cases/{case['case']}")
        await expect(page.locator("main")).to_contain_text("Saga Provsten")

        # without a word to Keycloak it would let the next one in without a password
        await page.locator("header").get_by_role("button", name=said("nav.logout"), exact=True).click()
        await expect(page).to_have_url(re.compile(re.escape(site.addresses.public_url) + "/"))
        await expect(page.locator("header")).to_contain_text(said("nav.login"))
        await ask_to_sign_in(page)
        await expect(page.locator("#password")).to_be_visible()
