"""What happens elsewhere that somebody must know about."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifications import handlers
from shared.clock import Clock
from shared.consumer import Reactor
from shared.contracts.envelope import Fact
from shared.database import Connection


def alerts(clock: Clock) -> Reactor:
    """Facts become notifications. `clock` dates them in business time; how old a fact is counts in real time."""

    async def react(tx: Connection, facts: Sequence[Fact]) -> None:
        await handlers.alert(tx, facts, clock.now(), datetime.now(UTC))

    return Reactor("alerts", ("reception", "awards"), react)
