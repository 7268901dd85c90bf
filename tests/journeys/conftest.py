"""The whole town, with people in it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.local.town import Town
from tests.journeys.browser import chromium, visits
from tests.journeys.people import People, peopled

__all__ = ["chromium", "people", "visits"]


@pytest.fixture(scope="session")
async def people(town: Town) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=10) as http:
        yield await peopled(town, http)
