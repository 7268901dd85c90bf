"""What day it is: the real date, or in the demo the town's own, the same in all four services.

Business time only. Retries, tokens, leases and Message-IDs use real time.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.settings import Settings

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class Clock:
    """Business time for one process. With a clock file, its ISO date-time (with offset) is the town's now."""

    def __init__(self, settings: Settings) -> None:
        self._file = Path(settings.clock_file) if settings.clock_file else None
        self._seen: tuple[int, datetime] | None = None

    def now(self) -> datetime:
        """An aware date-time in UTC.

        A clock file that cannot be read means the last time seen; OSError or ValueError when none was.
        """
        if self._file is None:
            return datetime.now(UTC)
        try:
            changed = self._file.stat().st_mtime_ns
            if self._seen is None or self._seen[0] != changed:
                self._seen = (changed, datetime.fromisoformat(self._file.read_text().strip()).astimezone(UTC))
        except (OSError, ValueError):
            if self._seen is None:
                raise
        return self._seen[1]

    def today(self) -> date:
        """The date in Swedish legal time, which is what every deadline counts in."""
        return self.now().astimezone(STOCKHOLM).date()
