"""Hands mails over, each by one sender at a time: at least once, with one Message-ID for ever, none forgotten."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog
from opentelemetry import trace
from opentelemetry.propagate import extract

from services.notifications import handlers, mail, store_mail
from services.notifications.addresses import Address, Addresses, NotNow
from services.notifications.circuit import Circuit
from services.notifications.collecting import MOST_LINKS
from services.notifications.domain import FailureReason
from services.notifications.retrying import Schedule
from services.notifications.smtp import Line, Result
from services.notifications.store_mail import Leased
from shared.clock import Clock
from shared.database import Database, is_unavailable
from shared.faults import step
from shared.settings import Settings
from shared.web.texts import Texts

log = structlog.get_logger()
tracer = trace.get_tracer("landa")
TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Pace:
    """How the sender works; real time, in seconds. A lease is longer than a whole hand-over may take."""

    schedule: Schedule = field(default_factory=Schedule)
    lanes: int = 4
    poll: float = 1.0
    collect: float = 0.5
    lease: float = 45.0
    timeout: float = 10.0
    whole: float = 20.0


class Sender:
    """The background task of one replica."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        addresses: Addresses,
        texts: Texts,
        pace: Pace | None = None,
    ) -> None:
        self._settings, self._database, self._clock = settings, database, clock
        self._addresses, self._texts = addresses, texts
        self._pace = pace or Pace()
        self._circuit = Circuit(self._pace.schedule, random.random)
        self._due = asyncio.Event()
        # Taken by the mail server, but the database could not be told yet: never handed over again by this process.
        self._taken: set[UUID] = set()
        # A cancellation that meets a time limit can get lost on its way through a library; this does not.
        self._ended = False

    async def run(self) -> None:
        """Works until it is cancelled. Replicas have different `instance` names, so what this name held is free."""
        async with self._database.transaction() as tx:
            await store_mail.let_go(tx, self._settings.instance)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._collect())
            for _ in range(self._pace.lanes):
                group.create_task(self._lane())
            try:
                await asyncio.Event().wait()
            finally:
                self._ended = True

    async def _collect(self) -> None:
        while not self._ended:
            made = 0
            try:
                async with self._database.transaction() as tx:
                    made = await store_mail.collect(tx)
                    if made:
                        await handlers.tell_deliveries(tx)
                if made:
                    step("notifications.digest-committed")
                if self._circuit.open:
                    async with self._database.transaction() as tx:
                        await handlers.give_up_overdue(tx, self._pace.schedule, self._clock.now())
            except TROUBLE as error:
                self._unless_away(error)
            if made:
                self._due.set()
            else:
                await asyncio.sleep(self._pace.collect)

    async def _lane(self) -> None:
        host, _, port = self._settings.smtp.rpartition(":")
        line = Line(host, int(port), timeout=self._pace.timeout, whole=self._pace.whole)
        try:
            while not self._ended:
                probe = await self._circuit.turn()
                worked = False
                try:
                    worked = await self._one(line, probe)
                except TROUBLE as error:
                    self._unless_away(error)
                finally:
                    self._circuit.leave(probe)
                if not worked:
                    await line.rest()
                    await self._wait()
        finally:
            await line.rest()

    async def _wait(self) -> None:
        self._due.clear()
        try:
            async with asyncio.timeout(self._pace.poll):
                await self._due.wait()
        except TimeoutError:
            pass

    def _unless_away(self, error: BaseException) -> None:
        if not is_unavailable(error):
            raise error
        log.warning("mail_waits_for_database", error=type(error).__name__)

    async def _one(self, line: Line, probe: bool) -> bool:
        """Takes the next mail that is due through one attempt; whether there was one."""
        holder = uuid4()
        async with self._database.transaction() as tx:
            leased = await store_mail.lease(tx, holder, self._pace.lease, self._settings.instance)
        if leased is None:
            return False
        until = time.monotonic() + self._pace.lease
        settled = False
        try:
            with self._span(leased):
                await self._attempt(line, leased, holder, probe, until)
            settled = True
        except Exception as error:
            if isinstance(error, TROUBLE) and is_unavailable(error):
                raise
            # One mail that breaks must not stop the others: it waits like one that the server put off.
            log.error("mail_broke", mail=str(leased.id), exc_info=error)
            await self._not_yet(leased, holder, "internal")
            settled = True
        finally:
            if not settled and leased.id not in self._taken:
                await self._release(leased.id, holder)
        return True

    async def _attempt(self, line: Line, leased: Leased, holder: UUID, probe: bool, until: float) -> None:
        if leased.id in self._taken:
            await self._sent(leased, holder)
            return
        try:
            address = await self._addresses.of(leased.recipient, leased.about)
        except NotNow as reason:
            await self._not_yet(leased, holder, reason.code)
            return
        if address is None:
            await self._failed(leased, holder, "no-address", "no-address")
            return
        text = await self._text(leased, holder, address)
        if text is None or time.monotonic() + self._pace.whole > until:
            return  # somebody else holds it, or too little of the lease is left: nothing was sent
        step("notifications.composed")
        try:
            usual = f"{self._settings.public_url}/awards/"
            message = mail.addressed(text, address.email, address.link or usual)
        except ValueError:
            await self._failed(leased, holder, "no-address", "address-not-possible")
            return
        step("notifications.before-hand-over")
        result = await line.hand_over(self._settings.mail_from, address.email, message)
        if result.kind == "accepted":
            self._taken.add(leased.id)
        step("notifications.handed-over")
        if result.away:
            self._circuit.away(probe)
        else:
            self._circuit.well(probe)
        await self._settle(leased, holder, result)

    async def _settle(self, leased: Leased, holder: UUID, result: Result) -> None:
        match result.kind:
            case "accepted":
                await self._sent(leased, holder)
            case "refused":
                await self._failed(leased, holder, "refused-by-mail-server", result.reason or "refused")
            case "retry":
                await self._not_yet(leased, holder, result.reason or "no-answer")

    async def _text(self, leased: Leased, holder: UUID, address: Address) -> str | None:
        """The mail as it was first written. None when the lease is lost."""
        if leased.text is not None:
            return leased.text
        async with self._database.transaction() as tx:
            items = await store_mail.carried_items(tx, leased.id, MOST_LINKS)

            def say(key: str, /, **fields: object) -> str:
                return self._texts.get(address.language, key, **fields)

            text = mail.compose(
                say,
                mail=leased.id,
                rule=leased.rule,
                language=address.language,
                items=items,
                count=leased.notifications,
                composed_at=leased.composed_at,
                public_url=self._settings.public_url,
                mail_from=self._settings.mail_from,
                municipality=self._settings.municipality,
                facts=dict(address.facts),
            )
            return await store_mail.write(tx, leased.id, holder, text)

    async def _sent(self, leased: Leased, holder: UUID) -> None:
        """Marks until it is marked: the mail is with the server, so trying again must not send it again."""
        wait = 0.1
        while not self._ended:
            try:
                async with self._database.transaction() as tx:
                    await handlers.sent(tx, leased.id, holder, leased.attempts, self._clock.now())
                step("notifications.marked")
                self._taken.discard(leased.id)
                return
            except TROUBLE as error:
                self._unless_away(error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2.0)

    async def _not_yet(self, leased: Leased, holder: UUID, reason: str) -> None:
        schedule = self._pace.schedule
        async with self._database.transaction() as tx:
            if schedule.over(leased.started_at, await store_mail.now(tx)):
                await handlers.failed(
                    tx, leased.id, holder, leased.attempts, "gave-up-after-24-hours", reason, self._clock.now()
                )
                return
            wait = schedule.wait(leased.attempts, random.random())
            await store_mail.postpone(tx, leased.id, holder, wait, reason)
            await handlers.tell_deliveries(tx)

    async def _failed(self, leased: Leased, holder: UUID, why: FailureReason, reason: str) -> None:
        log.warning("mail_failed", mail=str(leased.id), why=why, reason=reason, attempts=leased.attempts)
        async with self._database.transaction() as tx:
            await handlers.failed(tx, leased.id, holder, leased.attempts, why, reason, self._clock.now())

    async def _release(self, mail_id: UUID, holder: UUID) -> None:
        try:
            async with asyncio.timeout(1.0), self._database.transaction() as tx:
                await store_mail.release(tx, mail_id, holder)
        except TROUBLE as error:
            self._unless_away(error)

    @contextmanager
    def _span(self, leased: Leased) -> Iterator[None]:
        """In the trace of the first event that the mail tells of, with a link to each of the others."""
        contexts: list[Any] = [extract({"traceparent": parent}) for parent in leased.traceparents]
        links = [trace.Link(trace.get_current_span(c).get_span_context()) for c in contexts[1:]]
        with tracer.start_as_current_span(
            f"hand over mail {leased.rule}",
            context=contexts[0] if contexts else None,
            links=links,
            kind=trace.SpanKind.CLIENT,
            record_exception=False,
            attributes={"landa.mail": str(leased.id), "landa.attempt": leased.attempts},
        ):
            yield
