import time
from tests.notifications.conftest import *  # noqa
from tests.notifications.town import Town, nomination
async def test_ten_thousand(town: Town) -> None:
    for _ in range(10): await town.react(*[nomination() for _ in range(1000)])
    t=time.monotonic()
    async with town.sending():
        await town.until_all("sent", 10000, seconds=400)
    print("SECONDS", time.monotonic()-t)
    assert len({m.id for m in town.mail.received}) == len(town.mail.received) == 10000
