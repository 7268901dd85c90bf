"""The images: named by a setting, or here already, or pulled; else the same software, built on a base of our own.

Promise: what `prepare` returns is in the daemon; what could not be had is said in plain words, never left out silently.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.docker.client import NoImage, Say, docker, is_here, pull
from deploy.docker.debian import PYTHON, base
from deploy.docker.standins import KEYCLOAK, StandIns
from deploy.local.kafka_jars import VERSION as KAFKA
from deploy.local.places import CHECKOUT, Places, places

HERE = Path(__file__).parent
OURS = "landa:local"
BASE = "python:3.13-slim"
UPSTREAM = {
    "postgres": "postgres:18",
    "kafka": f"apache/kafka:{KAFKA}",
    "keycloak": f"quay.io/keycloak/keycloak:{KEYCLOAK.version}",
    "collector": "otel/opentelemetry-collector:0.165.0",
}
_PLATFORMS = ("manylinux_2_36", "manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux1")


@dataclass
class Preparation:
    """One run, everything at once; an image that is here is not made again."""

    where: Places
    say: Say

    def all(self) -> dict[str, str]:
        """Name -> image; `collector` is missing when it cannot be had. Raises NoImage, PartsMissing."""
        with ThreadPoolExecutor(6) as pool:
            found = {name: pool.submit(self._upstream, name) for name in UPSTREAM}
            ours = pool.submit(self._ours)
            images = {name: image for name, task in found.items() if (image := task.result())}
            return {"landa": ours.result(), **images}

    def _upstream(self, name: str) -> str | None:
        if name == "collector" and os.environ.get("LANDA_COLLECTORS") == "0":
            self.say("NO COLLECTOR, as LANDA_COLLECTORS=0 asks: traces go straight to the sink")
            return None
        setting = f"LANDA_IMAGE_{name.upper()}"
        if setting in os.environ:
            image = os.environ[setting]
            if not is_here(image) and (why := pull(image)):
                raise NoImage(f"{setting}={image} cannot be pulled: {why}")
            return image
        image, standins = UPSTREAM[name], StandIns(self.where, self.say)
        own = standins.tag(name)
        if is_here(image):
            return image
        if is_here(own):
            return own
        why = pull(image)
        if why is None:
            return image
        self.say(f"{image} cannot be pulled ({why}): building the same software here as {own}")
        try:
            standins.build(name)
        except NoImage as error:
            # without it everything works, and less is proven
            if name != "collector":
                raise
            self.say(f"NO COLLECTOR: {error}. TRACES GO STRAIGHT TO THE SINK, its configuration IS NOT TESTED")
            return None
        self.say(f"{own} is built")
        return own

    def _ours(self) -> str:
        image = os.environ.get("LANDA_IMAGE", OURS)
        if image != OURS:
            if not is_here(image) and (why := pull(image)):
                raise NoImage(f"LANDA_IMAGE={image} cannot be pulled: {why}")
            return image
        public = os.environ.get("LANDA_IMAGE_BASE", BASE)
        if is_here(public) or pull(public) is None:
            options: Sequence[str] = ("--build-arg", f"BASE={public}")
        else:
            with ThreadPoolExecutor(1) as pool:
                wheels = pool.submit(self._wheels)
                own = base(self.where, self.say)
                wheels.result()
            offline = "PIP_OPTIONS=--no-index --find-links /build/wheels"
            options = ("--build-arg", f"BASE={own}", "--build-arg", offline)
        docker("build", "--tag", OURS, "--file", str(HERE / "Dockerfile"), *options, str(CHECKOUT))
        return OURS

    def _wheels(self) -> None:
        """The lock's wheels for the base's Python, each checked against its sum, so that the build needs no network."""
        lock, target = HERE / "requirements.lock", HERE / "wheels"
        stamp = target / f"{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}.complete"
        if stamp.exists():
            return
        for old in (*target.glob("*.whl"), *target.glob("*.complete")):
            old.unlink()
        machine = os.uname().machine
        platforms = [part for name in (*_PLATFORMS, "linux") for part in ("--platform", f"{name}_{machine}")]
        abi = f"cp{PYTHON.replace('.', '')}"
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
            "--only-binary", ":all:", "--no-deps", "--implementation", "cp", "--python-version", PYTHON,
            "--abi", abi, "--abi", "abi3", "--abi", "none", *platforms, "--dest", str(target), "-r", str(lock),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise NoImage(f"the wheels of {lock.name} could not be downloaded:\n{done.stderr.strip()[-1500:]}")
        stamp.touch()


def prepare(say: Say) -> dict[str, str]:
    """Everything that the compose file names. Raises NoImage, PartsMissing."""
    return Preparation(places(), say).all()


def variables_for(images: Mapping[str, str]) -> dict[str, str]:
    """What the compose file is told about them."""
    told = {
        "LANDA_IMAGE" if name == "landa" else f"LANDA_IMAGE_{name.upper()}": image for name, image in images.items()
    }
    return told if "collector" in images else told | {"LANDA_COLLECTORS": "0", "LANDA_OTLP": "http://sinks:8080"}
