"""Requests to other services."""

from typing import Any

import httpx


class Caller(httpx.AsyncClient):
    """httpx's client, whose errors are all httpx's: a connection that is reset as soon as it is made is a ConnectError.

    anyio asks uvloop's transport for its socket, which is gone by then: it raises AttributeError, before anything of
    the request has been sent.
    """

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """As httpx's. Raises httpx.HTTPError."""
        try:
            return await super().send(request, **how)
        except AttributeError as error:
            raise httpx.ConnectError("the connection was reset as soon as it was made", request=request) from error
