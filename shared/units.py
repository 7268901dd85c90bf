"""The municipality's organisation units: what the code in a person's sign-in is called, and which receive people."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, StrictBool, StringConstraints, ValidationError

Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=80)]

HOW = 'each unit is a table: [its-code], name = { sv = "…", en = "…" } and receives_people = true or false'
MOST_TOLD = 5


class _Told(BaseModel):
    """What is not known is a slip of the pen, not to be passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Names(_Told):
    """As it stands in a sentence: `mottagningsenheten`, and without an article `reception unit`."""

    sv: Words
    en: Words


class Unit(_Told):
    """`receives_people`: its managers see what their own staff does, small numbers included."""

    name: Names
    receives_people: StrictBool


class Units(RootModel[dict[Code, Unit]]):
    """Code -> unit."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def __contains__(self, code: object) -> bool:
        return code in self.root

    def name(self, code: str, lang: str) -> str:
        """What the unit is called in `lang`. A code that nobody has named is shown as it is, never guessed."""
        found = self.root.get(code)
        if found is None:
            return code
        return found.name.en if lang == "en" else found.name.sv

    @property
    def receiving(self) -> frozenset[str]:
        """The codes of the units that receive people."""
        return frozenset(code for code, unit in self.root.items() if unit.receives_people)


def read_units(value: object) -> object:
    """The units in the TOML file at the path `value`; what is no path stays itself.

    Raises ValueError that says what is wrong, in which unit, and how one is written; never the path.
    """
    if not isinstance(value, str):
        return value
    try:
        table = tomllib.loads(Path(value).read_text(encoding="utf-8"))
        found = Units.model_validate(table)
    except OSError as error:
        raise ValueError(
            f"names a file that cannot be read ({error.strerror}); it is the path of a TOML file"
        ) from None
    except ValidationError as wrong:
        faults = wrong.errors(include_url=False, include_context=False, include_input=False)
        said = [_fault(error["loc"], error["msg"]) for error in faults[:MOST_TOLD]]
        more = f" (and {len(faults) - MOST_TOLD} more)" if len(faults) > MOST_TOLD else ""
        raise ValueError(f"names a file with a wrong unit: {'; '.join(said)}{more}; {HOW}") from None
    except ValueError as error:  # no TOML, or not UTF-8
        raise ValueError(f"names a file that is no TOML in UTF-8 ({error}); {HOW}") from None
    if not found.root:
        raise ValueError(f"names a file without a unit; {HOW}")
    return found


def _fault(where: tuple[int | str, ...], what: str) -> str:
    """`[minors] name.en: Field required`."""
    code, *rest = (str(part) for part in where)
    if rest == ["[key]"]:
        return f"[{code}]: a code is at most 40 small letters a to z, digits and hyphens"
    place = f"[{code}] {'.'.join(rest)}" if rest else f"[{code}]"
    return f"{place}: {what}"
