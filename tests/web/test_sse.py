"""A page hears of every topic that changed, and open streams do not keep a server from stopping."""

import asyncio
import os
import signal
import sys
import time

import httpx
from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.web.sse import Hub
from tests.web.serving import serving

APP = """
import asyncio, sys
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request
import uvicorn
from shared.web.sse import Hub
hub = Hub()
@asynccontextmanager
async def life(app):
    with hub.running():
        yield
app = FastAPI(lifespan=life)
@app.get("/events")
async def events(request: Request):
    return hub.stream(request, ["a"])
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[s])
"""


async def test_changes_are_heard_once_each_however_often_they_came() -> None:
    hub, app = Hub(beat=0.05), FastAPI()

    @app.get("/events")
    async def events(request: Request) -> Response:
        return hub.stream(request, ["a", "b"])

    async with serving(app) as (host, port), httpx.AsyncClient() as client:
        heard: list[str] = []
        async with client.stream("GET", f"http://{host}:{port}/events") as answer:
            lines = answer.aiter_lines()
            async with asyncio.timeout(20):
                async for line in lines:
                    heard.append(line)
                    if line == "event: ready":
                        for _ in range(10_000):
                            hub.publish("a", "b", "not-for-me")
                    # a heartbeat after both: one may be older than they are, and a word said again came before it
                    if line == ": still here" and {"data: a", "data: b"} <= set(heard):
                        break
        assert [line for line in heard if line.startswith("data: ")] == ["data: 2", "data: a", "data: b"]
        async with asyncio.timeout(5):
            while hub.subscribers:
                await asyncio.sleep(0.01)


async def test_a_server_with_open_streams_stops_at_once() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", APP, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        async with httpx.AsyncClient() as client, client.stream("GET", f"http://127.0.0.1:{port}/events") as answer:
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                await process.wait()
        assert time.monotonic() - began < 3
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_after_a_time_in_which_nobody_listened_every_page_reads_again():
    hub = Hub()
    words = hub.words({"figures", "cases"})
    assert b"event: ready" in await anext(words)
    hub.publish_all()
    assert [await anext(words), await anext(words)] == [
        b"event: change\ndata: cases\n\n",
        b"event: change\ndata: figures\n\n",
    ]
    await words.aclose()
