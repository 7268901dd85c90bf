"""`python -m shared.contracts.check [--write]`: the documents are those of the models, and nothing published broke.

A published schema may gain an optional field. Anything else is refused, also with --write: make a new version.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from shared.contracts import CATALOGUE
from shared.contracts.documents import asyncapi, catalogue, incompatible, schema
from shared.contracts.event import Event, known

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "docs" / "events"


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def _consumers() -> dict[str, list[str]]:
    """Which services name an event's class outside their own contract, read from the source."""
    found: dict[str, list[str]] = {}
    for service in sorted(path for path in (ROOT / "services").iterdir() if path.is_dir()):
        text = "\n".join(file.read_text() for file in service.rglob("*.py"))
        for event_type, model in CATALOGUE.items():
            if re.search(rf"\b{model.__name__}\b", text) and not event_type.startswith(f"{service.name}."):
                found.setdefault(event_type, []).append(service.name)
    return found


def documents() -> dict[Path, str]:
    """Every document that is checked in, by path."""
    found = {EVENTS / "schemas" / f"{name}.json": _json(schema(model)) for name, model in CATALOGUE.items()}
    found[EVENTS / "asyncapi.json"] = _json(asyncapi())
    found[EVENTS / "catalogue.md"] = catalogue(_consumers())
    return found


def broken(models: dict[str, type[Event]], published: Path) -> list[str]:
    """What today's models break of the published schemas. A published type may not disappear."""
    wrong = []
    for file in sorted(published.glob("*.json")):
        model = models.get(file.stem)
        if model is None and known(file.stem):
            continue  # an upcaster reads it
        if model is None:
            wrong.append(f"{file.stem} was published and is gone; keep it, or add an upcaster and its golden example")
            continue
        for reason in incompatible(json.loads(file.read_text()), schema(model)):
            wrong.append(f"{file.stem}: {reason}; make it v{int(file.stem.rpartition('.v')[2]) + 1} with an upcaster")
    return wrong


def main(arguments: list[str]) -> int:
    """0 when all is well."""
    wrong = broken(CATALOGUE, EVENTS / "schemas")
    if not wrong:
        for path, text in documents().items():
            if path.exists() and path.read_text() == text:
                continue
            if "--write" in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                print(f"wrote {path.relative_to(ROOT)}")
            else:
                wrong.append(f"{path.relative_to(ROOT)} is not what the models say; run: make contracts")
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{len(CATALOGUE)} event types: documents are true, nothing published is broken")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
