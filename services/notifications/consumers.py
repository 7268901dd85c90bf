"""What happens elsewhere that somebody must know about."""

from collections.abc import Sequence

from services.notifications import handlers
from shared.clock import Clock
from shared.consumer import Reactor
from shared.contracts.envelope import Fact
from shared.database import Connection


def alerts(clock: Clock) -> Reactor:
    """Facts become notifications. `clock` is the town's: what is old in business time is not mailed."""

    async def react(tx: Connection, facts: Sequence[Fact]) -> None:
        await handlers.alert(tx, facts, clock.now())

    return Reactor("alerts", ("reception", "awards"), react)
