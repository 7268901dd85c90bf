"""reception as it runs, one per test, checked for parity and privacy when the test is over."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.reception.office import Office, office


@pytest.fixture
async def reception(database: Any, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database.url("reception"), tmp_path) as made:
        yield made
        await made.check()
