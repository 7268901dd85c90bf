"""The town's own secrets: made once, kept in one file that only its owner can read.

Promise: no secret is in the project, none is shared by two towns, and a later version that needs another one adds it.
"""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from deploy.local.places import Places


@dataclass
class Secrets:
    """Keys are base64 of 32 bytes; the dictionaries are by service."""

    session_key: str
    master_keys: dict[str, str]
    client_secrets: dict[str, str]
    database_passwords: dict[str, str]


def load(where: Places, services: Iterable[str]) -> Secrets:
    path = where.state / "secrets.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    before = json.dumps(known, sort_keys=True)
    known.setdefault("session_key", _key())
    for name, make in (("master_keys", _key), ("client_secrets", _word), ("database_passwords", _word)):
        kept = known.setdefault(name, {})
        for service in services:
            kept.setdefault(service, make())
    found = Secrets(**known)
    if json.dumps(asdict(found), sort_keys=True) != before:
        where.secret_file(path, json.dumps(asdict(found), indent=1))
    return found


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _word() -> str:
    return secrets.token_urlsafe(24)
