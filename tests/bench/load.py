"""Requests as fast as they are answered, or by the clock, from a process of its own. `python -m tests.bench.load`.

Promise: by the clock a request's time counts from when it was due, so a server that stalls pays for the queue.
Reads one JSON object, writes one row for each request: due (seconds of the epoch), milliseconds, status, case.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

CONNECTIONS = 64


@dataclass(frozen=True)
class Load:
    """`rate` requests a second by the clock, or as fast as `at_once` connections get their answers."""

    port: int
    path: str
    token: str
    prefix: str
    n: int
    at_once: int = 0
    rate: float = 0.0
    decided_on: str = "2018-01-01"


@dataclass(frozen=True)
class Answer:
    due: float
    ms: float
    status: int
    case: str


async def answers(load: Load) -> list[Answer]:
    """What the other process saw."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, errors = await asyncio.wait_for(process.communicate(json.dumps(asdict(load)).encode()), 300)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()[-2000:]
    return [Answer(*row) for row in json.loads(out)]


class Line(asyncio.Protocol):
    """One keep-alive connection, one request at a time. Understands answers that say how long they are."""

    transport: asyncio.Transport
    waiting: "asyncio.Future[tuple[int, bytes]]"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""  # type: ignore[assignment]  # uvloop has its own kind

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.waiting

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(rest) >= length:
            self.buffer = b""
            self.waiting.set_result((int(head[9:12]), rest))

    def connection_lost(self, error: Exception | None) -> None:
        if hasattr(self, "waiting") and not self.waiting.done():
            self.waiting.set_exception(ConnectionError("the server hung up"))


def request(load: Load, number: int) -> bytes:
    body = json.dumps(
        {
            "allocation_number": f"{load.prefix}-{number}",
            "category": "agency-accommodation",
            "decided_on": load.decided_on,
            "persons": [{"name": f"Prov Nummer{number}", "birth_date": "1985-04-12", "sex": "female"}],
        }
    ).encode()
    return (
        f"POST {load.path} HTTP/1.1\r\nhost: 127.0.0.1:{load.port}\r\nauthorization: Bearer {load.token}\r\n"
        f"idempotency-key: {uuid.uuid4()}\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _ask(load: Load, line: Line, number: int, due: float, begun: float) -> tuple[float, float, int, str]:
    status, body = await line.ask(request(load, number))
    ms = (time.perf_counter() - begun) * 1000
    try:
        case = str(json.loads(body).get("case", ""))
    except ValueError:
        case = ""
    return due, ms, status, case


async def _closed(load: Load, connect: Callable[[], Awaitable[Line]]) -> list[tuple[float, float, int, str]]:
    numbers, rows = iter(range(load.n)), []

    async def worker() -> None:
        line = await connect()
        for number in numbers:
            rows.append(await _ask(load, line, number, time.time(), time.perf_counter()))

    await asyncio.gather(*(worker() for _ in range(load.at_once)))
    return rows


async def _by_the_clock(load: Load, connect: Callable[[], Awaitable[Line]]) -> list[tuple[float, float, int, str]]:
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        lines.put_nowait(await connect())
    begun, wall = time.perf_counter() + 0.1, time.time() + 0.1

    async def one(number: int) -> tuple[float, float, int, str]:
        line = await lines.get()
        row = await _ask(load, line, number, wall + number / load.rate, begun + number / load.rate)
        lines.put_nowait(line)
        return row

    tasks = []
    for number in range(load.n):
        ahead = begun + number / load.rate - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        tasks.append(asyncio.create_task(one(number)))
    return list(await asyncio.gather(*tasks))


async def _main(given: dict[str, Any]) -> list[tuple[float, float, int, str]]:
    load, loop = Load(**given), asyncio.get_running_loop()

    async def connect() -> Line:
        _, line = await loop.create_connection(Line, "127.0.0.1", load.port)
        return line

    return await (_by_the_clock(load, connect) if load.rate else _closed(load, connect))


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_main(json.load(sys.stdin)))))
