"""Paging by key: where the next page starts, as text in the address."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.web.problems import Problem


def next_page(items: Sequence[Any], limit: int, moment: str) -> str | None:
    """Where the page after `items` starts: the last one's `moment` and id. None when it was the last page."""
    if len(items) < limit:
        return None
    return f"{getattr(items[-1], moment).isoformat()}~{items[-1].id}"


def read_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The place that `after=<moment>~<id>` names. Problem 400 when it names none."""
    if not text:
        return None
    moment, _, key = text.partition("~")
    try:
        return datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        raise Problem(400, "bad-cursor", field="query:after") from None
