"""The whole town, with people in it, as in the journeys."""

from tests.journeys.conftest import people

__all__ = ["people"]
