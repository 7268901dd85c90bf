"""`python -m tests.run [pytest's arguments]`: with arguments pytest itself; without, every test, in three runs at once.

Tests over real parts wait for much of their time, and each run fills what the others wait. Each has a PostgreSQL, a
Kafka and towns of its own, so none notices the others but by its speed: limits in seconds, which `make faults` holds to
alone on the machine, are three times as long here.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest"]
# measured: each takes about as long as the others; what is named in neither is the third run
JOURNEYS = ("journeys",)
FAULTS = ("awards", "deploy", "faults", "shared", "web")


def rest() -> tuple[str, ...]:
    """Every other file and folder with tests: what is new here is run, too."""
    found = (path for path in TESTS.iterdir() if path.match("test_*.py") or any(path.glob("**/test_*.py")))
    return tuple(sorted(path.name for path in found if path.name not in JOURNEYS + FAULTS))


class Run:
    """Pytest over some of the tests: its progress is told line by line, and what it says in the end in one piece."""

    def __init__(self, names: Sequence[str], telling: threading.Lock) -> None:
        told = [*PYTEST, *(str(TESTS / name) for name in names)]
        self._telling = telling
        self._process = subprocess.Popen(
            told, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        kept: list[str] = []
        for line in self._process.stdout:
            if kept or (line.startswith("====") and "test session starts" not in line):
                kept.append(line)
            else:
                self._tell(line)
        self._tell(*kept)

    def _tell(self, *lines: str) -> None:
        with self._telling:
            sys.stdout.writelines(lines)
            sys.stdout.flush()

    def wait(self) -> int:
        """Its exit status."""
        self._listening.join()
        return self._process.wait()


def main(arguments: Sequence[str]) -> int:
    """Pytest's exit status; of three runs that of one that failed."""
    if arguments:
        os.execv(sys.executable, [*PYTEST, *arguments])
    os.environ.setdefault("LANDA_TEST_SLACK", "3")
    telling = threading.Lock()
    runs = [Run(names, telling) for names in (JOURNEYS, FAULTS, rest())]
    return next((status for status in [run.wait() for run in runs] if status), 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
