"""The jars of Apache Kafka.

Promise: what goes on the class path is exactly the checked-in list, each jar compared with its sha256; one that is
missing or different stops everything with its name.
"""

import hashlib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local.places import PartsMissing, Places, make_once

LIST = Path(__file__).with_name("kafka-jars.sha256")
VERSION = "4.3.0"


@dataclass(frozen=True)
class Jar:
    group: str
    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.jar"


def pinned(listed: Path = LIST) -> list[Jar]:
    """The checked-in list: one `group:artifact version sha256` per line."""
    lines = [line.split() for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    return [
        Jar(group, name, version, sha256)
        for artifact, version, sha256 in lines
        for group, _, name in [artifact.partition(":")]
    ]


def kafka_home(where: Places, listed: Path = LIST) -> Path:
    """Folder with Kafka's jars, downloaded once and checked at every call. Raises PartsMissing."""
    jars = pinned(listed)
    home = make_once(_folder(where, listed), lambda target: _download(jars, target))
    check(jars, home)
    return home


def is_fetched(where: Places, listed: Path = LIST) -> bool:
    return _folder(where, listed).is_dir()


def _folder(where: Places, listed: Path) -> Path:
    return where.parts / f"kafka-{VERSION}-{hashlib.sha256(listed.read_bytes()).hexdigest()[:8]}"


def _download(jars: list[Jar], target: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(fetch_file, jar, "jar", target / jar.file) for jar in jars]:
            done.result()
    check(jars, target)


def fetch_file(wanted: Jar, packaging: str, target: Path) -> None:
    """Download one artifact to `target` and compare its sha256. Raises PartsMissing."""
    # imported here: it costs 0.2 s that only the first run needs
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory(dir=target.parent) as repository:
        context = MavenContext(repo_cache=Path(repository), remote_repos={"central": MAVEN_CENTRAL_URL})
        try:
            at = context.project(wanted.group, wanted.name).at_version(wanted.version)
            found = at.artifact(packaging=packaging).resolve()
        except Exception as error:  # whatever the resolver or the network raises means the same here
            raise PartsMissing(
                f"{target.name} could not be downloaded ({error}). The first run needs the network; try again."
            ) from error
        shutil.move(found, target)
    target.chmod(0o644)
    _compare(wanted, target)


def _compare(wanted: Jar, path: Path) -> None:
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != wanted.sha256:
        raise PartsMissing(
            f"{path.name} is not the file that was reviewed: sha256 {actual}, expected {wanted.sha256}. "
            f"Nothing was started. Remove {path.parent} and start again; if it repeats, report it."
        )


def check(jars: list[Jar], home: Path) -> None:
    """Raises PartsMissing unless `home` holds exactly these jars."""
    for jar in jars:
        path = home / jar.file
        if not path.is_file():
            raise PartsMissing(f"{path} is missing. Remove the folder {home} and start again.")
        _compare(jar, path)
    extra = {path.name for path in home.glob("*.jar")} - {jar.file for jar in jars}
    if extra:
        raise PartsMissing(f"{home} holds jars that are not on the list: {', '.join(sorted(extra))}. Remove them.")
