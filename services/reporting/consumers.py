"""What reporting listens to: everything that the figures are made of."""

from services.reporting import store
from shared.consumer import Projection

SOURCES = ("reception", "awards", "notifications")
DASHBOARD = Projection(name=store.PROJECTION, sources=SOURCES, apply=store.apply, forget=store.forget)
