"""The floor of a service's memory: a loop, and the libraries of our services imported, not used."""

import asyncio

import aiokafka  # noqa: F401
import aiosmtplib  # noqa: F401
import asyncpg  # noqa: F401
import babel.dates  # noqa: F401
import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
import defusedxml  # noqa: F401
import fastapi  # noqa: F401
import faststream.kafka  # noqa: F401
import httptools  # noqa: F401
import httpx  # noqa: F401
import jinja2  # noqa: F401
import joserfc.jwt  # noqa: F401
import opentelemetry.exporter.otlp.proto.http.trace_exporter
import opentelemetry.exporter.prometheus
import opentelemetry.sdk.metrics
import opentelemetry.sdk.trace  # noqa: F401
import pydantic_settings  # noqa: F401
import python_multipart  # noqa: F401
import structlog  # noqa: F401
import uvicorn  # noqa: F401
import uvloop


async def main():
    print("ready", flush=True)
    await asyncio.sleep(3600)


uvloop.run(main())
