"""Requests to other services. Every error is one of httpx's."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext
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


@cache
def _trust() -> SSLContext:
    """httpx's own choice of authorities, read once in a process and not for each client."""
    return httpx.create_ssl_context()


class Caller(httpx.AsyncClient):
    """The client of a service."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"verify": _trust(), **given})

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
