"""Names, numbers and addresses that were typed in are found in no record, log, trace, mail and table (I11)."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from deploy.verify.findings import Report
from deploy.verify.site import Site

BLOCK = 1 << 20


class Canaries:
    """The words in every form in which they may stand somewhere: plain, as JSON writes them, as bytea prints them."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        forms = {form: word for word in words for form in (word, json.dumps(word)[1:-1])}
        self.texts = forms
        self.bytes = {form.encode(): word for form, word in forms.items()}
        self.hexes = {form.encode().hex(): word for form, word in forms.items()}
        self.places = 0
        self.found: list[str] = []

    def look(self, where: str, text: str) -> None:
        self.places += 1
        self.found += sorted({f"{self._nr(word)} in {where}" for form, word in self.texts.items() if form in text})

    def look_bytes(self, where: str, *parts: bytes | None) -> None:
        self.places += 1
        whole = b"\0".join(part for part in parts if part)
        if any(form in whole for form in self.bytes):
            self.found += sorted({f"{self._nr(w)} in {where}" for form, w in self.bytes.items() if form in whole})

    def record(self, record: Any) -> None:
        where = f"{record.topic}/{record.partition}/{record.offset}"
        names = [piece for name, value in record.headers for piece in (name.encode(), value)]
        self.look_bytes(where, record.key, record.value, *names)

    def _nr(self, word: str) -> str:
        # the report says which word, and does not repeat it
        return f"canary {self.words.index(word) + 1}"


def _blocks(path: Path, overlap: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        last = b""
        while block := file.read(BLOCK):
            yield last + block
            last = block[-overlap:]


def _files(folder: Path | None, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file()) if folder else []


def look_in_files(site: Site, canaries: Canaries) -> int:
    overlap = max((len(form) for form in canaries.bytes), default=1)
    files = [*_files(site.logs, "*"), *_files(site.segments, "*.log")]
    for path in files:
        for block in _blocks(path, overlap):
            canaries.look_bytes(path.name, block)
    return len(files)


async def look_in_tables(site: Site, canaries: Canaries) -> int:
    """Every table that a service's role can read; sealed columns are noise, and may be read as well."""
    tables = 0
    words = [f"%{_escaped(form)}%" for form in (*canaries.texts, *canaries.hexes)]
    for service in site.databases:
        async with site.database(service) as connection, connection.transaction(readonly=True):
            found = await connection.fetch(
                "select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n"
                " on n.oid = relnamespace where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'"
                " and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') order by 1"
            )
            for row in found:
                tables += 1
                query = f"select t::text as line from {row['name']} t where t::text like any($1::text[]) limit 5"
                for line in await connection.fetch(query, words):
                    canaries.look(row["name"], line["line"])
                    _look_hex(canaries, row["name"], line["line"])
    return tables


def _look_hex(canaries: Canaries, where: str, line: str) -> None:
    canaries.found += sorted({f"{canaries._nr(w)} in {where}" for form, w in canaries.hexes.items() if form in line})


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def look_in_sinks(site: Site, canaries: Canaries) -> str:
    if site.sinks is None:
        return "no sinks"
    async with httpx.AsyncClient(timeout=60) as http:
        traces = (await http.get(f"{site.sinks}/traces/all.json", params={"limit": 100_000})).text
        messages = (await http.get(f"{site.sinks}/mail/messages.json", params={"limit": 10_000_000})).json()["messages"]
    canaries.look("the traces", traces)
    for message in messages:
        canaries.look(f"mail {message['message_id']}", f"{message['subject']}\n{message['body']}")
    return f"{len(traces) // 1000:,} kB of traces, {len(messages):,} mails"


async def check_private(site: Site, canaries: Canaries, records: int, report: Report) -> None:
    if not canaries.words:
        report.saw("I11", "no canaries were given")
        return
    tables, sinks = await asyncio.gather(look_in_tables(site, canaries), look_in_sinks(site, canaries))
    files = look_in_files(site, canaries)
    report.found_all("I11", "found", set(canaries.found))
    report.saw(
        "I11",
        f"{len(canaries.words)} canaries in {records:,} Kafka records, {files} files of logs and segments, {tables}"
        f" tables, {sinks}",
    )
