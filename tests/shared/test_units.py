"""The file of organisation units: a wrong one is refused with what, where and how to mend; the demo's is whole."""

import tomllib
from pathlib import Path

import pytest

from deploy.local.places import CHECKOUT
from deploy.local.town import UNITS
from shared.settings import load
from shared.units import Units, read_units
from tests.shared.test_start import environment

NAME = 'name = { sv = "mottagningsenheten", en = "reception unit" }'
WHOLE = f"[reception]\n{NAME}\nreceives_people = true\n"
WRONG = [
    (WHOLE.replace(', en = "reception unit"', ""), "[reception] name.en: Field required"),
    (WHOLE.replace('"reception unit"', '" "'), "[reception] name.en: String should have at least 1 character"),
    (WHOLE.replace('"mottagningsenheten"', "7"), "[reception] name.sv: Input should be a valid string"),
    (f"[reception]\n{NAME}\n", "[reception] receives_people: Field required"),
    (WHOLE.replace("true", '"ja"'), "[reception] receives_people: Input should be a valid boolean"),
    (f"{WHOLE}colour = 'red'\n", "[reception] colour: Extra inputs are not permitted"),
    (f"{WHOLE}{WHOLE.replace('[reception]', '[Mottagning]')}", "[Mottagning]: a code is at most 40 small letters"),
    (f"{WHOLE}[minors]\nreceives_people = true", "[minors] name: Field required"),
    ("reception = 'mottagningsenheten'", "[reception]: Input should be"),
    (WHOLE + WHOLE, "no TOML in UTF-8"),
    ("[reception]\nname = mottagningen", "at line 2"),
    ("", "without a unit"),
]


def refusal(monkeypatch, capsys, path: Path) -> str:
    environment(monkeypatch, {"LANDA_UNITS": str(path)})
    with pytest.raises(SystemExit) as ended:
        load("reporting")
    text = capsys.readouterr().err
    assert ended.value.code == 2 and "LANDA_UNITS names a file" in text and str(path) not in text
    return text


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_file_of_units_is_refused_with_its_place_and_how_one_is_written(
    monkeypatch, capsys, tmp_path, text, said
):
    path = tmp_path / "enheter.toml"
    path.write_text(text)
    told = refusal(monkeypatch, capsys, path)
    assert said in told and "[its-code], name = { sv =" in told


def test_a_file_that_cannot_be_read_is_refused(monkeypatch, capsys, tmp_path):
    assert "No such file" in refusal(monkeypatch, capsys, tmp_path / "nowhere")
    assert "Is a directory" in refusal(monkeypatch, capsys, tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(WHOLE.replace("mottagningsenheten", "enhet för").encode("latin-1"))
    assert "no TOML in UTF-8" in refusal(monkeypatch, capsys, latin)


def test_names_are_those_of_the_file_and_an_unknown_code_stays_itself(monkeypatch, tmp_path):
    path = tmp_path / "enheter.toml"
    path.write_text(WHOLE)
    environment(monkeypatch, {"LANDA_UNITS": str(path)})
    units = load("reporting").units
    assert [units.name(code, lang) for code in ("reception", "minors") for lang in ("sv", "en")] == [
        "mottagningsenheten",
        "reception unit",
        "minors",
        "minors",
    ]
    environment(monkeypatch, {"LANDA_UNITS": None})
    assert load("reporting").units == Units({})


def test_every_unit_of_the_demos_people_has_a_name_and_those_with_caseworkers_receive():
    units = read_units(str(UNITS))
    people = tomllib.loads((CHECKOUT / "deploy/local/identity/people.toml").read_text(encoding="utf-8"))["person"]
    assert isinstance(units, Units) and {one["unit"] for one in people} == units.root.keys()
    assert units.receiving == {one["unit"] for one in people if "caseworker" in one["roles"]}
