"""What the player has done, one line per step, beside the town's clock: a player that is killed goes on from here.

A line is written after its answer came. What was answered but not written is asked again with the same key, and the
service gives the same answer.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any


class AnotherPlan(RuntimeError):
    """The town's year was begun with other households."""


class Ledger:
    def __init__(self, path: Path, plan: object) -> None:
        self._path = path
        digest = hashlib.sha256(repr(plan).encode()).hexdigest()
        self._done: dict[str, dict[str, Any]] = {}
        whole = path.read_bytes() if path.exists() else b""
        # a line that a kill cut off was never said to be done
        lines = whole[: whole.rfind(b"\n") + 1].splitlines()
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(sum(len(line) + 1 for line in lines))
        if not lines:
            self._append({"plan": digest})
        elif json.loads(lines[0])["plan"] != digest:
            raise AnotherPlan
        for line in lines[1:]:
            entry = json.loads(line)
            self._done[entry["step"]] = entry["answer"]

    def __contains__(self, key: str) -> bool:
        return key in self._done

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._done[key]

    def add(self, key: str, answer: dict[str, Any]) -> None:
        self._append({"step": key, "answer": answer})
        self._done[key] = answer

    def _append(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        with self._path.open("ab", buffering=0) as file:
            file.write(line)


def write_whole(path: Path, content: bytes) -> None:
    """The file has the old content or the new, never a part, and everybody may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.chmod(0o644)
    temporary.replace(path)
