"""B7: a command over HTTP with everything on, against the same two rows written with nothing around them."""

import secrets
from dataclasses import dataclass
from functools import partial

from deploy.local.town import Town
from tests.bench.harness import Bench, Measured, Variant, at_least, at_most
from tests.bench.load import Answer, Load, answers
from tests.bench.stand import Stand
from tests.bench.town import (
    ALCHEMY,
    OWN,
    connect,
    inside,
    open_town,
    peer_database,
    percentile,
    server,
    token,
    town_of,
)

RATE = 100
FLOOR = "Starlette and two inserts"
PEER = "FastAPI and SQLAlchemy"
UNTRACED = "ours, no traces"


@dataclass
class Work:
    """One run's requests to one address; `prefix` makes its allocations its own."""

    port: int
    path: str
    token: str
    prefix: str

    async def __call__(self, name: str, n: int, *, at_once: int = 0, rate: float = 0) -> list[Answer]:
        found = await answers(Load(self.port, self.path, self.token, f"{self.prefix}-{name}", n, at_once, rate))
        assert len(found) == n and {answer.status for answer in found} <= {201, 503}, {a.status for a in found}
        return found


async def measure(work: Work, n: int) -> tuple[Measured, list[Answer]]:
    """Throughput with 32, 8 and 1 at once; then latency by the clock."""
    done = await work("warm", 60, at_once=8)
    per_second = {}
    for at_once, part in ((32, n), (8, n // 2), (1, n // 8)):
        found = await work(f"closed{at_once}", part, at_once=at_once)
        begun = min(answer.due for answer in found)
        accepted = sum(answer.status == 201 for answer in found)
        per_second[at_once] = accepted / (max(answer.due + answer.ms / 1000 for answer in found) - begun)
        done += found
    clocked = await work("clock", n // 2, rate=RATE)
    took = [answer.ms for answer in clocked]
    return Measured(
        per_second[32],
        "commands/s",
        {
            "8 at once": per_second[8],
            "1 at once": per_second[1],
            "p50 ms at 100/s": percentile(took, 0.5),
            "p99 ms at 100/s": percentile(took, 0.99),
            "refused with 503": sum(answer.status == 503 for answer in done + clocked),
        },
    ), [answer for answer in done + clocked if answer.status == 201]


async def _traced(town: Town, share: str) -> None:
    """The service as it is, or started again with that share of traces."""
    if getattr(town, "share", "1.0") != share:
        await town.supervisor.restart("reception", {"OTEL_TRACES_SAMPLER_ARG": share})
        town.share = share  # type: ignore[attr-defined]


async def ours(share: str, front: bool, stand: Stand, n: int) -> Measured:
    town = town_of(stand)
    await _traced(town, share)
    port = town.port if front else town.ports["reception"]
    work = Work(port, "/reception/allocations", await token(town), secrets.token_hex(4))
    measured, done = await measure(work, n)
    looking = await inside(stand, town)
    cases = [answer.case for answer in done]
    assert len(set(cases)) == len(done), "two commands were answered with the same case"
    rows = await looking.fetch(
        "select subject::text, count(*) as n from reception.journal where subject = any($1::uuid[]) group by 1", cases
    )
    assert {row["subject"]: row["n"] for row in rows} == dict.fromkeys(cases, 1), "a 201 without its one journal row"
    looks = await looking.fetchval("select count(*) from reception.access_log l where l.subjects && $1::uuid[]", cases)
    assert looks == len(cases), f"{looks} looks were recorded for {len(cases)} commands"
    return measured


async def other(script: str, stand: Stand, n: int) -> Measured:
    """Floor or peer: its rows are counted."""
    town = town_of(stand)
    url = await peer_database(stand, town)
    peer = script == "alchemy_http"
    given = {"url": url, "audience": "landa", "jwks": f"{town.addresses.identity}/identity/jwks"}
    port = await server(stand, town, script, ALCHEMY if peer else OWN, given)
    work = Work(port, "/allocations", await token(town), secrets.token_hex(4))
    measured, done = await measure(work, n)
    looking = await connect(stand, url)
    for table in ("household", "person") + (("outbox",) if peer else ()):
        stored = await looking.fetchval(f"select count(*) from {table}")
        assert stored == len(done), f"{stored} rows in {table} for {len(done)} commands"
    return measured


async def setup(stand: Stand, n: int) -> None:
    await open_town(stand, ["reception"])


BENCHES = [
    Bench(
        "B7",
        "A command over HTTP with everything on",
        "POST of one allocation with one person, straight to the service: token verified, roles, idempotency, rules,"
        " person sealed, state, journal and outbox, the look in the signed access log, traces exported, the relay at"
        " work; 32, 8 and 1 requests at once as fast as they are answered, then 100/s by the clock, where the time"
        " counts from when a request was due",
        1000,
        160,
        [
            Variant("ours", "ours", partial(ours, "1.0", False)),
            Variant(UNTRACED, "ours", partial(ours, "0", False), note="no trace is kept, so none is exported"),
            Variant(
                "ours, through the front",
                "ours",
                partial(ours, "1.0", True),
                rounds=3,
                note="the demo's one address in front; in production that is the ingress",
            ),
            Variant(
                FLOOR, "floor", partial(other, "floor_http"), note="uvicorn, uvloop, httptools and asyncpg like ours"
            ),
            Variant(
                PEER,
                "peer",
                partial(other, "alchemy_http"),
                note="token verified, pydantic, household, person and outbox row; no audit, no idempotency, no relay",
            ),
        ],
        [at_least("ours", FLOOR, 0.35), at_most("ours", 60, "ms", extra="p99 ms at 100/s")],
        notes=[
            "Every 201 has its one journal row and its one entry in the access log, or the run fails.",
            "The load comes from a process of its own on the same machine; one process serves, as in the demo.",
        ],
        setup=setup,
    )
]
