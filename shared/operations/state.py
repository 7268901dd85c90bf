"""What a service says of its own flow of events: read in one look, and never what is in an event."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from shared import health
from shared.database import Connection

if TYPE_CHECKING:
    from shared.process import Parts

# What a service adds of its own: counts, states and times.
Own = Callable[[Connection], Awaitable[Mapping[str, Any]]]

HEADS = 50
LATELY = 10

# The reason without what follows its colon, which repeats a value now and then.
_HELD = """
select id, consumer, source, subject, sequence, event_id, type, place, waits_for, attempts, next_try, held_at,
  split_part(reason, ':', 1) as reason,
  (select count(*) from held b where b.consumer = h.consumer and b.source = h.source and b.subject = h.subject
    and b.sequence > h.sequence) as behind
from held h
"""
_IS_HEAD = """
(subject is null or not exists (select from held e where e.consumer = h.consumer and e.source = h.source
  and e.subject = h.subject and e.sequence < h.sequence))
"""


def rows(found: Any) -> list[dict[str, Any]]:
    """Records as dicts."""
    return [dict(row) for row in found]


async def heads(connection: Connection) -> list[dict[str, Any]]:
    """The first held event of each subject, and each record without one; those that nobody tries again come first."""
    order = f"where {_IS_HEAD} order by waits_for = 'retry', held_at, id limit {HEADS}"
    return rows(await connection.fetch(_HELD + order))


async def held_event(connection: Connection, item: int) -> dict[str, Any] | None:
    """The held event `item`, whether or not it stands first, or None."""
    row = await connection.fetchrow(_HELD + "where id = $1", item)
    return dict(row) if row else None


async def state(parts: "Parts", connection: Connection, service: str, own: Own | None) -> dict[str, Any]:
    """Relay, subscriptions, held events, watermarks, sources that were stopped, and what operators did lately."""
    return {
        "service": service,
        "answered_at": await connection.fetchval("select clock_timestamp()"),
        "relay": vars(parts.relay.status)
        | {
            "backlog": await connection.fetchval("select count(*) from outbox"),
            "oldest": await connection.fetchval(
                "select recorded_at from outbox join journal using (position) order by position limit 1"
            ),
        },
        "consuming": parts.consumers.complete(),
        "flows": await health.flows(parts),
        "held": rows(
            await connection.fetch(
                "select consumer, source, waits_for, count(*) as events, min(held_at) as oldest from held"
                " group by 1, 2, 3 order by 1, 2, 3"
            )
        ),
        "heads": await heads(connection),
        "heads_count": await connection.fetchval(f"select count(*) from held h where {_IS_HEAD}"),
        "watermarks": rows(await connection.fetch("select * from watermark order by consumer, source, partition")),
        "stopped": rows(await connection.fetch("select * from source_epoch where stranger is not null")),
        "projections": rows(await connection.fetch("select * from projection order by name")),
        "quarantine": rows(await connection.fetch("select * from quarantine order by since")),
        "lately": rows(
            await connection.fetch(
                f"select at, actor, command, target, reason from operator_command order by id desc limit {LATELY}"
            )
        ),
        "own": dict(await own(connection)) if own else {},
    }
