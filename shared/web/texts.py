"""Every sentence a person reads, by key and language: a missing one is found by a test, not by a reader."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("sv", "en")
DEFAULT = "sv"
# every municipality's time; what is stored is UTC
TOWN = ZoneInfo("Europe/Stockholm")
LOCALES = {"sv": Locale.parse("sv_SE"), "en": Locale.parse("en_GB")}
PLURALS = frozenset({"one", "other"})
LEAF = frozenset({*LANGUAGES, "same"})
PLACEHOLDER = re.compile(r"\A[a-z_][a-z0-9_]*\Z")


class MissingText(LookupError):
    """A key without a text, or a text without a value for one of its fields."""


@dataclass(frozen=True)
class Entry:
    """One text: per language a sentence, or a sentence per plural form of the field `n`."""

    sv: str | dict[str, str] | None = None
    en: str | dict[str, str] | None = None
    same: bool = False
    unknown: frozenset[str] = field(default_factory=frozenset)

    def text(self, lang: str, n: object = None) -> str | None:
        found = self.en if lang == "en" else self.sv
        if isinstance(found, dict):
            form = LOCALES[lang].plural_form(n) if isinstance(n, int | float | Decimal) else "other"
            return found.get(form) or found.get("other")
        return found


def entries(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Entry]]:
    """Every text of a parsed TOML catalogue with its dotted key. A table with `sv` or `en` in it is a text."""
    for name, inner in table.items():
        key = f"{prefix}{name}"
        if not isinstance(inner, dict):
            yield key, Entry(unknown=frozenset({name}))
            continue
        if set(inner) & LEAF:
            nested = {k: v for k, v in inner.items() if k not in LEAF}
            bad = frozenset(k for k, v in nested.items() if not isinstance(v, dict))
            yield key, Entry(inner.get("sv"), inner.get("en"), bool(inner.get("same", False)), bad)
            yield from entries({k: v for k, v in nested.items() if k not in bad}, f"{key}.")
        else:
            yield from entries(inner, f"{key}.")


@cache
def read(path: Path) -> Mapping[str, Entry]:
    """The texts of one catalogue file, as it was when it was first read."""
    return dict(entries(tomllib.loads(path.read_text(encoding="utf-8"))))


def catalogues(root: Path = ROOT) -> list[Path]:
    """Every catalogue of the product."""
    own = sorted((root / "services").glob("*/texts.toml"))
    return [root / "shared/web/texts.toml", *own, root / "deploy/local/texts.toml"]


class Texts:
    """The texts of one service, or of the catalogue `own`, over the shared ones.

    `strict` raises on a missing key; else the key itself is shown.
    """

    def __init__(
        self, service: str | None = None, *, strict: bool = True, root: Path = ROOT, own: Path | None = None
    ) -> None:
        self.strict = strict
        own = own or root / "services" / (service or "-") / "texts.toml"
        self.entries = {**read(root / "shared/web/texts.toml"), **(read(own) if own.exists() else {})}

    def has(self, key: str) -> bool:
        return key in self.entries

    def get(self, lang: str, key: str, /, **fields: object) -> str:
        """The text of `key`, its fields said in the language: dates in words, numbers from 10,000 on with spaces."""
        entry = self.entries.get(key)
        text = entry.text(lang, fields.get("n")) if entry else None
        if text is None:
            if self.strict:
                raise MissingText(f"{key} ({lang})")
            return key
        try:
            return text.format_map({name: say(value, lang) for name, value in fields.items()})
        except KeyError as missing:
            if self.strict:
                raise MissingText(f"{key} ({lang}) wants {missing}") from None
            return key


def say(value: object, lang: str) -> str:
    """A value as it stands in a sentence. Four digits stay together: they may be a year, and Swedish wants it so."""
    match value:
        case bool() | str() | None:
            return "" if value is None else str(value)
        case datetime():
            local = value.astimezone(TOWN) if value.tzinfo else value
            return str(format_datetime(local, "d MMMM y HH:mm", locale=LOCALES[lang]))
        case date():
            return str(format_date(value, "d MMMM y", locale=LOCALES[lang]))
        case int() if abs(value) < 10_000:
            return str(value).replace("-", "−")
        case int() | float() | Decimal():
            return str(format_decimal(value, locale=LOCALES[lang]))
        case _:
            return str(value)


def placeholders(text: str) -> set[str]:
    """The named fields of a text. Raises ValueError when the braces are not in order."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _faults(key: str, entry: Entry) -> Iterator[str]:
    for name in sorted(entry.unknown):
        yield f"{key}: '{name}' is neither a language nor a table"
    if entry.unknown and entry.sv is None and entry.en is None:
        return
    forms: dict[str, set[str]] = {}
    for lang in LANGUAGES:
        text = entry.sv if lang == "sv" else entry.en
        for form, sentence in (text if isinstance(text, dict) else {"": text}).items():
            if not isinstance(sentence, str) or not sentence.strip():
                yield f"{key}: {lang} is missing"
                continue
            try:
                found = placeholders(sentence)
            except ValueError as wrong:
                yield f"{key}: {lang} has braces out of order ({wrong})"
                continue
            forms.setdefault(lang, set()).update(found)
            yield from (
                f"{key}: {lang} has a field that is no name: '{name}'" for name in found if not PLACEHOLDER.match(name)
            )
            if form and form not in PLURALS:
                yield f"{key}: {lang} has an unknown plural form '{form}'"
        if isinstance(text, dict) and set(text) != PLURALS:
            yield f"{key}: {lang} wants both 'one' and 'other'"
    # A plural form may leave the number out ("last day today"), a language may not leave a field out.
    if len(forms) == len(LANGUAGES) and forms["sv"] != forms["en"]:
        yield f"{key}: sv and en have different fields"
    if entry.sv is not None and entry.sv == entry.en and not entry.same:
        yield f"{key}: sv and en are identical (say `same = true` if that is meant)"


def problems(catalogue: Mapping[str, Entry]) -> list[str]:
    """What is wrong with a catalogue, a line each; empty when nothing is."""
    return [fault for key, entry in sorted(catalogue.items()) for fault in _faults(key, entry)]
