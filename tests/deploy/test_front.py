"""One address: bytes pass as they come, and what is away is said so."""

import asyncio
import contextlib
import hashlib
import os
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.local.child import Child, Spec
from deploy.local.places import CHECKOUT
from deploy.local.ports import LOOPBACK, answers, free_ports
from shared.calls import Caller

AT_ONCE = "the connection was reset as soon as it was made"


class Upstream:
    """A service as the front sees it. `go` lets the stream say its next word; `left` is set when its reader left."""

    def __init__(self) -> None:
        self.go = asyncio.Semaphore(0)
        self.left = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/reception/stream", self.stream),
                Route("/reception/upload", self.upload, methods=["POST"]),
                Route("/reception/{rest:path}", self.echo, methods=["GET", "POST"]),
                Route("/livez", self.echo),
            ]
        )

    async def stream(self, _: Request) -> Response:
        async def words() -> AsyncIterator[bytes]:
            try:
                for number in range(1000):
                    await self.go.acquire()
                    yield f"data: {number}\n\n".encode()
            finally:
                self.left.set()

        return StreamingResponse(words(), media_type="text/event-stream")

    async def upload(self, request: Request) -> Response:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
        return JSONResponse({"size": size, "sha256": digest.hexdigest()})

    async def echo(self, request: Request) -> Response:
        raw = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
        headers = [[name.decode(), value.decode()] for name, value in request.headers.raw]
        return JSONResponse({"raw": raw, "headers": headers}, headers={"set-cookie": "a=1"})


@contextlib.asynccontextmanager
async def serving(app: Starlette, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(app, LOOPBACK, port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def front(upstream: int, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Child]]:
    port = free_ports(1)[0]
    child = Child(
        Spec(
            name="front",
            argv=(sys.executable, "-m", "deploy.local.front"),
            env={
                **os.environ,
                "LANDA_LISTEN_PORT": str(port),
                "LANDA_ROUTES": f'{{"/reception": "http://{LOOPBACK}:{upstream}"}}',
            },
            cwd=CHECKOUT,
            log=tmp_path / "front.log",
            ready=lambda: answers(port),
        )
    )
    await child.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=20) as client:
            yield client, child
    finally:
        await child.stop()


async def test_a_stream_arrives_word_by_word_and_ends_when_the_reader_leaves(tmp_path: Path) -> None:
    upstream, port = Upstream(), free_ports(1)[0]
    async with serving(upstream.app, port), front(port, tmp_path) as (client, _), asyncio.timeout(20):
        async with client.stream("GET", "/reception/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            chunks = answer.aiter_raw()
            for number in range(3):
                upstream.go.release()
                assert await anext(chunks) == f"data: {number}\n\n".encode()
        for _ in range(3):
            upstream.go.release()
        await upstream.left.wait()


async def test_a_large_upload_passes_whole_without_being_held(tmp_path: Path) -> None:
    upstream, port = Upstream(), free_ports(1)[0]
    block, times = os.urandom(1 << 20), 50
    digest = hashlib.sha256(block * times).hexdigest()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(times):
            yield block

    async with serving(upstream.app, port), front(port, tmp_path) as (client, child):
        before = peak(child.pid)
        answer = await client.post("/reception/upload", content=body())
        assert answer.json() == {"size": times << 20, "sha256": digest}
        assert peak(child.pid) - before < 20_000, "kB more than before the 50 MB"


def peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


async def test_the_service_sees_the_address_as_it_was_asked_and_who_asked(tmp_path: Path) -> None:
    upstream, port = Upstream(), free_ports(1)[0]
    async with serving(upstream.app, port), front(port, tmp_path) as (client, _):
        answer = await client.get(
            "/reception/a%2Fb%20%C3%A5?q=x%26y", headers={"X-Forwarded-For": "10.9.9.9", "Host": "landa.example"}
        )
        seen = answer.json()
        assert seen["raw"] == "/reception/a%2Fb%20%C3%A5?q=x%26y"
        headers = {name: value for name, value in seen["headers"]}
        assert headers["x-forwarded-for"] == LOOPBACK
        assert headers["x-forwarded-host"] == headers["host"] == "landa.example"
        assert answer.headers["set-cookie"] == "a=1"
        for hidden in ("/livez", "/metrics", "/", "/reporting/x", "//livez"):
            assert (await client.get(hidden)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_is_away_is_503_and_comes_back(tmp_path: Path, method: str) -> None:
    upstream, port = Upstream(), free_ports(1)[0]
    async with front(port, tmp_path) as (client, _):
        page = await client.request(method, "/reception/x", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert page.headers["retry-after"] == "2"
        assert "Försök igen" in page.text
        assert "Try again" in page.text
        assert ("Ladda om sidan" in page.text) == ("Reload the page" in page.text) == (method == "POST")
        problem = await client.request(method, "/reception/x")
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["code"] == "service-away"
        async with serving(upstream.app, port):
            assert (await client.request(method, "/reception/x")).status_code == 200
        assert (await client.request(method, "/reception/x")).status_code == 503


def resetting() -> socket.socket:
    """A server that resets each connection as soon as it is made, as one that is killed does."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                made, _ = server.accept()
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                made.close()

    server = socket.create_server((LOOPBACK, 0))
    threading.Thread(target=serve, daemon=True).start()
    return server


async def test_a_service_that_dies_while_it_is_called_has_done_nothing_or_nobody_knows(tmp_path: Path) -> None:
    """Never 500: the reset comes at every moment of making a connection, some of them with an error of its own."""
    server = resetting()
    async with front(server.getsockname()[1], tmp_path) as (client, _):

        async def ask() -> set[int]:
            return {(await client.post("/reception/x", json={})).status_code for _ in range(30)}

        said = set[int]().union(*await asyncio.gather(*(ask() for _ in range(20))))
    server.shutdown(socket.SHUT_RDWR)
    assert said <= {502, 503} and 503 in said


def test_a_caller_tells_of_a_reset_in_words_of_httpx() -> None:
    server, found = resetting(), Counter[str]()

    async def ask(caller: Caller) -> None:
        while found.total() < 20_000 and not found[AT_ONCE]:
            try:
                await caller.get(f"http://{LOOPBACK}:{server.getsockname()[1]}/")
            except httpx.HTTPError as error:
                found[str(error)] += 1

    async def ask_often() -> None:
        async with Caller() as caller:
            await asyncio.gather(*(ask(caller) for _ in range(20)))

    uvloop.run(ask_often())
    server.shutdown(socket.SHUT_RDWR)
    assert found[AT_ONCE] > 0


async def test_a_service_that_dies_in_the_middle_is_not_called_without_effect(tmp_path: Path) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(drop, LOOPBACK, 0)
    async with server, front(server.sockets[0].getsockname()[1], tmp_path) as (client, _):
        assert (await client.post("/reception/x", json={})).status_code == 502
        assert (await client.get("/reception/x")).status_code == 503
