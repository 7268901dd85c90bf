"""Every statement on a mail's life: what it carries, each attempt and its outcome, each new start and its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.notifications.store_mail import DELIVERY, Delivery
from shared.database import Connection

ResendReason = Literal["address-mended", "server-mended", "asked-for", "other"]
MOST = 500


@dataclass(frozen=True, slots=True)
class Carried:
    """One notification that the mail carries; nothing of it names anybody."""

    rule: str
    about: UUID
    why: str
    due_on: date | None
    prize_year: int | None
    caused_at: datetime
    created_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """An attempt (`number`, `word` a code such as `deferred-451` or `sent`) or a new start (`word` its reason)."""

    at: datetime
    number: int | None
    word: str


@dataclass(frozen=True, slots=True)
class Life:
    """A mail from the first notification in it to its end."""

    mail: Delivery
    carried: Sequence[Carried]
    steps: Sequence[Step]

    @property
    def waited(self) -> int | None:
        """Seconds from when the first message in it was due until the mail server took it; None until then."""
        if self.mail.status != "sent" or self.mail.ended_at is None or not self.carried:
            return None
        return max(0, round((self.mail.ended_at - min(one.due_at for one in self.carried)).total_seconds()))


async def life(conn: Connection, mail: UUID) -> Life | None:
    """None when there is no such mail. At most 500 steps and 500 notifications."""
    row = await conn.fetchrow(f"select {DELIVERY} from mail where id = $1", mail)
    if row is None:
        return None
    carried = await conn.fetch(
        "select rule, about, why, due_on, prize_year, caused_at, created_at, due_at from notification where mail = $1"
        " order by created_at, id limit $2",
        mail,
        MOST,
    )
    steps = await conn.fetch(
        "select at, number, result as word from mail_attempt where mail = $1 union all"
        " select at, null, reason from mail_resend where mail = $1 order by at limit $2",
        mail,
        MOST,
    )
    return Life(Delivery(**dict(row)), [Carried(**dict(r)) for r in carried], [Step(**dict(r)) for r in steps])


async def resent(tx: Connection, mail: UUID, actor: str, reason: ResendReason) -> None:
    """Somebody started it again."""
    await tx.execute("insert into mail_resend (mail, actor, reason) values ($1, $2, $3)", mail, actor, reason)
