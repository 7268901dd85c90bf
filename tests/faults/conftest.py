"""The town of the journeys, for faults; and fresh ground for the faults of one part."""

import pytest

from tests.faults.ground import Ground
from tests.journeys.conftest import people
from tests.shared.conftest import house, journals

__all__ = ["ground", "house", "journals", "people"]


@pytest.fixture
def ground(admin_url: str, bootstrap: str) -> Ground:
    return Ground(admin_url, bootstrap)
