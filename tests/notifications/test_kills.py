"""Killed at a named step between hand-over and mark, the service delivers after a restart, under one Message-ID."""

import asyncio
import base64
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from tests.notifications.town import Town, allocation

ROOT = Path(__file__).parents[2]
# for a process to start, do its work and die, on a machine with other work
PATIENCE = 100


@asynccontextmanager
async def running(town: Town, log: Path, fault: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    s = town.settings
    key = base64.b64encode(s.session_key).decode()
    given = {
        "DATABASE_URL": s.database_url,
        "KAFKA": s.kafka,
        "LISTEN_PORT": str(free_ports(1)[0]),
        "PUBLIC_URL": s.public_url,
        "DEMO": "1",
        "ISSUER": s.issuer,
        "CLIENT_ID": s.client_id,
        "CLIENT_SECRET": s.client_secret,
        "SESSION_KEY": key,
        "MASTER_KEY": key,
        "SMTP": s.smtp,
        "MAIL_FROM": s.mail_from,
        "FAULT": fault,
    }
    env = {f"LANDA_{name}": value for name, value in given.items()} | {"PATH": os.environ["PATH"]}
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.notifications.app", cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize(("step", "copies"), [("notifications.before-hand-over", 1), ("notifications.handed-over", 2)])
async def test_killed_at(step: str, copies: int, town: Town, tmp_path: Path) -> None:
    await town.react(allocation(), allocation(), allocation())
    await town.age()
    log = tmp_path / "log"
    async with running(town, log, step) as process:
        code = await asyncio.wait_for(process.wait(), PATIENCE)
        assert code == -signal.SIGKILL, log.read_text()[-2000:]
    assert await town.statuses() == ["waiting"]
    assert len(town.mail.received) == copies - 1
    await town.react(allocation())
    await town.database.pool.execute("update mail set leased_until = clock_timestamp()")
    async with running(town, log):
        await town.until_all("sent", 2, seconds=PATIENCE)
    first = [mail for mail in town.mail.received if "3 nya" in str(mail.message["Subject"])]
    assert len(first) == copies
    assert len({mail.id for mail in first}) == len({mail.message.as_bytes() for mail in first}) == 1
    assert len(town.mail.received) == copies + 1


async def test_reminders_and_digests_survive_a_kill_at_every_step(town: Town, tmp_path: Path) -> None:
    """Raised and not committed, committed, collected and not committed, committed: each reminder once, in one mail."""
    facts = [allocation() for _ in range(7)]
    await town.react(*facts)
    await town.database.pool.execute("update notification set withheld = true where channel = 'email'")
    log = tmp_path / "log"
    raised = "select count(*)::int as n, count(distinct id)::int as ids from notification where deadline is not null"
    for step, expected in (("reminders-raised", 0), ("reminders-committed", 28), ("collected", 28)):
        await town.age()  # before it runs: two who change the same rows can wait for each other
        async with running(town, log, f"notifications.{step}") as process:
            code = await asyncio.wait_for(process.wait(), PATIENCE)
            assert code == -signal.SIGKILL, log.read_text()[-2000:]
        assert await town.rows(raised) == [{"n": expected, "ids": expected}]
        assert await town.statuses() == []
    async with running(town, log, "notifications.digest-committed") as process:
        await asyncio.wait_for(process.wait(), PATIENCE)
    await town.react(*facts)
    async with running(town, log):
        await town.until_all("sent", 2, seconds=PATIENCE)
    assert await town.rows(raised) == [{"n": 28, "ids": 28}]
    assert len({mail.id for mail in town.mail.received}) == 2
    text = "".join(mail.message.get_content() for mail in town.mail.received)
    # Each once in each mail; the managers' leads to the message, since they may not open a case that nobody has.
    assert all(text.count(str(fact.subject)) == 1 for fact in facts)
    assert len(re.findall(r"^\* ", text, re.MULTILINE)) == 2 * len(facts)
