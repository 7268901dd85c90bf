"""The page says what the lines say, and a loss, a double, a disorder or an uncaught bug makes the run fail."""

import pytest

from tests.faults.page import LEAST_BUGS, page, wrong
from tests.faults.proof import Caught, Run, main, record

GOOD = [
    Run(fault="F02", what="Kafka killed", seed=0, acknowledged=1000, unknown=3, events=5000, heal_seconds=2.0),
    Run(fault="F02", what="Kafka killed", seed=1, acknowledged=500, refused=7, events=2500, heal_seconds=8.0),
    Run(fault="F01", what="killed", seed=0, acknowledged=10, events=30),
]
BUGS = [Caught(bug=f"bug-{n}", what="does it wrong", caught="I1") for n in range(LEAST_BUGS)]


def test_runs_of_a_fault_are_one_row_with_the_median_and_the_longest_time_to_heal():
    text = page(GOOD, BUGS)
    assert "| F02 | Kafka killed | 2 | 1,500 | 7 | 3 | 7,500 | 0 | 0 | 0 | 0 | 5.0 (8.0) |" in text
    assert "| F01 | killed | 1 | 10 | 0 | 0 | 30 | 0 | 0 | 0 | 0 | – |" in text
    assert text.index("| F01 |") < text.index("| F02 |")
    assert f"{LEAST_BUGS} of {LEAST_BUGS} seeded bugs caught" in text and "WRONG" not in text


@pytest.mark.parametrize("count", ["lost", "doubled", "out_of_order", "violations"])
def test_what_the_checker_counted_makes_the_run_fail(count):
    bad = Run(fault="F05", what="PostgreSQL killed", seed=4, **{count: 1})
    assert wrong(GOOD, BUGS) == []
    (line,) = wrong([*GOOD, bad], BUGS)
    assert "F05" in line and "seed 4" in line and f"1 {count.replace('_', ' ')}" in line
    assert line in page([bad], BUGS)


def test_a_bug_that_nothing_caught_or_that_was_not_tried_makes_the_run_fail():
    blind = Caught(bug="auto-commit", what="commits by itself", caught=None)
    assert wrong(GOOD, [*BUGS, blind]) == ["the seeded bug auto-commit was not caught"]
    assert len(wrong(GOOD, BUGS[1:])) == 1 and len(wrong([], BUGS)) == 1


def test_without_a_file_of_runs_nothing_is_recorded_or_written(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("LANDA_PROOF", raising=False)
    record(GOOD[0])
    assert main() == 2 and "make faults" in capsys.readouterr().err
    monkeypatch.setenv("LANDA_PROOF", str(tmp_path / "none"))
    assert main() == 2
