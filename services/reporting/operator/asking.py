"""Asks every service how its flow of events is, all at once; one that cannot be asked is named, and stops nothing."""

import asyncio

import httpx
import structlog
from pydantic_core import to_jsonable_python

from services.reporting.operator.alarms import Heard
from shared.database import is_unavailable
from shared.identity import IssuerUnavailable
from shared.operations.state import state
from shared.process import Parts
from shared.settings import SERVICES, ServiceName

log = structlog.get_logger()
SECONDS = 2.0


async def ask_all(parts: Parts) -> list[Heard]:
    """Every service in its usual order, ourselves among them."""
    return list(await asyncio.gather(*(_ask(parts, service) for service in SERVICES)))


async def _ask(parts: Parts, service: ServiceName) -> Heard:
    own = parts.runtime
    try:
        if service == own.settings.service:
            async with asyncio.timeout(SECONDS), own.database.reading() as connection:
                found = await state(parts, connection, service, parts.own)
            return Heard(service, to_jsonable_python(found))
        answer = await own.http.get(
            f"{own.settings.services[service]}/{service}/operations",
            headers={**await own.tokens.headers(), "accept": "application/json"},
            timeout=SECONDS,
        )
        if answer.status_code >= 500:
            return Heard(service, None, "database")
        said = answer.json() if answer.status_code == 200 else None
        return Heard(service, said) if isinstance(said, dict) and "heads" in said else Heard(service, None, "strange")
    except IssuerUnavailable:
        return Heard(service, None, "identity")
    except ValueError:
        return Heard(service, None, "strange")
    except (httpx.HTTPError, httpx.InvalidURL, KeyError):
        return Heard(service, None, "silent")
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("own operations cannot be read", error=type(error).__name__)
        return Heard(service, None, "database")
