"""What notifications says happened. Subject: one notification, to one recipient, because of one event."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import DataClass, Event, Identifier

NOTIFICATION = "notification (one message to one recipient)"

Channel = Annotated[Literal["inbox", "email"], DataClass.CODE]
Rule = Annotated[Literal["allocation-received", "nomination-receipt"], DataClass.CODE]
Attempts = Annotated[int, Field(ge=1), DataClass.QUANTITY]


class NotificationSent(Event, type="notifications.notification-sent.v1", subject_is=NOTIFICATION):
    """The message was handed over: to the mail server, or into the recipient's inbox."""

    rule: Rule
    channel: Channel
    cause: Identifier
    caused_at: Annotated[datetime, DataClass.DATE]
    attempts: Attempts


class NotificationFailed(Event, type="notifications.notification-failed.v1", subject_is=NOTIFICATION):
    """The message will not be handed over; a person has to look."""

    rule: Rule
    channel: Channel
    cause: Identifier
    reason: Annotated[Literal["refused-by-mail-server", "gave-up-after-24-hours", "no-address"], DataClass.CODE]
    attempts: Annotated[int, Field(ge=0), DataClass.QUANTITY]


class NotificationAcknowledged(Event, type="notifications.notification-acknowledged.v1", subject_is=NOTIFICATION):
    """The recipient has confirmed having read the message."""

    rule: Rule
    cause: Identifier
