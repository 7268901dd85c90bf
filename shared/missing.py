"""What a consumer lacks: a gap is asked for, a watermark that stays ahead is answered by reading the journal.

A time ahead of the clock was written before the clock was put back: it counts as long ago.
"""

import time

import structlog

from shared import journal_stream
from shared.consumer import Receiver
from shared.database import Database, is_unavailable
from shared.runtime import Runtime
from shared.watermarks import StrangeJournal

log = structlog.get_logger()

REPUBLISH_SECONDS = 5
MISSING_SECONDS = 20
READ_SECONDS = 30


class Patience:
    """When to ask again, per question: after `first` seconds, then twice as long each time, at most ten minutes."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._asked: dict[object, tuple[float, float]] = {}

    def may(self, question: object) -> bool:
        """Whether it is time; saying yes counts as asking."""
        now = time.monotonic()
        pause, again = self._asked.get(question, (self._first, 0.0))
        if now < again:
            return False
        self._asked[question] = (min(pause * 2, 600.0), now + pause)
        return True

    def forget_others(self, consumer: str, open_questions: set[object]) -> None:
        """What is answered by now starts anew when it comes back."""
        for question in [q for q in self._asked if isinstance(q, tuple) and q[0] == consumer]:
            if question not in open_questions:
                del self._asked[question]


class Missing:
    """Asks for what the consumers of a process lack, less and less often while nothing comes of it."""

    def __init__(self, runtime: Runtime, database: Database) -> None:
        self._runtime = runtime
        self._database = database
        self._ask_again = Patience(REPUBLISH_SECONDS)
        self._read_again = Patience(READ_SECONDS)

    async def ask_for_gaps(self, name: str) -> None:
        """Events that an earlier one of their subject is missing for. Their source publishes from there once more."""
        async with self._database.transaction() as tx:
            missing = await tx.fetch(
                "select h.source, h.subject, g.sequence + 1 as first from held h"
                " join gate g using (consumer, source, subject) where consumer = $1 and waits_for = 'predecessor'"
                " and not exists (select from held x where x.consumer = h.consumer and x.source = h.source"
                "   and x.subject = h.subject and x.sequence = g.sequence + 1)"
                " group by 1, 2, 3 having min(h.held_at) not between clock_timestamp() - make_interval(secs => $2)"
                " and clock_timestamp()"
                " order by random() limit 1000",
                name,
                float(REPUBLISH_SECONDS),
            )
        self._ask_again.forget_others(name, {(name, *row.values()) for row in missing})
        away: set[str] = set()
        for row in [row for row in missing if self._ask_again.may((name, *row.values()))][:100]:
            if row["source"] not in away and not await journal_stream.ask_republish(
                self._runtime, row["source"], row["subject"], row["first"]
            ):
                away.add(row["source"])

    async def read_journals(self, receiver: Receiver) -> None:
        """A watermark that stays ahead: Kafka lost records, or the offsets ran ahead. The journal has them all."""
        try:
            async with self._database.transaction() as tx:
                behind = await tx.fetch(
                    "select distinct source from watermark where consumer = $1"
                    " and behind_since not between clock_timestamp() - make_interval(secs => $2) and clock_timestamp()",
                    receiver.name,
                    float(MISSING_SECONDS),
                )
            self._read_again.forget_others(receiver.name, {(receiver.name, row["source"]) for row in behind})
            for row in behind:
                if self._read_again.may((receiver.name, row["source"])):
                    log.warning("reads a journal for what is missing", consumer=receiver.name, source=row["source"])
                    async for records in journal_stream.read(self._runtime, row["source"]):
                        await receiver.receive(records)
        except Exception as error:
            if not isinstance(error, KeyError | StrangeJournal) and not is_unavailable(error):
                raise
            log.warning("cannot read what is missing", consumer=receiver.name, error=type(error).__name__)
