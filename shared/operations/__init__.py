"""What an operator sees and does in one service, as an API and as pages. No person is shown."""

from fastapi import APIRouter

from shared.operations import api, pages
from shared.operations.state import Own

__all__ = ["Own", "routes"]


def routes(service: str) -> APIRouter:
    """The operations' routes of `service`."""
    router = APIRouter()
    router.include_router(api.routes(service))
    router.include_router(pages.routes(service))
    return router
