"""What notifications says happened. Subject: one notification, to one recipient, because of one event."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.contracts.event import DataClass, Event, Identifier, upcaster

NOTIFICATION = "notification (one message to one recipient)"

Channel = Annotated[Literal["inbox", "email"], DataClass.CODE]
# The rule's name. Open, unlike the first version's: a new rule in the table is no new version of every event.
Rule = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$"), DataClass.CODE]
Attempts = Annotated[int, Field(ge=1), DataClass.QUANTITY]


class NotificationSent(Event, type="notifications.notification-sent.v2", subject_is=NOTIFICATION):
    """The message was handed over: to the mail server, or into the recipient's inbox.

    `waited_ms`: real time from when that was due, by what caused it or the hour that the recipient chose, until it was
    done. None where it was not measured yet.
    """

    rule: Rule
    channel: Channel
    cause: Identifier
    caused_at: Annotated[datetime, DataClass.DATE]
    attempts: Attempts
    waited_ms: Annotated[int, Field(ge=0), DataClass.QUANTITY] | None = None


class NotificationFailed(Event, type="notifications.notification-failed.v2", subject_is=NOTIFICATION):
    """The message will not be handed over; a person has to look."""

    rule: Rule
    channel: Channel
    cause: Identifier
    reason: Annotated[Literal["refused-by-mail-server", "gave-up-after-24-hours", "no-address"], DataClass.CODE]
    attempts: Annotated[int, Field(ge=0), DataClass.QUANTITY]


class NotificationAcknowledged(Event, type="notifications.notification-acknowledged.v2", subject_is=NOTIFICATION):
    """The recipient has confirmed having read the message."""

    rule: Rule
    cause: Identifier


class NotificationSettled(Event, type="notifications.notification-settled.v1", subject_is=NOTIFICATION):
    """A message has lost its cause: what it asks for is done, has moved or is gone. Not sent yet, it will not be."""

    rule: Rule
    channel: Channel
    cause: Identifier


def _same(data: dict[str, Any]) -> dict[str, Any]:
    return data


for _event in ("sent", "failed", "acknowledged"):
    upcaster(f"notifications.notification-{_event}.v1", f"notifications.notification-{_event}.v2")(_same)
