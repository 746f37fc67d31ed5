"""API keys: shown once, kept as digests, checked with one look-up."""

import hmac
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.ports import Blobs

PREFIX = "jk_"
"""Every key begins so, that a secret scanner can find one in a place where it should not be."""

SIGNED = b"signed by "
"""What is digested of a signing key begins so, and names nothing that could be shown as a clear text."""

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
    signs: bool = False
    """Whether it opens nothing by itself: each request must be signed with the private key that belongs to it."""

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
    public_key: bytes = b""
    """The raw Ed25519 key that the requests of a signing key are checked with; such a key has no clear text."""


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
        self._learn()

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

    def create_signing(self, name: str, scopes: frozenset[Scope], now_us: int, public_key: bytes) -> ApiKey:
        """A new key whose requests are signed: it has no clear text, and the private half never comes here.

        Raises ValueError when the 32 bytes are no Ed25519 key, or belong to a key that is there.
        """
        Ed25519PublicKey.from_public_bytes(public_key)
        if any(record.public_key == public_key for record in self._records.values()):
            raise ValueError("this public key is registered already; make another pair")
        record = _Record(
            id=f"key_{self._random(6).hex()}",
            name=name,
            digest=digest_of(SIGNED + public_key),
            scopes=sorted(scopes),
            created_us=now_us,
            public_key=public_key,
        )
        self._replace(self._records | {record.digest: record})
        return _public(record)

    def signer(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """The signing key in force that has this id, with its public half; None when there is none."""
        return self._signers.get(key_id)

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
        self._learn()
        self.changes += 1

    def _learn(self) -> None:
        """What is looked up: a signing key is found by its id alone, never by a text that somebody shows."""
        live = {digest: record for digest, record in self._records.items() if record.revoked_us is None}
        self._live = {digest: _public(record) for digest, record in live.items() if not record.public_key}
        self._signers = {r.id: (_public(r), r.public_key) for r in live.values() if r.public_key}


def _public(record: _Record) -> ApiKey:
    return ApiKey(
        record.id, record.name, frozenset(record.scopes), record.created_us, record.revoked_us, bool(record.public_key)
    )
