"""Validation errors as where, what and how to mend it. The offending value is never repeated: it may be personal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.web.texts import Texts

NAME = re.compile(r"\A[A-Za-z_][A-Za-z_-]{0,39}\Z")
OUTSIDE = frozenset({"query", "path", "header", "cookie"})

# pydantic's type of error -> our text. What is not listed is told as "does not have the right form".
KINDS = {
    "missing": "missing",
    "missing_argument": "missing",
    "extra_forbidden": "unknown-field",
    "json_invalid": "json",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "bytes_too_long": "too-long",
    "too_short": "too-few",
    "too_long": "too-many",
    "enum": "not-a-choice",
    "literal_error": "not-a-choice",
    "greater_than": "greater-than",
    "greater_than_equal": "at-least",
    "less_than": "less-than",
    "less_than_equal": "at-most",
    "finite_number": "number",
    "multiple_of": "number",
    "uuid_parsing": "id",
    "uuid_type": "id",
    "uuid_version": "id",
    "timezone_aware": "time",
    "date_past": "date-past",
    "date_future": "date-future",
}
FAMILIES = {
    "string": "text",
    "int": "whole-number",
    "float": "number",
    "decimal": "number",
    "bool": "yes-no",
    "date": "date",
    "datetime": "time",
    "time": "time",
    "list": "list",
    "tuple": "list",
    "set": "list",
    "dict": "object",
    "model": "object",
    "url": "web-address",
}
BOUNDS = ("gt", "ge", "lt", "le", "min_length", "max_length")


@dataclass(frozen=True)
class Mistake:
    """`where`: a JSON pointer, `query:limit`, or a form's field. `what` and `mend` are whole sentences."""

    where: str
    what: str
    mend: str


def pointer(loc: Sequence[int | str]) -> str:
    """Where in the input, in our names: a key that looks typed by a person rather than by a program is left out."""
    parts = list(loc)
    source = parts.pop(0) if parts and parts[0] in (OUTSIDE | {"body"}) else "body"
    plain = [str(part) if isinstance(part, int) or NAME.match(part) else "?" for part in parts]
    if source in OUTSIDE:
        return f"{source}:{'.'.join(plain)}"
    return "".join(f"/{part}" for part in plain) or "/"


def kind(error: Mapping[str, Any], texts: Texts) -> str:
    """The name of the text that tells this error. A validator's own `PydanticCustomError` type may be one."""
    name = str(error["type"])
    # Ours first: what the library calls `too_short` is a list, and our text of that name is for words.
    if name not in KINDS and texts.has(f"mistake.{name.replace('_', '-')}.what"):
        return name.replace("_", "-")
    return KINDS.get(name) or FAMILIES.get(name.split("_")[0]) or "form"


def tell(error: Mapping[str, Any], where: str, texts: Texts, lang: str) -> Mistake:
    """One error in words, with the limits of ours that it broke."""
    context = error.get("ctx") or {}
    limit = next((context[bound] for bound in BOUNDS if bound in context), "")
    name = kind(error, texts)
    if name == "too-few" and tuple(error["loc"])[-1:] == ("persons",) and not context.get("actual_length"):
        name = "nobody"
    if isinstance(limit, int | float) and texts.has(f"mistake.{name}-number.what"):
        name += "-number"
    # The list of choices is the model's own, never the input. The library joins it in English.
    choices = str(context.get("expected", "")).replace("'", "")
    before, joined, last = choices.rpartition(" or ")
    if joined:
        choices = texts.get(lang, "mistake.choices", first=before, last=last)
    facts = {"limit": limit, "choices": choices}
    return Mistake(
        where, texts.get(lang, f"mistake.{name}.what", **facts), texts.get(lang, f"mistake.{name}.mend", **facts)
    )


def mistakes_of(errors: Sequence[Mapping[str, Any]], texts: Texts, lang: str) -> list[Mistake]:
    """Every error of a request, each place once."""
    told: dict[str, Mistake] = {}
    for error in errors:
        if error["type"] == "json_invalid":
            at = error["loc"][-1] if error["loc"] and isinstance(error["loc"][-1], int) else 0
            where = f"character {at + 1}"
        else:
            where = pointer(error["loc"])
        told.setdefault(where, tell(error, where, texts, lang))
    return list(told.values())
