"""The secrets of an installation in containers: one folder for each container, one file for each secret.

Promise: made once and never overwritten; the whole lies under a 0700 folder, so that on the host only its owner reads
it, while each container sees its own folder alone. To renew one, remove its file and make them again.
"""

import base64
import json
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.docker import certificates
from deploy.docker.certificates import Pair
from deploy.docker.realm import realm
from deploy.local.kafka import SERVICES

DATABASE = "landa"
# the compose file gives these names to its containers; people's browsers know them as their own machine
DOMAIN = "landa.localhost"
_SERVERS = {
    "postgres": ("postgres", f"postgres.{DOMAIN}"),
    "kafka": ("kafka", f"kafka.{DOMAIN}", "localhost"),
    "keycloak": ("keycloak", f"id.{DOMAIN}"),
    "front": ("front", DOMAIN),
}


def make(folder: Path, public_url: str, issuer: str) -> None:
    """Whatever is missing in `folder`. `issuer` is the address of the realm; people come by `public_url`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    ca = _pair(folder / "authority", partial(certificates.authority, "Landa, this installation"))
    _keep(folder / "ca" / "ca.pem", ca.certificate)
    for server, names in _SERVERS.items():
        # the first name is whom Kafka's broker and controller know each other by
        pair = _pair(folder / server, partial(certificates.signed, ca, names[0], names))
        _keep(folder / server / "both.pem", pair.key + pair.certificate)
    session = _secret(folder / "authority" / "session_key", _key)
    kafka = {}
    for service in SERVICES:
        own = folder / service
        password = _secret(own / "database_password", _word)
        host = f"postgres.{DOMAIN}:5432"
        tls = "sslmode=verify-full&sslrootcert=/run/landa/ca/ca.pem"
        _keep(own / "landa_database_url", f"postgresql://{service}:{password}@{host}/{DATABASE}?{tls}")
        kafka[service] = _secret(own / "landa_kafka_password", _word)
        _secret(own / "landa_client_secret", _word)
        _secret(own / "landa_master_key", _key)
        _keep(own / "landa_session_key", session)
        _keep(folder / "setup" / f"{service}_database_password", password)
    kafka["admin"] = _secret(folder / "setup" / "kafka_admin_password", _word)
    _keep(folder / "kafka" / "accounts", "".join(f"{user} {password}\n" for user, password in kafka.items()))
    _secret(folder / "kafka" / "cluster_id", lambda: base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[:22])
    superuser = _secret(folder / "postgres" / "superuser_password", _word)
    _keep(folder / "setup" / "postgres_superuser_password", superuser)
    _secret(folder / "keycloak" / "admin_password", _word)
    people = _secret(folder / "authority" / "people_password", _word)
    clients = {service: (folder / service / "landa_client_secret").read_text() for service in SERVICES}
    _keep(folder / "keycloak" / "realm.json", json.dumps(realm(issuer, public_url, clients, people), indent=1))


def _keep(path: Path, text: str) -> None:
    """Written when it is missing or says something else: what is made of several secrets follows them."""
    path.parent.mkdir(exist_ok=True)
    # no container is given the authority; what one is given it reads as whatever user it runs as
    private = path.parent.name == "authority"
    path.parent.chmod(0o700 if private else 0o755)
    if not path.exists() or path.read_text() != text:
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        fresh.chmod(0o400 if private else 0o444)
        fresh.replace(path)


def _secret(path: Path, new: Callable[[], str]) -> str:
    if not path.exists():
        _keep(path, new())
    return path.read_text()


def _pair(folder: Path, new: Callable[[], Pair]) -> Pair:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not (certificate.exists() and key.exists()):
        made: Pair = new()
        _keep(certificate, made.certificate)
        _keep(key, made.key)
    return Pair(certificate.read_text(), key.read_text())


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _word() -> str:
    return secrets.token_urlsafe(24)
