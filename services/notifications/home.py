"""Which tasks a role has, the most urgent first: what the landing page lists."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A link with its words (`home.<name>`, `home.<name>.text`). `count` None: not ours to count."""

    name: str
    path: str
    count: int | None = None


_ROLES = {
    "inbox": {"coordinator", "caseworker", "manager", "secretary", "jury"},
    "reception": {"coordinator"},
    "work": {"caseworker", "manager"},
    "looks": {"auditor"},
    "import": {"coordinator"},
    "jury": {"jury"},
    "prize": {"secretary"},
    "nominations": {"secretary"},
    "reporting": {"coordinator", "manager", "council", "auditor"},
    "operations": {"operator"},
    "deliveries": {"coordinator", "manager", "operator"},
    "mailboxes": {"manager", "operator"},
}
_PATHS = {
    "inbox": "/notifications/inbox",
    "reception": "/reception/inbox",
    "work": "/reception/work",
    "looks": "/reception/looks",
    "import": "/reception/imports",
    "jury": "/awards/jury",
    "prize": "/awards/round",
    "nominations": "/awards/nominations",
    "reporting": "/reporting/",
    "operations": "/reporting/services",
    "deliveries": "/notifications/deliveries",
    "mailboxes": "/notifications/mailboxes",
}


def tasks(roles: Iterable[str], unread: int, failed: int) -> list[Task]:
    """The tasks of somebody with these roles; what has failed comes before what only wants reading."""
    mine = set(roles)
    counts = {"inbox": unread, "deliveries": failed}
    found = [Task(name, _PATHS[name], counts.get(name)) for name, wanted in _ROLES.items() if wanted & mine]
    return sorted(found, key=lambda task: not (task.name == "deliveries" and task.count))
