"""The town of the journeys, for faults."""

from tests.journeys.conftest import people

__all__ = ["people"]
