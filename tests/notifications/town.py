"""What the tests of notifications share: a town with a real database and mail server, and limits worth waiting for."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from services.notifications import consumers, domain, reminding, store, store_people
from services.notifications.addresses import Address, NotNow
from services.notifications.retrying import Schedule
from services.notifications.sender import Pace, Sender
from services.notifications.store_people import Mailbox
from shared.clock import Clock
from shared.contracts.awards import NominationSubmitted, PrizeCalendarMoved
from shared.contracts.envelope import Fact
from shared.contracts.reception import AllocationReceived, PersonFacts
from shared.database import Database, migrate
from shared.decider import fold
from shared.settings import Settings
from shared.web.texts import Texts
from tests.notifications.mail_server import MailServer
from tests.organisation import UNITS

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "shared/migrations", ROOT / "services/notifications/migrations"]
QUICK = Schedule(timedelta(seconds=0.05), timedelta(seconds=0.2), timedelta(seconds=60))
# As patient with the mail server as the product: on a busy machine nothing is cut off, which would be sent again.
PACE = Pace(schedule=QUICK, poll=0.05, collect=0.02)
# For a server that hangs: yet longer than the loop of a test stands still.
HURRIED = replace(PACE, lease=12.0, timeout=2.0, whole=4.0)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
NOMINATOR_FACTS = {
    "reference": "abcd-1234",
    "prize_year": 2026,
    "opens": date(2026, 10, 1),
    "opens_clock": "00:00",
    "closes": date(2026, 11, 15),
    "closes_clock": "12:00",
    "ceremony": date(2027, 1, 28),
    "open": True,
}
CORPORATE = "anvisningar@kommunen.example"


def allocation(at: datetime = NOW, subject: UUID | None = None) -> Fact:
    event = AllocationReceived(
        category="quota-refugee",
        quota_year=2026,
        decided_on=date(2026, 5, 1),
        receive_by=date(2026, 7, 1),
        persons=(PersonFacts(person=uuid4(), sex="female", age_band="20-64", unaccompanied_minor=False),),
    )
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return Fact(uuid4(), "reception", subject or uuid4(), 1, 1, at, at, event, parent)


def nomination(at: datetime = NOW, *, receipt: bool = True) -> Fact:
    event = NominationSubmitted(
        prize="integration", prize_year=2026, nominee_kind="association", receipt_wanted=receipt
    )
    return Fact(uuid4(), "awards", uuid4(), 1, 1, at, at, event)


def moved(*nominations: UUID, at: datetime = NOW) -> Fact:
    event = PrizeCalendarMoved(
        opens_at=at, closes_at=at, ceremony_on=at.date(), reason="few-nominations", tell=nominations
    )
    return Fact(uuid4(), "awards", uuid4(), 2, 1, at, at, event)


@dataclass
class Town:
    """One database, one mail server; `nominator` answers for awards.

    Without `secretary` the secretary's mail of nominations stays out of it: most tests count receipts.
    """

    settings: Settings
    database: Database
    mail: MailServer
    nominator: Callable[[UUID], Address | None] = field(
        default=lambda n: Address(f"{n}@example.org", "sv", NOMINATOR_FACTS)
    )
    away: bool = False
    secretary: bool = False

    async def of(self, recipient: str, about: UUID) -> Address | None:
        if recipient.startswith("person:"):
            return Address(f"{recipient.removeprefix('person:')}@kommunen.example", "sv")
        if recipient.startswith("nominator:"):
            if self.away:
                raise NotNow("address-service-away")
            return self.nominator(about)
        async with self.database.reading() as conn:
            box = await store_people.mailbox_of(conn, recipient.removeprefix("mailbox:"))
        return Address(box.address, box.language) if box else None

    async def react(self, *facts: Fact) -> None:
        async with self.database.transaction() as tx:
            await consumers.react(tx, facts, NOW, NOW)
            if not self.secretary:
                await tx.execute(
                    "update notification set withheld = true"
                    " where bundle = 'digest' and why = 'secretaries' and channel = 'email'"
                )

    async def remind(self, today: date) -> int:
        """The date is `today`; how many deadlines came up, in as many transactions as it takes."""
        found = 0
        while True:
            async with self.database.transaction() as tx:
                at = datetime(today.year, today.month, today.day, 8, tzinfo=UTC)
                count = await reminding.remind(tx, today, at, at)
            if not count:
                return found
            found += count

    async def sign_in(self, *subs: str, role: str = "caseworker") -> None:
        """They have logged in some time ago."""
        await self.database.pool.executemany(
            "insert into directory (sub, recipient, roles, unit) values ($1, $2, $3, 'reception')",
            [(sub, uuid4(), [role]) for sub in subs],
        )

    async def age(self, seconds: float = 20) -> None:
        """Lets what waits for company have waited."""
        # Ten thousand rows may take longer than a statement of the service may; row by row it could wait for a sender
        # who waits for it.
        connection = await self.database.connect()
        async with connection.transaction():
            await connection.execute("lock table notification in exclusive mode")
            await connection.execute(
                "update notification set created_at = created_at - make_interval(secs => $1),"
                " mail_after = mail_after - make_interval(secs => $1), due_at = due_at - make_interval(secs => $1)"
                " where mail is null",
                seconds,
            )
        await connection.close()

    @asynccontextmanager
    async def sending(self, senders: int = 1, pace: Pace = PACE) -> AsyncIterator[None]:
        made = [
            Sender(
                self.settings.model_copy(update={"instance": str(number)}),
                self.database,
                Clock(self.settings),
                self,  # type: ignore[arg-type]
                Texts("notifications"),
                pace,
            )
            for number in range(senders)
        ]
        tasks = [asyncio.create_task(sender.run()) for sender in made]
        try:
            yield
            for task in tasks:
                assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.pool.fetch(query, *given)]

    async def statuses(self) -> list[str]:
        return [row["status"] for row in await self.rows("select status from mail order by status")]

    async def until(self, what: str, condition: Callable[[], Awaitable[object]], seconds: float = 40) -> None:
        end = time.monotonic() + seconds
        while not await condition():
            if time.monotonic() > end:
                dump = await self.rows("select status, attempts, reason, leased_until, next_try, recipient from mail")
                raise AssertionError(f"waited {seconds} s for: {what}; mails: {dump[:20]}; tried {self.mail.tried}")
            await asyncio.sleep(0.02)

    async def until_all(self, status: str, count: int, seconds: float = 40) -> None:
        async def so() -> bool:
            found = await self.rows("select status, count(*) as n from mail group by status")
            return found == [{"status": status, "n": count}]

        await self.until(f"{count} mails {status}", so, seconds)

    async def check(self) -> None:
        """Parity: each stored state is the fold of its journal; and each notification is in one mail at most."""
        async with self.database.reading() as conn:
            stored = {key: (sequence, state) async for key, sequence, state in store.states(conn)}
            rows = await conn.fetch(
                "select subject, sequence, type, data::text from journal order by subject, sequence"
            )
        models = {
            e.type: e
            for e in (
                domain.NotificationSent,
                domain.NotificationFailed,
                domain.NotificationAcknowledged,
                domain.NotificationSettled,
            )
        }
        happened: dict[UUID, list[Any]] = {}
        for row in rows:
            happened.setdefault(row["subject"], []).append(models[row["type"]].model_validate_json(row["data"]))
        for key, (sequence, state) in stored.items():
            events = happened.pop(key, [])
            assert sequence == len(events)
            assert fold(domain.evolve, events, domain.EMPTY) == state
        assert not happened


@asynccontextmanager
async def town_on(database: Any) -> AsyncIterator[Town]:
    """A town in `database` with a mail server of its own, and coordinators with a mailbox."""
    mail = MailServer()
    key = base64.b64encode(bytes(range(32))).decode()
    settings = Settings(
        service="notifications",
        database_url=database.url("notifications"),
        kafka="127.0.0.1:1",
        listen_port=1,
        public_url="http://landa.example:8400",
        demo=True,
        issuer="http://localhost:8400/identity",
        client_id="notifications",
        client_secret="secret",
        session_key=key,  # type: ignore[arg-type]
        master_key=key,  # type: ignore[arg-type]
        smtp=f"127.0.0.1:{mail.port}",
        mail_from="landa@kommunen.example",
        units=UNITS,  # type: ignore[arg-type]
    )
    await migrate(settings, FOLDERS)
    pool = Database(settings)
    await pool.open()
    await mail.start()
    try:
        async with pool.transaction() as tx:
            await store_people.set_mailbox(tx, Mailbox("coordinator", CORPORATE, "sv"), "test")
            for role in ("manager", "secretary"):
                await store_people.set_mailbox(tx, Mailbox(role, f"{role}@kommunen.example", "sv"), "test")
        yield Town(settings, pool, mail)
    finally:
        await mail.stop()
        await pool.close()
