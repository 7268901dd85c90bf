"""The demo's mail sink and trace sink in one process.

Promise: `/livez` answers only after the SMTP port listens.
Environment: LANDA_LISTEN_PORT, LANDA_SMTP_PORT, LANDA_MAIL_FILE; LANDA_HOST when it is not the loopback.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.local import mail, traces
from deploy.local.ports import KEPT_OPEN, LOOPBACK


def application(mail_file: Path, smtp_port: int, host: str = LOOPBACK) -> Starlette:
    box = mail.Mailbox(mail_file)
    sink = mail.Sink(box)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sink.listen(host, smtp_port):
            yield

    async def livez(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[Route("/livez", livez), *mail.routes(box, sink), *traces.routes(traces.Traces())], lifespan=lifespan
    )


def main() -> None:
    host = os.environ.get("LANDA_HOST", LOOPBACK)
    app = application(Path(os.environ["LANDA_MAIL_FILE"]), int(os.environ["LANDA_SMTP_PORT"]), host)
    uvicorn.run(
        app, host=host, port=int(os.environ["LANDA_LISTEN_PORT"]), access_log=False, log_level="warning",
        timeout_graceful_shutdown=1, timeout_keep_alive=KEPT_OPEN,
    )  # fmt: skip


if __name__ == "__main__":
    main()
