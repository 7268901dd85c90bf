"""Reporting as a process: it listens to everything that is counted, shows it, and keeps asking whether it is right."""

from pathlib import Path

from services.reporting import http, http_cases, pages, watch
from services.reporting.consumers import DASHBOARD
from services.reporting.operator import pages as operator
from services.reporting.published import pages as published_pages
from shared.process import Service, run
from shared.settings import Settings


def service(settings: Settings) -> Service:
    return Service(
        settings,
        here=Path(__file__).parent,
        routers=[http.router, http_cases.router, published_pages.router, pages.router, operator.router],
        consumers=[DASHBOARD],
        background=[watch.watch],
        own=operator.own,
    )


if __name__ == "__main__":
    run("reporting", service)
