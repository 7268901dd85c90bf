"""Tells open pages that something changed. A page then reads again, so a lost or repeated word costs nothing."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared import telemetry

BEAT = 15.0
RETRY_MS = 2000
MOST = 2000


class Subscriber:
    """One open stream: the topics that changed since its last word. A topic waits once, however often it changed."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.waiting: dict[str, None] = {}
        self.woken = asyncio.Event()

    def tell(self, topic: str) -> None:
        self.waiting[topic] = None
        self.woken.set()

    def take(self) -> list[str]:
        taken = list(self.waiting)
        self.waiting.clear()
        self.woken.clear()
        return taken


class Hub:
    """The streams of one process. `publish` is called on the event loop, after the commit that changed something."""

    def __init__(self, *, beat: float = BEAT) -> None:
        self.beat = beat
        self.subscribers: set[Subscriber] = set()
        self.closed = False

    def publish(self, *topics: str) -> None:
        for topic in topics:
            listening = [subscriber for subscriber in self.subscribers if topic in subscriber.topics]
            for subscriber in listening:
                subscriber.tell(topic)
            if listening:
                telemetry.happened(telemetry.PAGES_TOLD, topic=topic, pages=len(listening))

    def publish_all(self) -> None:
        """Anything may have changed: what happened while nobody listened is not told again."""
        for subscriber in self.subscribers:
            for topic in sorted(subscriber.topics):
                subscriber.tell(topic)

    def close(self) -> None:
        """End every stream now. The browsers come back by themselves, to the next process."""
        self.closed = True
        for subscriber in self.subscribers:
            subscriber.woken.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Close at SIGTERM and SIGINT: a server waits for open streams before it tells the app to stop."""
        if threading.current_thread() is not threading.main_thread():
            try:
                yield
            finally:
                self.close()
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.close)
            then = before[signal.Signals(number)]
            if callable(then):
                then(number, frame)
            elif then is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

        for number in before:
            signal.signal(number, stop)
        try:
            yield
        finally:
            self.close()
            for number, handler in before.items():
                if signal.getsignal(number) is stop:
                    signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    async def words(self, topics: Iterable[str]) -> AsyncIterator[bytes]:
        """The stream itself: `ready`, then a `change` per topic, a comment as heartbeat; ends when the hub closes."""
        subscriber = Subscriber(frozenset(topics))
        self.subscribers.add(subscriber)
        try:
            yield f"retry: {RETRY_MS}\nevent: ready\ndata: {len(subscriber.topics)}\n\n".encode()
            while not self.closed:
                try:
                    async with asyncio.timeout(self.beat):
                        await subscriber.woken.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                for topic in subscriber.take():
                    yield f"event: change\ndata: {topic}\n\n".encode()
        finally:
            self.subscribers.discard(subscriber)

    def stream(self, request: Request, topics: Iterable[str]) -> Response:
        """The answer of an `/events` route. The route chooses the topics its actor may hear; topics hold no names."""
        if self.closed or len(self.subscribers) >= MOST:
            return Response(status_code=503, headers={"Retry-After": "5"})
        return StreamingResponse(
            self.words(topics),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
