"""What an operator may do to the flow of events. Each is written down with who and why, in its own transaction."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared import garbage, gate, generations, journal, watermarks
from shared.database import Connection
from shared.decider import Refused
from shared.identity import Actor

Command = Literal["retry", "discard", "release", "accept", "rebuild", "republish"]
From = Literal["kafka", "journals"]
# A reason: text that PostgreSQL can keep, which is any without NUL.
Words = Annotated[str, Field(min_length=10, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]

# A held event for people: its subject and sequence, or its place when it has no subject.
_NAME = "consumer || ' ' || coalesce(subject || '/' || sequence, place)"


async def written_down(tx: Connection, actor: Actor, command: Command, target: object, reason: str | None) -> None:
    """Who did it, and why when that was said."""
    await tx.execute(
        "insert into operator_command (actor, command, target, reason) values ($1, $2, $3, $4)",
        actor.sub,
        command,
        str(target),
        reason,
    )


async def retry(tx: Connection, actor: Actor, item: int, reason: str | None) -> dict[str, Any]:
    """Tries the held event, and in order those behind it, again at once."""
    found = await tx.fetchval(
        f"update held set next_try = clock_timestamp() where id = $1 and subject is not null returning {_NAME}", item
    )
    if found is None:
        raise Refused("held-event-not-found")
    await written_down(tx, actor, "retry", found, reason)
    return {"held": item}


async def discard(tx: Connection, actor: Actor, item: int, reason: str) -> dict[str, Any]:
    """Leaves the held event out, for ever and in every rebuild; those behind it go on."""
    row = await tx.fetchrow(f"select consumer, source, event_id, {_NAME} as name from held where id = $1", item)
    if row is None:
        raise Refused("held-event-not-found")
    if row["event_id"] is None:
        await garbage.discard(tx, item, reason=reason, actor=actor.sub)
    else:
        await gate.discard(tx, row["consumer"], row["source"], row["event_id"], reason=reason, actor=actor.sub)
    await written_down(tx, actor, "discard", row["name"], reason)
    return {"held": item}


async def release(tx: Connection, actor: Actor, subject: UUID, reason: str | None) -> dict[str, Any]:
    """Publishes the subject's events again from the one that Kafka refused."""
    first = await tx.fetchval(
        "delete from quarantine q using journal j where q.subject = $1 and j.position = q.position"
        " returning j.sequence",
        subject,
    )
    if first is None:
        raise Refused("not-in-quarantine")
    await written_down(tx, actor, "release", subject, reason)
    return {"subject": str(subject), "events": await journal.republish(tx, subject, first)}


async def accept(tx: Connection, actor: Actor, source: str, reason: str | None) -> dict[str, Any]:
    """Follows the source's new journal from now on. Rebuild afterwards: what is known is of the old one."""
    consumers = await watermarks.accept(tx, source)
    if not consumers:
        raise Refused("source-not-stopped")
    await written_down(tx, actor, "accept", source, reason)
    return {"source": source, "consumers": len(consumers)}


async def rebuild(tx: Connection, actor: Actor, name: str, source: From, reason: str | None) -> dict[str, Any]:
    """Builds a new generation of `name` beside the one that pages read; swaps them when it has caught up."""
    try:
        generation = await generations.start_rebuild(tx, name, source)
    except generations.RebuildRunning:
        raise Refused("rebuild-running-or-unknown") from None
    await written_down(tx, actor, "rebuild", name, reason)
    return {"projection": name, "generation": generation}


async def republish(tx: Connection, actor: Actor, subject: UUID, reason: str | None) -> dict[str, Any]:
    """Publishes everything about `subject` once more; who has it drops it."""
    events = await journal.republish(tx, subject, 1)
    if not events and not await journal.knows(tx, subject):
        raise Refused("subject-unknown")
    await written_down(tx, actor, "republish", subject, reason)
    return {"subject": str(subject), "events": events}
