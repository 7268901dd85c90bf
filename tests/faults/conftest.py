"""The town of the journeys, for faults; and fresh ground for the faults of one part."""

from pathlib import Path

import pytest

from tests.faults.ground import Ground
from tests.journeys.conftest import people
from tests.shared.conftest import house, journals

__all__ = ["ground", "house", "journals", "people"]

# The checker reads a town's whole history after each fault: what makes much of it comes last. What needs no town comes
# before any stands beside it.
ORDER = ("test_network", "test_kafka_lost", "test_kills", "test_database", "test_rebalance", "test_broker")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    turn = {name: number for number, name in enumerate(ORDER)}
    moved = sorted((items[place] for place in ours), key=lambda item: turn.get(item.path.stem, -1))
    for place, item in zip(ours, moved, strict=True):
        items[place] = item


@pytest.fixture
def ground(admin_url: str, bootstrap: str) -> Ground:
    return Ground(admin_url, bootstrap)
