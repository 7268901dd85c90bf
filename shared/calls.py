"""Requests to other services. Every error is one of httpx's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx


@contextmanager
def _told_by_httpx(request: httpx.Request) -> Iterator[None]:
    """A connection that is reset as soon as it is made is a ConnectError, too.

    anyio asks uvloop's transport for its socket, which is gone by then: it raises AttributeError, before anything of
    the request has been sent.
    """
    try:
        yield
    except AttributeError as error:
        raise httpx.ConnectError("the connection was reset as soon as it was made", request=request) from error


class Caller(httpx.AsyncClient):
    """The client of a service."""

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """As httpx's. Raises httpx.HTTPError."""
        with _told_by_httpx(request):
            return await super().send(request, **how)


class Transport(httpx.AsyncHTTPTransport):
    """For whoever passes requests on as they are, without a client."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx's. Raises httpx.TransportError."""
        with _told_by_httpx(request):
            return await super().handle_async_request(request)
