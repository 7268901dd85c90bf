"""Invented households: pure, from a seeded generator. Every size adds up, every person is one the rules accept."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

# citizenship, language, weight; what was usual in 2018
_QUOTA = (("SY", "arabiska", 10), ("CD", "swahili", 8), ("ER", "tigrinska", 4), ("SO", "somaliska", 3))
_OTHERS = (
    ("SY", "arabiska", 14),
    ("AF", "dari", 7),
    ("SO", "somaliska", 5),
    ("ER", "tigrinska", 5),
    ("IQ", "arabiska", 4),
    ("IQ", "kurdiska", 2),
    ("XA", "arabiska", 2),
)
_MINORS = (("AF", "dari", 10), ("SY", "arabiska", 3), ("SO", "somaliska", 2), ("ER", "tigrinska", 2))
# how many households of 1, 2, … 7 among a hundred
_SIZES = {
    "quota-refugee": (14, 12, 18, 22, 18, 10, 6),
    "agency-accommodation": (52, 10, 10, 11, 9, 5, 3),
    "self-settled": (50, 14, 12, 12, 7, 3, 2),
    "other": (60, 20, 12, 8, 0, 0, 0),
    "family-member": (26, 20, 19, 16, 11, 5, 3),
}
# syllables and not names, so that nobody is meant
_START = ("Ta", "Ve", "Su", "Re", "Zu", "Ke", "Lo", "Ny", "Be", "Ri", "Hu", "Du", "Ye", "Mo", "Fe", "Qa")
_MIDDLE = ("lo", "ri", "ne", "vu", "shi", "do", "mu", "ke", "sa", "fe", "ro", "ti")
_END = {"female": ("lina", "vara", "neya", "sima", "resa"), "male": ("den", "rik", "vol", "tok", "mer")}
_FAMILY = ("dar", "kesh", "vani", "mor", "zade", "lun", "tesh", "bari")


@dataclass(frozen=True, slots=True)
class Person:
    """As the API wants it; `number` is a coordination number or None."""

    name: str = field(repr=False)
    born: date
    sex: str
    number: str | None
    dossier: str
    citizenship: str
    language: str
    interpreter: bool
    minor: bool = False
    protected: str = "none"


def partition(rng: Random, total: int, category: str) -> list[int]:
    """Household sizes from 1 to 7 that add up to `total`."""
    sizes: list[int] = []
    while (left := total - sum(sizes)) > 0:
        sizes.append(min(left, rng.choices(range(1, 8), _SIZES[category])[0]))
    return sizes


@dataclass
class Registry:
    """Invents people. `rng` decides everything; no coordination number is given twice."""

    rng: Random
    _numbers: set[str] = field(default_factory=set)

    def household(self, category: str, size: int, day: date) -> tuple[Person, ...]:
        """A household as it is on `day`: adults first, then children."""
        rng = self.rng
        family = rng.choice(_START) + rng.choice(_MIDDLE) + rng.choice(_FAMILY)
        origin = _origin(rng, _QUOTA if category == "quota-refugee" else _OTHERS)
        first = rng.randint(20, 58) if size == 1 else rng.randint(24, 52)
        women = 0.75 if category == "family-member" else 0.35
        sex = "female" if rng.random() < women else "male"
        people = [(first, sex)]
        if size >= 2 and rng.random() < (0.2 if category == "family-member" else 0.65):
            people.append((max(19, first + rng.randint(-6, 6)), "male" if sex == "female" else "female"))
        if size >= 5 and len(people) < size and rng.random() < 0.2:
            people.append((rng.randint(max(65, first + 18), 79), rng.choice(("female", "male"))))
        while len(people) < size:
            people.append((rng.randint(0, min(17, first - 19)), rng.choice(("female", "male"))))
        return tuple(self._person(age, sex, family, origin, day) for age, sex in people)

    def minor(self, day: date) -> tuple[Person, ...]:
        """An unaccompanied minor, who is a household of one."""
        rng = self.rng
        family = rng.choice(_START) + rng.choice(_MIDDLE) + rng.choice(_FAMILY)
        age = rng.choices(range(13, 18), (1, 2, 4, 7, 8))[0]
        sex = "male" if rng.random() < 0.85 else "female"
        return (replace(self._person(age, sex, family, _origin(rng, _MINORS), day), minor=True),)

    def _person(self, age: int, sex: str, family: str, origin: tuple[str, str], day: date) -> Person:
        rng = self.rng
        given = rng.choice(_START) + rng.choice(_MIDDLE)[: rng.choice((0, 2))] + rng.choice(_END[sex])
        born = _born(rng, age, day)
        number = self._coordination_number(born, sex) if rng.random() < 1 / 3 else None
        dossier = f"6{rng.randrange(10**7):07}"
        citizenship, language = origin
        return Person(f"{given} {family}", born, sex, number, dossier, citizenship, language, rng.random() < 0.85)

    def _coordination_number(self, born: date, sex: str) -> str | None:
        """The day plus 60, a number whose last digit tells the sex, and the check digit. 980 to 999 is nobody's."""
        for _ in range(5):
            serial = 980 + 2 * self.rng.randrange(10) + (sex == "male")
            digits = f"{born:%y%m}{born.day + 60:02}{serial}"
            number = f"{born:%Y%m}{born.day + 60:02}-{serial}{check_digit(digits)}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number
        return None


def check_digit(nine: str) -> int:
    """The digit that makes ten digits pass the Luhn test."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(nine))
    return -sum(number - 9 if number > 9 else number for number in doubled) % 10


def _origin(rng: Random, origins: tuple[tuple[str, str, int], ...]) -> tuple[str, str]:
    citizenship, language, _ = rng.choices(origins, [weight for *_, weight in origins])[0]
    return citizenship, language


def _born(rng: Random, age: int, day: date) -> date:
    """A date of birth with which one is `age` on `day`, which is no 29 February."""
    latest = day.replace(year=day.year - age)
    earliest = day.replace(year=day.year - age - 1) + timedelta(days=1)
    return earliest + timedelta(days=rng.randrange((latest - earliest).days + 1))
