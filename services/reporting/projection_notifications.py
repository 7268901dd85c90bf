"""From the events of a notification's handing-over to its row. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.notifications import NotificationAcknowledged, NotificationFailed, NotificationSent

HandingOver = NotificationSent | NotificationFailed | NotificationAcknowledged


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `notification_row`. `state` is what happened last to the handing-over.

    `waited_ms`: how long it waited when it was due, in real time; where the event does not say it, the times tell.
    """

    notification: UUID
    rule: str
    channel: str | None
    state: Literal["sent", "failed", "unknown"]
    caused_at: datetime | None
    sent_at: datetime | None
    acknowledged_at: datetime | None
    waited_ms: int | None = None


def handed(before: Notification | None, notification: UUID, at: datetime, event: HandingOver) -> Notification:
    """The row after `event`; what happened first may be any of the three."""
    known = before or Notification(notification, event.rule, None, "unknown", None, None, None)
    match event:
        case NotificationSent():
            return replace(
                known,
                channel=event.channel,
                state="sent",
                caused_at=event.caused_at,
                sent_at=at,
                waited_ms=event.waited_ms,
            )
        case NotificationFailed():
            return replace(known, channel=event.channel, state="failed")
        case NotificationAcknowledged():
            return replace(known, acknowledged_at=at)
