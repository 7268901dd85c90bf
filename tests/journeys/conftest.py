"""The whole town, with people in it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.local.town import Town
from tests.journeys.browser import chromium, visits
from tests.journeys.people import People

__all__ = ["chromium", "people", "visits"]


@pytest.fixture(scope="session")
async def people(town: Town) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=10) as http:
        found = People(town, http)
        (town.where.state / "clock").write_text("2018-06-15T09:00:00+02:00")
        year = {"quota_year": 2018, "target": 110, "decided_on": "2017-11-15"}
        await found.post("coordinator", "/reception/quotas", year, key="01890000-0000-7000-8000-000000000001")
        yield found
