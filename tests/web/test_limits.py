"""What is too large or too slow is answered in time, on a real server, and reaches nobody."""

import asyncio
import json

import httpx
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from shared.web.house import furnish
from shared.web.pages import Pages
from shared.web.problems import may_have_effect, no_effect
from tests.web.serving import serving

LIMIT = 100_000
# longer together than the deadline of those who watch them, and each far from it
PIECES, PAUSE, DEADLINE = 16, 0.15, 2.0


def make(deadline: float = DEADLINE) -> tuple[FastAPI, list[int]]:
    app, came = FastAPI(), []

    @app.post("/reception/body")
    @app.post("/reception/imports")
    async def body(request: Request) -> dict[str, int]:
        came.append(len(await request.body()))
        return {"size": came[-1]}

    @app.post("/reception/json")
    async def typed(request: Request, body: dict[str, str]) -> dict[str, int]:
        came.append(len(body))
        return {}

    @app.api_route("/reception/slow/{how}", methods=["GET", "POST"])
    async def slow(request: Request, how: str) -> None:
        if how == "before":
            no_effect(request.scope)
        if how == "after":
            no_effect(request.scope)
            may_have_effect(request.scope)
        await asyncio.Event().wait()

    @app.get("/reception/long")
    async def long() -> StreamingResponse:
        async def pieces():  # type: ignore[no-untyped-def]
            for _ in range(PIECES):
                await asyncio.sleep(PAUSE)
                yield b"x"

        return StreamingResponse(pieces())

    bodies = {"/reception/imports": 3 * LIMIT}
    furnish(app, Pages("reception"), body=LIMIT, bodies=bodies, deadline=deadline)
    return app, came


async def raw(at: tuple[str, int], head: str, body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*at)
    writer.write(head.encode().replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)
    await writer.drain()
    async with asyncio.timeout(20):
        answer = await reader.read(-1)
    writer.close()
    return answer


async def test_a_body_over_its_limit_is_refused_and_one_at_its_limit_is_not() -> None:
    app, came = make()
    async with serving(app) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:

        async def chunked(size: int, piece: int = 1000):  # type: ignore[no-untyped-def]
            for _ in range(size // piece):
                yield b"x" * piece

        for path, limit in (("/reception/body", LIMIT), ("/reception/imports", 3 * LIMIT)):
            assert (await client.post(path, content=b"x" * limit)).json() == {"size": limit}
            assert (await client.post(path, content=chunked(limit))).json() == {"size": limit}
            for content in (b"x" * (limit + 1), chunked(limit + 1000), b"x" * 5_000_000, chunked(5_000_000, 100_000)):
                answer = await client.post(path, content=content)
                assert answer.status_code == 413 and answer.json()["code"] == "too-large"
        assert came == [LIMIT, LIMIT, 3 * LIMIT, 3 * LIMIT]
        wide = json.dumps({"a": "x" * LIMIT}).encode()
        json_head = {"Content-Type": "application/json"}
        assert (await client.post("/reception/json", content=wide, headers=json_head)).status_code == 413
        assert len(came) == 4


async def test_a_giant_on_a_slow_line_is_heard_out_and_its_sender_sees_the_answer() -> None:
    app, came = make()

    async def trickle(at_first: int):  # type: ignore[no-untyped-def]
        yield b"x" * at_first
        for _ in range(PIECES):
            await asyncio.sleep(PAUSE)
            yield b"x" * 100_000

    size = 2 * LIMIT + PIECES * 100_000
    async with serving(app) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        for headers in ({}, {"Content-Length": str(size)}):
            answer = await client.post("/reception/body", content=trickle(2 * LIMIT), headers=headers)
            assert answer.status_code == 413 and answer.json()["code"] == "too-large"
    assert came == []


async def test_an_announced_giant_is_answered_before_it_comes() -> None:
    app, came = make()
    async with serving(app) as at:
        answer = await raw(at, "POST /reception/body HTTP/1.1\nHost: x\nContent-Length: 50000000", b"x" * 1000)
    assert b"413" in answer.split(b"\r\n")[0] and b"too-large" in answer and came == []


async def test_a_late_answer_says_whether_anything_may_have_happened() -> None:
    app, _ = make(deadline=0.4)
    async with serving(app) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        for method, how, status in (
            ("GET", "x", 503),
            ("POST", "before", 503),
            ("POST", "after", 504),
            ("POST", "x", 504),
        ):
            answer = await client.request(method, f"/reception/slow/{how}")
            assert (answer.status_code, "retry-after" in answer.headers) == (status, True)


async def test_an_answer_that_has_begun_may_last() -> None:
    app, _ = make()
    async with serving(app) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        assert (await client.get("/reception/long")).text == "x" * PIECES


async def test_a_slow_upload_is_not_late_while_it_comes_and_is_when_it_stops() -> None:
    app, came = make()
    async with serving(app) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:

        async def trickle():  # type: ignore[no-untyped-def]
            for _ in range(PIECES):
                await asyncio.sleep(PAUSE)
                yield b"x"

        assert (await client.post("/reception/imports", content=trickle())).json() == {"size": PIECES}
        answer = await raw((host, port), "POST /reception/imports HTTP/1.1\nHost: x\nContent-Length: 10", b"xx")
    assert b" 504 " in answer.split(b"\r\n")[0] and came == [PIECES]
