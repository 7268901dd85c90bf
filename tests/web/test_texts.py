"""Every sentence is there in both languages, and every refusal of the code has one."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from shared.web.texts import ROOT, MissingText, Texts, catalogues, entries, problems, read

CODES = re.compile(r'(?:Refused\(\s*|Problem\(\s*[0-9]+,\s*)"([a-z-]+)"')


@pytest.mark.parametrize("path", [path for path in catalogues() if path.exists()], ids=lambda path: path.parent.name)
def test_a_catalogue_says_everything_in_both_languages(path: Path) -> None:
    assert problems(read(path)) == []


@pytest.mark.parametrize(
    "folder", ["shared", *sorted(p.parent.name for p in catalogues() if p.parent.parent.name == "services")]
)
def test_every_refusal_in_the_code_has_its_texts(folder: str) -> None:
    at = ROOT / folder if folder == "shared" else ROOT / "services" / folder
    texts = Texts(None if folder == "shared" else folder)
    codes = {code for file in at.rglob("*.py") for code in CODES.findall(file.read_text(encoding="utf-8"))}
    assert sorted(c for c in codes if not (texts.has(f"refusal.{c}.what") and texts.has(f"refusal.{c}.mend"))) == []


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ('[a]\nsv = "x"', "a: en is missing"),
        ('[a]\nsv = "x"\nen = "x"', "a: sv and en are identical (say `same = true` if that is meant)"),
        ('[a]\nsv = "{n} x"\nen = "y"', "a: sv and en have different fields"),
        ('[a]\nsv = "{n x"\nen = "y"', "a: sv has braces out of order"),
        ('[a]\nsv = { one = "x" }\nen = { one = "y", other = "z" }', "a: sv wants both 'one' and 'other'"),
        ('[a]\nsw = "x"\nsv = "x"\nen = "y"', "a: 'sw' is neither a language nor a table"),
        ('[a]\nsv = "{} x"\nen = "{} y"', "a: sv has a field that is no name"),
    ],
)
def test_the_check_finds_a_seeded_fault(toml: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in problems(dict(entries(tomllib.loads(toml)))))


def test_numbers_dates_and_plurals_follow_the_language() -> None:
    texts = Texts()
    assert [texts.get("sv", "clock.left", n=n) for n in (1, 2)] == ["1 dag kvar", "2 dagar kvar"]
    assert texts.get("en", "clock.late", n=1) == "1 day late"
    assert texts.get("sv", "town.today", municipality="Exempelby", day=date(2018, 3, 12)) == (
        "Demonstration. I Exempelby är det i dag 12 mars 2018."
    )
    assert "12\xa0345" in texts.get("sv", "refusal.stale-version.what", expected=2018, current=12345)
    assert "2018" in texts.get("sv", "refusal.stale-version.what", expected=2018, current=12345)


def test_a_missing_text_raises_where_it_can_be_mended_and_shows_its_key_where_it_cannot() -> None:
    with pytest.raises(MissingText):
        Texts().get("sv", "no.such.key")
    with pytest.raises(MissingText):
        Texts().get("sv", "clock.left")
    assert Texts(strict=False).get("sv", "no.such.key") == "no.such.key"
