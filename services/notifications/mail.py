"""The text of a mail: what happened and where to look, and nothing about anybody."""

import quopri
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from services.notifications.collecting import MOST_LINKS
from services.notifications.deadlines import silent_weeks
from services.notifications.rules import UNGIVEN
from shared.case_number import case_number
from shared.contracts.awards import reference

# Everything else goes out in the name of the reception of refugees.
_OF_THE_PRIZE = frozenset(
    {
        "nomination-submitted",
        "nomination-corrected",
        "nomination-receipt",
        "calendar-moved",
        "prize-cancelled",
        "prize-reinstated",
        "jury-reading",
        "jury-proposal",
    }
)
# Stands in the stored text where the recipient's own link goes; quoted-printable leaves it as it is.
LINK = "LINK-OF-THE-RECIPIENT"
POLICY = SMTP.clone(max_line_length=998)


@dataclass(frozen=True, slots=True)
class Told:
    """One notification in a mail. `why`: whom the rule meant; `due_on`: the day that a reminder reminds of."""

    rule: str
    about: UUID
    why: str
    due_on: date | None = None
    prize_year: int | None = None


class Linked(Protocol):
    """What leads somewhere: a notification in a mail, in an inbox or on the page of a delivery."""

    @property
    def rule(self) -> str: ...
    @property
    def about(self) -> UUID: ...
    @property
    def why(self) -> str: ...
    @property
    def prize_year(self) -> int | None: ...
    @property
    def due_on(self) -> date | None: ...


class Say(Protocol):
    def __call__(self, key: str, /, **fields: object) -> str: ...


def host_of(public_url: str) -> str:
    """The right-hand side of a Message-ID: a name of ours without a port."""
    return urlsplit(public_url).hostname or "localhost"


def message_id(mail: UUID, public_url: str) -> str:
    """The same for every attempt."""
    return f"<{mail}@{host_of(public_url)}>"


def compose(
    say: Say,
    *,
    mail: UUID,
    rule: str,
    language: str,
    items: Sequence[Told],
    count: int,
    composed_at: datetime,
    public_url: str,
    mail_from: str,
    municipality: str,
    facts: dict[str, object],
) -> str:
    """The whole mail except its To. `rule` is the bundle's name, `items` what to tell, `count` how many in all."""
    body = _BODIES[rule](say, items, count, public_url, facts)
    told = {item.rule for item in items} if rule == "digest" else {rule}
    whose = "mail.signature.prize" if told <= _OF_THE_PRIZE else "mail.signature"
    text = [*body, "", "-- ", say(whose, municipality=municipality), say("mail.automatic")]
    message = EmailMessage(policy=POLICY)
    message["From"] = mail_from
    message["Subject"] = _subject(say, rule, items, count)
    message["Date"] = format_datetime(composed_at)
    message["Message-ID"] = message_id(mail, public_url)
    message["List-Id"] = f"<{rule}.notifications.{host_of(public_url)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content("\n".join(text) + "\n", cte="quoted-printable")
    message["Content-Language"] = language
    return message.as_bytes().decode("ascii")


def addressed(text: str, recipient: str, link: str = "") -> bytes:
    """The stored text with its To and the recipient's link, as it goes over the line.

    ValueError when the address could hold a second header. A link that opens something is never stored with the text.
    """
    if any(sign.isspace() for sign in recipient) or not recipient.isascii():
        raise ValueError("not an address")
    quoted = quopri.encodestring(link.encode()).decode("ascii").replace("\n", "\r\n")
    return f"To: {recipient}\r\n{text.replace(LINK, quoted)}".encode("ascii")


def link(item: Linked) -> str:
    """Where an item leads, below the public address: to what its reader may open."""
    if item.why == UNGIVEN:
        return "/notifications/inbox"
    match item.rule:
        case "nomination-submitted" | "nomination-corrected":
            return f"/awards/nominations/{item.about}"
        case "jury-reading":
            return f"/awards/jury?year={item.prize_year}"
        case "jury-proposal":
            return f"/awards/prizes/{item.prize_year}"
        case _:
            return f"/reception/cases/{item.about}"


def words(item: Linked) -> dict[str, object]:
    """What the texts of an item (`….item.<rule>`) want to know."""
    weeks = silent_weeks(item.due_on) if item.rule == "no-contact" and item.due_on is not None else None
    case = case_number(item.about)
    return {"day": item.due_on, "n": weeks, "year": item.prize_year, "reference": reference(item.about), "case": case}


def of_case(rule: str) -> bool:
    """Whether a message by this rule is about a household's case."""
    return rule not in _OF_THE_PRIZE


def _subject(say: Say, rule: str, items: Sequence[Told], count: int) -> str:
    """A mail about one case says which: the reader knows it without logging in."""
    alone = rule == "digest" and count == 1 and of_case(items[0].rule)
    return say(f"mail.{rule}.subject{'.case' if alone else ''}", n=count, case=case_number(items[0].about))


def _allocations(say: Say, items: Sequence[Told], count: int, public_url: str, facts: dict[str, object]) -> list[str]:
    lines = [say("mail.allocation-received.body", n=count), ""]
    for item in items[:MOST_LINKS]:
        lines += [say("mail.case", case=case_number(item.about)), public_url + link(item)]
    if count > MOST_LINKS:
        lines.append(say("mail.allocation-received.more", n=count - MOST_LINKS))
    lines += ["", say("mail.allocation-received.inbox"), f"{public_url}/notifications/inbox"]
    return [*lines, "", say("why.allocation-received.coordinators")]


def _digest(say: Say, items: Sequence[Told], count: int, public_url: str, facts: dict[str, object]) -> list[str]:
    """Each item with its link; items that came for one reason stand together under it."""
    lines = [say("mail.digest.body", n=count)]
    reasons: dict[tuple[str, str], list[Told]] = {}
    for item in items[:MOST_LINKS]:
        reasons.setdefault((item.rule, item.why), []).append(item)
    for (rule, why), together in reasons.items():
        for item in together:
            lines += ["", "* " + say(f"mail.item.{rule}", **words(item))]
            lines += [f"  {public_url}{link(item)}"]
        lines += ["", "  " + say(f"why.{rule}.{why}")]
    if count > MOST_LINKS:
        lines += ["", say("mail.allocation-received.more", n=count - MOST_LINKS)]
    return [*lines, "", say("mail.digest.inbox"), f"{public_url}/notifications/inbox"]


def _calendar(facts: dict[str, object]) -> dict[str, object]:
    return {name: facts[name] for name in ("opens", "opens_clock", "closes", "closes_clock", "ceremony")}


def _receipt(say: Say, items: Sequence[Told], count: int, public_url: str, facts: dict[str, object]) -> list[str]:
    return [
        say("mail.nomination-receipt.body", year=facts["prize_year"]),
        "",
        say("mail.nomination-receipt.reference", reference=facts["reference"]),
        "",
        say("mail.nomination-receipt.change", **_calendar(facts)),
        LINK,
        "",
        say("mail.nomination-receipt.next"),
        "",
        say("why.nomination-receipt.nominator"),
    ]


def _dates(
    rule: str, say: Say, items: Sequence[Told], count: int, public_url: str, facts: dict[str, object]
) -> list[str]:
    """The calendar as it is when the mail is written, which may be newer than what it tells of."""
    calendar = _calendar(facts)
    return [
        say(f"mail.{rule}.body", year=facts["prize_year"]),
        "",
        say("mail.calendar-moved.open", **calendar),
        say("mail.calendar-moved.ceremony", **calendar),
        "",
        say("mail.calendar-moved.reference", reference=facts["reference"]),
        say("mail.calendar-moved.change" if facts["open"] else "mail.calendar-moved.read"),
        LINK,
        "",
        say(f"why.{rule}.nominator"),
    ]


def _cancelled(say: Say, items: Sequence[Told], count: int, public_url: str, facts: dict[str, object]) -> list[str]:
    return [
        say("mail.prize-cancelled.body", year=facts["prize_year"]),
        "",
        say("mail.prize-cancelled.kept", reference=facts["reference"]),
        LINK,
        "",
        say("why.prize-cancelled.nominator"),
    ]


_BODIES: dict[str, Callable[[Say, Sequence[Told], int, str, dict[str, object]], list[str]]] = {
    "allocation-received": _allocations,
    "nomination-receipt": _receipt,
    "calendar-moved": partial(_dates, "calendar-moved"),
    "prize-cancelled": _cancelled,
    "prize-reinstated": partial(_dates, "prize-reinstated"),
    "digest": _digest,
}
