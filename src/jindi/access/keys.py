"""API keys: shown once, kept as digests, checked with one look-up."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jindi.access.principal import Kind, Principal
from jindi.access.records import read_records, save_records
from jindi.access.scopes import Scope
from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.basics.instants import DAY_US
from jindi.ports import Blobs

PREFIX = "jk_"
"""Every key begins so, that a secret scanner can find one in a place where it should not be."""

SIGNED = b"signed by "
"""What is digested of a signing key begins so, and names nothing that could be shown as a clear text."""

CLEAR_LENGTH_MAX = 128
"""Longer texts are no keys of ours and are refused before any arithmetic."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the house knows it. `id` is public and names it in logs; `revoked_us` None: not revoked.

    `expires_us` None: it has no end. `owners` are marks of all to whom its secret was ever shown, as far as they are
    known. `used_day` is the last day (in UTC, from 1970-01-01) on which it was used, -1: never since days are noted.
    `rotated_us` is the last change of its secret; the one before is taken until `overlap_us`, 0: there is none.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created_us: int
    revoked_us: int | None = None
    expires_us: int | None = None
    owners: tuple[str, ...] = ()
    used_day: int = -1
    rotated_us: int = 0
    overlap_us: int = 0
    signs: bool = False
    """Whether it opens nothing by itself: each request must be signed with the private key that belongs to it."""

    @property
    def principal(self) -> Principal:
        """Whoever holds this key, as the policies see him."""
        return Principal(Kind.KEY, self.id, self.name, scopes=self.scopes, also=frozenset(self.owners))

    def is_live(self, now_us: int) -> bool:
        """Whether it is neither revoked nor past its end."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)


class _Record(msgspec.Struct, frozen=True):
    id: str
    name: str
    digest: bytes
    scopes: list[Scope]
    created_us: int
    revoked_us: int | None = None
    expires_us: int | None = None
    owners: list[str] = []
    used_day: int = -1
    rotated_us: int = 0
    before: bytes = b""
    """The digest of the secret before, which is taken until `before_us`."""
    before_us: int = 0
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
        self._turns_us = 0
        self._used: dict[str, int] = {}
        self._learn()

    def create(
        self, name: str, scopes: frozenset[Scope], now_us: int, *, expires_us: int | None = None,
        owners: Iterable[str] = (),
    ) -> tuple[str, ApiKey]:  # fmt: skip
        """A new key: its clear text, which is told nowhere else and never again, and the key itself."""
        clear = new_secret(PREFIX, self._random)
        record = _Record(
            id=f"key_{self._random(6).hex()}",
            name=name,
            digest=digest_of(clear),
            scopes=sorted(scopes),
            created_us=now_us,
            expires_us=expires_us,
            owners=sorted(set(owners)),
        )
        self._replace(self._records | {record.digest: record})
        return clear, _public(record)

    def create_signing(
        self, name: str, scopes: frozenset[Scope], now_us: int, public_key: bytes, *, expires_us: int | None = None
    ) -> ApiKey:
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
            expires_us=expires_us,
            public_key=public_key,
        )
        self._replace(self._records | {record.digest: record})
        return _public(record)

    def signer(self, key_id: str, now_us: int) -> tuple[ApiKey, bytes] | None:
        """The signing key in force that has this id, with its public half; None when there is none. That somebody
        names it is no use of it: see `note_use`.
        """
        found = self._signers.get(key_id)
        return found if found is not None and found[0].is_live(now_us) else None

    def note_use(self, key_id: str, now_us: int) -> None:
        """A signature of this key was found right."""
        self._used[key_id] = now_us // DAY_US

    def rotate(
        self, key_id: str, now_us: int, *, overlap_us: int, expires_us: int | None, owners: Iterable[str] = ()
    ) -> tuple[str, ApiKey]:
        """Another secret for a key in force; the one before is taken for `overlap_us` more, one before that no longer.

        Returns the clear text, which is told nowhere else and never again. Raises LookupError, also for a key that
        signs: its secret is its owner's.
        """
        record = self._record(key_id)
        if record is None or record.public_key or not _public(record).is_live(now_us):
            raise LookupError("no key in force with a secret of ours has this id")
        clear = new_secret(PREFIX, self._random)
        fresh = msgspec.structs.replace(
            record, digest=digest_of(clear), expires_us=expires_us, owners=sorted({*record.owners, *owners}),
            rotated_us=now_us, before=record.digest, before_us=now_us + overlap_us,
        )  # fmt: skip
        rest = {digest: kept for digest, kept in self._records.items() if digest != record.digest}
        self._replace(rest | {fresh.digest: fresh})
        return clear, _public(fresh)

    def holder(self, clear: str | bytes, now_us: int) -> ApiKey | None:
        """The key in force that has this clear text, or None: unknown, malformed, expired and revoked look alike.

        Cheap enough for every request: one SHA-256 of a short text and one look-up.
        """
        if len(clear) > CLEAR_LENGTH_MAX:
            return None
        found = self._live.get(digest_of(clear))
        if found is None:
            return None
        key, until_us = found
        if until_us is not None and now_us >= until_us:
            return None
        self._used[key.id] = now_us // DAY_US
        return key

    def turn(self, now_us: int) -> int:
        """As `changes`, which goes on by itself when a key or an old secret ends, and at the end of each day."""
        if now_us >= self._turns_us:
            self.changes += 1
            ends = [until_us for _, until_us in self._live.values() if until_us is not None and until_us > now_us]
            self._turns_us = min((now_us // DAY_US + 1) * DAY_US, *ends) if ends else (now_us // DAY_US + 1) * DAY_US
        return self.changes

    def revoke(self, key_id: str, now_us: int) -> bool:
        """Take a key out of force at once and for good; False when no key in force has this id."""
        for digest, record in self._records.items():
            if record.revoked_us is None and hmac.compare_digest(record.id.encode(), key_id.encode()):
                self._replace(self._records | {digest: msgspec.structs.replace(record, revoked_us=now_us)})
                return True
        return False

    def get(self, key_id: str) -> ApiKey | None:
        """The key of an id, in force or not."""
        record = self._record(key_id)
        return None if record is None else self._shown(record)

    def all(self) -> tuple[ApiKey, ...]:
        """Every key ever made, oldest first, revoked ones too."""
        return tuple(
            self._shown(record) for record in sorted(self._records.values(), key=lambda r: (r.created_us, r.id))
        )

    def save_use(self) -> bool:
        """Remember on which day each key was last used; whether there was anything new. Not for the hot path."""
        if all(record.used_day >= self._used.get(record.id, -1) for record in self._records.values()):
            return False
        self._save(self._records)
        return True

    def _record(self, key_id: str) -> _Record | None:
        return next((record for record in self._records.values() if record.id == key_id), None)

    def _shown(self, record: _Record) -> ApiKey:
        return _public(self._dated(record))

    def _dated(self, record: _Record) -> _Record:
        day = self._used.get(record.id, -1)
        return msgspec.structs.replace(record, used_day=day) if day > record.used_day else record

    def _replace(self, records: dict[bytes, _Record]) -> None:
        self._save(records)
        self._learn()
        self.changes += 1

    def _save(self, records: dict[bytes, _Record]) -> None:
        dated = {digest: self._dated(record) for digest, record in records.items()}
        save_records(self._blobs, self.BLOB, dated.values())  # durable first: a shown key must last
        self._records = dated

    def _learn(self) -> None:
        """What is looked up: each digest with its key and until when it is taken; a signing key is found by its id
        alone, never by a text that somebody shows.
        """
        self._live: dict[bytes, tuple[ApiKey, int | None]] = {}
        self._signers: dict[str, tuple[ApiKey, bytes]] = {}
        for digest, record in self._records.items():
            key = _public(record)
            if record.revoked_us is not None:
                continue
            if record.public_key:
                self._signers[key.id] = key, record.public_key
                continue
            self._live[digest] = key, key.expires_us
            if record.before:
                ends = [record.before_us, *([] if key.expires_us is None else [key.expires_us])]
                self._live[record.before] = key, min(ends)
        self._turns_us = 0


def _public(record: _Record) -> ApiKey:
    return ApiKey(
        record.id, record.name, frozenset(record.scopes), record.created_us, record.revoked_us, record.expires_us,
        tuple(record.owners), record.used_day, record.rotated_us, record.before_us, bool(record.public_key),
    )  # fmt: skip
