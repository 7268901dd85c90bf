"""How messages become mails: what comes together is one mail, a flood is few. Every number of it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid5

# What happens now is to be with the mail server within this time of the event. What waits longer by the rules below is
# due when that wait is over.
PROMISED = timedelta(seconds=10)
# What goes out in one mail. A burst becomes one digest: mail to one recipient is collected this long (real time).
COLLECT: Mapping[str, timedelta] = {
    "allocation-received": timedelta(seconds=5),
    "nomination-receipt": timedelta(0),
    # who mends a date that was just set wrong is told of once
    "calendar-moved": timedelta(seconds=7),
    # who cancels by mistake and takes it back at once tells nobody of it
    "prize-cancelled": timedelta(seconds=60),
    "prize-reinstated": timedelta(seconds=7),
    "digest": timedelta(seconds=5),
}
# After so many mails to one recipient in an hour, the rest of the hour is collected in longer pieces.
BUSY_AFTER = 20
COLLECT_WHEN_BUSY = timedelta(minutes=10)
# After so many mails to one person in a day and a night, the rest waits for the next daily digest.
MOST_A_DAY = 12
MOST_IN_ONE_MAIL = 500
MOST_LINKS = 50


def collect_for(bundle: str, mails_last_hour: int) -> timedelta:
    """How long mail of `bundle` to one recipient waits for company, counted from the first that waits."""
    if bundle == "nomination-receipt":
        return COLLECT[bundle]
    return COLLECT[bundle] if mails_last_hour < BUSY_AFTER else COLLECT_WHEN_BUSY


def mail_id(notifications: Sequence[UUID]) -> UUID:
    """The id of the one mail that carries these: it follows from the first of them, and each is in one mail only."""
    return uuid5(min(notifications), "mail")
