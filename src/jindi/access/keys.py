"""API keys: shown once, kept as digests, checked with one look-up."""

import hmac
from dataclasses import dataclass

import msgspec

from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.ports import Blobs

PREFIX = "jk_"
"""Every key begins so, that a secret scanner can find one in a place where it should not be."""

CLEAR_LENGTH_MAX = 128
"""Longer texts are no keys of ours and are refused before any arithmetic."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the house knows it. `id` is public and names it in logs; `revoked_us` None: in force."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_us: int
    revoked_us: int | None = None

    @property
    def principal(self) -> Principal:
        """Whoever holds this key, as the policies see him."""
        return Principal(Kind.KEY, self.id, self.name, scopes=self.scopes)


class _Record(msgspec.Struct, frozen=True):
    id: str
    name: str
    digest: bytes
    scopes: list[Scope]
    created_us: int
    revoked_us: int | None = None


class ApiKeys:
    """All keys of a platform, in memory by digest and durable under one private name.

    The clear text is never compared with anything: what is looked up is its SHA-256, so the time that
    the look-up takes tells nothing about any key. One process at a time owns the stored state.
    """

    BLOB = "access-keys.json"

    def __init__(self, blobs: Blobs, random: RandomBytes) -> None:
        self._blobs, self._random = blobs, random
        self.changes = 0
        """How often a key was made or revoked: what was learnt of keys before the last time no longer counts."""
        self._records = {record.digest: record for record in read_records(blobs, self.BLOB, _Record)}
        self._live = {digest: _public(record) for digest, record in self._records.items() if record.revoked_us is None}

    def create(self, name: str, scopes: frozenset[Scope], now_us: int) -> tuple[str, ApiKey]:
        """A new key: its clear text, which is told nowhere else and never again, and the key itself."""
        clear = new_secret(PREFIX, self._random)
        record = _Record(
            id=f"key_{self._random(6).hex()}",
            name=name,
            digest=digest_of(clear),
            scopes=sorted(scopes),
            created_us=now_us,
        )
        self._replace(self._records | {record.digest: record})
        return clear, _public(record)

    def holder(self, clear: str | bytes) -> ApiKey | None:
        """The key in force that has this clear text, or None: unknown, malformed and revoked look alike.

        Cheap enough for every request: one SHA-256 of a short text and one look-up.
        """
        if len(clear) > CLEAR_LENGTH_MAX:
            return None
        return self._live.get(digest_of(clear))

    def revoke(self, key_id: str, now_us: int) -> bool:
        """Take a key out of force at once and for good; False when no key in force has this id."""
        for digest, record in self._records.items():
            if record.revoked_us is None and hmac.compare_digest(record.id.encode(), key_id.encode()):
                self._replace(self._records | {digest: msgspec.structs.replace(record, revoked_us=now_us)})
                return True
        return False

    def all(self) -> tuple[ApiKey, ...]:
        """Every key ever made, oldest first, revoked ones too."""
        return tuple(_public(record) for record in sorted(self._records.values(), key=lambda r: (r.created_us, r.id)))

    def _replace(self, records: dict[bytes, _Record]) -> None:
        save_records(self._blobs, self.BLOB, records.values())  # durable first: a shown key must last
        self._records = records
        self._live = {d: _public(record) for d, record in records.items() if record.revoked_us is None}
        self.changes += 1


def _public(record: _Record) -> ApiKey:
    return ApiKey(record.id, record.name, frozenset(record.scopes), record.created_us, record.revoked_us)
