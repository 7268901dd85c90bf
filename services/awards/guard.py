"""How often the public form came from one address in the last hour, kept in memory and without the address itself."""

import time
from collections import OrderedDict, deque
from hmac import digest
from secrets import token_bytes

from services.awards.rules import MOST_PER_HOUR, TOO_OLD_SECONDS
from shared.identity import NotAuthentic, Signed
from shared.settings import Settings

HOUR = 3600.0
MOST_ADDRESSES = 20_000


class Guard:
    """One per process. The key that hides the addresses is made at start and never leaves the process."""

    def __init__(self, settings: Settings) -> None:
        self._secret = token_bytes(32)
        self._seen: OrderedDict[bytes, deque[float]] = OrderedDict()
        self._opened = Signed(settings.session_key, "nomination-form", TOO_OLD_SECONDS)

    def opened(self) -> str:
        """A form's own time, signed: it comes back in a hidden field."""
        return self._opened.make({"at": time.time()})

    def age(self, token: str) -> float | None:
        """Seconds since the form was first shown; None when that is not for us to know."""
        try:
            return time.time() - float(self._opened.read(token)["at"])
        except (NotAuthentic, KeyError, TypeError, ValueError):
            return None

    def recent(self, address: str) -> int:
        """How many came from `address` in the last hour."""
        times = self._seen.get(self._hidden(address), deque[float]())
        while times and times[0] < time.monotonic() - HOUR:
            times.popleft()
        return len(times)

    def count(self, address: str) -> None:
        """One more was taken from `address`."""
        key = self._hidden(address)
        self._seen.setdefault(key, deque(maxlen=MOST_PER_HOUR)).append(time.monotonic())
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)

    def _hidden(self, address: str) -> bytes:
        return digest(self._secret, address.encode(), "sha256")[:16]
