"""`python -m tests.run [pytest's arguments]`: with arguments pytest itself; without, every test, in two runs at once.

The journeys and faults that live in one town wait most of their time; the other tests fill it. Each run has a
PostgreSQL, a Kafka and towns of its own, so neither notices the other.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest"]
LIVED_IN = [str(TESTS / name) for name in ("faults", "journeys")]


def others() -> list[str]:
    """Every other file and folder with tests: what is new here is run, too."""
    found = [path for path in TESTS.iterdir() if path.match("test_*.py") or any(path.glob("**/test_*.py"))]
    return sorted(str(path) for path in found if str(path) not in LIVED_IN)


def main(arguments: Sequence[str]) -> int:
    """Pytest's exit status; of two runs that of one that failed."""
    if arguments:
        os.execv(sys.executable, [*PYTEST, *arguments])
    with tempfile.TemporaryFile() as told:
        beside = subprocess.Popen([*PYTEST, *others()], stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT)
        try:
            print("two runs side by side; what the other one says follows", flush=True)
            here = subprocess.run([*PYTEST, *LIVED_IN]).returncode
        finally:
            there = beside.wait()
            told.seek(0)
            sys.stdout.buffer.write(told.read())
            sys.stdout.flush()
    return here or there


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
