"""Fresh ground for one run of a scenario: a database of its own, and on it a house, a post office or a reception."""

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.database import drop_database, prepare_database
from tests.conftest import _PASSWORDS, Database
from tests.notifications.town import Town, town_on
from tests.reception.office import Office, office
from tests.shared.conftest import House, house_on
from tests.waiting import until


@dataclass(frozen=True)
class Ground:
    """`patience` is how long to wait for what ought to come: long where all is well, short where a bug was seeded."""

    admin_url: str
    bootstrap: str
    patience: float = 60

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        name = f"t_{secrets.token_hex(6)}"
        urls = await prepare_database(self.admin_url, _PASSWORDS, name)
        try:
            yield Database(name, urls, self.admin_url.rpartition("/")[0] + f"/{name}")
        finally:
            await drop_database(self.admin_url, name)

    @asynccontextmanager
    async def house(self, *, kafka: bool = True) -> AsyncIterator[House]:
        """The small house of two services; without Kafka the records are handed over by the scenario."""
        async with self.database() as database, house_on(database, self.bootstrap if kafka else None) as house:
            yield house

    @asynccontextmanager
    async def post(self) -> AsyncIterator[Town]:
        """notifications with a real mail server."""
        async with self.database() as database, town_on(database) as town:
            yield town

    @asynccontextmanager
    async def reception(self) -> AsyncIterator[Office]:
        with tempfile.TemporaryDirectory() as folder:
            async with self.database() as database, office(database.url("reception"), Path(folder)) as made:
                yield made

    async def complete(self, house: House, events: int) -> None:
        """Waits until the follower was given `events`; that they are missing is for `findings` to say."""
        with suppress(AssertionError):
            await until(
                lambda: house.target.pool.fetchval("select count(*) from seen"),
                lambda seen: seen >= events,
                seconds=self.patience,
            )


async def findings(house: House, parked: set[object] | None = None) -> list[str]:
    """What is wrong after healing: loss, ghosts, doubles and disorder at the follower, and what is parked unasked.

    `parked` holds the ids of events that are to be held now, and the places of records that are no events.
    """
    expected = {
        row["id"]: (row["subject"], row["sequence"])
        for row in await house.source.pool.fetch("select id, subject, sequence from journal")
    }
    rows = await house.target.pool.fetch("select subject, sequence, event from seen order by position")
    held = {row["event_id"] or row["place"] for row in await house.held()}
    parked = parked or set()
    found = []
    if lost := expected.keys() - {row["event"] for row in rows} - parked:
        found.append(f"I1 loss: {len(lost)} events were committed and never applied")
    if ghosts := {row["event"] for row in rows} - expected.keys():
        found.append(f"I2 ghost: {len(ghosts)} events were applied and never committed")
    if (doubled := len(rows) - len({row["event"] for row in rows})) > 0:
        found.append(f"I3 once: {doubled} applied again")
    last: dict[object, int] = {}
    disorder = 0
    for row in rows:
        disorder += row["sequence"] != last.get(row["subject"], 0) + 1
        last[row["subject"]] = row["sequence"]
    if disorder:
        found.append(f"I4 order: {disorder} applied out of order")
    if held != parked:
        found.append(f"I8 parked: {len(parked - held)} missing, {len(held - parked)} not injected")
    return found
