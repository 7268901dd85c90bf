"""The reception service as a process: wiring only."""

from pathlib import Path

from starlette.formparsers import MultiPartParser

from services.reception import (
    http,
    http_casework,
    pages,
    pages_casework,
    pages_figures,
    pages_inbox,
    pages_letters,
    pages_looks,
    pages_quotas,
    pages_search,
    pages_work,
)
from services.reception.imports import pages as import_pages
from services.reception.imports.importer import Importer
from services.reception.people import Desk
from shared.process import Service, run
from shared.settings import Settings

# Said of a part of a case by a rule; unknown cases are told before that.
NOT_FOUND = dict.fromkeys(("unknown-housing", "unknown-plan", "unknown-contact", "unknown-follow-up"), 404)
# A form's own fields come on top of the file.
UPLOAD = http.LARGEST_FILE + 64 * 1024
# An uploaded file is personal data: it never goes to the disk before it is sealed.
MultiPartParser.spool_max_size = UPLOAD


def service(settings: Settings) -> Service:
    desk = Desk(settings)
    importer = Importer(desk)
    return Service(
        settings,
        here=Path(__file__).parent,
        routers=[
            http.router,
            http_casework.router,
            import_pages.router,
            pages_inbox.router,
            pages.router,
            pages_casework.router,
            pages_work.router,
            pages_letters.router,
            pages_quotas.router,
            pages_search.router,
            pages_figures.router,
            pages_looks.router,
        ],
        background=[importer.run],
        extras={"desk": desk, "importer": importer, "colleagues": set()},
        statuses=NOT_FOUND,
        bodies={"/reception/imports": UPLOAD, "/reception/forms/import": UPLOAD},
    )


if __name__ == "__main__":
    run("reception", service)
