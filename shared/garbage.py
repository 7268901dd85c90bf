"""Records that name no subject: held for a person to look at, and ended once, in every generation of a consumer."""

from collections.abc import Sequence

import structlog

from shared.database import Connection
from shared.gate import headers_json
from shared.messaging import Raw

log = structlog.get_logger()

# Tells two records apart that stood at one place, before and after a topic was made anew.
_DIGEST = "sha256(convert_to({headers}::jsonb::text, 'UTF8') || coalesce({value}::bytea, ''))"


async def hold(tx: Connection, consumer: str, garbage: Sequence[tuple[Raw, str]]) -> None:
    """Keeps records that name no subject: nothing waits behind them, a person looks at them, and ends each once."""
    same = _DIGEST.format(headers="$4", value="$5")
    for raw, reason in garbage:
        kept = await tx.execute(
            "insert into held (consumer, source, place, headers, value, reason, waits_for)"
            " select $1, $2, $3, $4, $5, $6, 'person' where not exists (select from discarded_place"
            f"  where consumer = split_part($1, '/', 1) and source = $2 and place = $3 and digest = {same})"
            " on conflict do nothing",
            consumer,
            raw.source,
            raw.place,
            headers_json(raw),
            raw.value,
            reason,
        )
        if kept != "INSERT 0 0":
            log.error("record held", consumer=consumer, place=raw.place, reason=reason)


async def discard(tx: Connection, item: int, *, reason: str, actor: str) -> None:
    """Ends the held record `item`, which names no event, in every generation of the consumer, also later ones."""
    await tx.execute(
        "insert into discarded_place (consumer, source, place, digest, reason, actor)"
        " select split_part(consumer, '/', 1), source, place,"
        f" {_DIGEST.format(headers='headers', value='value')}, $2, $3 from held where id = $1 on conflict do nothing",
        item,
        reason,
        actor,
    )
    await tx.execute(
        "delete from held using held as this where this.id = $1 and held.subject is null"
        " and (held.source, held.place, held.headers) = (this.source, this.place, this.headers)"
        " and split_part(held.consumer, '/', 1) = split_part(this.consumer, '/', 1)",
        item,
    )
