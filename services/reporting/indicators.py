"""The indicators, read from their table: what each number is called and means, and which events it is made of."""

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from services.reporting.disclosure import AREAS, Area
from services.reporting.rules import numbers
from shared.contracts import CATALOGUE
from shared.web.texts import say

THEMES = ("reception", "establishment", "contacts", "notifications", "prize")
UNITS = frozenset({"persons", "households", "notifications", "nominations", "plans", "contacts", "homes", "cases"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """`name` and `definition` by language, with the rules' numbers where they are `worded`.

    `table`: the CSV file that holds the number, if any.
    """

    key: str
    theme: str
    area: Area
    unit: str
    table: str
    events: tuple[str, ...]
    breakdowns: tuple[str, ...]
    name: dict[str, str]
    definition: dict[str, str]


@cache
def indicators() -> tuple[Indicator, ...]:
    """All of them, in reading order. Raises ValueError when the table names something that is not there."""
    path = Path(__file__).with_suffix(".toml")
    found = []
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["indicator"]:
        one = Indicator(**{**row, "events": tuple(row["events"]), "breakdowns": tuple(row["breakdowns"])})
        known = one.theme in THEMES and one.area in AREAS and one.unit in UNITS
        if not known or not one.events or not set(one.events) <= CATALOGUE.keys():
            raise ValueError(f"the indicator {one.key} has a theme, area, unit or event that is not known")
        for words in (one.name, one.definition):
            if set(words) != {"sv", "en"} or words["sv"] == words["en"] or not all(words.values()):
                raise ValueError(f"the indicator {one.key} wants both languages")
        found.append(one)
    if len({one.key for one in found}) != len(found):
        raise ValueError("two indicators have one key")
    return tuple(found)


def of_theme(theme: str) -> tuple[Indicator, ...]:
    return tuple(one for one in indicators() if one.theme == theme)


def worded(one: Indicator, today: date) -> Indicator:
    """With the numbers of the rules as they are on `today`."""

    def words(texts: dict[str, str]) -> dict[str, str]:
        return {
            lang: text.format_map({name: say(value, lang) for name, value in numbers(today).items()})
            for lang, text in texts.items()
        }

    return replace(one, name=words(one.name), definition=words(one.definition))
