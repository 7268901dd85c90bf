"""Wires awards together: the public pages, the secretary's and the jury's, the address for the receipt."""

from pathlib import Path

from services.awards import http, pages, pages_jury, pages_nominations, pages_recusals, pages_secretary
from services.awards.guard import Guard
from shared.access_log import AccessLog
from shared.process import Service, run
from shared.settings import Settings

# The longest words there can be, as a form writes them.
WORDS = 128 * 1024


def service(settings: Settings) -> Service:
    """Awards with these settings."""
    return Service(
        settings,
        here=Path(__file__).parent,
        routers=[
            http.router,
            pages.router,
            pages_nominations.router,
            pages_recusals.router,
            pages_secretary.router,
            pages_jury.router,
        ],
        extras={"guard": Guard(settings), "looks": AccessLog("awards", settings.master_key)},
        bodies=dict.fromkeys(("/awards/forms/nominate", "/awards/forms/correction", "/awards/nominations"), WORDS),
    )


if __name__ == "__main__":
    run("awards", service)
