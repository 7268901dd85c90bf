"""The events of all services: importing this package fills the catalogue."""

from shared.contracts import awards, notifications, reception
from shared.contracts.event import CATALOGUE, Event

__all__ = ["CATALOGUE", "Event", "awards", "notifications", "reception"]
