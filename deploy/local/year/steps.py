"""What the player does, as data: one step is one command of the public API, on a day of the town."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from deploy.local.year.households import Person


@dataclass(frozen=True, slots=True)
class Household:
    """`key`: the allocation number, or our own name of a settlement notice. `decided_on`: of the decision or notice."""

    key: str
    category: str
    decided_on: date
    persons: tuple[Person, ...]
    quota_year: int | None = None
    receive_by: date | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class SetQuota:
    day: date
    year: int
    target: int
    decided_on: date

    @property
    def key(self) -> str:
        return f"quota {self.year}"


@dataclass(frozen=True, slots=True)
class Cancel:
    day: date
    household: str

    @property
    def key(self) -> str:
        return f"cancellation {self.household}"


@dataclass(frozen=True, slots=True)
class Import:
    """A file of the Migration Agency."""

    day: date
    households: tuple[Household, ...]
    format: Literal["csv", "csv-latin-1", "xlsx"]

    @property
    def name(self) -> str:
        return f"anvisningar-{self.day}.{self.format.partition('-')[0]}"

    @property
    def key(self) -> str:
        return f"import {self.day}"


@dataclass(frozen=True, slots=True)
class Notify:
    day: date
    household: Household

    @property
    def key(self) -> str:
        return self.household.key


@dataclass(frozen=True, slots=True)
class Arrive:
    """`members`: their places in the household; None is everybody who has not arrived."""

    day: date
    household: str
    arrived_on: date
    members: tuple[int, ...] | None = None

    @property
    def key(self) -> str:
        return f"arrival {self.household} {self.day}"


@dataclass(frozen=True, slots=True)
class Correct:
    day: date
    household: str
    members: tuple[int, ...]
    arrived_on: date | None
    reason: Literal["wrong-date", "wrong-person", "did-not-arrive"]

    @property
    def key(self) -> str:
        return f"correction {self.household} {self.day}"


@dataclass(frozen=True, slots=True)
class Give:
    """A caseworker gets the case. `to`: the name of one of the demo's people."""

    day: date
    household: str
    to: str

    @property
    def key(self) -> str:
        return f"assignment {self.household}"


What = Literal["home", "contact", "plan", "follow-up", "end", "close"]


@dataclass(frozen=True, init=False)
class Work:
    """The caseworker does something in the case. `said`: the facts; `member`: whose plan it is about."""

    day: date
    household: str
    what: What
    member: int | None
    said: Mapping[str, Any]

    def __init__(self, day: date, household: str, what: What, member: int | None = None, **said: Any) -> None:
        for name, value in (("day", day), ("household", household), ("what", what), ("member", member), ("said", said)):
            object.__setattr__(self, name, value)

    @property
    def key(self) -> str:
        whose = "" if self.member is None else f" {self.member}"
        return f"{self.what} {self.household}{whose}" + (
            f" {self.day}" if self.what in {"contact", "follow-up"} else ""
        )


@dataclass(frozen=True, slots=True)
class Nominate:
    day: date
    nominee: str
    kind: str
    citation: str
    nominator: str
    email: str | None
    language: str
    year: int

    @property
    def key(self) -> str:
        return f"nomination {self.nominee}"


@dataclass(frozen=True, slots=True)
class Announce:
    """A year's prize gets its calendar; times are Swedish."""

    day: date
    year: int
    opens_at: str
    closes_at: str
    ceremony_on: date

    @property
    def key(self) -> str:
        return f"prize {self.year}"


@dataclass(frozen=True, slots=True)
class Assess:
    """`reason` None: the nomination is eligible."""

    day: date
    nominee: str
    reason: str | None = None

    @property
    def key(self) -> str:
        return f"assessment {self.nominee}"


@dataclass(frozen=True, slots=True)
class Join:
    """The nominee of the first is that of the other."""

    day: date
    nominee: str
    same_as: str

    @property
    def key(self) -> str:
        return f"joining {self.nominee}"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A juror (by `sub`) logs in for the first time: from then on there is somebody to tell."""

    day: date
    juror: str

    @property
    def key(self) -> str:
        return f"login {self.juror[-2:]}"


@dataclass(frozen=True, slots=True)
class LookIn:
    """A juror looks for the message that the reading begins."""

    day: date
    juror: str

    @property
    def key(self) -> str:
        return f"message {self.juror[-2:]} {self.day}"


@dataclass(frozen=True, slots=True)
class Judge:
    """A juror (by `sub`) gives points, or steps aside."""

    day: date
    juror: str
    nominee: str
    score: int | None = None
    comment: str | None = None
    recused: str | None = None

    @property
    def key(self) -> str:
        return f"{'recusal' if self.recused else 'points'} {self.juror[-2:]} {self.nominee}"


@dataclass(frozen=True, slots=True)
class Decide:
    """A step of the prize's round. The nominations of `nominees` go into the body's `field`."""

    day: date
    year: int
    what: Literal["calendar", "proposal", "decision", "publication"]
    body: Mapping[str, str]
    field: str = ""
    nominees: tuple[str, ...] = ()
    motivations: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.what} {self.year}"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The coordinator has read what is in the inbox."""

    day: date

    @property
    def key(self) -> str:
        return f"acknowledgement {self.day}"


OfPrize: TypeAlias = Announce | Assess | Join | SignIn | LookIn | Judge | Decide
# in the order in which they are done on one day
Step: TypeAlias = (
    SetQuota | Cancel | Import | Notify | Give | Arrive | Correct | Work | Nominate | OfPrize | Acknowledge
)
ORDER: tuple[type, ...] = (
    SetQuota,
    Cancel,
    Import,
    Notify,
    Give,
    Arrive,
    Correct,
    Work,
    Announce,
    Nominate,
    Assess,
    Join,
    SignIn,
    LookIn,
    Judge,
    Decide,
    Acknowledge,
)
