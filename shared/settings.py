"""Settings come from the environment, are checked at start, and a wrong one is refused with its name and the remedy."""

import base64
import json
import os
import socket
import ssl
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.units import Units, read_units

ServiceName = Literal["reception", "notifications", "reporting", "awards"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _key(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        raw = base64.b64decode(str(value), validate=True)
    except ValueError as error:
        raise ValueError("is not base64; make one with: openssl rand -base64 32") from error
    if len(raw) != 32:
        raise ValueError(f"holds {len(raw)} bytes instead of 32; make one with: openssl rand -base64 32")
    return raw


def _keys(value: object) -> object:
    return tuple(_key(part) for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("must be host:port, for example 127.0.0.1:9092")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http(s) address, for example https://landa.example.org")
    return value.rstrip("/")


def _services(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


Key = Annotated[bytes, BeforeValidator(_key), Field(repr=False)]
Address = Annotated[str, AfterValidator(_address)]
Url = Annotated[str, AfterValidator(_url)]


class Settings(BaseSettings):
    """Everything that differs between two installations. The README lists each with its meaning."""

    model_config = SettingsConfigDict(
        env_prefix="LANDA_", extra="ignore", frozen=True, hide_input_in_errors=True, enable_decoding=False
    )

    service: ServiceName
    database_url: Annotated[str, Field(pattern=r"^postgres(ql)?://", repr=False)]
    kafka: Address
    kafka_ca: str | None = None
    kafka_user: str | None = None
    kafka_password: Annotated[str | None, Field(repr=False)] = None
    host: str = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=1, le=65535)]
    public_url: Url
    demo: bool = False
    issuer: Url
    audience: str = "landa"
    roles_claim: str = "roles"
    client_id: str
    client_secret: Annotated[str, Field(repr=False)]
    session_key: Key
    master_key: Key
    master_key_previous: Annotated[tuple[bytes, ...], BeforeValidator(_keys), Field(repr=False)] = ()
    services: Annotated[dict[str, Url], BeforeValidator(_services)] = Field(default_factory=dict)
    traces_url: Url | None = None
    clock_file: str | None = None
    smtp: Address = "127.0.0.1:25"
    mail_from: str = "landa@localhost"
    municipality: str = "Landa kommun"
    units: Annotated[Units, BeforeValidator(read_units)] = Units({})
    topic_prefix: str = "landa"
    watermark_seconds: Annotated[float, Field(gt=0)] = 10.0
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = Field(default_factory=socket.gethostname)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    fault: str = ""

    @cached_property
    def secure(self) -> bool:
        """Whether cookies may travel over https only."""
        return self.public_url.startswith("https://")


def _unreadable(path: str) -> str | None:
    """Why the certificates at `path` cannot be used, else None."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # what it raises for a file that holds no certificate is one too
        return "holds no certificate" if isinstance(error, ssl.SSLError) else (error.strerror or "cannot be read")
    return None


def _check_kafka(settings: Settings) -> list[str]:
    names = ("kafka_ca", "kafka_user", "kafka_password")
    missing = [f"LANDA_{name.upper()}" for name in names if not getattr(settings, name)]
    if 0 < len(missing) < len(names):
        return [f"{' and '.join(missing)} not set; TLS and an account for Kafka are three settings, all or none"]
    if settings.kafka_ca and (why := _unreadable(settings.kafka_ca)):
        return [f"LANDA_KAFKA_CA {why}; it names the file of the authority that signed the brokers' certificates"]
    return []


def _check_database(settings: Settings) -> list[str]:
    """TLS to the database is whole, or not there: anything between encrypts without knowing to whom."""
    asked = {name: values[-1] for name, values in parse_qs(urlsplit(settings.database_url).query).items()}
    mode, authority = asked.get("sslmode", "disable"), asked.get("sslrootcert")
    if mode != "verify-full" and (mode != "disable" or authority):
        return ["LANDA_DATABASE_URL asks for TLS without checking the server; use sslmode=verify-full&sslrootcert=FILE"]
    if mode == "verify-full" and authority is None:
        return ["LANDA_DATABASE_URL has sslmode=verify-full without sslrootcert=FILE, the authority to check against"]
    if authority and (why := _unreadable(authority)):
        return [f"the file of sslrootcert in LANDA_DATABASE_URL {why}"]
    return []


def _check(settings: Settings) -> list[str]:
    wrong = [*_check_kafka(settings), *_check_database(settings)]
    issuer = urlsplit(settings.issuer)
    if issuer.scheme == "http" and not (settings.demo and issuer.hostname in LOOPBACK):
        wrong.append("LANDA_ISSUER is plain http; use https (http is for a loopback address with LANDA_DEMO=1 only)")
    for name in ("clock_file", "fault"):
        if getattr(settings, name) and not settings.demo:
            wrong.append(f"LANDA_{name.upper()} is for the demo and the tests only; unset it, or set LANDA_DEMO=1")
    return wrong


def load(service: ServiceName) -> Settings:
    """The settings of `service` from the environment and from the files in the folder LANDA_SECRETS.

    A file is named like its setting, in lower case (`landa_client_secret`); the environment wins.
    Ends the process with status 2, a line for each wrong or missing setting with its remedy, and never a value.
    """
    secrets = os.environ.get("LANDA_SECRETS")
    try:
        settings = Settings(service=service, _secrets_dir=secrets)
        wrong = _check(settings)
    except ValidationError as error:
        wrong = []
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            name = "LANDA_" + "_".join(str(part) for part in item["loc"]).upper()
            state = "is not set" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
            wrong.append(f"{name} {state}; the README's section on settings says what it holds")
    if secrets is not None and not Path(secrets).is_dir():
        wrong.insert(0, "LANDA_SECRETS names no folder that can be read; it holds a file for each secret setting")
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        sys.stderr.write(f"{service} cannot start, these settings are wrong:\n{lines}\n")
        raise SystemExit(2)
    os.environ.setdefault("OTEL_SERVICE_NAME", f"landa-{service}")
    return settings
