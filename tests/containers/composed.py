"""The compose file, started by testcontainers: what stands there is what is tested.

Known of it is what it uses: image, command, user, environment, volumes (binds; named ones stay in the container),
read_only, tmpfs, capabilities, ports, aliases, health checks, and `depends_on` with its conditions.
"""

import os
import re
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import yaml
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

LABEL = "landa.test"
_FIELD = re.compile(r"\$\$|\$\{(\w+)(?::-([^}]*))?\}")
_KNOWN = {
    "image", "command", "entrypoint", "user", "environment", "volumes", "read_only", "tmpfs", "cap_drop", "ports",
    "security_opt", "init", "restart", "depends_on", "networks", "healthcheck", "stop_signal", "stop_grace_period",
    "shm_size", "scale",
}  # fmt: skip


class NotUp(Exception):
    """A container did not come up; the message holds the end of its log."""


def read(file: Path, variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The services of a compose file, with its variables filled in."""

    def filled(found: re.Match[str]) -> str:
        return "$" if found[1] is None else variables.get(found[1], found[2] or "")

    services: dict[str, dict[str, Any]] = yaml.safe_load(_FIELD.sub(filled, file.read_text()))["services"]
    for name, one in services.items():
        assert set(one) <= _KNOWN, f"{name}: the tests do not know {set(one) - _KNOWN}"
    return services


class Composed:
    """Every service of the file. `also_published`: service -> more of its ports, inside -> outside."""

    def __init__(
        self,
        file: Path,
        variables: Mapping[str, str],
        *,
        also_published: Mapping[str, Mapping[int, int]] | None = None,
    ) -> None:
        self.folder = file.parent
        self.services = {name: one for name, one in read(file, variables).items() if one.get("scale", 1)}
        self._published = also_published or {}
        self.containers: dict[str, DockerContainer] = {}
        self.client = docker.from_env()
        self.network = Network(docker_network_kw={"labels": {LABEL: str(os.getpid())}})

    def __enter__(self) -> "Composed":
        self._sweep()
        self.network.create()
        try:
            started: dict[str, Future[None]] = {}
            with ThreadPoolExecutor(len(self.services)) as pool:
                for name in self._in_order():
                    started[name] = pool.submit(self._start, name, started)
            for task in started.values():
                task.result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with ThreadPoolExecutor(max(1, len(self.containers))) as pool:
            list(pool.map(lambda one: one.get_wrapped_container().remove(force=True, v=True), self.containers.values()))
        self.network.remove()

    def _sweep(self) -> None:
        """What a run that was killed left behind."""
        for one in self.client.containers.list(all=True, filters={"label": LABEL}):
            if not Path("/proc", one.labels[LABEL]).exists():
                one.remove(force=True, v=True)
        for one in self.client.networks.list(filters={"label": LABEL}):
            if not Path("/proc", one.attrs["Labels"][LABEL]).exists():
                one.remove()

    def _in_order(self) -> list[str]:
        order: list[str] = []
        while len(order) < len(self.services):
            order += [
                n for n, one in self.services.items() if n not in order and set(one.get("depends_on", ())) <= set(order)
            ]
        return order

    def _start(self, name: str, started: Mapping[str, Future[None]]) -> None:
        for other, how in self.services[name].get("depends_on", {}).items():
            started[other].result()
            if how["condition"] == "service_completed_successfully":
                self.ended(other)
        container = self._container(name, self.services[name])
        container.start()
        self.containers[name] = container

    def _container(self, name: str, one: Mapping[str, Any]) -> DockerContainer:
        container = DockerContainer(one["image"]).with_network(self.network)
        aliases = (one.get("networks") or {}).get("default", {}).get("aliases", [])
        container.with_network_aliases(name, *aliases)
        container.with_envs(**{key: str(value) for key, value in one.get("environment", {}).items()})
        for volume in one.get("volumes", ()):
            source, target, *mode = volume.split(":")
            if source.startswith((".", "/")):
                container.with_volume_mapping(str((self.folder / source).resolve()), target, *mode)
        if "command" in one:
            container.with_command(one["command"])
        for port in one.get("ports", ()):
            host, outside, inside = port.split(":")
            container.ports[f"{inside}/tcp"] = (host, int(outside))  # type: ignore[assignment]
        for inside, outside in self._published.get(name, {}).items():
            container.ports[f"{inside}/tcp"] = ("127.0.0.1", outside)  # type: ignore[assignment]
        same = ("user", "read_only", "cap_drop", "security_opt", "init", "entrypoint", "stop_signal", "shm_size")
        more: dict[str, Any] = {key: one[key] for key in same if key in one}
        if "tmpfs" in one:
            container.tmpfs = dict(mount.split(":", 1) for mount in one["tmpfs"])
        if "healthcheck" in one:
            more["healthcheck"] = {"test": one["healthcheck"]["test"], "interval": 2_000_000_000}
        return container.with_kwargs(labels={LABEL: str(os.getpid())}, **more)

    def ended(self, name: str, seconds: float = 240) -> None:
        """Waits until a container has done its work."""
        container = self.containers[name].get_wrapped_container()
        status = container.wait(timeout=seconds)["StatusCode"]
        if status != 0:
            raise NotUp(f"{name} ended with status {status}:\n{self.log(name, 12)}\n{self.fallen()}")

    def fallen(self) -> str:
        """The ends of the logs of whatever should run and does not."""
        told = ""
        for name, one in self.containers.items():
            container = one.get_wrapped_container()
            container.reload()
            state = container.attrs["State"]
            if not state["Running"] and state["ExitCode"] != 0:
                told += f"-- {name} has ended with status {state['ExitCode']}:\n{self.log(name)}\n"
        return told

    def log(self, name: str, lines: int = 40) -> str:
        return self.containers[name].get_wrapped_container().logs(tail=lines).decode(errors="replace")

    def healthy(self, name: str, seconds: float = 240) -> None:
        """Waits until the container's own health check says so. Raises NotUp with its log."""
        container, end = self.containers[name].get_wrapped_container(), time.monotonic() + seconds
        while True:
            container.reload()
            state = container.attrs["State"]
            if state.get("Health", {}).get("Status") == "healthy":
                return
            if not state["Running"] or time.monotonic() > end:
                raise NotUp(f"{name} is not healthy: {state.get('Health', state)}\n{self.log(name)}")
            time.sleep(0.2)
