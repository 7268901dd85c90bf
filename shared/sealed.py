"""Personal data at rest is unreadable without the person's own key, and gone for good when that key is deleted.

Blind indexes let a service find a person by number or name without storing either in the clear.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from hmac import digest as hmac_digest
from os import urandom
from typing import Any, Generic, Literal, NoReturn, TypeVar
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.database import Connection

Kind = Literal["number", "dossier", "name", "email"]
T = TypeVar("T")

_VERSION = b"\x01"
_NONCE = 12
# Letters that Unicode does not decompose, as registers and passports write them without their sign.
_PLAIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h", "ə": "e"}
)


class CannotOpen(Exception):
    """Wrong key, wrong person or changed bytes. Says nothing about the content."""


class Secret(Generic[T]):
    """Holds an opened value that no log, repr or format string shows; `reveal()` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        return self._value

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


DataKey = Secret[bytes]


def derive(secret: bytes, label: str, length: int = 32) -> bytes:
    """A key for one purpose. `label` names it; two labels give unrelated keys."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"landa/" + label.encode()).derive(secret)


def _lock(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    nonce = urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def _unlock(key: bytes, locked: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen from error


def seal(key: DataKey, person_id: UUID, data: dict[str, Any]) -> bytes:
    """`data` (JSON values) as bytes that only this key opens, and only as this person's."""
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _VERSION + _lock(key.reveal(), plain, b"person" + person_id.bytes)


def open_sealed(key: DataKey, person_id: UUID, sealed: bytes) -> Secret[dict[str, Any]]:
    """What `seal` was given. CannotOpen when the key, the person or a single bit differs."""
    if sealed[:1] != _VERSION:
        raise CannotOpen
    plain = _unlock(key.reveal(), sealed[1:], b"person" + person_id.bytes)
    return Secret(json.loads(plain.decode("utf-8", "surrogatepass")))


def _number(value: str) -> str:
    """The last ten digits of a personal identity or coordination number.

    Without its century, so that YYYYMMDD-NNNN and YYMMDD-NNNN are one person and no clock is needed; two people a
    hundred years apart may share it, which the caller sees when it opens them.
    """
    digits = "".join(str(unicodedata.decimal(c)) for c in value if unicodedata.decimal(c, None) is not None)
    return digits[-10:] if len(digits) in {10, 12} else ""


def _name(value: str) -> str:
    """Letters and digits only, without case, accents, spaces or hyphens; å ä ö fold to a a o like every other sign.

    Passports and allocation lists drop signs at random. A missed match registers a person twice; an extra one costs a
    look at a second row. So the index forgives.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", value).casefold().translate(_PLAIN))
    return "".join(c for c in text.casefold() if c.isalnum())


NORMAL: dict[Kind, Callable[[str], str]] = {
    "number": _number,
    "dossier": lambda value: "".join(c for c in unicodedata.normalize("NFKC", value).casefold() if c.isalnum()),
    "name": _name,
    "email": lambda value: unicodedata.normalize("NFKC", value).strip().casefold(),
}


class _Master:
    """What one master key is used for in one service. `number` is the byte that names it in a wrapped key."""

    def __init__(self, secret: bytes, service: str) -> None:
        self.number = derive(secret, "key-number", 1)
        self.wrapping = derive(secret, f"wrap/{service}")
        self.blinding = {kind: derive(secret, f"blind/{service}/{kind}") for kind in NORMAL}


class Vault:
    """The person keys of one service. `previous` holds retired master keys: they open and find, never wrap.

    Rotating: set the new key and the old one as previous, run `rewrap` until it returns 0, index the persons again
    with `blind`, then drop the old key. Every function works in the caller's transaction.
    """

    def __init__(self, service: str, master: bytes, previous: Sequence[bytes] = ()) -> None:
        if not service.isidentifier():
            raise ValueError("a service is named by a plain word")
        self._schema = f"{service}_keys"
        self._current = _Master(master, service)
        self._ring = {m.number: m for m in (self._current, *(_Master(old, service) for old in previous))}
        if len(self._ring) != 1 + len(previous):
            raise ValueError("two master keys have the same number byte; generate another one")

    def _sql(self, text: str) -> str:
        """As in migrations, `:keys` stands for the schema of the person keys."""
        return text.replace(":keys", self._schema)

    def _wrap(self, person_id: UUID, key: bytes) -> bytes:
        return self._current.number + _lock(self._current.wrapping, key, b"key" + person_id.bytes)

    def _unwrap(self, person_id: UUID, wrapped: bytes) -> DataKey:
        master = self._ring.get(wrapped[:1])
        if master is None:
            raise CannotOpen
        return Secret(_unlock(master.wrapping, wrapped[1:], b"key" + person_id.bytes))

    async def new_keys(self, tx: Connection, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """A key for each person; one that exists already is returned as it is."""
        fresh = {person_id: urandom(32) for person_id in sorted(set(ids))}
        made = await tx.fetch(
            self._sql(
                "insert into :keys.person_key (person_id, wrapped) select * from unnest($1::uuid[], $2::bytea[])"
                " on conflict do nothing returning person_id"
            ),
            list(fresh),
            [self._wrap(person_id, key) for person_id, key in fresh.items()],
        )
        keys: dict[UUID, DataKey] = {row["person_id"]: Secret(fresh[row["person_id"]]) for row in made}
        known = fresh.keys() - keys.keys()
        return keys | (await self.unwrap(tx, known) if known else {})

    async def unwrap(self, tx: Connection, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of those persons who have one: an erased person is missing from the answer."""
        rows = await tx.fetch(
            self._sql("select person_id, wrapped from :keys.person_key where person_id = any($1::uuid[])"),
            list(set(ids)),
        )
        return {row["person_id"]: self._unwrap(row["person_id"], row["wrapped"]) for row in rows}

    async def erase(self, tx: Connection, ids: Iterable[UUID]) -> list[UUID]:
        """Deletes the keys, for ever; the persons who had one."""
        rows = await tx.fetch(
            self._sql("delete from :keys.person_key where person_id = any($1::uuid[]) returning person_id"),
            list(set(ids)),
        )
        return sorted(row["person_id"] for row in rows)

    async def rewrap(self, tx: Connection, limit: int = 1000) -> int:
        """Wraps up to `limit` keys again that a retired master key wraps; how many. 0 = none is left."""
        rows = await tx.fetch(
            self._sql(
                "select person_id, wrapped from :keys.person_key where substring(wrapped from 1 for 1) <> $1"
                " order by person_id limit $2 for update"
            ),
            self._current.number,
            limit,
        )
        await tx.execute(
            self._sql(
                "update :keys.person_key k set wrapped = n.wrapped"
                " from unnest($1::uuid[], $2::bytea[]) n(person_id, wrapped) where k.person_id = n.person_id"
            ),
            [row["person_id"] for row in rows],
            [self._wrap(row["person_id"], self._unwrap(row["person_id"], row["wrapped"]).reveal()) for row in rows],
        )
        return len(rows)

    def blind(self, kind: Kind, value: str) -> bytes | None:
        """32 bytes to store and to look for; None when nothing is left of the value once it is normalised."""
        return next(iter(self.blinds(kind, value)), None)

    def blinds(self, kind: Kind, value: str) -> list[bytes]:
        """`blind` under every master key in use, current first: what a look-up must try while keys rotate."""
        normal = NORMAL[kind](value).encode("utf-8", "surrogatepass")
        return [hmac_digest(m.blinding[kind], normal, "sha256") for m in self._ring.values()] if normal else []
