"""What careless and hostile people do to the town: bytes as they like, browsers, and what must hold afterwards."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx

from deploy.local.identity.provider import read_people
from tests.journeys.people import People

CANARY = "Qanarya"


def no(answer: Any, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem in `answer`: it says what and how to mend it, and repeats nothing."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text[:200]
    problem: dict[str, Any] = json.loads(answer.text)
    assert code in (None, problem["code"]), problem
    assert problem["title"] and problem["detail"] and problem["type"] == f"urn:landa:refusal:{problem['code']}"
    assert all(error["where"] and error["what"] and error["mend"] for error in problem["errors"]), problem
    assert CANARY not in answer.text + str(dict(answer.headers))
    return problem


@asynccontextmanager
async def unchanged(people: People) -> AsyncIterator[None]:
    """Nothing was decided meanwhile: no new position in the journal, so nothing for Kafka, and the same figures."""
    before = await people.get("service", "/reception/figures")
    yield
    assert await people.get("service", "/reception/figures") == before


@dataclass
class Told:
    """An answer read from the wire."""

    status_code: int
    headers: dict[str, str]
    text: str


async def raw(
    people: People, line: str, headers: Mapping[str, str] | None = None, body: bytes = b"", role: str = "coordinator"
) -> Told:
    """Sends exactly these bytes, as `role` (nobody when empty)."""
    sent = {"Host": f"localhost:{people.town.port}", "Accept": "application/json", "Connection": "close"}
    sent |= {"Authorization": f"Bearer {await people.token(role)}"} if role else {}
    lines = [line, *(f"{name}: {value}" for name, value in {**sent, **(headers or {})}.items())]
    reader, writer = await asyncio.open_connection("127.0.0.1", people.town.port)
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    pairs = (other.partition(": ") for other in others)
    return Told(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, rest.decode(errors="replace"))


async def post(people: People, path: str, body: bytes | str, role: str = "coordinator", **headers: str) -> Told:
    """A POST of these bytes as JSON, with any header replaced or added (`idempotency_key=""` leaves it out)."""
    content = body.encode() if isinstance(body, str) else body
    sent = {"content-type": "application/json", "idempotency-key": str(uuid4()), "content-length": str(len(content))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    line = f"POST {path} HTTP/1.1"
    return await raw(people, line, {name: value for name, value in sent.items() if value}, content, role)


@asynccontextmanager
async def browser(people: People, role: str) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the first person with `role`, signed in as people sign in."""
    address, html = people.town.addresses.public_url, {"accept": "text/html"}
    async with httpx.AsyncClient(base_url=address, headers=html, timeout=10) as client:
        asked = urlsplit((await client.get("/auth/login")).headers["location"])
        sub = next(person["sub"] for person in read_people().values() if role in person["roles"])
        back = await client.post(asked.path, data=dict(parse_qsl(asked.query)) | {"sub": sub})
        assert (await client.get(back.headers["location"])).status_code == 303
        yield client


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's own form; the layout's sign-out form comes first and has fewer."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def memory(people: People, *names: str) -> dict[str, tuple[int, int]]:
    """MB resident and open files of the town's processes by name."""
    found = {}
    for name in names:
        process = Path(f"/proc/{people.town.supervisor.pid(name)}")
        rss = re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())
        found[name] = (int(rss[1]) // 1024 if rss else 0, len(list((process / "fd").iterdir())))
    return found
