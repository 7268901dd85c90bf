"""What a run of the fault tests proved: one line per run while it goes, one page in the docs from all of them.

`record` is called by a fault's test when the checker has looked. `python -m tests.faults.proof` writes docs/proof.md
from the lines of the last `make faults`, and fails when they do not prove what is promised.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Run:
    """One fault, injected once with one seed, healed and checked.

    Commands by outcome: `acknowledged` (2xx), `refused` (4xx, 503), `unknown` (timed out, repeated later).
    `events` were compared; `lost`, `doubled` and `out_of_order` are what the checker counted; `heal_seconds` from the
    end of the fault until everything was applied, None where nothing had to heal.
    """

    fault: str
    what: str
    seed: int
    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0
    events: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    violations: int = 0
    heal_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Caught:
    """A seeded bug and the invariant that caught it; `caught` is None when nothing did."""

    bug: str
    what: str
    caught: str | None


def record(line: Run | Caught) -> None:
    """Adds `line` to the file that LANDA_PROOF names; does nothing outside `make faults`."""
    if path := os.environ.get("LANDA_PROOF"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"kind": type(line).__name__, **asdict(line)}) + "\n")


def seeds(many: int = 3) -> range:
    """The seeds a fault is tried with: one in `make test`, `many` in `make faults`."""
    return range(many if "LANDA_PROOF" in os.environ else 1)


def recorded(path: Path) -> tuple[list[Run], list[Caught]]:
    runs: list[Run] = []
    bugs: list[Caught] = []
    for text in path.read_text().splitlines():
        line = json.loads(text)
        if line.pop("kind") == "Run":
            runs.append(Run(**line))
        else:
            bugs.append(Caught(**line))
    return runs, bugs


def main() -> int:
    """Writes the page and says on stdout whether it proves what is promised."""
    from tests.faults.page import page, wrong

    path = os.environ.get("LANDA_PROOF")
    if path is None or not Path(path).exists():
        print("There is nothing to write: LANDA_PROOF names no file of runs. `make faults` makes one.", file=sys.stderr)
        return 2
    runs, bugs = recorded(Path(path))
    target = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
    target.write_text(page(runs, bugs))
    broken = wrong(runs, bugs)
    for line in broken:
        print(f"WRONG: {line}", file=sys.stderr)
    print(
        f"{len(runs)} runs, {sum(bug.caught is not None for bug in bugs)} of {len(bugs)} seeded bugs caught: {target}"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
