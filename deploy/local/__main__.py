"""`python -m deploy.local demo|smoke|token|trace|stop|clean|parts`: the town on this machine, in plain words."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from typing import Any

import httpx

from deploy.local.child import NotReady, start_time, until
from deploy.local.places import PartsMissing, Places, places, temporary_state
from deploy.local.ports import free_ports
from deploy.local.supervisor import Claim, Refused, running
from deploy.local.town import Town
from deploy.local.way import lines

Work = Callable[[Claim], Coroutine[Any, Any, int]]
_BEGUN = time.monotonic()
# time to sign in before the first year starts
SIGN_IN_SECONDS = 10
ROLE_WORDS = {"councillor": "council", "administrator": "operator"}
USAGE = "usage: python -m deploy.local demo | smoke | token ROLE | trace SUBJECT [EVENT] | stop | clean | parts"


def say(text: str) -> None:
    # the line that shows how far the year is may stand there
    clear = "\x1b[K" if sys.stdout.isatty() else ""
    print(f"[{time.monotonic() - _BEGUN:6.1f} s] {text}{clear}", flush=True)


def _port() -> int:
    text = os.environ.get("LANDA_PORT", "8400")
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise Refused(f"LANDA_PORT={text} is no port: choose a number from 1024 to 65535, for example LANDA_PORT=8400")
    return int(text)


async def _until_asked(work: Coroutine[Any, Any, int], asked_status: int) -> int:
    """Run `work`, and cancel it at the first Ctrl-C or SIGTERM; a second one ends at once and the kernel cleans up."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if task.cancelling():
            os._exit(130)
        say("stopping everything")
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        return await task
    except asyncio.CancelledError:
        say("everything has stopped")
        return asked_status


async def _claimed(where: Places, port: int | None, work: Work, asked_status: int = 0) -> int:
    claim = Claim(where.state)
    await claim.take(port, {"address": f"http://localhost:{port}"} if port else {})
    try:
        return await _until_asked(work(claim), asked_status)
    finally:
        claim.release()


async def _demo() -> int:
    where, port = places(), _port()

    async def work(claim: Claim) -> int:
        say("starting PostgreSQL, Apache Kafka, the sign-in, the mail sink, the services and one address for them")
        async with Town(where, port, say=say) as town:
            address = town.addresses.public_url
            claim.tell(_facts(town, address))
            say(f"the pages are up: {address}")
            if not (where.state / "played.jsonl").exists():
                say(f"the year begins in {SIGN_IN_SECONDS} s: sign in as Rune Hedvall, a councillor, and watch it")
                await asyncio.sleep(SIGN_IN_SECONDS)
            await _play(town)
            say(f"open {address}    mail: {address}/mail    traces: {address}/traces")
            say("an API token: make token ROLE=coordinator    Ctrl-C stops everything, the town's data stays")
            await asyncio.Event().wait()
        return 0

    return await _claimed(where, port, work)


def _facts(town: Town, address: str) -> Mapping[str, Any]:
    public = asdict(town.addresses)
    for secret in ("admin_url", "databases"):
        del public[secret]
    return {"address": address, **public}


async def _play(town: Town, pace: float | None = None) -> None:
    if importlib.util.find_spec("deploy.local.play") is None:
        say("this checkout has no player: the town stays empty")
        return
    player = importlib.import_module("deploy.local.play")
    await player.play(town.addresses, say, pace)


async def _smoke() -> int:
    """A town of its own on a free port, played to the end and compared; a running demo is not disturbed."""
    where = places(temporary_state())

    async def work(_: Claim) -> int:
        player = importlib.import_module("deploy.local.play")
        say("starting a town of its own for the smoke test")
        async with Town(where, free_ports(1)[0], say=say) as town:
            await _play(town, pace=0)
            wrong: list[str] = await player.compare(town.addresses, say)
        for line in wrong:
            say(f"WRONG: {line}")
        say("every figure is right" if not wrong else f"{len(wrong)} figures are wrong")
        return 1 if wrong else 0

    try:
        return await _claimed(where, None, work, 130)
    finally:
        shutil.rmtree(where.state, ignore_errors=True)


async def _parts() -> int:
    """PostgreSQL and Kafka alone, for many test runs in a row."""
    where = places(temporary_state())

    async def work(_: Claim) -> int:
        async with Town(where, free_ports(1)[0], services=(), say=say) as town:
            print(f"export LANDA_TEST_DATABASE_URL={town.addresses.admin_url}")
            print(f"export LANDA_TEST_KAFKA={town.addresses.kafka}", flush=True)
            say("Ctrl-C stops them and forgets their data")
            await asyncio.Event().wait()
        return 0

    try:
        return await _claimed(where, None, work)
    finally:
        shutil.rmtree(where.state, ignore_errors=True)


async def _token(role: str) -> int:
    facts = running(places().state)
    if "identity" not in facts:
        raise Refused("No demo of this checkout is running: start it with `make demo`.")
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(
            f"{facts['identity']}/identity/demo-token", json={"role": ROLE_WORDS.get(role, role)}
        )
    if answer.status_code != 200:
        raise Refused(f"The sign-in gave no token for {role!r}: {answer.json().get('error_description', answer.text)}")
    print(answer.json()["access_token"])
    return 0


async def _trace(subject: str, event: str | None) -> int:
    """One event's way, printed. Spans come half a second after what they tell of, so the newest may grow."""
    facts = running(places().state)
    if "sinks" not in facts:
        raise Refused("No demo of this checkout is running: start it with `make demo`.")
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"{facts['sinks']}/traces/ways.json", params={"subject": subject})
    found = answer.raise_for_status().json()["ways"]
    print("\n".join(lines(found, event)))
    return 0 if any(event in (None, one["event"]) for one in found) else 1


async def _stop() -> int:
    facts = running(places().state)
    if not facts:
        say("no demo of this checkout is running")
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(facts["pid"], signal.SIGTERM)
    async with asyncio.timeout(30):
        await until(lambda: start_time(facts["pid"]) != facts["start"])
    say("the demo has stopped")
    return 0


async def _clean() -> int:
    await _stop()
    state = places().state
    # takes the lock, so that what a killed demo left behind is ended before its data goes
    claim = Claim(state)
    await claim.take(None, {})
    shutil.rmtree(state)
    claim.release()
    say("the town is forgotten; the downloaded parts are kept")
    return 0


def main(arguments: list[str]) -> int:
    match arguments:
        case ["demo"]:
            work = _demo()
        case ["smoke"]:
            work = _smoke()
        case ["parts"]:
            work = _parts()
        case ["token", role]:
            work = _token(role)
        case ["trace", subject, *event] if len(event) < 2:
            work = _trace(subject, event[0] if event else None)
        case ["stop"]:
            work = _stop()
        case ["clean"]:
            work = _clean()
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    try:
        return asyncio.run(work)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (PartsMissing, NotReady) as broken:
        print(f"Landa could not start. {broken}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
