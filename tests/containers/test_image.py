"""The image: nobody's root, nothing to write on, healthy by its own word, and no secret in it or around it."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.local.kafka import SERVICES
from tests.containers.conftest import Site

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120, func_only=True)]
OURS = (*SERVICES, "front", "sinks")


def inspected(site: Site, name: str) -> dict[str, Any]:
    container = site.composed.containers[name].get_wrapped_container()
    container.reload()
    return dict(container.attrs)


def run(site: Site, name: str, *command: str) -> tuple[int, str]:
    done = site.composed.containers[name].get_wrapped_container().exec_run(list(command))
    return done.exit_code, done.output.decode(errors="replace").strip()


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_is_healthy_and_is_nobody(site: Site, name: str) -> None:
    state = inspected(site, name)["State"]
    assert (state["Status"], state["Health"]["Status"]) == ("running", "healthy")
    assert run(site, name, "id", "-u") == (0, "10001")
    status = dict(line.split(":", 1) for line in run(site, name, "cat", "/proc/self/status")[1].splitlines())
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"].strip() == "1"


@pytest.mark.parametrize("name", OURS)
def test_nothing_in_it_can_be_written_but_what_is_forgotten(site: Site, name: str) -> None:
    for path in ("/srv/landa/shared/mine", "/opt/landa/mine", "/etc/mine", "/run/landa/mine", "/mine"):
        code, said = run(site, name, "python", "-c", f"open({path!r}, 'w')")
        assert code != 0 and ("Read-only" in said or "Permission" in said or "No such" in said), (path, said)
    assert run(site, name, "python", "-c", "open('/tmp/mine', 'w'); import os; os.remove('/tmp/mine')")[0] == 0


def test_the_image_is_small_and_holds_no_tools_to_build_with(site: Site, images: dict[str, str]) -> None:
    image = site.composed.client.images.get(images["landa"])
    assert image.attrs["Size"] < 400_000_000
    assert image.attrs["Config"]["User"] == "10001:10001" and image.attrs["Config"]["Healthcheck"]
    for tool in ("gcc", "cc", "make", "git", "curl", "wget"):
        assert run(site, "reception", "sh", "-c", f"command -v {tool}")[0] != 0, tool
    assert run(site, "reception", "python", "-c", "import pip")[0] != 0
    left = run(site, "reception", "sh", "-c", "ls -R /srv/landa; ls /build")[1]
    assert ".whl" not in left and "secrets/" not in left.replace("deploy/docker/secrets_folder", "")


def test_no_secret_stands_in_the_image_in_the_environment_or_on_a_command_line(
    site: Site, images: dict[str, str]
) -> None:
    secrets = {path.read_text().strip() for path in Path(site.secrets_at).rglob("*") if is_secret(path)}
    assert len(secrets) > 20
    image = site.composed.client.images.get(images["landa"])
    told = {"the image's history": json.dumps(image.history()), "the image": json.dumps(image.attrs)}
    for name in site.composed.containers:
        told[f"what docker says of {name}"] = json.dumps(inspected(site, name))
        # setup has ended, and the collector's own image has no shell
        if name not in ("setup", "collector"):
            told[f"the processes of {name}"] = run(site, name, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")[1]
        told[f"the log of {name}"] = site.composed.log(name, 5000)
    for where, text in told.items():
        assert [secret for secret in secrets if secret in text] == [], where


def is_secret(path: Path) -> bool:
    public = ("certificate.pem", "ca.pem", "cluster_id")
    return path.is_file() and path.name not in (*public, "accounts", "realm.json")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_its_own_secrets_only(site: Site, service: str) -> None:
    seen = run(site, service, "sh", "-c", "find /run/landa -type f")[1].split()
    assert {path.split("/")[3] for path in seen} == {"secrets", "ca", "units.toml"}
    assert run(site, service, "sh", "-c", "echo >> /run/landa/units.toml")[0] != 0
    whole = run(site, service, "sh", "-c", "cat /run/landa/secrets/*")[1]
    for other in SERVICES:
        if other != service:
            assert site.secret(f"{other}/landa_master_key") not in whole
            assert site.secret(f"{other}/landa_kafka_password") not in whole


def test_the_servers_are_not_root_either(site: Site) -> None:
    for name, user in (("postgres", "999"), ("kafka", "1000"), ("keycloak", "1000")):
        assert run(site, name, "id", "-u") == (0, user)
