"""The base image where none can be pulled: a small Debian with Python, made once by debootstrap.

Promise: the tarball lies beside the other parts, whole or absent, and is made again when it is missing.
"""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.docker.client import Say, docker, is_here
from deploy.local.places import PartsMissing, Places, make_once

# its Python chooses the wheels
SUITE, PYTHON = "bookworm", "3.11"
TAG = f"landa-base:{SUITE}-1"
_NEEDLESS = (
    "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/zoneinfo",
    "usr/share/bash-completion", "var/cache/apt", "var/cache/debconf", "var/lib/apt/lists", "var/log",
)  # fmt: skip
_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()


@contextmanager
def once(name: str) -> Iterator[None]:
    """Several images are made at once; what they stand on is made by one of them while the others wait."""
    with _guard:
        lock = _locks.setdefault(name, threading.Lock())
    with lock:
        yield


def base(where: Places, say: Say) -> str:
    """The tag of the base image, made and imported if missing. Raises PartsMissing."""
    with once("base"):
        if is_here(TAG):
            return TAG
        tarball = make_once(where.parts / TAG.replace(":", "-"), lambda target: _bootstrap(target, say)) / "base.tar"
        docker("import", str(tarball), TAG)
    return TAG


def _bootstrap(target: Path, say: Say) -> None:
    if shutil.which("debootstrap") is None:
        raise PartsMissing("debootstrap is missing: run deploy/docker/daemon, or apt-get install debootstrap")
    say(f"making a base of Debian {SUITE} by debootstrap: about a minute, this once")
    root = target / "root"
    command = ["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", SUITE, str(root)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise PartsMissing(f"debootstrap failed:\n{done.stdout.strip()[-1500:]}\n{done.stderr.strip()[-1500:]}")
    for name in _NEEDLESS:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in ("var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log"):
        (root / name).mkdir(parents=True)
    subprocess.run(["tar", "-C", str(root), "-cf", str(target / "base.tar"), "."], check=True)
    shutil.rmtree(root)
