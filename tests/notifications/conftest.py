"""notifications on a real PostgreSQL and a real mail server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.notifications.town import Town, town_on


@pytest.fixture
async def town(database: Any) -> AsyncIterator[Town]:
    async with town_on(database) as made:
        yield made
        await made.check()
