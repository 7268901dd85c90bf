"""How much of the journal has been published, per partition, counted without reading it again and again."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.envelope import Watermark
from shared.database import Connection
from shared.settings import ServiceName

# So many rows are counted in about a second. A longer piece would need a longer limit, and a connection that has died
# in silence would then be waited for as long.
PIECE = 1_000_000

# In one snapshot: what the journal holds above $2, less what is not published yet, per partition of $1.
_PUBLISHED = """
select p, sum(events)::bigint as events, sum(subjects)::bigint as subjects from (
  select key_hash % $1 as p, count(*) as events, count(*) filter (where sequence = 1) as subjects
  from journal where position > $2 group by 1
  union all
  select j.key_hash % $1, -count(*), -count(*) filter (where j.sequence = 1)
  from outbox o join journal j using (position) group by 1
  union all
  select j.key_hash % $1, -count(*), -count(*) filter (where j.sequence = 1)
  from quarantine q join journal j on j.subject = q.subject and j.position >= q.position
  where not exists (select from outbox o where o.position = j.position) group by 1
) counted group by p
"""
_COUNT_UP_TO = """
select key_hash % $1 as p, count(*) as events, count(*) filter (where sequence = 1) as subjects
from journal where position > $2 and position <= $3 group by 1
"""


@dataclass
class Count:
    """Rows up to `position`, below which no transaction can add any more, counted once per partition.

    It outlives the producer: after an outage nobody waits until the whole journal is counted again.
    """

    partitions: int = 0
    position: int = 0
    events: Counter[int] = field(default_factory=Counter)
    subjects: Counter[int] = field(default_factory=Counter)
    candidate: tuple[int, int] | None = None

    async def marks(self, connection: Connection, service: ServiceName, incarnation: UUID) -> list[Watermark]:
        """One watermark per partition, as of now; none while more than a piece of the journal cannot be counted yet.

        Nothing may be under way to Kafka meanwhile.
        """
        now = await connection.fetchrow(
            "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest,"
            " pg_current_xact_id()::text::bigint as newest,"
            " coalesce((select max(position) from journal), 0) as last"
        )
        assert now is not None
        if self.candidate is not None and now["oldest"] >= self.candidate[1]:
            # Everything that drew a position up to the candidate has ended by now: count those rows once and for all.
            while self.position < self.candidate[0]:
                upto = min(self.position + PIECE, self.candidate[0])
                for row in await connection.fetch(_COUNT_UP_TO, self.partitions, self.position, upto):
                    self.events[row["p"]] += row["events"]
                    self.subjects[row["p"]] += row["subjects"]
                self.position = upto
            self.candidate = None
        if self.candidate is None and now["last"] > self.position:
            # Not the snapshot's xmax: that is after the last one that has ended, and those that run may be above it.
            self.candidate = (now["last"], now["newest"])
        if now["last"] - self.position > PIECE:
            return []
        tail = {row["p"]: row for row in await connection.fetch(_PUBLISHED, self.partitions, self.position)}
        return [
            Watermark(
                service,
                incarnation,
                p,
                self.partitions,
                now["last"],
                self.subjects[p] + (tail[p]["subjects"] if p in tail else 0),
                self.events[p] + (tail[p]["events"] if p in tail else 0),
                datetime.now(UTC),
            )
            for p in range(self.partitions)
        ]
