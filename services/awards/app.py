"""Wires awards together: the public form, the list for the secretary, the address for the receipt."""

from pathlib import Path

from services.awards import http, pages
from services.awards.guard import Guard
from shared.access_log import AccessLog
from shared.process import Service, run
from shared.settings import Settings


def service(settings: Settings) -> Service:
    """Awards with these settings."""
    return Service(
        settings,
        here=Path(__file__).parent,
        routers=[http.router, pages.router],
        extras={"guard": Guard(settings), "looks": AccessLog("awards", settings.master_key)},
        bodies={"/awards/forms/nominate": 128 * 1024, "/awards/nominations": 128 * 1024},
    )


if __name__ == "__main__":
    run("awards", service)
