"""One message to one recipient: handed over, given up, confirmed or settled, each once, whatever is repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never
from uuid import UUID

from shared.contracts.notifications import (
    NotificationAcknowledged,
    NotificationFailed,
    NotificationSent,
    NotificationSettled,
)
from shared.decider import Refused

Channel = Literal["inbox", "email"]
FailureReason = Literal["refused-by-mail-server", "gave-up-after-24-hours", "no-address"]
NotificationEvent = NotificationSent | NotificationFailed | NotificationAcknowledged | NotificationSettled


@dataclass(frozen=True, slots=True)
class Notification:
    """What rules ask about one notification. `attempts` counts those of the last ending."""

    ending: Literal["open", "sent", "failed"] = "open"
    attempts: int = 0
    acknowledged: bool = False
    settled: bool = False


EMPTY = Notification()


@dataclass(frozen=True, slots=True)
class About:
    """What a notification was made of: why, for which event, through which channel. `due_at`: when it was to be handed
    over, in real time; `caused_at` is business time."""

    rule: str
    channel: Channel
    cause: UUID
    caused_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MarkSent:
    """The message is with the mail server, or in the inbox, since `at` (real time)."""

    about: About
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The message will not be handed over unless a person starts it again."""

    about: About
    reason: FailureReason
    attempts: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The recipient has read it."""

    about: About


@dataclass(frozen=True, slots=True)
class Settle:
    """What it asks for is done, has moved or is gone."""

    about: About


Command = MarkSent | GiveUp | Acknowledge | Settle


def decide(command: Command, state: Notification) -> Sequence[NotificationEvent]:
    """What follows; nothing when it is so already. Refused: `only-inbox-is-acknowledged`, `not-sent-yet`."""
    match command:
        case MarkSent(about, attempts, at):
            if state.ending == "sent":
                return []
            return [
                NotificationSent(
                    rule=about.rule,
                    channel=about.channel,
                    cause=about.cause,
                    caused_at=about.caused_at,
                    attempts=attempts,
                    waited_ms=max(0, round((at - about.due_at) / timedelta(milliseconds=1))),
                )
            ]
        case GiveUp(about, reason, attempts):
            if state.ending == "sent" or (state.ending == "failed" and state.attempts == attempts):
                return []
            return [
                NotificationFailed(
                    rule=about.rule, channel=about.channel, cause=about.cause, reason=reason, attempts=attempts
                )
            ]
        case Acknowledge(about):
            if about.channel != "inbox":
                raise Refused("only-inbox-is-acknowledged")
            if state.acknowledged:
                return []
            if state.ending != "sent":
                raise Refused("not-sent-yet")
            return [NotificationAcknowledged(rule=about.rule, cause=about.cause)]
        case Settle(about):
            if state.settled or state.acknowledged or (about.channel == "email" and state.ending != "open"):
                return []
            return [NotificationSettled(rule=about.rule, channel=about.channel, cause=about.cause)]
        case _:
            assert_never(command)


def evolve(state: Notification, event: NotificationEvent) -> Notification:
    """The state after `event`."""
    match event:
        case NotificationSent():
            return replace(state, ending="sent", attempts=event.attempts)
        case NotificationFailed():
            return replace(state, ending="failed", attempts=event.attempts)
        case NotificationAcknowledged():
            return replace(state, acknowledged=True)
        case NotificationSettled():
            return replace(state, settled=True)
        case _:
            assert_never(event)
