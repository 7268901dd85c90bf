"""What a request handler may reach: the parts of the running service, in one place, made once at start."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import Request

from shared.clock import Clock
from shared.database import Database
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.access_log import AccessLog
    from shared.identity import Identity, ServiceTokens
    from shared.sealed import Vault
    from shared.web.commands import Commands
    from shared.web.pages import Pages
    from shared.web.sse import Hub


@dataclass
class Runtime:
    """One per process. `extras` holds a service's own long-lived objects, put there by its app.py."""

    settings: Settings
    database: Database
    clock: Clock
    hub: "Hub"
    identity: "Identity"
    tokens: "ServiceTokens"
    http: httpx.AsyncClient
    pages: "Pages"
    commands: "Commands"
    vault: "Vault"
    access_log: "AccessLog"
    extras: dict[str, Any] = field(default_factory=dict)


def runtime(request: Request) -> Runtime:
    """The runtime of the service that answers `request`."""
    found: Runtime = request.app.state.landa
    return found
