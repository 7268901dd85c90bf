"""What happens elsewhere that somebody must know about, now or on a later day."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifications import handlers, reminding, rules, store_deadlines
from shared.clock import Clock
from shared.consumer import Reactor
from shared.contracts.envelope import Fact
from shared.database import Connection


async def react(tx: Connection, facts: Sequence[Fact], at: datetime, now: datetime) -> None:
    """Facts become notifications and deadlines. `at` is business time, `now` real time, in which facts are old."""
    await reminding.follow(tx, facts, at)
    await handlers.alert(tx, facts, at, now)
    if facts and now - facts[-1].recorded_at > rules.HISTORY:
        await store_deadlines.wait(tx, rules.CATCHING_UP)


def alerts(clock: Clock) -> Reactor:
    """The consumer. What it dates, it dates by `clock`."""

    async def apply(tx: Connection, facts: Sequence[Fact]) -> None:
        await react(tx, facts, clock.now(), datetime.now(UTC))

    return Reactor("alerts", ("reception", "awards"), apply)
