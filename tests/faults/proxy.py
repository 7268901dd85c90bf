"""A network that fails on demand: TCP connections pass through here, late, one way only, cut off or into a void.

`delay` and `reset` are seeded. A way that is `held` delivers its bytes when healed, as TCP does after a short cut. A
way that is `lost` swallows them, as a firewall that forgot the connection: such a connection is dead for ever, and
its client is never told; the server is, when healed, as if by its keepalive.
"""

import asyncio
import random
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Literal, Self

from deploy.local.ports import LOOPBACK

State = Literal["passes", "held", "lost"]
Way = Literal["to server", "to client"]
WAYS: tuple[Way, Way] = ("to server", "to client")


@dataclass(eq=False)
class Pipe:
    """One connection that passes through."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    dead: set[Way] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Proxy:
    """Listens on `port` of the loopback and passes on to `target`."""

    def __init__(self, port: int, target: int, seed: int = 0) -> None:
        self.port, self.target = port, target
        self._random = random.Random(seed)
        self._ways: dict[Way, State] = dict.fromkeys(WAYS, "passes")
        self._open = asyncio.Event()
        self._open.set()
        self._delay = 0.0
        self._listening: asyncio.Server | None = None
        self.pipes: set[Pipe] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        await asyncio.gather(*(pipe.task for pipe in self.pipes if pipe.task), return_exceptions=True)

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    def delay(self, seconds: float) -> None:
        """Each piece of data comes up to `seconds` late, half of it on the average."""
        self._delay = seconds

    def cut(self, way: Way, how: State = "held") -> None:
        """Nothing passes this way any more; new connections are accepted and stay as silent."""
        self._ways[way] = how
        self._open.clear()

    def half_open(self) -> None:
        """Both ways swallow everything, the end of a connection too."""
        for way in WAYS:
            self.cut(way, "lost")

    def reset(self, share: float = 1.0) -> int:
        """Breaks off that share of the connections, on both sides. Returns how many."""
        chosen = [pipe for pipe in self.pipes if self._random.random() < share]
        for pipe in chosen:
            _abort(pipe.client)
            _abort(pipe.server)
        return len(chosen)

    async def refuse(self) -> None:
        """Nobody listens any more, and every connection is broken off."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.reset()
        for way in WAYS:
            self._ways[way] = "passes"
        self._open.set()

    async def heal(self) -> None:
        """Everything passes again. What was swallowed stays lost."""
        self._delay = 0.0
        for way in WAYS:
            self._ways[way] = "passes"
        self._open.set()
        for pipe in self.pipes:
            if pipe.dead:
                pipe.dead.update(WAYS)
                _abort(pipe.server)
        if self._listening is None:
            await self._listen()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        pipe = Pipe(client, task=asyncio.current_task())
        self.pipes.add(pipe)
        try:
            if not await self._passes("to server", pipe):
                await _end(reader)  # a connection that was made into the void
                return
            try:
                answers, pipe.server = await asyncio.open_connection(LOOPBACK, self.target)
            except OSError:
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, pipe.server, "to server", pipe))
                group.create_task(self._pass(answers, client, "to client", pipe))
        finally:
            self.pipes.discard(pipe)
            _abort(client)
            _abort(pipe.server)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way, pipe: Pipe) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self._delay:
                    await asyncio.sleep(self._random.random() * self._delay)
                if await self._passes(way, pipe):
                    writer.write(data)
                    await writer.drain()
        if await self._passes(way, pipe):
            _abort(writer)
        elif way == "to client":
            await _end_of(pipe.client)

    async def _passes(self, way: Way, pipe: Pipe) -> bool:
        """Waits while the way is held; False when what is to pass is swallowed, now and ever after."""
        if way in pipe.dead:
            return False
        if self._ways[way] == "held":
            await self._open.wait()
        if self._ways[way] == "lost":
            pipe.dead.add(way)
            return False
        return True


def _abort(writer: asyncio.StreamWriter | None) -> None:
    """Ends a connection by a reset, as a host does that knows nothing of it."""
    if writer is None or writer.transport.is_closing():
        return
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _end(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(65536):
            pass


async def _end_of(client: asyncio.StreamWriter) -> None:
    """The client of a dead connection is not told: it has to find out and let go by itself."""
    with suppress(OSError):
        await client.wait_closed()
