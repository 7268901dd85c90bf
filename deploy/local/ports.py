"""Free ports on the loopback, and whether somebody listens on one.

Promise: what is handed out lies outside the range that the kernel gives to outgoing connections, so that a server that
is restarted finds its port free again; no double is among the last 64 of a process, and processes begun one after the
other are given different ones (up to 32).
"""

import asyncio
import contextlib
import os
import random
import socket
from collections import deque
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Seconds: longer than clients keep an idle connection, so that no request is sent into one that is being closed.
KEPT_OPEN = 75
_LOWEST = 16000
_PARTS = 32
_lately: deque[int] = deque(maxlen=64)


def free_ports(count: int) -> list[int]:
    """`count` different ports that were free a moment ago.

    A port is bound a while after it was found. So each process looks in a part of the range first, by its number, and
    does not give out again what it gave out lately.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = range(_LOWEST, low) if low > _LOWEST + 1000 else range(61000, 65536)
    size = len(candidates) // _PARTS
    own = candidates[os.getpid() % _PARTS * size :][:size]
    found: list[int] = []
    for port in (*random.SystemRandom().sample(own, size), *candidates):
        if len(found) == count:
            return found
        if port not in _lately and is_free(port):
            found.append(port)
            _lately.append(port)
    raise RuntimeError("no free port was found on the loopback address")


def is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
