"""Published tables as they were imported: each version stays, none is written over."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.reporting.published.tables import Kind, Row
from shared.database import Connection
from shared.journal import uuid7


@dataclass(frozen=True, slots=True)
class Version:
    id: UUID
    kind: Kind
    year: int
    revision: int
    published_on: date
    imported_at: datetime


def _document(rows: Sequence[Row]) -> str:
    return json.dumps([[row.level, row.county, row.name, row.numbers] for row in rows], ensure_ascii=False)


async def add(
    tx: Connection, kind: Kind, year: int, published_on: date, rows: Sequence[Row], by: str
) -> tuple[Version, bool]:
    """The newest version and whether it is new: the same table again is no change."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"publication {kind} {year}")
    document = _document(rows)
    digest = hashlib.sha256(f"{published_on} {document}".encode()).digest()
    last = await tx.fetchrow(
        "select id, kind, year::int, revision, published_on, imported_at, digest from publication"
        " where kind = $1 and year = $2 order by revision desc limit 1",
        kind,
        year,
    )
    if last is not None and last["digest"] == digest:
        return _version(last), False
    made = await tx.fetchrow(
        "insert into publication (id, kind, year, revision, published_on, imported_by, digest, rows)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, kind, year::int, revision, published_on, imported_at",
        uuid7(),
        kind,
        year,
        last["revision"] + 1 if last is not None else 1,
        published_on,
        by,
        digest,
        document,
    )
    return _version(made), True


def _version(row: Any) -> Version:
    return Version(*(row[name] for name in ("id", "kind", "year", "revision", "published_on", "imported_at")))


async def versions(conn: Connection) -> list[Version]:
    """Every version of every table, the newest year first."""
    rows = await conn.fetch(
        "select id, kind, year::int, revision, published_on, imported_at from publication"
        " order by year desc, kind desc, revision desc limit 200"
    )
    return [_version(row) for row in rows]


async def rows(conn: Connection, kind: Kind, year: int, revision: int | None) -> tuple[Version, list[Row]] | None:
    """A version's rows; the newest one's without `revision`."""
    found = await conn.fetchrow(
        "select id, kind, year::int, revision, published_on, imported_at, rows::text as rows from publication"
        " where kind = $1 and year = $2 and ($3::int is null or revision = $3) order by revision desc limit 1",
        kind,
        year,
        revision,
    )
    if found is None:
        return None
    return _version(found), [Row(r[0], r[1], r[2], tuple(r[3])) for r in json.loads(found["rows"])]
