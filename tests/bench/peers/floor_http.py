"""The floor of a command over HTTP: Starlette, asyncpg, two inserts in a transaction; server settings as ours."""

import json
import sys
from contextlib import asynccontextmanager
from datetime import date
from uuid import uuid4

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

given = json.loads(sys.argv[1])


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(given["url"], min_size=1, max_size=10)
    yield
    await app.state.pool.close()


async def receive(request):
    body = await request.json()
    case = uuid4()
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "insert into household (id, number, category, decided_on) values ($1, $2, $3, $4)",
            case, body["allocation_number"], body["category"], date.fromisoformat(body["decided_on"]),
        )  # fmt: skip
        person = body["persons"][0]
        await connection.execute(
            "insert into person (id, household, name, birth_date, sex) values ($1, $2, $3, $4, $5)",
            uuid4(), case, person["name"], date.fromisoformat(person["birth_date"]), person["sex"],
        )  # fmt: skip
    return JSONResponse({"case": str(case)}, 201)


async def livez(request):
    return JSONResponse({})


app = Starlette(routes=[Route("/allocations", receive, methods=["POST"]), Route("/livez", livez)], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=given["port"], access_log=False, log_config=None, server_header=False)
