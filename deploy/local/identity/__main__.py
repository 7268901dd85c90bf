"""Starts the demo's identity provider. It signs in anybody, so it refuses to start without LANDA_DEMO=1."""

import json
import os
import sys
from pathlib import Path

import uvicorn

from deploy.local.identity.provider import Client, Provider, keep_key
from deploy.local.ports import KEPT_OPEN


def from_environment() -> Provider:
    if os.environ.get("LANDA_DEMO") != "1":
        sys.exit("identity cannot start: it signs in anybody, so it needs LANDA_DEMO=1; use a real provider instead")
    clients = json.loads(os.environ["LANDA_CLIENTS"])
    return Provider(
        public_url=os.environ["LANDA_PUBLIC_URL"].rstrip("/"),
        key=keep_key(Path(os.environ["LANDA_IDENTITY_STATE"])),
        clients={
            name: Client(c["secret"], bool(c.get("service")), tuple(c.get("redirect_uris", ())))
            for name, c in clients.items()
        },
    )


if __name__ == "__main__":
    uvicorn.run(
        from_environment().app(),
        host="127.0.0.1",
        port=int(os.environ["LANDA_LISTEN_PORT"]),
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEPT_OPEN,
    )
