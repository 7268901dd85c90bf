"""How every client proves itself to Kafka, and Kafka to it: TLS by our authority, an account by SCRAM-SHA-512."""

import ssl
from typing import Any

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLScram512

from shared.settings import Settings


def security(settings: Settings) -> BaseSecurity | None:
    """FastStream's form of it; None where Kafka is on the loopback and asks nothing."""
    if settings.kafka_ca is None:
        return None
    context = ssl.create_default_context(cafile=settings.kafka_ca)
    return SASLScram512(settings.kafka_user or "", settings.kafka_password or "", use_ssl=True, ssl_context=context)


def client_options(settings: Settings) -> dict[str, Any]:
    """aiokafka's form of it."""
    return parse_security(security(settings))
