"""Children live as long as the town, and no longer."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local.child import Spec, start_time, until
from deploy.local.kafka import make_topics
from deploy.local.places import CHECKOUT, places, temporary_state
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.supervisor import Claim, Refused, Supervisor
from deploy.local.town import Town

TOWN = """
import asyncio, json, sys
from pathlib import Path
from deploy.local.kafka import make_topics
from deploy.local.places import places
from deploy.local.supervisor import Claim
from deploy.local.town import Town

async def main():
    where, port = places(Path(sys.argv[1])), int(sys.argv[2])
    claim = Claim(where.state)
    await claim.take(port, {"address": f"http://localhost:{port}"})
    async with Town(where, port, services=()) as town:
        print(town.addresses.admin_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        await until(condition)


def listening(name: str, state: Path, script: str) -> Spec:
    return Spec(name=name, argv=(sys.executable, "-c", script), log=state / f"{name}.log", cwd=state, env={})


async def test_a_killed_child_is_started_again_and_stop_ends_it(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    await supervisor.start(listening("waiter", tmp_path, "import time; time.sleep(600)"), 0)
    first = supervisor.pid("waiter")
    supervisor.kill("waiter")
    await within(10, lambda: any("is back" in line for line in said))
    second = supervisor.pid("waiter")
    assert second != first
    assert supervisor.deaths == {"waiter": [-signal.SIGKILL]}
    await supervisor.stop()
    assert start_time(second) is None
    assert len(supervisor.deaths["waiter"]) == 1


async def test_a_child_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    spec = listening("deaf", tmp_path, script)

    async def ready() -> bool:
        return "deaf" in spec.log.read_text()

    supervisor = Supervisor(tmp_path, print)
    await supervisor.start(Spec(**{**vars(spec), "ready": ready, "grace": 0.2}), 0)
    pid = supervisor.pid("deaf")
    await supervisor.stop()
    assert start_time(pid) is None


async def test_only_our_own_leftover_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as ours, subprocess.Popen(["sleep", "600"]) as reused:
        record = {"ours": [ours.pid, start_time(ours.pid)], "reused": [reused.pid, "1"]}
        (tmp_path / "children.json").write_text(json.dumps(record))
        claim = Claim(tmp_path)
        await claim.take(None, {})
        try:
            assert ours.wait(5) == -signal.SIGKILL
            assert reused.poll() is None
        finally:
            claim.release()
            reused.kill()


async def test_a_second_town_and_a_used_port_are_refused_with_the_remedy(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda r, w: None, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    claim = Claim(tmp_path)
    with pytest.raises(Refused, match=f"Port {port} is used .* LANDA_PORT="):
        await claim.take(port, {})
    server.close()
    await claim.take(None, {"address": "http://localhost:8400"})
    with pytest.raises(Refused, match="already running: http://localhost:8400"):
        await Claim(tmp_path).take(None, {})
    claim.release()
    await claim.take(None, {})
    claim.release()


def below(state: Path) -> list[int]:
    """Every living process that has to do with this state folder: by its arguments or by where it works."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if start_time(int(entry.name)) and (
                    str(state).encode() in (entry / "cmdline").read_bytes()
                    or str(state).encode() in (entry / "environ").read_bytes()
                    or (entry / "cwd").readlink().is_relative_to(state)
                ):
                    found.append(int(entry.name))
    return found


@pytest.fixture
def own_state() -> Iterator[Path]:
    state = temporary_state()
    places(state)
    yield state
    for pid in below(state):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(state, ignore_errors=True)


@pytest.mark.timeout(300)
async def test_a_town_killed_with_9_leaves_no_process_and_the_next_one_has_its_data(own_state: Path) -> None:
    state = own_state
    port = free_ports(1)[0]
    arguments = (sys.executable, "-c", TOWN, str(state), str(port))

    async def start() -> tuple[asyncio.subprocess.Process, str]:
        town = await asyncio.create_subprocess_exec(*arguments, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
        assert town.stdout is not None
        line = await asyncio.wait_for(town.stdout.readline(), 60)
        assert line, "the town did not start; its own message is above"
        return town, line.decode().strip()

    town, url = await start()
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept (id int); insert into kept values (7)")
    await connection.close()
    assert len(below(state)) > 6
    town.kill()
    await town.wait()
    await within(30, lambda: not below(state))

    town, url = await start()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select id from kept") == 7
    await connection.close()
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{LOOPBACK}:{port}/mail/messages.json")
        assert answer.json() == {"count": 0, "messages": []}
    town.terminate()
    await town.wait()
    await within(30, lambda: not below(state))


@pytest.mark.timeout(300)
async def test_postgres_and_kafka_come_back_with_their_data(own_state: Path) -> None:
    said: list[str] = []
    async with Town(places(own_state), free_ports(1)[0], services=(), say=said.append) as town:
        connection = await asyncpg.connect(town.addresses.databases["awards"])
        await connection.execute("create table kept (id int); insert into kept values (7)")
        town.supervisor.kill("postgres")
        town.supervisor.kill("kafka")
        await within(90, lambda: {"postgres", "kafka"} <= {line.split()[0] for line in said if "is back" in line})
        connection = await asyncpg.connect(town.addresses.databases["awards"])
        assert await connection.fetchval("select id from kept") == 7
        await connection.close()
        assert await make_topics(town.addresses.kafka, ["awards"]) == ["landa.awards"]
    assert not below(own_state)
