"""Roles and schemas: one role per service that owns `<service>` and `<service>_keys` and can reach nothing else.

Promise: safe to run again; it never changes what a service has put into its schemas.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import asyncpg

DATABASE = "landa"


def url_for(admin_url: str, role: str, password: str, database: str = DATABASE) -> str:
    """The admin's address with another role, password and database."""
    parts = urlsplit(admin_url)
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}", path=f"/{database}"))


def in_database(admin_url: str, database: str) -> str:
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}"))


async def prepare_database(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> dict[str, str]:
    """Make database, roles and schemas; returns role -> database address. `passwords`: role -> password."""
    server = await asyncpg.connect(admin_url)
    try:
        await _make_roles(server, passwords)
        if not await server.fetchval("select 1 from pg_database where datname = $1", database):
            await server.execute(f'create database "{database}"')
    finally:
        await server.close()
    inside = await asyncpg.connect(in_database(admin_url, database))
    try:
        async with inside.transaction():
            await inside.execute(f'revoke all on database "{database}" from public')
            await inside.execute("revoke all on schema public from public")
            for role in passwords:
                await _make_schemas(inside, database, role)
    finally:
        await inside.close()
    return {role: url_for(admin_url, role, password, database) for role, password in passwords.items()}


async def _make_roles(server: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    async with server.transaction():
        # two test runs on one server must not create the same role at once
        await server.execute("select pg_advisory_xact_lock(hashtext('landa roles'))")
        known = {row["rolname"] for row in await server.fetch("select rolname from pg_roles")}
        for role, password in passwords.items():
            verb = "alter" if role in known else "create"
            secret = await server.fetchval("select quote_literal($1::text)", password)
            await server.execute(f'{verb} role "{role}" login password {secret}')
            await server.execute(f'alter role "{role}" set search_path = "{role}"')


async def _make_schemas(inside: asyncpg.Connection, database: str, role: str) -> None:
    # temporary: projections stage their batches in temporary tables
    await inside.execute(f'grant connect, temporary on database "{database}" to "{role}"')
    for schema in (role, f"{role}_keys"):
        await inside.execute(f'create schema if not exists "{schema}" authorization "{role}"')
        await inside.execute(f'revoke all on schema "{schema}" from public')


async def drop_database(admin_url: str, database: str) -> None:
    server = await asyncpg.connect(admin_url)
    try:
        await server.execute(f'drop database if exists "{database}" with (force)')
    finally:
        await server.close()
