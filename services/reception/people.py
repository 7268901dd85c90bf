"""Personal data of households, opened only here: sealed in the table `person`, never in an event, a log or an error."""

import json
from collections.abc import Iterable, Sequence
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

from services.reception import store, store_casework
from services.reception.bodies import PersonBody, sealed_content
from services.reception.matching import Known
from shared.access_log import AccessLog
from shared.database import Connection
from shared.sealed import Vault, derive, open_sealed, seal
from shared.settings import Settings


class FileVault(Vault):
    """Keys of what is not a person: waiting files and open conflicts."""

    def __init__(self, service: str, master: bytes) -> None:
        super().__init__(service, master)
        self._table = f"{service}_keys.file_key"


class Desk:
    """What a handler needs to seal, to open and to record who looked. One per process."""

    def __init__(self, settings: Settings) -> None:
        self.vault = Vault("reception", settings.master_key)
        self.files = FileVault("reception", settings.master_key)
        self.access = AccessLog("reception", settings.master_key)
        self._digest_key = derive(settings.master_key, "reception/content")

    def digest(self, content: object) -> bytes:
        """The same bytes for the same content, and no way back without the key."""
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
        return hmac_digest(self._digest_key, text.encode("utf-8", "surrogatepass"), "sha256")

    async def keep(self, tx: Connection, people: Sequence[tuple[UUID, UUID, int, PersonBody]]) -> None:
        """Seals `(person, case, place, content)`, new or known."""
        keys = await self.vault.new_keys(tx, [person for person, *_ in people])
        rows = [
            store.SealedPerson(
                person,
                case_id,
                place,
                body.protected,
                seal(keys[person], person, sealed_content(body)),
                self.vault.blind("number", body.personal_identity_number or ""),
                self.vault.blind("dossier", body.dossier_number or ""),
                self.vault.blind("name", body.name),
            )
            for person, case_id, place, body in people
        ]
        await store.save_persons(tx, rows)

    async def open(self, conn: Connection, case_ids: Sequence[UUID]) -> dict[UUID, list[Known]]:
        """The members of these households in order. Whoever shows them records the look."""
        rows = await store.sealed_persons(conn, case_ids)
        keys = await self.vault.unwrap(conn, [row.id for row in rows])
        found: dict[UUID, list[Known]] = {case_id: [] for case_id in case_ids}
        for row in rows:
            content = None
            if row.id in keys:
                content = PersonBody.model_validate(open_sealed(keys[row.id], row.id, row.sealed).reveal())
            found[row.case_id].append(Known(row.id, content))
        return found

    async def keep_address(self, tx: Connection, housing: UUID, case_id: UUID, address: str | None) -> None:
        """Seals the address of a home; None takes it away."""
        sealed = None
        if address is not None:
            sealed = await self.seal_file(tx, housing, {"address": address})
        await store_casework.keep_home(tx, housing, case_id, sealed)

    async def addresses(self, conn: Connection, case_id: UUID) -> dict[UUID, str]:
        """The addresses of this household's homes. Whoever shows them records the look."""
        rows = await store_casework.sealed_homes(conn, case_id)
        keys = await self.files.unwrap(conn, [housing for housing, _ in rows])
        opened = {h: open_sealed(keys[h], h, sealed).reveal() for h, sealed in rows if h in keys}
        return {housing: str(content["address"]) for housing, content in opened.items()}

    async def seal_file(self, tx: Connection, file_id: UUID, content: dict[str, Any]) -> bytes:
        keys = await self.files.new_keys(tx, [file_id])
        return seal(keys[file_id], file_id, content)

    async def open_file(self, tx: Connection, file_id: UUID, sealed: bytes) -> dict[str, Any]:
        keys = await self.files.unwrap(tx, [file_id])
        return open_sealed(keys[file_id], file_id, sealed).reveal()

    async def forget_files(self, tx: Connection, ids: Iterable[UUID]) -> None:
        """Deletes their keys: what is left of them anywhere is noise."""
        await self.files.erase(tx, ids)
