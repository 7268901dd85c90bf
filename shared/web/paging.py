"""Paging by key: where the next page starts, as text in the address."""

from datetime import datetime
from uuid import UUID

from shared.web.problems import Problem


def read_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The place that `after=<moment>~<id>` names. Problem 400 when it names none."""
    if not text:
        return None
    moment, _, key = text.partition("~")
    try:
        return datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        raise Problem(400, "bad-cursor", field="query:after") from None
